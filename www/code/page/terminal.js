// A terminal: one program at a time, its screen, and how it ends.
import { Screen } from './screen.js';

/** Real ms that an interrupted program has to end by itself: kafkajs waits for its fetches. */
const GRACE_MS = 8_000;
/** Exit code of a program that was killed. */
const KILLED = 137;

export class Terminal {
  screen = new Screen();
  /** running, stopping, or ended with `code` and `signal`. */
  state = 'ended';
  code = 0;
  signal = undefined;
  /** `{ group, member }` once the program has joined one. */
  member = undefined;
  #desk;
  /** Run and number, as the cluster knows it. */
  #program;
  #control;
  #over;
  #ends;
  #run = 0;
  #grace;

  /** `desk`: `sandbox`, `host` (the cluster), `files`, `changed()`. */
  constructor(desk, id, name) {
    this.#desk = desk;
    this.id = id;
    this.name = name;
  }

  get isAlive() {
    return this.state !== 'ended';
  }

  /** Its program's number in the run, in the order in which they began. */
  get number() {
    return this.#program?.[1];
  }

  /** Begins the program at the cluster's next millisecond, or, `ordered`, where a recording waits for it. */
  async begin(files, ordered = false) {
    const control = new MessageChannel();
    const cluster = new MessageChannel();
    this.#program = await this.#desk.host.begin(cluster.port2, this.name, JSON.stringify(files), ordered);
    this.#run += 1;
    this.state = 'running';
    this.signal = this.member = undefined;
    this.#over = new Promise((resolve) => (this.#ends = resolve));
    this.#control = control.port1;
    this.#control.onmessage = ({ data }) => this.#told(data);
    const texts = Object.fromEntries(files.map(({ name, text }) => [name, text]));
    const what = { files: texts, entry: this.name, number: this.number };
    try {
      await this.#desk.sandbox.start(this.#worker, what, control.port2, cluster.port1);
    } catch (error) {
      // The cluster must not wait for a worker that never comes.
      this.failed(error.message);
      throw error;
    }
    this.#desk.changed();
  }

  /** Ctrl+C, then an end by force; at once when it was asked for already. Settles when it has ended. */
  stop() {
    if (this.state === 'stopping') this.kill();
    if (this.state !== 'running') return this.#over;
    this.heard('SIGINT');
    this.#desk.host.signal(...this.#program, 'SIGINT');
    this.#wait();
    return this.#over;
  }

  /** A signal is on its way, sent by the reader or by a recording. */
  heard(signal) {
    if (!this.isAlive) return;
    this.state = 'stopping';
    this.screen.write('note', signal === 'SIGINT' ? '^C\n' : `[${signal}]\n`, this.#desk.now());
    this.#desk.changed();
  }

  /** `gone`: its worker does not work any more. */
  kill(gone = false) {
    this.#ended({ code: KILLED, signal: 'SIGKILL', at: this.#desk.now() }, gone);
  }

  failed(message) {
    this.screen.write('err', `${message}\n`, this.#desk.now());
    this.kill(true);
  }

  /** The run that it belonged to is over. */
  lost() {
    if (!this.isAlive) return;
    this.screen.write('err', '[the cluster was started over]\n', this.#desk.now());
    this.#program = undefined;
    this.kill();
  }

  get #worker() {
    return `${this.id}.${this.#run}`;
  }

  /** Virtual time decides whether it had the chance to end: a paused one waits. */
  #wait() {
    clearTimeout(this.#grace);
    const since = this.#desk.now();
    this.#grace = setTimeout(() => {
      if (this.state !== 'stopping') return;
      if (this.#desk.now() > since) this.kill();
      else this.#wait();
    }, GRACE_MS);
  }

  #told(data) {
    if (!this.isAlive) return;
    if (data.t === 'out') {
      for (const { stream, text, at } of data.chunks) this.screen.write(stream, text, at);
      if (data.dropped > 0) {
        this.screen.write('note', `[${data.dropped} characters were too many]\n`, data.chunks.at(-1)?.at ?? 0);
      }
    }
    if (data.t === 'member') {
      this.member = data.member && { group: data.group, member: data.member };
      this.#desk.changed();
    }
    if (data.t === 'ended') this.#ended(data);
    if (data.t === 'lost') this.lost();
  }

  #ended({ code, signal, at }, gone = false) {
    if (!this.isAlive) return;
    clearTimeout(this.#grace);
    Object.assign(this, { state: 'ended', code, signal, member: undefined });
    this.#control.close();
    // The cluster may still wait for what the worker is doing at this moment, so that a replay has it too.
    const [worker, program] = [this.#worker, this.#program];
    const released = program ? this.#desk.host.end(...program, gone) : undefined;
    Promise.resolve(released).then(() => this.#desk.sandbox.end(worker));
    this.screen.write('note', `[${signal ? `${signal}, ` : ''}exit code ${code}]\n`, at);
    this.#ends();
    this.#desk.changed();
  }
}
