// The virtual clock as a program sees it: Date, performance.now and process.hrtime.
//
// It stands still while the program computes. A loop that waits for it would then never end, so whoever looks
// very often within one task sees it move.

/** Looks within one task at which the clock stands still. */
const LOOKS_MAX = 100_000;

const RealDate = Date;

export class Clock {
  /** Virtual ms since the run's start, and Unix ms of that start. */
  now = 0;
  epoch = 0;
  /** When the program began. */
  began = 0;
  #looks = 0;

  begin(now, epoch) {
    this.now = this.began = now;
    this.epoch = epoch;
  }

  /** A turn has come. A program that made its own clock move keeps what it saw. */
  set(now) {
    this.now = Math.max(this.now, now);
  }

  /** A task begins. */
  rest() {
    this.#looks = 0;
  }

  look() {
    this.#looks += 1;
    if (this.#looks > LOOKS_MAX) this.now += 1;
    return this.now;
  }

  unix() {
    return this.epoch + this.look();
  }

  sinceBegan() {
    return this.look() - this.began;
  }
}

/** `Date` on this clock; everything but the present is the engine's own. */
export function dateOn(clock) {
  return new Proxy(RealDate, {
    construct: (target, args, self) =>
      Reflect.construct(target, args.length === 0 ? [clock.unix()] : args, self),
    apply: () => new RealDate(clock.unix()).toString(),
    get: (target, name, self) => (name === 'now' ? () => clock.unix() : Reflect.get(target, name, self)),
  });
}

export function performanceOn(clock) {
  return {
    now: () => clock.sinceBegan(),
    get timeOrigin() {
      return clock.epoch + clock.began;
    },
    toJSON() {
      return { timeOrigin: this.timeOrigin };
    },
  };
}

/** `process.hrtime`, with `bigint`. */
export function hrtimeOn(clock) {
  const hrtime = (since) => {
    const ms = clock.sinceBegan();
    const now = [Math.floor(ms / 1000), (ms % 1000) * 1e6];
    if (!since) return now;
    const nanos = now[1] - since[1];
    return nanos < 0 ? [now[0] - since[0] - 1, nanos + 1e9] : [now[0] - since[0], nanos];
  };
  hrtime.bigint = () => BigInt(clock.sinceBegan()) * 1_000_000n;
  return hrtime;
}
