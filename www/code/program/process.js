// Node's `process`: signals, exit codes, environment, output.
import { EventEmitter } from 'events';
import { hrtimeOn } from './clock.js';

/** Numbers of the signals that a reader or a program can send. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGUSR1: 10, SIGUSR2: 12, SIGTERM: 15 };
const FIRST_PID = 100;

/** Thrown to leave the program's code; nobody is to catch it. */
export class Exited {}

class Process extends EventEmitter {}

/**
 * `hooks`: `print(stream, text)`, `exit(code, signal)` which ends the program, `later(task)`.
 * The result has `signal(name)`, for the reader's.
 */
export function processWith(clock, hooks, { number, argv, env }) {
  const process = new Process();
  const stream = (name, fd) => ({
    fd,
    isTTY: true,
    columns: 100,
    rows: 24,
    writable: true,
    hasColors: () => true,
    write: (text, encoding, callback) => {
      hooks.print(name, typeof text === 'string' ? text : Buffer.from(text).toString());
      const done = typeof encoding === 'function' ? encoding : callback;
      if (done) hooks.later(done);
      return true;
    },
    on: () => process,
    once: () => process,
    end: () => {},
  });
  const signal = (name) => {
    if (!(name in SIGNALS)) {
      throw Object.assign(new TypeError(`Unknown signal: ${name}`), { code: 'ERR_UNKNOWN_SIGNAL' });
    }
    if (name !== 'SIGKILL' && process.emit(name, name, SIGNALS[name])) return;
    hooks.exit(128 + SIGNALS[name], name);
  };
  let exiting = false;
  const exit = (code) => {
    if (code !== undefined) process.exitCode = code;
    if (!exiting) {
      exiting = true;
      process.emit('exit', process.exitCode ?? 0);
    }
    hooks.exit(Number(process.exitCode ?? 0));
    throw new Exited();
  };
  Object.assign(process, {
    title: 'node',
    pid: FIRST_PID + number,
    ppid: 1,
    platform: 'linux',
    arch: 'wasm32',
    version: 'v20.0.0',
    versions: { node: '20.0.0', konbini: '1' },
    release: { name: 'node' },
    argv: ['/usr/bin/node', ...argv],
    argv0: 'node',
    execArgv: [],
    execPath: '/usr/bin/node',
    // The advice is for people who upgrade; it would be the first line of every program.
    env: { NODE_ENV: 'development', HOME: '/home/konbini', KAFKAJS_NO_PARTITIONER_WARNING: '1', ...env },
    exitCode: undefined,
    stdout: stream('out', 1),
    stderr: stream('err', 2),
    stdin: Object.assign(new EventEmitter(), { fd: 0, isTTY: true, resume() {}, pause() {}, setEncoding() {} }),
    cwd: () => '/app',
    uptime: () => clock.sinceBegan() / 1000,
    hrtime: hrtimeOn(clock),
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    nextTick: (task, ...args) => queueMicrotask(() => task(...args)),
    emitWarning: (warning) => hooks.print('err', `(node:${FIRST_PID + number}) ${warning}\n`),
    exit,
    reallyExit: exit,
    abort: () => hooks.exit(134, 'SIGABRT'),
    kill: (pid, name = 'SIGTERM') => {
      if (name === 0) return true;
      if (pid !== process.pid && pid !== 0) {
        throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH', errno: -3, syscall: 'kill' });
      }
      // As in Node, it arrives after the code that sends it.
      hooks.later(() => signal(name));
      return true;
    },
  });
  return { process, signal };
}
