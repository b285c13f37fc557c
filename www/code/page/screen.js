// What a terminal shows: lines with their virtual times, no more than a reader can use, drawn as they come.
import { pieces, strip } from './ansi.js';

/** Lines kept; older ones go. */
const LINES_MAX = 3_000;
/** Characters of one line; the rest is cut. */
const LINE_MAX = 4_000;
/** Pixels from the end within which a reader counts as following it. */
const NEAR = 24;

export class Screen {
  #lines = [];
  /** Whether the last line has not ended. */
  #open = false;
  #dropped = 0;
  #undrawn = 0;
  #redraw = false;
  #element;
  #asked = false;

  /** `stream`: out, err, or note for what Konbini itself says. `at`: virtual ms. */
  write(stream, text, at) {
    const clear = text.lastIndexOf('\x1b[2J');
    if (clear >= 0) {
      this.clear();
      return this.write(stream, text.slice(clear + 4), at);
    }
    const parts = text.split('\n');
    parts.forEach((part, index) => {
      const last = index === parts.length - 1;
      if (last && part === '') return;
      this.#add(stream, part.slice(0, LINE_MAX), at);
      this.#open = last;
    });
    this.#open &&= !text.endsWith('\n');
    const many = this.#lines.length - LINES_MAX;
    if (many > 0) {
      this.#lines.splice(0, many);
      this.#dropped += many;
      this.#redraw = true;
    }
    return this.#ask();
  }

  clear() {
    this.#lines = [];
    this.#open = false;
    this.#dropped = 0;
    this.#redraw = true;
    this.#ask();
  }

  get text() {
    return this.#lines.map(({ text }) => `${strip(text)}\n`).join('');
  }

  /** Shows itself in that element from now on. */
  attach(element) {
    if (this.#element === element) return;
    this.#element = element;
    this.#redraw = true;
    this.#ask();
  }

  #add(stream, text, at) {
    const last = this.#lines.at(-1);
    if (this.#open && last?.stream === stream) {
      last.text = (last.text + text).slice(0, LINE_MAX);
      this.#redraw = true;
    } else {
      this.#lines.push({ stream, text, at });
      this.#undrawn += 1;
    }
    this.#open = false;
  }

  #ask() {
    if (this.#asked || !this.#element) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #draw() {
    const element = this.#element;
    if (!element) return;
    const follows = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (this.#redraw) element.replaceChildren(...this.#lines.map(drawn));
    else element.append(...this.#lines.slice(this.#lines.length - this.#undrawn).map(drawn));
    this.#redraw = false;
    this.#undrawn = 0;
    if (follows) element.scrollTop = element.scrollHeight;
  }
}

function drawn({ stream, text, at }) {
  const line = document.createElement('div');
  line.className = `line ${stream}${isLog(text) ? ' log' : ''}`;
  const time = document.createElement('time');
  time.dataset.at = clock(at);
  time.setAttribute('aria-hidden', 'true');
  line.append(time);
  for (const [piece, classes] of pieces(text).out) {
    const span = document.createElement('span');
    span.className = classes;
    span.textContent = piece;
    line.append(classes ? span : piece);
  }
  return line;
}

/** kafkajs's own log: quieter than what the program says. */
const isLog = (text) => text.startsWith('{"level":') && text.includes('"logger":"kafkajs"');

/** Virtual ms as minutes, seconds and thousandths. */
function clock(ms) {
  const two = (number) => String(number).padStart(2, '0');
  const minutes = Math.floor(ms / 60_000);
  return `${two(minutes)}:${two(Math.floor(ms / 1000) % 60)}.${String(Math.floor(ms) % 1000).padStart(3, '0')}`;
}
