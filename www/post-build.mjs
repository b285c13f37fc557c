// Trunk's post_build hook: puts a hash of their content into the names of the worker's files, as Trunk does
// for the page's own, so that no cache can pair a new page with an old worker; and bundles the code view's part.
// The page finds the names in <meta name="konbini-worker"> and <meta name="konbini-code">.
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './code/build.mjs';

const folder = process.env.TRUNK_STAGING_DIR;
if (!folder) throw new Error('TRUNK_STAGING_DIR is not set: Trunk runs this');

const at = (name) => join(folder, name);
const PLAIN = 'konbini-worker';

const hash = createHash('sha256');
for (const end of ['.js', '_bg.wasm']) hash.update(await readFile(at(PLAIN + end)));
const named = `${PLAIN}-${hash.digest('hex').slice(0, 16)}`;

await rename(at(`${PLAIN}.js`), at(`${named}.js`));
await rename(at(`${PLAIN}_bg.wasm`), at(`${named}_bg.wasm`));
await rename(at(`${PLAIN}_loader.js`), at(`${named}_loader.js`));
await writeFile(
  at(`${named}_loader.js`),
  `import init from './${named}.js';\n` +
    `await init({ module_or_path: new URL('./${named}_bg.wasm', import.meta.url) });\n`,
);

let page = await readFile(at('index.html'), 'utf8');
for (const [plain, name] of [
  [`./${PLAIN}_loader.js`, `./${named}_loader.js`],
  ['./konbini-code.js', `./${await bundle(folder)}`],
]) {
  if (!page.includes(plain)) throw new Error(`index.html does not name ${plain}`);
  page = page.replaceAll(plain, name);
}
await writeFile(at('index.html'), page);
