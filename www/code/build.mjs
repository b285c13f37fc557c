// Bundles what the code view needs: the program's worker as one text, the page's part, the editor.
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

/** The text of a program's worker. */
export async function programText(options = {}) {
  const result = await build({
    ...COMMON,
    entryPoints: [at('program/worker.js')],
    format: 'iife',
    define: { global: 'globalThis' },
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

const exampleTexts = {
  name: 'examples',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^examples$/ }, () => ({ path: 'examples', namespace: 'examples' }));
    onLoad({ filter: /.*/, namespace: 'examples' }, async () => ({
      contents: `export const EXAMPLES = ${JSON.stringify(await examples())}`,
    }));
  },
};

async function moduleText(entry, define) {
  const result = await build({ ...COMMON, entryPoints: [at(entry)], format: 'esm', define, plugins: [exampleTexts] });
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
  const names = { PROGRAM_FILE: JSON.stringify(program), EDITOR_FILE: JSON.stringify(editor) };
  return write('code', await moduleText('page/code.js', names));
}
