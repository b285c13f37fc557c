// Timers on the virtual clock, with Node's Timeout objects and Node's clamping of delays.

/** Longer delays become 1 ms, as in Node. */
const DELAY_MS_MAX = 2 ** 31 - 1;
/**
 * kafkajs schedules a check of its throttle with "until minus now", which is the negative of now where there is
 * none: a poll each millisecond of every connection. Such delays wait this long, and end together.
 */
const POLL_MS = 100;
const POLL_BELOW = -1e9;

class Timeout {
  constructor(timers, fire, delay, repeat) {
    Object.defineProperties(this, {
      timers: { value: timers },
      fire: { value: fire, writable: true },
      delay: { value: delay },
      repeat: { value: repeat },
      at: { value: 0, writable: true },
      order: { value: 0, writable: true },
      counts: { value: true, writable: true },
    });
  }

  ref() {
    this.counts = true;
    return this;
  }

  unref() {
    this.counts = false;
    return this;
  }

  hasRef() {
    return this.counts;
  }

  refresh() {
    if (this.timers.has(this)) this.timers.add(this);
    return this;
  }

  close() {
    this.timers.clear(this);
    return this;
  }

  [Symbol.toPrimitive]() {
    return this.order;
  }
}

export class Timers {
  #clock;
  #waiting = new Set();
  #immediates = [];
  #numbers = 0;

  constructor(clock) {
    this.#clock = clock;
  }

  add(timer) {
    const { now } = this.#clock;
    timer.at =
      timer.delay === POLL_BELOW ? (Math.floor(now / POLL_MS) + 1) * POLL_MS : now + timer.delay;
    timer.order = this.#numbers += 1;
    this.#waiting.add(timer);
    return timer;
  }

  has(timer) {
    return this.#waiting.has(timer);
  }

  /** Ends a timer, given as its object or its number. */
  clear(timer) {
    if (timer instanceof Timeout) return void this.#waiting.delete(timer);
    if (timer === null || timer === undefined) return;
    for (const one of this.#waiting) if (one.order === Number(timer)) this.#waiting.delete(one);
  }

  /** The earliest timer that is due, taken out; one that repeats is set again. */
  due() {
    let first;
    for (const timer of this.#waiting) {
      if (timer.at <= this.#clock.now && (!first || isBefore(timer, first))) first = timer;
    }
    if (!first) return undefined;
    this.#waiting.delete(first);
    if (first.repeat) this.add(first);
    return first.fire;
  }

  /** Virtual time of the next timer; undefined when there is none. */
  nextAt() {
    let next;
    for (const { at } of this.#waiting) if (next === undefined || at < next) next = at;
    return next;
  }

  takeImmediates() {
    const taken = this.#immediates;
    this.#immediates = [];
    return taken;
  }

  get hasImmediates() {
    return this.#immediates.length > 0;
  }

  /** Whether any timer keeps the program alive. */
  get keepAlive() {
    if (this.#immediates.some(({ counts }) => counts)) return true;
    for (const { counts } of this.#waiting) if (counts) return true;
    return false;
  }

  /** What programs see. */
  globals() {
    const start = (repeat) => (callback, delay, ...args) => {
      mustBeCallable(callback);
      return this.add(new Timeout(this, () => callback(...args), clamp(delay), repeat));
    };
    const clear = (timer) => this.clear(timer);
    return {
      setTimeout: start(false),
      setInterval: start(true),
      clearTimeout: clear,
      clearInterval: clear,
      setImmediate: (callback, ...args) => this.#immediate(callback, args),
      clearImmediate: (one) => {
        this.#immediates = this.#immediates.filter((other) => other !== one);
      },
    };
  }

  /** `timers/promises`. */
  promises() {
    const { setTimeout, setImmediate } = this.globals();
    return {
      setTimeout: (delay, value) => new Promise((resolve) => setTimeout(resolve, delay, value)),
      setImmediate: (value) => new Promise((resolve) => setImmediate(resolve, value)),
      setInterval: async function* setInterval(delay, value) {
        while (true) {
          await new Promise((resolve) => setTimeout(resolve, delay));
          yield value;
        }
      },
    };
  }

  #immediate(callback, args) {
    mustBeCallable(callback);
    const one = {
      fire: () => callback(...args),
      counts: true,
      ref: () => ((one.counts = true), one),
      unref: () => ((one.counts = false), one),
      hasRef: () => one.counts,
    };
    this.#immediates.push(one);
    return one;
  }
}

function isBefore(one, other) {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function clamp(delay) {
  const ms = Number(delay);
  if (ms < POLL_BELOW) return POLL_BELOW;
  return ms >= 1 && ms <= DELAY_MS_MAX ? Math.trunc(ms) : 1;
}

function mustBeCallable(callback) {
  if (typeof callback === 'function') return;
  const error = new TypeError(`The "callback" argument must be of type function. Received ${String(callback)}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}
