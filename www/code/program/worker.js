// The worker of one program: built into one text, started from a Blob inside the sandboxed frame.
//
// Its first message brings two ports: `control` to the page (output, the end) and `cluster` (turns).
import { Output } from './output.js';
import { Program } from './program.js';

const scope = self;
const real = {
  now: performance.now.bind(performance),
  setTimeout: setTimeout.bind(scope),
  clearTimeout: clearTimeout.bind(scope),
};
const { Blob, URL, importScripts, MessageChannel } = scope;
const createUrl = URL.createObjectURL.bind(URL);
const revokeUrl = URL.revokeObjectURL.bind(URL);
const SLOT = '__konbini_load__';

/** What a program of Node's has, or the language; everything else a worker has is taken away. */
const KEPT = new Set([
  'Object', 'Function', 'Array', 'Number', 'parseFloat', 'parseInt', 'Infinity', 'NaN', 'undefined', 'Boolean',
  'String', 'Symbol', 'Promise', 'RegExp', 'Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError',
  'SyntaxError', 'TypeError', 'URIError', 'globalThis', 'JSON', 'Math', 'Intl', 'ArrayBuffer', 'Atomics',
  'Uint8Array', 'Int8Array', 'Uint16Array', 'Int16Array', 'Uint32Array', 'Int32Array', 'Float32Array',
  'Float64Array', 'Uint8ClampedArray', 'BigUint64Array', 'BigInt64Array', 'DataView', 'Map', 'BigInt', 'Set',
  'Iterator', 'WeakMap', 'WeakSet', 'WeakRef', 'Proxy', 'Reflect', 'FinalizationRegistry', 'decodeURI',
  'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'unescape', 'eval', 'isFinite', 'isNaN',
  'TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams', 'AbortController', 'AbortSignal', 'Event', 'EventTarget',
  'structuredClone', 'queueMicrotask', 'atob', 'btoa', 'DOMException', 'Date', 'SharedArrayBuffer',
  'DisposableStack', 'AsyncDisposableStack', 'SuppressedError', 'Float16Array', 'WebAssembly',
]);

/** Hides the worker's own interfaces, wherever on the prototype chain they are. */
function seal() {
  const names = new Set();
  for (let at = scope; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  for (const name of names) {
    if (KEPT.has(name) || name === 'constructor' || name === SLOT) continue;
    try {
      Object.defineProperty(scope, name, { value: undefined, writable: true, configurable: true, enumerable: false });
    } catch {
      // It cannot be redefined: then it is the language's.
    }
  }
  URL.createObjectURL = undefined;
}

function load(name, code) {
  let value;
  scope[SLOT] = (loaded) => (value = loaded);
  const text = `${SLOT}(${code})\n//# sourceURL=${name}`;
  const url = createUrl(new Blob([text], { type: 'text/javascript' }));
  try {
    importScripts(url);
  } catch (error) {
    if (error?.name !== 'SyntaxError') throw error;
    // Engines do not say where it is; at least the file.
    const told = new SyntaxError(error.message.replace(/^Failed to execute 'importScripts'[^:]*: /, ''));
    told.stack = `${told}\n    at ${name}`;
    throw told;
  } finally {
    revokeUrl(url);
    delete scope[SLOT];
  }
  return value;
}

/** Compiles at once: a turn ends when the program's own promises have, and the engine's take their own time. */
function compileAtOnce({ Module, Instance }) {
  const instantiate = async (source, imports) => {
    if (source instanceof Module) return new Instance(source, imports);
    const module = new Module(source);
    return { module, instance: new Instance(module, imports) };
  };
  const compile = async (bytes) => new Module(bytes);
  Object.assign(WebAssembly, { compile, instantiate, compileStreaming: undefined, instantiateStreaming: undefined });
}

/** A promise of the next macrotask. */
function hopper() {
  const { port1, port2 } = new MessageChannel();
  let resolve;
  port1.onmessage = () => resolve();
  const post = port2.postMessage.bind(port2);
  return () =>
    new Promise((done) => {
      resolve = done;
      post(0);
    });
}

function start({ control, cluster, ...what }) {
  const tell = control.postMessage.bind(control);
  const toCluster = cluster.postMessage.bind(cluster);
  const output = new Output(tell, real);
  const program = new Program(
    {
      hop: hopper(),
      load,
      post: (bytes) => toCluster(bytes, [bytes.buffer]),
      print: (stream, text, at) => output.print(stream, text, at),
      member: (group, member) => tell({ t: 'member', group, member }),
      ended: (end) => {
        output.flush();
        tell({ t: 'ended', ...end });
      },
    },
    { ...what, libraries: LIBRARIES, packages: PACKAGES },
  );
  // One turn at a time: the cluster sends the next only after the report, but for one that it gave up on.
  let turns = Promise.resolve();
  const fail = (error) => program.failed(error);
  cluster.onmessage = ({ data }) => {
    if (data instanceof Uint8Array) turns = turns.then(() => program.take(data)).catch(fail);
    // The run that it belongs to is over.
    else if (data?.t === 'end') tell({ t: 'lost' });
  };
  scope.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    program.rejected(event.reason, event.promise);
  });
  scope.addEventListener('error', (event) => {
    event.preventDefault();
    program.failed(event.error ?? new Error(event.message));
  });
  program.ready();
  seal();
  Object.assign(scope, program.globals);
  scope.global = scope;
  Math.random = program.random;
  compileAtOnce(WebAssembly);
  Error.captureStackTrace = captureAsNode(Error.captureStackTrace);
}

/**
 * Node writes the head of a captured stack when it is first read, so that a name and a message that are set after
 * the capture are in it; kafkajs relies on that. Engines without the function have the error's own stack.
 */
function captureAsNode(capture) {
  return (error, below) => {
    capture?.(error, below);
    const text = String(error.stack ?? '');
    const from = text.search(/\n\s+at /);
    const frames = from >= 0 ? text.slice(from) : '';
    Object.defineProperty(error, 'stack', {
      get: () => `${Error.prototype.toString.call(error)}${frames}`,
      set: (value) => Object.defineProperty(error, 'stack', { value, writable: true, configurable: true }),
      configurable: true,
    });
  };
}

/** Real packages from npm, each evaluated when it is first asked for. */
const LIBRARIES = {
  kafkajs: () => require('kafkajs'),
};

scope.onmessage = ({ data }) => {
  scope.onmessage = null;
  start(data);
};
