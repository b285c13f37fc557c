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
  #number;
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

  /** Begins the program at the cluster's next millisecond. */
  async begin() {
    const control = new MessageChannel();
    const cluster = new MessageChannel();
    this.#number = await this.#desk.host.begin(cluster.port2);
    this.#run += 1;
    this.state = 'running';
    this.signal = this.member = undefined;
    this.#over = new Promise((resolve) => (this.#ends = resolve));
    this.#control = control.port1;
    this.#control.onmessage = ({ data }) => this.#told(data);
    const what = { files: this.#desk.files.all, entry: this.name, number: this.#number };
    await this.#desk.sandbox.start(this.#worker, what, control.port2, cluster.port1);
    this.#desk.changed();
  }

  /** Ctrl+C, then an end by force; at once when it was asked for already. Settles when it has ended. */
  stop() {
    if (this.state === 'stopping') this.kill();
    if (this.state !== 'running') return this.#over;
    this.state = 'stopping';
    this.screen.write('note', '^C\n', this.#desk.now());
    this.#control.postMessage({ t: 'signal', name: 'SIGINT' });
    this.#wait();
    this.#desk.changed();
    return this.#over;
  }

  kill() {
    this.#ended({ code: KILLED, signal: 'SIGKILL', at: this.#desk.now() });
  }

  failed(message) {
    this.screen.write('err', `${message}\n`, this.#desk.now());
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
    if (data.t === 'lost') this.failed('[the cluster was started over]');
  }

  #ended({ code, signal, at }) {
    if (!this.isAlive) return;
    clearTimeout(this.#grace);
    Object.assign(this, { state: 'ended', code, signal, member: undefined });
    this.#control.close();
    this.#desk.sandbox.end(this.#worker);
    this.#desk.host.end(this.#number);
    this.screen.write('note', `[${signal ? `${signal}, ` : ''}exit code ${code}]\n`, at);
    this.#ends();
    this.#desk.changed();
  }
}
