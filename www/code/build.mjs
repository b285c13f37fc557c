// Bundles what the code view needs: the program's worker as one text, the page's part, the editor, the formatter.
// Each gets a hash of its content into its name, as Trunk does for the page's own files.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const at = (path) => join(here, path);

const COMMON = {
  bundle: true,
  minify: true,
  write: false,
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
};

/** Node's modules that kafkajs asks for, which a program gets from us. */
const OURS = /^(node:)?(net|tls|zlib|util|crypto|assert)$/;

/** Inside the bundle these are the program's own: kafkajs is evaluated only once a program runs. */
const nodeModules = {
  name: 'node-modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: OURS }, ({ path }) => ({ path: path.replace('node:', ''), namespace: 'node' }));
    onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => ({
      contents: `module.exports = require('./program/builtins.js').builtin(${JSON.stringify(path)})`,
      resolveDir: here,
    }));
  },
};

/**
 * Packages of npm beside kafkajs that a program may require: each a text of its own, loaded for programs that name it.
 * kafkajs-snappy is npm's; the others are programs for one processor there, and ours under their names.
 */
const PACKAGES = {
  'kafkajs-snappy': 'kafkajs-snappy',
  'kafkajs-lz4': at('packages/kafkajs-lz4.cjs'),
  '@kafkajs/zstd': at('packages/kafkajs-zstd.cjs'),
};

/** WebAssembly as a module, as engines are to have it one day; but there at once. */
const wasmModules = {
  name: 'wasm-modules',
  setup({ onLoad }) {
    onLoad({ filter: /\.wasm$/ }, async ({ path, with: attributes }) => {
      if (attributes.type === 'bytes') return undefined;
      const module = new WebAssembly.Module(await readFile(path));
      const imported = [...new Set(WebAssembly.Module.imports(module).map((one) => one.module))];
      const names = WebAssembly.Module.exports(module).map(({ name }) => name);
      const contents = [
        `import bytes from ${JSON.stringify(path)} with { type: 'bytes' };`,
        ...imported.map((name, index) => `import * as import${index} from ${JSON.stringify(name)};`),
        `const imports = { ${imported.map((name, index) => `${JSON.stringify(name)}: import${index}`).join(', ')} };`,
        `export const { ${names.join(', ')} } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;`,
      ];
      return { contents: contents.join('\n'), resolveDir: dirname(path) };
    });
  },
};

/** The text of each package, as a CommonJS module, by name. */
export async function packageTexts() {
  const texts = Object.entries(PACKAGES).map(async ([name, entry]) => {
    const entryPoints = [entry];
    const result = await build({ ...COMMON, entryPoints, absWorkingDir: here, format: 'cjs', plugins: [wasmModules] });
    return [name, result.outputFiles[0].text];
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** The text of a program's worker. */
export async function programText(options = {}) {
  const result = await build({
    ...COMMON,
    entryPoints: [at('program/worker.js')],
    format: 'iife',
    define: { global: 'globalThis', PACKAGES: JSON.stringify(Object.keys(PACKAGES)) },
    // Stacks name functions and classes as their authors did.
    keepNames: true,
    plugins: [nodeModules],
    ...options,
  });
  return `${result.outputFiles[0].text}\n//# sourceURL=node:konbini`;
}

/** `examples`: every example with the text of its files, in the order in which they are shown; one file may belong to two. */
export async function examples() {
  const list = JSON.parse(await readFile(at('examples/index.json'), 'utf8'));
  return Promise.all(
    list.map(async ({ name, files }) => {
      const texts = await Promise.all(files.map((file) => readFile(at(`examples/${file}`), 'utf8')));
      return { name, files: Object.fromEntries(files.map((file, index) => [basename(file), texts[index]])) };
    }),
  );
}

/** Modules that are data, made when the page is built. */
const MADE = {
  examples,
  // Only then: the compiler that it needs is large.
  'kafkajs-api': async () => (await import('./kafkajs-api.mjs')).kafkajsApi(),
};

const madeModules = {
  name: 'made-modules',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(${Object.keys(MADE).join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'made' }));
    onLoad({ filter: /.*/, namespace: 'made' }, async ({ path }) => ({
      contents: JSON.stringify(await MADE[path]()),
      loader: 'json',
    }));
  },
};

async function moduleText(entry, define) {
  const result = await build({ ...COMMON, entryPoints: [at(entry)], format: 'esm', define, plugins: [madeModules] });
  return result.outputFiles[0].text;
}

/** Writes the files into `folder`; the result is the name of the page's part. */
export async function bundle(folder) {
  const write = async (name, text) => {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const file = `konbini-${name}-${hash}.js`;
    await writeFile(join(folder, file), text);
    return file;
  };
  const program = await write('program', await programText());
  const editor = await write('editor', await moduleText('page/editor.js', {}));
  const prettier = await write('prettier', await moduleText('page/prettier.js', {}));
  const packages = Object.entries(await packageTexts());
  const packageFiles = await Promise.all(
    packages.map(async ([name, text]) => [name, await write(name.replace(/\W+/g, '-').replace(/^-/, ''), text)]),
  );
  const names = {
    PROGRAM_FILE: JSON.stringify(program),
    EDITOR_FILE: JSON.stringify(editor),
    PRETTIER_FILE: JSON.stringify(prettier),
    PACKAGE_FILES: JSON.stringify(Object.fromEntries(packageFiles)),
  };
  return write('code', await moduleText('page/code.js', names));
}
