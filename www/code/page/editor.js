// The rich editor, on CodeMirror; loaded after the plain one is there.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript, javascriptLanguage } from '@codemirror/lang-javascript';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import API from 'kafkajs-api';
import { completer } from './complete.js';
import { mistakes } from './mistakes.js';

const kafkajs = javascriptLanguage.data.of({ autocomplete: completer(API) });

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.moduleKeyword], class: 'tok-keyword' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], class: 'tok-string' },
  { tag: [tags.number, tags.bool, tags.null], class: 'tok-number' },
  { tag: tags.comment, class: 'tok-comment' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], class: 'tok-call' },
  { tag: tags.className, class: 'tok-class' },
]);

export class RichEditor {
  #view;
  #changed;
  #format;
  #states = new Map();
  #file;
  #label;

  /** `changed(text)` is told what the reader typed; `format()` is wanted by its key. */
  constructor(element, changed, format) {
    this.#changed = changed;
    this.#format = format;
    this.#label = element.dataset.label ?? '';
    element.replaceChildren();
    this.#view = new EditorView({ parent: element });
  }

  /** Shows a file; its undo history and selection are kept while others are shown. */
  show(name, text) {
    if (this.#file && this.#file !== name) this.#states.set(this.#file, this.#view.state);
    const kept = this.#states.get(name);
    if (this.#file === name && this.#view.state.doc.toString() === text) return;
    this.#file = name;
    this.#view.setState(kept?.doc.toString() === text ? kept : this.#stateOf(text));
  }

  /** Puts a text in the place of the one that is shown, as a change that can be undone. */
  replace(text) {
    const { doc, selection } = this.#view.state;
    const change = difference(doc.toString(), text);
    if (!change) return;
    const head = Math.min(selection.main.head, text.length);
    this.#view.dispatch({ changes: change, selection: { anchor: head }, userEvent: 'input.format', scrollIntoView: true });
  }

  #stateOf(doc) {
    return EditorState.create({
      doc,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(), indentUnit.of('  '),
        EditorState.tabSize.of(2), javascript(), kafkajs, mistakes, syntaxHighlighting(colours),
        EditorView.contentAttributes.of({ 'aria-label': this.#label }),
        // Escape and then Tab leaves the editor, as CodeMirror does it.
        keymap.of([
          { key: 'Shift-Alt-f', preventDefault: true, run: () => (this.#format(), true) },
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.#changed(update.state.doc.toString());
        }),
      ],
    });
  }
}

/** The one piece in which two texts differ; none where they are the same. */
function difference(before, after) {
  if (before === after) return undefined;
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < shorter - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
