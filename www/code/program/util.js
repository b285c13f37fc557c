// Node's `util`, `assert`, `path` and `os`, as far as small programs use them.
import {
  format,
  formatWithOptions,
  inspect,
  stripVTControlCharacters,
} from 'node-inspect-extracted';

const CUSTOM = Symbol.for('nodejs.util.promisify.custom');

function promisify(original) {
  if (original[CUSTOM]) return original[CUSTOM];
  return function promised(...args) {
    return new Promise((resolve, reject) => {
      original.call(this, ...args, (error, value) => (error ? reject(error) : resolve(value)));
    });
  };
}
promisify.custom = CUSTOM;

function callbackify(original) {
  return function withCallback(...args) {
    const done = args.pop();
    original.apply(this, args).then(
      (value) => queueMicrotask(() => done(null, value)),
      (error) => queueMicrotask(() => done(error)),
    );
  };
}

function inherits(child, parent) {
  child.super_ = parent;
  Object.setPrototypeOf(child.prototype, parent.prototype);
}

export function isDeepStrictEqual(one, other) {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Date) return one.getTime() === other.getTime();
  if (one instanceof Map || one instanceof Set) return isDeepStrictEqual([...one], [...other]);
  if (one instanceof RegExp) return String(one) === String(other);
  const names = Object.keys(one);
  const same = (name) => Object.hasOwn(other, name) && isDeepStrictEqual(one[name], other[name]);
  return names.length === Object.keys(other).length && names.every(same);
}

export const util = {
  format,
  formatWithOptions,
  inspect,
  promisify,
  callbackify,
  inherits,
  isDeepStrictEqual,
  stripVTControlCharacters,
  deprecate: (original) => original,
  isArray: Array.isArray,
  TextEncoder,
  TextDecoder,
  types: {
    isPromise: (value) => value instanceof Promise,
    isDate: (value) => value instanceof Date,
    isRegExp: (value) => value instanceof RegExp,
    isMap: (value) => value instanceof Map,
    isSet: (value) => value instanceof Set,
    isNativeError: (value) => value instanceof Error,
    isUint8Array: (value) => value instanceof Uint8Array,
    isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
  },
};

class AssertionError extends Error {
  constructor({ message, actual, expected, operator }) {
    super(message ?? `${inspect(actual)} ${operator} ${inspect(expected)}`);
    Object.assign(this, { code: 'ERR_ASSERTION', name: 'AssertionError', actual, expected, operator });
  }
}

function demand(holds, message, actual, expected, operator) {
  if (holds) return;
  throw message instanceof Error ? message : new AssertionError({ message, actual, expected, operator });
}

export function assert(value, message) {
  demand(value, message, value, true, '==');
}

Object.assign(assert, {
  AssertionError,
  ok: assert,
  strict: assert,
  fail: (message = 'Failed') => demand(false, message),
  equal: (one, other, message) => demand(one == other, message, one, other, '=='), // eslint-disable-line eqeqeq
  notEqual: (one, other, message) => demand(one != other, message, one, other, '!='), // eslint-disable-line eqeqeq
  strictEqual: (one, other, message) => demand(Object.is(one, other), message, one, other, 'strictEqual'),
  notStrictEqual: (one, other, message) => demand(!Object.is(one, other), message, one, other, 'notStrictEqual'),
  deepEqual: (one, other, message) => demand(isDeepStrictEqual(one, other), message, one, other, 'deepEqual'),
  deepStrictEqual: (one, other, message) =>
    demand(isDeepStrictEqual(one, other), message, one, other, 'deepStrictEqual'),
  throws: (run, message) => {
    let threw = false;
    try {
      run();
    } catch {
      threw = true;
    }
    demand(threw, typeof message === 'string' ? message : 'Missing expected exception.');
  },
});

/** Folders and `..` made plain. */
export function normalize(path) {
  const out = [];
  for (const part of path.split('/')) {
    if (part === '..' && out.length > 0 && out.at(-1) !== '..') out.pop();
    else if (part !== '' && part !== '.') out.push(part);
  }
  return (path.startsWith('/') ? '/' : '') + out.join('/') || '.';
}

const basename = (path, end = '') => {
  const name = path.replace(/\/+$/, '').split('/').pop();
  return end && name.endsWith(end) && name !== end ? name.slice(0, -end.length) : name;
};
const extname = (path) => /[^.](\.[^.]*)$/.exec(basename(path))?.[1] ?? '';
const join = (...parts) => normalize(parts.filter((part) => part !== '').join('/'));

export const path = {
  sep: '/',
  delimiter: ':',
  normalize,
  basename,
  extname,
  join,
  dirname: (name) => name.replace(/\/+$/, '').replace(/\/?[^/]*$/, '') || (name.startsWith('/') ? '/' : '.'),
  isAbsolute: (name) => name.startsWith('/'),
  resolve: (...parts) => {
    let whole = '';
    for (const part of parts.reverse()) if (part && !whole.startsWith('/')) whole = `${part}/${whole}`;
    return normalize(whole.startsWith('/') ? whole : `/app/${whole}`);
  },
};
path.posix = path;

export const os = {
  EOL: '\n',
  hostname: () => 'konbini',
  platform: () => 'linux',
  type: () => 'Linux',
  arch: () => 'wasm32',
  cpus: () => [],
  tmpdir: () => '/tmp',
  homedir: () => '/home/konbini',
};
