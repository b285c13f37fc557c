// What a program prints, on its way to the page: in batches, and never more than the page can take.

/** Real ms between two batches. */
const BATCH_MS = 50;
/** Characters of a batch; what is printed beyond is counted and dropped. */
const BATCH_CHARACTERS_MAX = 64 * 1024;

export class Output {
  #post;
  #real;
  #chunks = [];
  #characters = 0;
  #dropped = 0;
  #timer;
  #sent = -Infinity;

  /** `real`: the machine's own clock, as `now()`, `setTimeout` and `clearTimeout`. */
  constructor(post, real) {
    this.#post = post;
    this.#real = real;
  }

  /** `at`: virtual ms. */
  print(stream, text, at) {
    const room = BATCH_CHARACTERS_MAX - this.#characters;
    if (text.length > room) this.#dropped += text.length - room;
    const kept = text.length > room ? text.slice(0, room) : text;
    if (kept) this.#keep(stream, kept, at);
    // A program that never ends its task gives no timer a chance: time is looked at here too.
    if (this.#real.now() - this.#sent >= BATCH_MS) this.flush();
    else this.#timer ??= this.#real.setTimeout(() => this.flush(), BATCH_MS);
  }

  flush() {
    this.#sent = this.#real.now();
    if (this.#timer !== undefined) this.#real.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#chunks.length === 0 && this.#dropped === 0) return;
    this.#post({ t: 'out', chunks: this.#chunks, dropped: this.#dropped });
    this.#chunks = [];
    this.#characters = 0;
    this.#dropped = 0;
  }

  #keep(stream, text, at) {
    this.#characters += text.length;
    const last = this.#chunks.at(-1);
    if (last?.stream === stream && last.at === at) last.text += text;
    else this.#chunks.push({ stream, text, at });
  }
}
