// `require` and `import`: Node's modules that are here, kafkajs, packages, and the reader's own files.
import { isModule, rewriteDynamic, rewriteModule } from './esm.js';
import { normalize } from './util.js';

const ENDS = ['', '.js', '.cjs', '.mjs', '.json', '/index.js'];
const ROOT = '/app/';
const PACKAGES = 'node_modules/';
const PARAMETERS = 'exports, require, module, __filename, __dirname, __import, __export, __meta';

export class Modules {
  #files;
  #builtins;
  #packages;
  #load;
  #cache = new Map();
  #main;

  /**
   * `files`: text by name, with those of packages in `node_modules/`. `builtins`: functions that make a module, by
   * name. `packages`: names of what `files` may have there. `load(name, code)` evaluates an expression and returns
   * its value.
   */
  constructor(files, builtins, packages, load) {
    this.#files = files;
    this.#builtins = builtins;
    this.#packages = packages;
    this.#load = load;
  }

  /** Runs a file as the program; settles when its own code has ended. */
  async run(name) {
    const module = this.#module(name);
    this.#main = module;
    // Always awaited: `await` outside of functions works in every program.
    await this.#evaluate(module, true);
    module.loaded = true;
  }

  #module(name) {
    const module = { id: name, filename: ROOT + name, exports: {}, loaded: false, children: [], paths: [] };
    this.#cache.set(name, module);
    return module;
  }

  #evaluate(module, isAsync) {
    const { id, exports } = module;
    const text = this.#files[id].replace(/^#!.*/, '');
    const body = isModule(id, text) ? rewriteModule(text) : rewriteDynamic(text);
    const code = `${isAsync ? 'async ' : ''}function(${PARAMETERS}){${body}\n}`;
    const run = this.#load(id, code);
    const define = (getters) => {
      Object.defineProperty(exports, '__esModule', { value: true });
      for (const [name, get] of Object.entries(getters)) {
        Object.defineProperty(exports, name, { get, enumerable: true });
      }
    };
    const folder = id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : '';
    const require = this.#requireIn(folder, id);
    const load = (what) => this.#import(what, folder, id);
    const meta = { url: `file://${ROOT}${id}` };
    const dirname = (ROOT + folder).replace(/\/$/, '');
    return run.call(exports, exports, require, module, ROOT + id, dirname, load, define, meta);
  }

  #requireIn(folder, from) {
    const require = (what) => this.#require(what, folder, from);
    require.resolve = (what) => this.#find(what, folder) ?? what;
    require.cache = {};
    require.main = this.#main;
    return require;
  }

  #require(what, folder, from) {
    const builtin = this.#builtin(what);
    if (builtin) return builtin;
    const name = this.#find(what, folder);
    if (!name) throw this.#missing(what, from);
    const cached = this.#cache.get(name);
    if (cached) return cached.exports;
    if (name.endsWith('.json')) return JSON.parse(this.#files[name]);
    if (isModule(name, this.#files[name])) {
      const message = `require() of ES module ${name} from ${from} is not supported. Use import instead.`;
      throw Object.assign(new Error(message), { code: 'ERR_REQUIRE_ESM' });
    }
    const module = this.#module(name);
    try {
      this.#evaluate(module, false);
    } catch (error) {
      this.#cache.delete(name);
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  /** A module's namespace. */
  async #import(what, folder, from) {
    const name = this.#builtin(what) ? undefined : this.#find(what, folder);
    if (name && !name.endsWith('.json') && isModule(name, this.#files[name])) {
      const cached = this.#cache.get(name);
      const module = cached ?? this.#module(name);
      module.evaluated ??= this.#evaluate(module, true);
      // A circle must not wait for itself: what is exported so far is seen.
      if (!cached) await module.evaluated;
      return module.exports;
    }
    const exports = this.#require(what, folder, from);
    const isObject = typeof exports === 'object' || typeof exports === 'function';
    return { ...(isObject ? exports : {}), default: exports };
  }

  #builtin(what) {
    const name = what.replace(/^node:/, '');
    return Object.hasOwn(this.#builtins, name) ? this.#builtins[name]() : undefined;
  }

  #find(what, folder) {
    const isPath = /^(\.{1,2}(\/|$)|\/)/.test(what);
    const path = what.startsWith(ROOT) ? what.slice(ROOT.length) : normalize(`${folder}/${what}`);
    const name = isPath ? path.replace(/^\/|^\.$/, '') : PACKAGES + what;
    const end = ENDS.find((end) => Object.hasOwn(this.#files, name + end));
    return end === undefined ? undefined : name + end;
  }

  #missing(what, from) {
    const error = new Error(`Cannot find module '${what}'\n${this.#hint(what, from)}\nRequire stack:\n- ${ROOT}${from}`);
    return Object.assign(error, { code: 'MODULE_NOT_FOUND', requireStack: [ROOT + from] });
  }

  #hint(what, from) {
    if (this.#packages.includes(what)) return 'It is loaded only for a program that has this name in one of its files.';
    const there = [...Object.keys(this.#builtins), ...this.#packages];
    const alike = there.find((name) => name.toLowerCase() === what.toLowerCase());
    if (alike) return `Did you mean '${alike}'?`;
    const own = Object.keys(this.#files).filter((name) => name !== from && !name.startsWith(PACKAGES));
    return `Here there are ${[...there, ...own.map((name) => `./${name}`)].join(', ')}.`;
  }
}
