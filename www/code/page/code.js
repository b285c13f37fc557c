// The code view's part of the page: files, terminals, and the programs in them. Loaded when it is first wanted.
import EXAMPLES from 'examples';
import { collect, pack } from './export/pack.js';
import { Files } from './files.js';
import { PlainEditor } from './plain.js';
import { Sandbox } from './sandbox.js';
import { Terminal } from './terminal.js';

/** Terminals at one time. */
const TERMINALS_MAX = 12;

class Desk {
  /** Files and programs that came with a link: `{ files, programs }`. The reader's own stay as they are. */
  #linked;
  #showsLink = false;
  #terminals = new Map();
  #ids = 0;
  #listeners = new Set();
  #editor;
  #current;

  constructor(host, own) {
    this.host = host;
    this.own = own;
    this.#current = own.names[0];
    this.sandbox = new Sandbox((worker, message) => {
      this.#terminals.get(Number(worker.split('.')[0]))?.failed(message);
    });
  }

  /** The files that are shown, written and run: the reader's own, or those of the link. */
  get files() {
    return this.#showsLink ? this.#linked.files : this.own;
  }

  /** Virtual ms, as the page last saw it. */
  now() {
    return this.host.now();
  }

  write(name, text) {
    this.files.write(name, text);
    this.#current ??= name;
    if (name === this.#current) this.#editor?.show(name, text);
    this.changed();
  }

  /** Begins a program in a terminal of its own; its id. */
  async run(name) {
    if (!this.files.has(name)) throw refusal('unknown-file', `there is no file ${name}; there are ${this.files.names.join(', ')}`);
    this.#makeRoom();
    const terminal = new Terminal(this, (this.#ids += 1), name);
    this.#terminals.set(terminal.id, terminal);
    try {
      await terminal.begin(this.files.list);
    } catch (error) {
      this.#terminals.delete(terminal.id);
      throw error;
    }
    return terminal.id;
  }

  /** Shows the reader's own files (`own`) or those of the link (`link`). */
  use(which) {
    if (which !== 'own' && which !== 'link') throw refusal('bad-argument', `use(which): own or link, not ${which}`);
    if (which === 'link' && !this.#linked) throw refusal('no-linked-code', 'no link with code is open');
    this.#showsLink = which === 'link';
    this.open(this.files.names[0]);
  }

  /** Copies the files of the link to the reader's own, in the place of files of those names, and shows these. */
  keep() {
    if (!this.#linked) throw refusal('no-linked-code', 'no link with code is open');
    for (const { name, text } of this.#linked.files.list) this.own.write(name, text);
    this.use('own');
  }

  output(id) {
    return this.#terminal(id).screen.text;
  }

  async stop(id) {
    await this.#terminal(id).stop();
  }

  list() {
    const terminals = [...this.#terminals.values()].map((one) => {
      const { id, name, state, code, signal, member } = one;
      return { id, name, state, ...(state === 'ended' ? { code, signal } : {}), ...member };
    });
    const linked = this.#linked && { files: this.#linked.files.names, programs: this.#linked.programs };
    return { files: this.files.names, shown: this.#showsLink ? 'link' : 'own', linked: linked ?? null, terminals };
  }

  /** A zip that takes this run to Apache Kafka: its bytes. */
  async export() {
    const { snapshot, configs, language } = JSON.parse(await this.host.situation());
    const topics = snapshot.topics.filter(({ internal }) => !internal);
    const read = async (...place) => JSON.parse(await this.host.committed(...place));
    const records = await collect(topics, read);
    return pack({ brokers: snapshot.brokers.length, configs, topics, files: this.files.list, ...records, language });
  }

  // From here on: for the view.

  async restart(id) {
    const terminal = this.#terminal(id);
    if (terminal.isAlive) terminal.kill();
    await terminal.begin(this.files.list);
  }

  clear(id) {
    this.#terminal(id).screen.clear();
  }

  /** Removes a terminal; its program is killed. */
  close(id) {
    const terminal = this.#terminal(id);
    if (terminal.isAlive) terminal.kill();
    this.#terminals.delete(terminal.id);
    this.changed();
  }

  /** What came with a link, as text: it is shown, and nothing of it runs. Without one: nothing came. */
  receive(text) {
    const came = text && JSON.parse(text);
    this.#linked = came ? { files: Files.of(came.files), programs: came.programs } : undefined;
    this.#showsLink = Boolean(came);
    if (came && came.files.length === 0) this.#linked.files.write('main.js', '');
    this.open(this.files.names[0]);
  }

  /** Own files that `keep` would write over with another text. */
  clashes() {
    const linked = this.#linked?.files.list ?? [];
    return linked.filter(({ name, text }) => this.own.has(name) && this.own.read(name) !== text).map(({ name }) => name);
  }

  /** For a link, as text: the files that are shown; `touched`: not just the example that is there at first. */
  shared() {
    const files = this.files.list;
    const first = Object.entries(EXAMPLES[0].files);
    const untouched = files.length === first.length && first.every(([name, text]) => this.files.read(name) === text);
    return JSON.stringify({ files, touched: this.#showsLink || !untouched });
  }

  /** The run is about to be repeated: the terminals of this one go. */
  clearAll() {
    for (const terminal of this.#terminals.values()) terminal.lost();
    this.#terminals.clear();
    this.changed();
  }

  /** What a recording that is repeated wants of a program. */
  async ordered(text) {
    const { order, file, files, program, signal } = JSON.parse(text);
    const terminal = [...this.#terminals.values()].findLast(({ number }) => number === program);
    if (order === 'signal') terminal?.heard(signal);
    if (order === 'kill') terminal?.kill();
    if (order !== 'begin') return;
    this.#makeRoom();
    const begun = new Terminal(this, (this.#ids += 1), file);
    this.#terminals.set(begun.id, begun);
    this.changed();
    await begun.begin(files, true);
  }

  attach(id, element) {
    this.#terminals.get(id)?.screen.attach(element);
  }

  /** Opens the editor in an element. */
  async edit(element) {
    this.#edit(PlainEditor, element);
    try {
      const { RichEditor } = await import(new URL(EDITOR_FILE, import.meta.url));
      if (element.isConnected) this.#edit(RichEditor, element);
    } catch (error) {
      console.warn('the plain editor stays:', error);
    }
  }

  open(name) {
    this.#current = name;
    this.#editor?.show(name, this.files.read(name));
    this.changed();
  }

  /** Lays out the file that is open; undo brings the old text back. */
  async format() {
    const name = this.#current;
    const before = this.files.read(name);
    const { formatted } = await import(new URL(PRETTIER_FILE, import.meta.url));
    const text = await formatted(name, before);
    // What was typed meanwhile counts.
    if (name === this.#current && this.files.read(name) === before) this.#editor?.replace(text);
  }

  create(name) {
    if (!this.files.has(name)) this.files.write(name, '');
    this.open(name);
  }

  remove(name) {
    this.files.remove(name);
    if (this.files.names.length === 0) this.files.write('main.js', '');
    if (this.#current === name) this.open(this.files.names[0]);
    this.changed();
  }

  /** Puts an example's files in the place of files of those names. */
  example(name) {
    const example = EXAMPLES.find((one) => one.name === name);
    for (const [file, text] of Object.entries(example.files)) this.files.write(file, text);
    this.open(Object.keys(example.files)[0]);
  }

  /** What the view draws, as text. */
  view() {
    const examples = EXAMPLES.map(({ name }) => name);
    return JSON.stringify({ ...this.list(), current: this.#current, examples });
  }

  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed() {
    for (const listener of this.#listeners) listener();
  }

  #terminal(id) {
    const terminal = this.#terminals.get(id);
    if (!terminal) throw refusal('unknown-terminal', `there is no terminal ${id}`);
    return terminal;
  }

  #edit(Editor, element) {
    this.#editor = new Editor(element, (text) => this.#typed(text), () => this.#format());
    this.#editor.show(this.#current, this.files.read(this.#current));
  }

  /** By its key in the editor. */
  async #format() {
    try {
      await this.format();
    } catch (error) {
      this.host.refused(error.message, error.code);
    }
  }

  #typed(text) {
    try {
      this.files.write(this.#current, text);
    } catch (error) {
      this.host.refused(error.message);
    }
  }

  /** The oldest terminal whose program has ended makes room for a new one. */
  #makeRoom() {
    if (this.#terminals.size < TERMINALS_MAX) return;
    const over = [...this.#terminals.values()].find((one) => !one.isAlive);
    if (!over) throw refusal('too-many-programs', `there are ${TERMINALS_MAX} terminals with programs that run; stop one of them first`);
    this.#terminals.delete(over.id);
  }
}

function refusal(code, message) {
  return Object.assign(new Error(message), { code });
}

let desk;

/**
 * The one desk of this page. `host`: `begin(port, file, files, ordered)` (run and number of the program),
 * `signal(run, number, name)`, `end(run, number, gone)` (settles when its worker is not needed any more), `now()`
 * in virtual ms, `refused(sentence, code)`, and for an export `situation()` and `committed(topic, partition, from)`.
 */
export function open(host) {
  desk ??= Files.open(EXAMPLES[0].files).then((own) => new Desk(host, own));
  return desk;
}
