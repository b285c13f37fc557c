// An export of a run in the tab, on Apache Kafka: what its programs print there they print here.
//
// The page is the built one in dist/, in the browser that CHROME names. The argument is a folder of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { chromium } from '@playwright/test';
import { strFromU8, unzipSync } from 'fflate';
import { Kafka, logLevel } from 'kafkajs';
import { serve } from '../../e2e/server.js';
import { startKafka } from './kafka.mjs';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));
/** Real ms for a program to end. */
const PATIENCE_MS = 120_000;
const [, , folder] = process.argv;
const home = join(folder, 'konbini-export');

/** A cluster of one broker, so that one Apache Kafka is as many. */
const RUN = {
  scenario: {
    // Far ahead: Kafka itself would take no such timestamps, but for a setting of the export.
    name: 'export', seed: 7, epoch_ms: 4_000_000_000_000, brokers: 1, broker_configs: { 'num.partitions': '4' },
    topics: [{ name: 'shelf', partitions: 3, configs: { 'max.message.bytes': '200000', 'retention.ms': '-1' } }],
  },
};

const PRODUCER = `
const { Kafka, CompressionTypes, logLevel } = require('kafkajs')
const kafka = new Kafka({ brokers: ['localhost:9092'], clientId: 'stock', logLevel: logLevel.ERROR })
async function main() {
  const producer = kafka.producer()
  const writer = kafka.producer({ transactionalId: 'stock', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  await writer.connect()
  for (let n = 0; n < 30; n += 1) {
    const value = n % 5 === 0 ? Buffer.from([0xff, 0, n]) : 'parcel ' + n + ' 包裹'
    const message = { key: n % 7 === 0 ? null : 'customer-' + (n % 4), value, headers: { n: String(n), raw: Buffer.from([0xfe]) } }
    await producer.send({ topic: 'shelf', messages: [message], compression: n % 2 ? CompressionTypes.GZIP : CompressionTypes.None })
  }
  for (const [name, end] of [['dropped', 'abort'], ['kept', 'commit']]) {
    const transaction = await writer.transaction()
    await transaction.send({ topic: 'shelf', messages: [0, 1, 2].map((partition) => ({ partition, value: name })) })
    await transaction[end]()
  }
  await producer.send({ topic: 'shelf', messages: [0, 1, 2].map((partition) => ({ partition, key: 'gone', value: null })) })
  await Promise.all([producer.disconnect(), writer.disconnect()])
  console.log('all sent')
}
main()
`;

const CONSUMER = `
const { Kafka, logLevel } = require('kafkajs')
const kafka = new Kafka({ brokers: ['localhost:9092'], clientId: 'reader', logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId: 'readers' })
async function main() {
  let seen = 0
  const text = (bytes) => bytes && bytes.toString('hex')
  await consumer.connect()
  await consumer.subscribe({ topic: 'shelf', fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const headers = Object.entries(message.headers).map(([name, value]) => name + '=' + text(value))
      console.log(['shelf', partition, message.timestamp, text(message.key), text(message.value), headers].join(' '))
      seen += 1
      if (seen === 36) setTimeout(() => process.exit(0), 10)
    },
  })
}
main()
`;

/** Runs both programs in the tab; the export, and what the consumer printed. */
async function inTheTab() {
  const { site, stop } = await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROME, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ locale: 'en' });
    await page.goto(`${site}#v1.${deflateRawSync(JSON.stringify(RUN)).toString('base64url')}`);
    await page.waitForFunction(() => 'konbini' in window);
    const run = async (name, text) => page.evaluate(async ([name, text]) => {
      await konbini.ready;
      await konbini.speed(10);
      await konbini.code.write(name, text);
      const id = await konbini.code.run(name);
      for (;;) {
        const { terminals } = await konbini.code.list();
        const { state, code } = terminals.find((one) => one.id === id);
        if (state === 'ended') return { code, output: await konbini.code.output(id) };
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }, [name, text]);
    const produced = await run('producer.js', PRODUCER);
    assert.match(produced.output, /all sent/);
    const consumed = await run('consumer.js', CONSUMER);
    assert.equal(consumed.code, 0, consumed.output);
    const zip = await page.evaluate(async () => [...(await konbini.code.export())]);
    return { zip: unzipSync(Uint8Array.from(zip)), printed: records(consumed.output) };
  } finally {
    await browser.close();
    await stop();
  }
}

