// What the editor offers while a program is written: kafkajs's members and options where its types say what can be
// there; elsewhere the words of the file and of kafkajs.
import { completeAnyWord } from '@codemirror/autocomplete';
import { ensureSyntaxTree, syntaxTree } from '@codemirror/language';
import { Inference } from './infer.js';

const WORD = /[\w$]*$/;
/** Letters of a word until words are offered unasked. */
const LETTERS_MIN = 2;
/** Real ms for what is not parsed yet; then what there is has to do. */
const PARSE_MS = 200;

/** A source of completions for CodeMirror, on the table of kafkajs-api.mjs. */
export function completer(api) {
  const names = new Set(api.types.flatMap((members) => members.map(({ name }) => name)));
  const words = [...names].map((label) => ({ label, type: 'property', boost: -1 }));
  return (context) => {
    const { state, pos } = context;
    const word = context.matchBefore(WORD);
    const from = word?.from ?? pos;
    // Unasked only within a word and behind a dot: elsewhere Enter is a new line.
    if (!context.explicit && from === pos && !context.matchBefore(/\.$/)) return null;
    const tree = ensureSyntaxTree(state, state.doc.length, PARSE_MS) ?? syntaxTree(state);
    const inference = new Inference(api, tree, (start, end) => state.sliceDoc(start, end));
    const found = options(inference, tree.resolveInner(pos, -1), from, state);
    if (found) return found.length > 0 ? { from, options: found, validFor: /^[\w$]*$/ } : null;
    if (!context.explicit && pos - from < LETTERS_MIN) return null;
    const others = completeAnyWord(context)?.options ?? [];
    return { from, options: [...words, ...others.filter(({ label }) => !names.has(label))], validFor: /^[\w$]*$/ };
  };
}

/** What can be at a node; undefined where kafkajs does not say. */
function options(inference, node, from, state) {
  const place = placeOf(node, from);
  if (!place) return undefined;
  const { holder, kind } = place;
  if (kind === 'value') return valuesOf(inference, holder, state);
  const type = typeAt(inference, holder, kind);
  if (type === undefined) return undefined;
  const there = new Set(kind === 'member' ? [] : keysOf(holder, from, state));
  return inference.members(type).filter(({ name }) => !there.has(name)).map((member) => option(member, kind));
}

function typeAt(inference, holder, kind) {
  if (kind === 'member') return inference.typeOf(holder.firstChild);
  if (kind === 'key') return inference.wanted(holder);
  return inference.taken(holder);
}

/** What an option may be, where that is one of kafkajs's enumerations. */
function valuesOf(inference, property, state) {
  const key = property.getChild('PropertyDefinition');
  const name = state.sliceDoc(key.from, key.to);
  const member = inference.members(inference.wanted(property.parent)).find((one) => one.name === name);
  return member?.values?.map((label) => ({ label, type: 'enum' }));
}

/** Where a name that begins at `from` is: a member, an object's key or value, or a name that a pattern takes. */
function placeOf(node, from) {
  if (node.name === 'Comment' || node.name === 'LineComment' || node.name === 'BlockComment' || node.name === 'String') return undefined;
  for (let at = node; at; at = at.parent) {
    if (at.name === 'MemberExpression' && at.firstChild.to < from) return { holder: at, kind: 'member' };
    if (at.name === 'Property' && beginsValue(at, from)) return { holder: at, kind: 'value' };
    if (at.name === 'ObjectExpression') return beginsName(at, from) ? { holder: at, kind: 'key' } : undefined;
    if (at.name === 'ObjectPattern') return beginsName(at, from) ? { holder: at, kind: 'taken' } : undefined;
    if (at.name === 'ImportGroup') return { holder: at, kind: 'taken' };
    if (/^(Block|Script|ArgList|TemplateString)$/.test(at.name)) return undefined;
  }
  return undefined;
}

/** Whether a name can begin there: behind the bracket or a comma, not behind a colon. */
function beginsName(holder, from) {
  let last;
  for (let at = holder.firstChild; at && at.from < from; at = at.nextSibling) if (at.name !== '⚠') last = at;
  return last?.name === '{' || last?.name === ',' || last?.name.endsWith('Comment');
}

/** Whether a property's value begins there: behind its colon. */
function beginsValue(property, from) {
  const key = property.getChild('PropertyDefinition');
  const colon = property.getChild(':');
  const value = colon?.nextSibling;
  return Boolean(key && colon && colon.to <= from && (!value || value.name === '⚠' || value.from >= from));
}

/** The names that are there already, but for the one that is written. */
function keysOf(holder, from, state) {
  const keys = [];
  for (const one of ['Property', 'PatternProperty', 'VariableDefinition'].flatMap((name) => holder.getChildren(name))) {
    const key = one.getChild('PropertyDefinition') ?? one.getChild('PropertyName') ?? one.getChild('VariableDefinition') ?? one;
    if (key.from !== from) keys.push(state.sliceDoc(key.from, key.to));
  }
  return keys;
}

/** CodeMirror's names of kinds, for its signs. */
const SIGNS = { class: 'class', enum: 'enum', method: 'method', property: 'property' };

function option({ name, kind, type, doc }, where) {
  // Options and parameters are names of values, whatever they are called with.
  const sign = where === 'key' ? 'property' : SIGNS[kind];
  return { label: name, detail: type, type: sign, ...(doc ? { info: doc } : {}) };
}
