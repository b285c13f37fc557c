// A program: its modules, and the loop that gives it turns.
//
// In a turn everything that is due happens, one task after the other, each with all its microtasks; then the
// cluster is told what the program did and when it wants to wake. Between turns nothing of it runs. So the same
// turns make the same run, whatever the machine's speed.
import * as events from 'events';
import { inspect } from 'node-inspect-extracted';
import { Buffer, bufferModule } from './buffer.js';
import { provide } from './builtins.js';
import { Clock, dateOn, performanceOn } from './clock.js';
import { consoleWith } from './console.js';
import { cryptoWith } from './crypto.js';
import { membershipOf } from './membership.js';
import { Modules } from './modules.js';
import { netOver, Sockets } from './net.js';
import { Exited, processWith } from './process.js';
import { Chance } from './random.js';
import { Timers } from './timers.js';
import { assert, os, path, util } from './util.js';
import { Event, NEVER, readTurn, Report } from './wire.js';
import { zlibWith } from './zlib.js';

/** Rounds of setImmediate in one turn; the rest waits for the next millisecond. */
const ROUNDS_MAX = 1_000;
/** The last lines of a stack, where it is this loop that called. */
const RUNTIME_FRAMES = /(\n +at [^\n]*\(?(?:node:konbini|blob:)[^\n]*\)?(?:\x1b\[39m)?)+(?=$| \{)/; // eslint-disable-line no-control-regex
/** What a reader sends, by the system's numbers. */
const SIGNALS = { 2: 'SIGINT', 15: 'SIGTERM' };
/** Node's code for a program that ends while its top-level await waits. */
const UNSETTLED = 13;

export class Program {
  #host;
  #clock = new Clock();
  #chance = new Chance();
  #timers = new Timers(this.#clock);
  #report = new Report();
  #sockets;
  /** What the program does with a signal. */
  #signal;
  #rejections = [];
  #turn = 0;
  #running = false;
  #main = 'waiting';
  #over = false;

  /**
   * `host`: `post(bytes)` to the cluster, `print(stream, text, at)`, `ended({ code, signal, at })`, `hop()` (a
   * promise of the next macrotask), `load(name, code)`, `member(group, member)` of a consumer. `what`: `files`, `entry`, `args`, `env`, `number`,
   * `libraries` (functions that make a module, by name), `packages` (names of those that may be in `files`).
   */
  constructor(host, what) {
    this.#host = host;
    this.what = what;
    const later = (task) => void this.#timers.globals().setImmediate(task);
    this.#sockets = new Sockets(this.#report, later, membershipOf(host.member));
    const print = (stream, text) => {
      if (!this.#over) host.print(stream, text, this.#clock.now);
    };
    const made = processWith(this.#clock, { print, later, exit: (code, signal) => this.#exit(code, signal) }, {
      number: what.number,
      argv: [`/app/${what.entry}`, ...(what.args ?? [])],
      env: what.env,
    });
    this.process = made.process;
    this.#signal = made.signal;
    const crypto = cryptoWith(this.#chance);
    this.console = consoleWith(print, this.#clock);
    this.globals = {
      ...this.#timers.globals(),
      Buffer,
      process: this.process,
      console: this.console,
      crypto: crypto.web,
      Date: dateOn(this.#clock),
      performance: performanceOn(this.#clock),
    };
    this.random = () => this.#chance.unit();
    const builtins = this.#builtins(later, crypto.module);
    provide(builtins);
    this.modules = new Modules(what.files, builtins, what.packages, host.load);
  }

  /** Tells the cluster that turns can come. */
  ready() {
    this.#host.post(this.#report.take(0, NEVER));
  }

  /** A message of the cluster: one turn. */
  async take(message) {
    if (this.#over) return;
    const turn = readTurn(message);
    this.#turn = turn.number;
    this.#clock.set(turn.now);
    this.#running = true;
    for (const event of turn.events) await this.#task(() => this.#event(event));
    await this.#everythingDue();
    this.#running = false;
    if (!this.#over) this.#post();
  }

  /** A promise was rejected and nobody listens; told by the engine. */
  rejected(reason, promise) {
    this.#rejections.push([reason, promise]);
    this.#ask();
  }

  /** An error that no code of ours was around. */
  failed(error) {
    this.#uncaught(error, 'uncaughtException');
  }

  #builtins(later, crypto) {
    const net = netOver(this.#sockets);
    const table = {
      assert, buffer: bufferModule, console: this.console, crypto, events: events.EventEmitter, net, os, path,
      perf_hooks: { performance: this.globals.performance }, process: this.process,
      timers: this.#timers.globals(), 'timers/promises': this.#timers.promises(),
      url: { URL, URLSearchParams }, util, zlib: zlibWith(later),
    };
    const builtins = Object.fromEntries(Object.entries(table).map(([name, value]) => [name, () => value]));
    builtins.tls = () => ({
      connect: () => {
        throw new Error('tls is not here: the brokers of the tab listen without encryption');
      },
    });
    return { ...builtins, ...this.what.libraries };
  }

  #event(event) {
    if (event.kind === Event.SIGNAL) return this.#signal(SIGNALS[event.signal]);
    if (event.kind !== Event.BEGIN) return this.#sockets.take(event);
    this.#clock.begin(this.#clock.now, event.epoch);
    this.#chance.seed(event.seed);
    this.#main = 'running';
    this.modules.run(this.what.entry).then(
      () => (this.#main = 'done'),
      (error) => {
        this.#main = 'done';
        this.#uncaught(error, 'uncaughtException');
      },
    );
    return undefined;
  }

  async #everythingDue() {
    for (let round = 0; !this.#over; round += 1) {
      for (let fire = this.#timers.due(); fire && !this.#over; fire = this.#timers.due()) await this.#task(fire);
      if (round < ROUNDS_MAX) {
        for (const one of this.#timers.takeImmediates()) await this.#task(one.fire);
      }
      // Rejections that nobody handles are told in a task of their own, after the microtasks.
      await this.#host.hop();
      if (this.#rejections.length > 0) await this.#task(() => this.#tellRejections());
      else if (!this.#timers.hasImmediates || round >= ROUNDS_MAX) break;
    }
    this.#endWhenIdle();
  }

  async #task(run) {
    if (this.#over) return;
    this.#clock.rest();
    try {
      run();
    } catch (error) {
      this.#uncaught(error, 'uncaughtException');
    }
    await this.#host.hop();
  }

  #tellRejections() {
    for (const [reason, promise] of this.#rejections.splice(0)) {
      if (this.#over || reason instanceof Exited) continue;
      if (this.process.emit('unhandledRejection', reason, promise)) continue;
      this.#uncaught(reason, 'unhandledRejection');
    }
  }

  #uncaught(error, origin) {
    if (error instanceof Exited || this.#over) return;
    try {
      if (this.process.emit('uncaughtException', error, origin)) return;
    } catch (another) {
      if (another instanceof Exited) return;
    }
    this.#host.print('err', `Uncaught:\n${own(inspect(error, { colors: true }))}\n`, this.#clock.now);
    this.#leave(1);
  }

  /** As Node ends when nothing can happen any more. */
  #endWhenIdle() {
    const alive = this.#sockets.keepAlive || this.#timers.keepAlive;
    if (this.#over || alive || this.#main === 'waiting') return;
    const unsettled = this.#main === 'running';
    if (unsettled) {
      this.#host.print('err', 'Warning: Detected unsettled top-level await\n', this.#clock.now);
      return this.#leave(UNSETTLED);
    }
    this.#leave(this.process.exitCode ?? 0);
  }

  #leave(code) {
    try {
      this.process.exit(code);
    } catch (error) {
      if (!(error instanceof Exited)) this.#exit(code);
    }
  }

  #exit(code, signal) {
    if (this.#over) return;
    this.#over = true;
    this.#report.exit();
    this.#host.post(this.#report.take(this.#turn, NEVER));
    this.#host.ended({ code, signal, at: this.#clock.now });
  }

  /** Wants a turn as soon as the clock moves. */
  #ask() {
    if (!this.#running && !this.#over && this.#turn > 0) this.#post();
  }

  #post() {
    const soon = this.#rejections.length > 0 || this.#timers.hasImmediates;
    const wakeAt = soon ? this.#clock.now + 1 : this.#timers.nextAt();
    this.#host.post(this.#report.take(this.#turn, wakeAt ?? NEVER));
  }
}

/** An error as it is printed, without the frames below the program's own. */
function own(text) {
  const shorter = text.replace(RUNTIME_FRAMES, '');
  return shorter || text;
}
