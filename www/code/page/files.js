// Files of programs: the reader's own in a database beside the cluster's; those of a link in memory alone.

const DATABASE = 'konbini-code';
const STORE = 'files';
/** Real ms after the last change of a file until it is stored. */
const SETTLE_MS = 300;
/** Limits as in crates/scenario/src/limit.rs: what is here fits into a recording. */
export const FILES_MAX = 40;
/** Characters of one file. */
export const FILE_CHARACTERS_MAX = 200_000;
/** Characters of all files together. */
export const CHARACTERS_MAX = 1_000_000;
const NAME = /^[\w][\w.-]*(\/[\w][\w.-]*)*$/;

export class Files {
  /** Text by name, in the order in which they were made. */
  #texts = new Map();
  #database;
  #timers = new Map();

  /** Opens what is stored, or starts with `first` where nothing is. */
  static async open(first) {
    const files = new Files();
    try {
      files.#database = await database();
      const [names, texts] = await files.#read();
      const kept = names.map((name, index) => ({ name, ...texts[index] }));
      kept.sort((one, other) => one.place - other.place);
      for (const { name, text } of kept) files.#texts.set(name, text);
    } catch (error) {
      // A browser that stores nothing still runs programs.
      console.warn('files of programs are not kept:', error);
    }
    if (files.#texts.size === 0) for (const [name, text] of Object.entries(first)) files.write(name, text);
    return files;
  }

  /** Files that are kept nowhere: `{ name, text }` each. */
  static of(list) {
    const files = new Files();
    for (const { name, text } of list) files.#texts.set(name, text);
    return files;
  }

  get names() {
    return [...this.#texts.keys()];
  }

  /** `{ name, text }` each. */
  get list() {
    return [...this.#texts].map(([name, text]) => ({ name, text }));
  }

  has(name) {
    return this.#texts.has(name);
  }

  read(name) {
    return this.#texts.get(name) ?? '';
  }

  /** @throws a sentence when it is not allowed. */
  write(name, text) {
    if (typeof name !== 'string' || !NAME.test(name) || name.length > 80) {
      throw new Error(`a file's name has letters, digits, dots, dashes and slashes, as lib/orders.js: ${name}`);
    }
    if (typeof text !== 'string') throw new Error(`the text of ${name} must be a string`);
    if (!this.has(name) && this.#texts.size >= FILES_MAX) throw new Error(`there are ${FILES_MAX} files already`);
    if (text.length > FILE_CHARACTERS_MAX) throw new Error(`a file may have ${FILE_CHARACTERS_MAX} characters: ${name}`);
    let characters = text.length;
    for (const [other, kept] of this.#texts) if (other !== name) characters += kept.length;
    if (characters > CHARACTERS_MAX) throw new Error(`all files together may have ${CHARACTERS_MAX} characters`);
    this.#texts.set(name, text);
    this.#keepLater(name);
  }

  remove(name) {
    this.#texts.delete(name);
    this.#keepLater(name);
  }

  #keepLater(name) {
    if (!this.#database) return;
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(() => this.#keep(name), SETTLE_MS));
  }

  #keep(name) {
    const store = this.#database.transaction(STORE, 'readwrite').objectStore(STORE);
    const place = this.names.indexOf(name);
    if (place >= 0) store.put({ text: this.read(name), place }, name);
    else store.delete(name);
  }

  #read() {
    const store = this.#database.transaction(STORE).objectStore(STORE);
    return Promise.all([done(store.getAllKeys()), done(store.getAll())]);
  }
}

function database() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return done(request);
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
