// Programs on the machine of machine.mjs: each with what a reader sees of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { run } from './machine.mjs';

/** Name, files (or the text of main.js), and what is seen: exact text, or patterns. */
const CASES = [
  ['an empty program ends', '', { code: 0, out: '', err: '' }],
  ['objects are printed as Node prints them', 'console.log({ a: [1, "x"], m: new Map([["k", Buffer.from("hi")]]) }, null)',
    { out: "{ a: [ 1, 'x' ], m: Map(1) { 'k' => <Buffer 68 69> } } null\n" }],
  ['formats', 'console.log("%s has %d of %j", "a", 3, { b: 1 }); console.error("bad")',
    { out: 'a has 3 of {"b":1}\n', err: 'bad\n' }],
  ['a table', 'console.table([{ a: 1 }])', { out: /│ \(index\) │ a │\n.*\n│ 0 {7}│ 1 │/ }],
  ['timers follow the virtual clock',
    'const t = Date.now(); setTimeout(() => console.log(Date.now() - t, Math.round(performance.now())), 12_345)',
    { out: '12345 12345\n', code: 0 }],
  ['odd delays are one millisecond',
    'const t = Date.now(); for (const d of [0, -5, NaN, 2 ** 31, "x", undefined]) setTimeout(() => console.log(Date.now() - t), d)',
    { out: '1\n1\n1\n1\n1\n1\n' }],
  ['order of microtasks, immediates and timers',
    `setTimeout(() => console.log('timer'), 1); setImmediate(() => console.log('immediate'));
     Promise.resolve().then(() => console.log('promise')); process.nextTick(() => console.log('tick')); console.log('main')`,
    { out: /^main\n(promise\ntick|tick\npromise)\nimmediate\ntimer\n$/ }],
  ['an interval can be cleared, a timer unrefed and refreshed',
    `let n = 0; const i = setInterval(() => { console.log(n += 1); if (n === 3) clearInterval(i) }, 10);
     setTimeout(() => console.log('never'), 9e5).unref();
     const r = setTimeout(() => console.log('late'), 50); setTimeout(() => r.refresh(), 40);
     clearTimeout(+setTimeout(() => console.log('never'), 5))`,
    { out: '1\n2\n3\nlate\n', at: 91 }],
  ['a loop that watches the clock ends', 'const t = Date.now(); while (Date.now() - t < 20); console.log("over")',
    { out: 'over\n', code: 0 }],
  ['exit codes and the exit event', 'process.on("exit", (c) => console.log("exit", c)); process.exitCode = 3',
    { out: 'exit 3\n', code: 3 }],
  ['process.exit leaves at once', 'try { process.exit(4) } finally { console.log("no") } ', { out: '', code: 4 }],
  ['an error ends it with a stack into its file', '\n\nfunction cook() {\n  throw new TypeError("burnt")\n}\nsetTimeout(cook, 5)',
    { code: 1, err: /TypeError: burnt\n\s+at cook \(main\.js:4:9\)\n$/ }],
  ['a rejection that nobody handles', '\nasync function cook() { await null; throw new Error("raw") }\ncook()',
    { code: 1, err: /Error: raw\n\s+at cook \(main\.js:2:/ }],
  ['a rejection that is handled later in the task', 'const p = Promise.reject(new Error("x")); queueMicrotask(() => p.catch(() => console.log("caught")))',
    { code: 0, out: 'caught\n', err: '' }],
  ['handlers of both kinds of errors',
    `process.on('unhandledRejection', (e) => console.log('rejected', e.message));
     process.on('uncaughtException', (e) => console.log('thrown', e.message));
     Promise.reject(new Error('a')); setTimeout(() => { throw new Error('b') }, 1)`,
    { code: 0, out: 'rejected a\nthrown b\n' }],
  ['a captured stack has the name and message that were set after it',
    `class E extends Error { constructor(e) { super(e); Error.captureStackTrace(this, E); this.message = e.why; this.name = 'Late' } }
     console.log(new E({ why: 'so' }).stack.split('\\n')[0])`,
    { out: 'Late: so\n' }],
  ['a syntax error names its file', 'const = 1', { code: 1, err: /SyntaxError: Unexpected token '='\n\s+at main\.js/ }],
  ['await outside of functions', 'await new Promise((r) => setTimeout(r, 100)); console.log("after")', { out: 'after\n', code: 0 }],
  ['an await that never ends', 'await new Promise(() => {})', { code: 13, err: /unsettled top-level await/ }],
  ['files require each other',
    { 'main.js': 'const a = require("./lib/a"); console.log(a.name, require("./data.json").x, require.main === module, __filename)',
      'lib/a.js': 'exports.name = "a" + require("../b.js").b', 'b.js': 'module.exports = { b: "b" }', 'data.json': '{"x":7}' },
    { out: 'ab 7 true /app/main.js\n' }],
  ['import and export',
    { 'main.js': `import fs, { one, bump as up } from './m.mjs'
import * as all from "./m.mjs"
import { Kafka, logLevel } from 'kafkajs'
import { readFileSync } from
  './c.cjs'
export const unused = 1
console.log(fs, one, all.Two.name, typeof Kafka, logLevel.INFO, readFileSync())
up(); console.log(all.count, (await import('node:path')).default.basename('/x/y.js'), import.meta.url)
throw new Error('line nine')`,
      'm.mjs': 'export default "d"\nexport const one = 1\nexport class Two {}\nexport let count = 0\nexport function bump() { count += 1 }\nexport * from "./n.mjs"',
      'n.mjs': 'export const n = 1', 'c.cjs': 'exports.readFileSync = () => "read"' },
    { out: 'd 1 Two function 4 read\n1 y.js file:///app/main.js\n', err: /main\.js:9:/, code: 1 }],
  ['a module that is not here says what is', 'require("express")', { code: 1, err: /Cannot find module 'express'\nHere there are .*kafkajs/ }],
  ['a module in the wrong case', 'require("Kafkajs")', { code: 1, err: /Did you mean 'kafkajs'\?/ }],
  ['nothing of the browser is there',
    'console.log([typeof fetch, typeof WebSocket, typeof indexedDB, typeof Worker, typeof importScripts, typeof postMessage, typeof onmessage].join())',
    { out: 'undefined,undefined,undefined,undefined,undefined,undefined,undefined\n' }],
  ['WebAssembly is compiled within the turn',
    `const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]); const t = Date.now();
     const { module: compiled, instance } = await WebAssembly.instantiate(bytes);
     console.log(instance instanceof WebAssembly.Instance, (await WebAssembly.instantiate(compiled)) instanceof WebAssembly.Instance, Date.now() - t)`,
    { out: 'true true 0\n', code: 0 }],
  ['zlib both ways',
    `const zlib = require('zlib'); const packed = zlib.gzipSync('kafka '.repeat(50));
     zlib.unzip(packed, (e, b) => console.log(packed.length < 60, b.length, Buffer.isBuffer(b)));
     zlib.gunzip(Buffer.from('junk'), (e) => console.log(e.code))`,
    { out: 'true 300 true\nZ_DATA_ERROR\n' }],
  ['events, util and assert',
    `const { EventEmitter, once } = require('node:events'); const util = require('util'); const assert = require('assert');
     class E extends EventEmitter {} const e = new E(); e.once('x', (v) => console.log(v)); e.emit('x', 1); console.log(e.emit('x', 2));
     util.promisify((v, cb) => setTimeout(() => cb(null, v), 5))(7).then((v) => console.log(v));
     try { assert.strictEqual(1, 2) } catch (error) { console.log(error.code) }`,
    { out: '1\nfalse\nERR_ASSERTION\n7\n' }],
  ['a host that nobody knows', `require('net').connect(9092, 'example.org').on('error', (e) => console.log(e.code, e.syscall))`,
    { out: 'ENOTFOUND getaddrinfo\n' }],
  ['a numeric address that nobody has', `require('net').connect({ host: '10.0.0.1', port: 9092 }).on('error', (e) => console.log(e.message))`,
    { out: 'connect ECONNREFUSED 10.0.0.1:9092\n' }],
];

for (const [name, files, expected] of CASES) {
  test(name, async () => {
    const seen = await run(typeof files === 'string' ? { 'main.js': files } : files);
    for (const [what, value] of Object.entries(expected)) {
      if (value instanceof RegExp) assert.match(seen[what], value);
      else assert.deepEqual(seen[what], value, `${what}; err: ${seen.err}`);
    }
  });
}

test('signals: without a listener it dies of them, with one it decides', async () => {
  const signals = [{ at: 500, name: 'SIGINT' }];
  const plain = await run({ 'main.js': 'setInterval(() => {}, 1000)' }, { signals });
  assert.deepEqual([plain.code, plain.signal, plain.at], [130, 'SIGINT', 500]);
  const text = `process.once('SIGINT', async () => { await new Promise((r) => setTimeout(r, 70)); console.log('clean'); process.kill(process.pid, 'SIGINT') });
    setInterval(() => {}, 1000)`;
  const polite = await run({ 'main.js': text }, { signals });
  assert.deepEqual([polite.code, polite.out], [130, 'clean\n']);
});

test('the same seed is the same chance, another is another', async () => {
  const files = {
    'main.js': `const { randomUUID, randomBytes } = require('crypto');
      console.log(Math.random(), randomUUID(), randomBytes(4), crypto.getRandomValues(new Uint8Array(2)))`,
  };
  const [first, again, other] = [await run(files), await run(files), await run(files, { seed: 2 })];
  assert.equal(first.out, again.out);
  assert.notEqual(first.out, other.out);
});

test('a flood of output is bounded and counted', async () => {
  const seen = await run({ 'main.js': 'for (let i = 0; i < 200_000; i += 1) console.log("line", i); ' });
  assert.equal(seen.code, 0);
  assert.ok(seen.out.length < 2_000_000, `${seen.out.length} characters`);
  assert.ok(seen.dropped > 0);
});
