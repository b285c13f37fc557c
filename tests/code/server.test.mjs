// The examples as Node itself runs them, over TCP: what they print in the tab (see tests/e2e/examples.spec.js) they
// print here. BOOTSTRAP is the address of a cluster, as Apache Kafka's; without it KONBINI names the native server's
// program, which is started.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examples, packageTexts } from '../../www/code/build.mjs';
import { CODEC_TOPICS, EXPECTED } from './examples.mjs';
import * as same from './same.mjs';

/** Real ms for one pattern of one program. */
const PATIENCE_MS = 60_000;
const program = process.env.KONBINI;
let address = process.env.BOOTSTRAP;
const skip = program || address ? false : 'neither KONBINI nor BOOTSTRAP is set';
const texts = new Map((await examples()).map(({ name, files }) => [name, files]));
const running = new Set();
let folder;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'konbini-examples-'));
  await install();
  address ??= await serve();
});

/** Starts the server; its address. */
async function serve() {
  const options = ['--memory', '--brokers', '3', '--listen', '127.0.0.1:0', '--log-format', 'json'];
  const server = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(server);
  const lines = createInterface({ input: server.stderr });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    lines.on('line', (line) => {
      const { fields } = JSON.parse(line);
      if (fields?.message === 'listening') resolve(fields.address);
    });
  });
}

after(async () => {
  for (const child of running) child.kill('SIGKILL');
  if (folder) await rm(folder, { recursive: true });
});

/** kafkajs as it is on npm, and the codecs as the page has them. */
async function install() {
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  await symlink(fileURLToPath(new URL('../../node_modules/kafkajs', import.meta.url)), join(modules, 'kafkajs'));
  for (const [name, text] of Object.entries(await packageTexts())) {
    await mkdir(join(modules, name), { recursive: true });
    await writeFile(join(modules, name, 'index.js'), text);
  }
}

/** Starts a program in a process of its own. */
async function start(name, text) {
  const path = join(folder, `${name}.cjs`);
  // The one thing that differs: the port, which is whatever was free.
  await writeFile(path, text.replaceAll('localhost:9092', address));
  const child = spawn(process.execPath, [path], { env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' } });
  const one = { child, text: '' };
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (one.text += data));
  one.code = new Promise((resolve) => child.once('exit', resolve));
  return one;
}

async function shows(one, pattern) {
  const until = Date.now() + PATIENCE_MS;
  while (!pattern.test(one.text)) {
    if (Date.now() > until) assert.match(one.text, pattern);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const { name, runs } of EXPECTED) {
  test(`the example ${name}`, { skip }, async () => {
    assert.deepEqual([...new Set(runs.map(({ file }) => file))].filter((file) => !texts.get(name)[file]), []);
    for (const { file, shows: patterns, code } of runs) {
      const one = await start(`${name}-${file}`, texts.get(name)[file]);
      for (const pattern of patterns) await shows(one, pattern);
      if (code !== undefined) assert.equal(await one.code, code, one.text);
    }
  });
}

test('a program prints here what it prints in the tab', { skip }, async () => {
  const one = await start('same', same.program);
  assert.equal(await one.code, 3, one.text);
  assert.equal(same.masked(one.text), same.expected);
});

test('every codec both ways', { skip }, async () => {
  const one = await start('codecs', await readFile(new URL('codecs.js', import.meta.url), 'utf8'));
  assert.equal(await one.code, 0, one.text);
  for (const topic of CODEC_TOPICS) assert.match(one.text, new RegExp(`${topic}: 50 of 50`));
});

test('every example is expected something of', async () => {
  const index = JSON.parse(await readFile(new URL('../../www/code/examples/index.json', import.meta.url), 'utf8'));
  assert.deepEqual(EXPECTED.map(({ name }) => name).sort(), index.map(({ name }) => name).sort());
});
