// Static `import` and `export` as CommonJS, line by line: a line keeps its number, so that stacks are right.
//
// A statement is found at the beginning of a line. Text that looks like one inside a template literal is taken
// for one too; nothing else is.

const FROM = String.raw`\s+from\s*(['"])([^'"\n]+)\NTH`;
const from = (nth) => FROM.replace('NTH', nth);
const LINE = String.raw`^([ \t]*)`;

const IMPORT = new RegExp(`${LINE}import\\s+([\\w$*{}\\s,]+?)${from(3)};?`, 'gm');
const BARE_IMPORT = new RegExp(`${LINE}import\\s*(['"])([^'"\\n]+)\\2;?`, 'gm');
const EXPORT_FROM = new RegExp(`${LINE}export\\s+(\\*(?:\\s+as\\s+[\\w$]+)?|\\{[^}]*\\})${from(3)};?`, 'gm');
const EXPORT_LIST = new RegExp(`${LINE}export\\s*\\{([^}]*)\\};?`, 'gm');
const EXPORT_DEFAULT = new RegExp(`${LINE}export\\s+default\\s+(?:(async\\s+function\\*?|function\\*?|class)\\s+([\\w$]+))?`, 'gm');
const EXPORT_DECLARED = new RegExp(`${LINE}export\\s+((?:async\\s+)?(?:function\\*?|class)\\s+)([\\w$]+)`, 'gm');
const EXPORT_VALUES = new RegExp(`${LINE}export\\s+(const|let|var)\\s+(\\{[^}]*\\}|\\[[^\\]]*\\]|[\\w$]+)`, 'gm');

/** Whether a file is an ES module: by its name, or by its first import or export. */
export function isModule(name, text) {
  if (name.endsWith('.mjs')) return true;
  if (name.endsWith('.cjs')) return false;
  const statement = /^[ \t]*(import\s+[\w$*{]|import\s*['"]|export\s+(default|const|let|var|function|async|class|\*|\{)|export\s*\{)/m;
  return statement.test(text);
}

/** Dynamic `import(…)` and `import.meta`, which every file may have. */
export function rewriteDynamic(text) {
  return text
    .replace(/(^|[^.\w$'"`])import\s*\(/gm, '$1__import(')
    .replace(/(^|[^.\w$'"`])import\.meta\b/gm, '$1__meta');
}

/** The text of a module as the body of an async function that has `__import` and `__export`. */
export function rewriteModule(text) {
  const getters = [];
  const exported = (outer, inner) => getters.push(`${JSON.stringify(outer)}:()=>${inner}`);
  const sameLines = (statement, whole) => statement + '\n'.repeat(whole.split('\n').length - 1);
  const out = text
    .replace(EXPORT_FROM, (whole, indent, what, _quote, source) => {
      return sameLines(indent + exportFrom(what.trim(), JSON.stringify(source)), whole);
    })
    .replace(IMPORT, (whole, indent, what, _quote, source) => {
      return sameLines(indent + importOf(what.trim(), JSON.stringify(source)), whole);
    })
    .replace(BARE_IMPORT, (_whole, indent, _quote, source) => `${indent}await __import(${JSON.stringify(source)});`)
    .replace(EXPORT_LIST, (whole, indent, names) => {
      for (const [inner, outer] of pairs(names)) exported(outer, inner);
      return sameLines(indent, whole);
    })
    .replace(EXPORT_DEFAULT, (_whole, indent, kind, name) => {
      if (!name) return `${indent}exports.default = `;
      exported('default', name);
      return `${indent}${kind} ${name}`;
    })
    .replace(EXPORT_DECLARED, (_whole, indent, kind, name) => {
      exported(name, name);
      return `${indent}${kind}${name}`;
    })
    .replace(EXPORT_VALUES, (_whole, indent, kind, what) => {
      for (const name of boundNames(what)) exported(name, name);
      return `${indent}${kind} ${what}`;
    });
  return `'use strict';__export({${getters.join(',')}});${rewriteDynamic(out)}`;
}

/** `a, b as c` as pairs. */
function pairs(list) {
  const parts = list.split(',').map((part) => part.trim()).filter(Boolean);
  return parts.map((part) => {
    const [inner, outer = inner] = part.split(/\s+as\s+/);
    return [inner, outer];
  });
}

function importOf(what, source) {
  const [, first, rest] = /^([\w$]+)?\s*,?\s*([\s\S]*)$/.exec(what);
  const got = `await __import(${source})`;
  const names = first ? [['default', first]] : [];
  const whole = /^\*\s*as\s+([\w$]+)$/.exec(rest)?.[1];
  if (whole) return `const ${whole} = ${got}${first ? `, {default: ${first}} = ${whole}` : ''};`;
  names.push(...pairs(rest.replace(/^\{|\}$/g, '')));
  return `const {${names.map(([inner, outer]) => `${inner}: ${outer}`).join(', ')}} = ${got};`;
}

function exportFrom(what, source) {
  const got = `await __import(${source})`;
  if (what === '*') return `Object.assign(exports, ${got});`;
  if (what.startsWith('*')) return `exports.${what.split(/\s+as\s+/)[1]} = ${got};`;
  const copies = pairs(what.slice(1, -1)).map(([inner, outer]) => `exports.${outer} = one.${inner}`);
  return `((one) => { ${copies.join('; ')} })(${got});`;
}

/** The names that a pattern binds, without defaults and deeper patterns. */
function boundNames(pattern) {
  if (/^[\w$]+$/.test(pattern)) return [pattern];
  const parts = pattern.slice(1, -1).split(',').map((part) => part.split('=')[0].trim()).filter(Boolean);
  return parts.map((part) => part.replace(/^\.\.\./, '').split(/\s*:\s*/).pop());
}
