// A machine without a browser: programs in Node's worker threads, on the very text that the page uses, with a
// virtual clock of its own and connections that a test answers.
import { Worker, MessageChannel } from 'node:worker_threads';
import { packageTexts, programText } from '../../www/code/build.mjs';
import { packagesFor } from '../../www/code/page/packages.js';
import { Event, Operation } from '../../www/code/program/wire.js';

/** Real ms after which a program that does not report counts as lost. */
const PATIENCE_MS = 20_000;
/** As wire.js numbers them. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 };
const EPOCH = Date.UTC(2026, 0, 5, 9);

/** What a browser's worker has and a worker thread has not. */
const AROUND = `
  const { parentPort } = require('node:worker_threads');
  const vm = require('node:vm');
  const texts = new Map();
  const onRejection = process.on.bind(process, 'unhandledRejection');
  const onException = process.on.bind(process, 'uncaughtException');
  globalThis.self = globalThis;
  globalThis.Blob = class { constructor(parts) { this.whole = parts.join(''); } };
  URL.createObjectURL = (blob) => { const url = 'blob:' + texts.size; texts.set(url, blob.whole); return url; };
  URL.revokeObjectURL = () => {};
  globalThis.importScripts = (url) => vm.runInThisContext(texts.get(url));
  globalThis.addEventListener = (name, listener) => {
    const event = (more) => ({ preventDefault() {}, ...more });
    if (name === 'unhandledrejection') onRejection((reason, promise) => listener(event({ reason, promise })));
    if (name === 'error') onException((error) => listener(event({ error })));
  };
  const port = parentPort;
  port.on('message', (data) => globalThis.onmessage?.({ data }));
`;

const text = await programText();
const packages = await packageTexts();

/** A turn as bytes. */
export function turn(number, now, events = []) {
  const parts = [Buffer.alloc(12)];
  parts[0].writeUInt32LE(number, 0);
  parts[0].writeDoubleLE(now, 4);
  for (const event of events) {
    const head = Buffer.alloc(event.kind === Event.BEGIN ? 21 : event.kind === Event.BYTES ? 9 : 5);
    head[0] = event.kind;
    if (event.kind === Event.BEGIN) {
      event.seed.forEach((word, at) => head.writeUInt32LE(word, 1 + 4 * at));
      head.writeDoubleLE(event.epoch, 13);
    } else {
      head.writeUInt32LE(event.conn, 1);
      if (event.bytes) head.writeUInt32LE(event.bytes.length, 5);
    }
    parts.push(head, event.bytes ?? Buffer.alloc(0));
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** A report as an object. */
export function readReport(message) {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const report = { turn: bytes.readUInt32LE(0), wakeAt: bytes.readDoubleLE(4), operations: [] };
  for (let at = 12; at < bytes.length; ) {
    const kind = bytes[at];
    const one = { kind };
    if (kind !== Operation.EXIT) one.conn = bytes.readUInt32LE(at + 1);
    if (kind === Operation.DIAL) {
      one.port = bytes.readUInt16LE(at + 5);
      one.host = bytes.toString('utf8', at + 8, at + 8 + bytes[at + 7]);
      at += 8 + bytes[at + 7];
    } else if (kind === Operation.BYTES) {
      const length = bytes.readUInt32LE(at + 5);
      one.bytes = bytes.subarray(at + 9, at + 9 + length);
      at += 9 + length;
    } else {
      at += kind === Operation.EXIT ? 1 : 5;
    }
    report.operations.push(one);
  }
  return report;
}

/**
 * Runs `files[entry]` for at most `until` virtual ms. `answer(operation, now)` gives the events that follow from
 * what the program did, each with `at`; `signals` are sent at their times. The result is what a reader sees.
 */
export async function run(files, { entry = 'main.js', until = 60_000, answer, signals = [], seed = 1, args } = {}) {
  const named = await packagesFor(files, Object.keys(packages), (name) => packages[name]);
  const machine = new Machine({ ...named, ...files }, { entry, args, seed });
  try {
    return await machine.run(until, answer ?? (() => []), signals);
  } finally {
    await machine.stop();
  }
}

class Machine {
  out = '';
  err = '';
  dropped = 0;
  reports = [];
  #waiting = [];

  constructor(files, { entry, args, seed }) {
    this.seed = seed;
    const control = new MessageChannel();
    const cluster = new MessageChannel();
    this.control = control.port1;
    this.cluster = cluster.port1;
    this.worker = new Worker(AROUND + text, { eval: true });
    this.lost = new Promise((_, reject) => this.worker.on('error', reject));
    this.ended = new Promise((resolve) => this.control.on('message', (message) => this.#told(message, resolve)));
    this.cluster.on('message', (bytes) => {
      const report = readReport(bytes);
      const next = this.#waiting.shift();
      if (next) next(report);
      else this.reports.push(report);
    });
    const message = { control: control.port2, cluster: cluster.port2, files, entry, args, number: 1 };
    this.worker.postMessage(message, [control.port2, cluster.port2]);
  }

  async run(until, answer, signals) {
    const events = [{ at: 1, kind: Event.BEGIN, seed: [this.seed, 2, 3], epoch: EPOCH }];
    events.push(...signals.map(({ at, name }) => ({ at, kind: Event.SIGNAL, conn: SIGNALS[name] })));
    let number = 0;
    await this.#report();
    for (let now = 1; now <= until; ) {
      const due = events.filter(({ at }) => at <= now);
      due.forEach((event) => events.splice(events.indexOf(event), 1));
      this.cluster.postMessage(turn((number += 1), now, due));
      const report = await this.#report();
      for (const operation of report.operations) {
        if (operation.kind === Operation.EXIT) return this.#end(now);
        events.push(...answer(operation, now));
      }
      const times = events.map(({ at }) => at);
      if (report.wakeAt >= 0) times.push(report.wakeAt);
      if (times.length === 0) break;
      now = Math.max(now + 1, Math.min(...times));
    }
    return this.#seen({ running: true });
  }

  async #end(now) {
    const { code, signal, at } = await this.ended;
    return this.#seen({ code, signal, at, now });
  }

  async #seen(more) {
    // Batches of output are a real timer's.
    if (more.running) await new Promise((resolve) => setTimeout(resolve, 150));
    return { out: strip(this.out), err: strip(this.err), coloured: this.out, dropped: this.dropped, ...more };
  }

  #told(message, ended) {
    if (message.t === 'ended') return ended(message);
    for (const { stream, text } of message.chunks) this[stream] += text;
    this.dropped += message.dropped;
    return undefined;
  }

  #report() {
    const early = this.reports.shift();
    if (early) return early;
    const next = new Promise((resolve) => this.#waiting.push(resolve));
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no report; printed: ${this.out}${this.err}`)), PATIENCE_MS);
    });
    return Promise.race([next, late, this.lost]).finally(() => clearTimeout(timer));
  }

  async stop() {
    this.lost.catch(() => {});
    await this.worker.terminate();
  }
}

// eslint-disable-next-line no-control-regex
const strip = (text) => text.replace(/\x1b\[\d*m/g, '');
