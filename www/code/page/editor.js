// The rich editor, on CodeMirror; loaded after the plain one is there.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completeAnyWord } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript, javascriptLanguage } from '@codemirror/lang-javascript';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** What kafkajs's objects and options are called. */
const WORDS = [
  'Kafka', 'logLevel', 'CompressionTypes', 'Partitioners', 'PartitionAssigners', 'ConfigResourceTypes', 'brokers',
  'clientId', 'retry', 'connectionTimeout', 'requestTimeout', 'producer', 'consumer', 'admin', 'connect',
  'disconnect', 'send', 'sendBatch', 'transaction', 'commit', 'abort', 'sendOffsets', 'isActive', 'subscribe',
  'run', 'eachMessage', 'eachBatch', 'eachBatchAutoResolve', 'autoCommit', 'autoCommitInterval',
  'autoCommitThreshold', 'partitionsConsumedConcurrently', 'commitOffsets', 'seek', 'pause', 'resume', 'groupId',
  'sessionTimeout', 'heartbeatInterval', 'rebalanceTimeout', 'fromBeginning', 'resolveOffset', 'heartbeat',
  'isRunning', 'isStale', 'topic', 'topics', 'partition', 'messages', 'message', 'key', 'value', 'headers',
  'timestamp', 'offset', 'acks', 'compression', 'idempotent', 'transactionalId', 'maxInFlightRequests',
  'createTopics', 'deleteTopics', 'listTopics', 'createPartitions', 'fetchTopicMetadata', 'fetchTopicOffsets',
  'fetchOffsets', 'setOffsets', 'resetOffsets', 'describeCluster', 'describeConfigs', 'alterConfigs', 'listGroups',
  'describeGroups', 'deleteGroups', 'deleteTopicRecords', 'numPartitions', 'replicationFactor', 'configEntries',
  'waitForLeaders', 'readUncommitted', 'events',
].map((label) => ({ label, type: 'property' }));

const kafkajs = javascriptLanguage.data.of({
  autocomplete: (context) => {
    const word = context.matchBefore(/[\w$]+/);
    return word && (word.to - word.from > 1 || context.explicit) ? { from: word.from, options: WORDS } : null;
  },
});

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
  #states = new Map();
  #file;
  #label;

  constructor(element, changed) {
    this.#changed = changed;
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

  #stateOf(doc) {
    return EditorState.create({
      doc,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(), indentUnit.of('  '),
        EditorState.tabSize.of(2), javascript(), kafkajs, syntaxHighlighting(colours),
        javascriptLanguage.data.of({ autocomplete: completeAnyWord }),
        EditorView.contentAttributes.of({ 'aria-label': this.#label }),
        // Escape and then Tab leaves the editor, as CodeMirror does it.
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.#changed(update.state.doc.toString());
        }),
      ],
    });
  }
}
