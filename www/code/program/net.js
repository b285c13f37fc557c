// Node's `net` as far as Kafka clients use it: sockets whose bytes go to the cluster.
import { EventEmitter } from 'events';
import { Event } from './wire.js';

/** Hosts that the cluster knows; it refuses what is not there. */
const KNOWN_HOST = /^(localhost|127\.0\.0\.1|broker-[1-9]\d*)$/;
const NUMERIC_HOST = /^[\d.]+$|:/;

/** All sockets of a program. */
export class Sockets {
  #report;
  #later;
  #open = new Map();
  #numbers = 0;

  #sees;

  /** `later(task)` runs a task of its own in this turn; `sees(bytes)` is shown what is sent. */
  constructor(report, later, sees) {
    this.#report = report;
    this.#later = later;
    this.#sees = sees;
  }

  /** What the cluster said to one of them. */
  take({ kind, conn, bytes }) {
    const socket = this.#open.get(conn);
    if (!socket) return;
    if (kind === Event.OPEN) return socket.opened();
    if (kind === Event.BYTES) return void socket.emit('data', Buffer.from(bytes.buffer));
    this.#open.delete(conn);
    if (kind === Event.END) return socket.closed();
    socket.failed(refused(socket.remoteHost, socket.remotePort));
  }

  get keepAlive() {
    for (const socket of this.#open.values()) if (socket.counts) return true;
    return false;
  }

  dial(socket, host, port) {
    if (!KNOWN_HOST.test(host)) {
      const error = NUMERIC_HOST.test(host) ? refused(host, port) : notFound(host);
      this.#later(() => socket.failed(error));
      return undefined;
    }
    const conn = (this.#numbers += 1);
    this.#open.set(conn, socket);
    this.#report.dial(conn, host, port);
    return conn;
  }

  send(conn, bytes) {
    if (!this.#open.has(conn)) return;
    this.#sees(bytes);
    this.#report.bytes(conn, bytes);
  }

  end(conn, socket) {
    if (!this.#open.delete(conn)) return;
    this.#report.end(conn);
    this.#later(() => socket.closed());
  }

  later(task) {
    this.#later(task);
  }
}

/** The module `net` over these sockets. */
export function netOver(sockets) {
  class Socket extends EventEmitter {
    constructor() {
      super();
      Object.defineProperties(this, {
        conn: { value: undefined, writable: true },
        counts: { value: true, writable: true },
      });
      this.connecting = false;
      this.destroyed = false;
      this.readyState = 'closed';
    }

    connect(...args) {
      const { host = 'localhost', port, listener } = readConnect(args);
      if (listener) this.once('connect', listener);
      this.remoteHost = host;
      this.remotePort = Number(port);
      this.connecting = true;
      this.readyState = 'opening';
      this.conn = sockets.dial(this, host, this.remotePort);
      return this;
    }

    opened() {
      this.connecting = false;
      this.readyState = 'open';
      this.emit('connect');
      this.emit('ready');
    }

    closed() {
      if (this.destroyed) return;
      this.#over();
      this.emit('end');
      this.emit('close', false);
    }

    failed(error) {
      if (this.destroyed) return;
      this.#over();
      this.emit('error', error);
      this.emit('close', true);
    }

    write(data, encoding, callback) {
      const done = typeof encoding === 'function' ? encoding : callback;
      if (this.destroyed || this.conn === undefined) return false;
      sockets.send(this.conn, typeof data === 'string' ? Buffer.from(data, encoding) : data);
      if (done) sockets.later(done);
      return true;
    }

    end(data, encoding) {
      if (data !== undefined && typeof data !== 'function') this.write(data, encoding);
      if (this.conn !== undefined) sockets.end(this.conn, this);
      return this;
    }

    destroy(error) {
      this.end();
      if (error) sockets.later(() => this.failed(error));
      return this;
    }

    ref() {
      this.counts = true;
      return this;
    }

    unref() {
      this.counts = false;
      return this;
    }

    setKeepAlive() {
      return this;
    }

    setNoDelay() {
      return this;
    }

    setTimeout() {
      return this;
    }

    #over() {
      this.connecting = false;
      this.destroyed = true;
      this.readyState = 'closed';
    }
  }
  const connect = (...args) => new Socket().connect(...args);
  const isIPv4 = (text) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
  const isIP = (text) => (isIPv4(text) ? 4 : text.includes(':') ? 6 : 0);
  return { Socket, Stream: Socket, connect, createConnection: connect, isIP, isIPv4 };
}

/** `connect(options, listener)` or `connect(port, host, listener)`. */
function readConnect(args) {
  const listener = args.find((one) => typeof one === 'function');
  if (typeof args[0] === 'object') return { ...args[0], listener };
  return { port: args[0], host: typeof args[1] === 'string' ? args[1] : undefined, listener };
}

function refused(host, port) {
  const address = host === 'localhost' ? '127.0.0.1' : host;
  const error = new Error(`connect ECONNREFUSED ${address}:${port}`);
  return Object.assign(error, { errno: -111, code: 'ECONNREFUSED', syscall: 'connect', address, port });
}

function notFound(host) {
  const error = new Error(`getaddrinfo ENOTFOUND ${host}`);
  return Object.assign(error, { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host });
}