/** What a consumer printed of records, by partition: between partitions there is no order. */
function records(output) {
  const lines = output.split('\n').filter((line) => line.startsWith('shelf '));
  const partition = (line) => Number(line.split(' ')[1]);
  return lines.map((line, place) => [line, place]).sort(([a, x], [b, y]) => partition(a) - partition(b) || x - y)
    .map(([line]) => line);
}

/** Runs a command in the export's folder to its end. */
async function command(name, args, env = {}) {
  const child = spawn(name, args, { cwd: home, env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1', ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data));
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const [code] = await once(child, 'exit');
  clearTimeout(timer);
  assert.equal(code, 0, `${name} ${args.join(' ')} ended with ${code}: ${text}`);
  return text;
}

let failed = false;
async function check(name, work) {
  try {
    const result = await work();
    console.log(`ok ${name}`);
    return result;
  } catch (error) {
    failed = true;
    console.log(`not ok ${name}: ${String(error.message).replaceAll('\n', ' ')}`);
    return undefined;
  }
}

async function configsOf(address) {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: ['shelf'] });
    const wanted = { type: 2, name: 'shelf', configNames: ['max.message.bytes', 'retention.ms'] };
    const { resources } = await admin.describeConfigs({ resources: [wanted], includeSynonyms: false });
    const configs = resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]);
    return { partitions: topics[0].partitions.length, configs: Object.fromEntries(configs) };
  } finally {
    await admin.disconnect();
  }
}

async function onKafka({ zip, printed }) {
  const text = (name) => strFromU8(zip[`konbini-export/${name}`]);
  const kafka = await check('apache kafka starts with the settings of docker-compose.yml', () =>
    startKafka(text('docker-compose.yml'), join(folder, 'kafka')));
  if (!kafka) return;
  const BROKERS = kafka.address;
  try {
    await check('npm start creates the topics and loads the records', async () => {
      const output = await command('npm', ['start'], { BROKERS });
      assert.match(output, /created shelf with 3 partitions/);
      assert.match(output, /sent 36 records to shelf/);
    });
    await check('topics have their partitions and settings', async () => {
      const expected = { 'max.message.bytes': '200000', 'retention.ms': '-1' };
      assert.deepEqual(await configsOf(BROKERS), { partitions: 3, configs: expected });
    });
    await check('the exported consumer prints what it printed in the tab', async () => {
      const output = await command('npm', ['run', 'run:consumer'], { BROKERS });
      assert.equal(printed.length, 36);
      assert.deepEqual(records(output), printed);
    });
    await check('loading again sends nothing twice', async () => {
      assert.match(await command('npm', ['start'], { BROKERS }), /shelf holds records already: nothing was sent/);
    });
    await check('the exported producer runs', async () => {
      assert.match(await command('npm', ['run', 'run:producer'], { BROKERS }), /all sent/);
    });
  } finally {
    await kafka.stop();
  }
}

/** Unpacks it; the packages are those of this project, and only the port in the programs is another one's. */
async function unpack({ zip }) {
  for (const [name, bytes] of Object.entries(zip)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    const isProgram = name.startsWith('konbini-export/programs/');
    const place = "(process.env.BROKERS || 'localhost:9092')";
    const text = isProgram ? strFromU8(bytes).replaceAll("'localhost:9092'", place) : bytes;
    await writeFile(join(folder, name), text);
  }
  await symlink(MODULES, join(home, 'node_modules'));
}

await rm(folder, { recursive: true, force: true });
const exported = await check('programs run in the tab and the run is exported', inTheTab);
if (exported) {
  await unpack(exported);
  await onKafka(exported);
}
process.exitCode = failed ? 1 : 0;
