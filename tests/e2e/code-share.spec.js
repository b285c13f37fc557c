// Code in links: it is shown and does not run; run as recorded, it makes the same run.
import { deflateRawSync } from 'node:zlib';
import { strFromU8, unzipSync } from 'fflate';
import { test, expect } from './site.js';
import { advanceTo, apply, call, opened, snapshot, topic, visit } from './app.js';

/** Calls a function of `window.konbini.code`. */
const code = (page, name, ...values) =>
  page.evaluate(([name, values]) => konbini.code[name](...values), [name, values]);

const END = 40_000;

const PRODUCER = `
const { Kafka, logLevel } = require('kafkajs')
const { topic } = require('./lib/topic')
const kafka = new Kafka({ logLevel: logLevel.ERROR, brokers: ['localhost:9092'], clientId: 'shared-producer' })
const producer = kafka.producer()
async function main() {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 3, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }] })
  await admin.disconnect()
  await producer.connect()
  let sent = 0
  setInterval(async () => {
    const value = sent % 3 === 0 ? Buffer.from([0xff, sent]) : 'value-' + Math.random()
    await producer.send({ topic, messages: [{ partition: sent % 2, key: 'key-' + sent++, value, headers: { from: 'tab' } }] })
    console.log('sent ' + sent)
  }, 400)
}
main()
process.once('SIGINT', async () => {
  await producer.disconnect()
  console.log('goodbye')
  process.exit(0)
})
`;

const CONSUMER = `
const { Kafka, logLevel } = require('kafkajs')
const { topic } = require('./lib/topic')
const kafka = new Kafka({ logLevel: logLevel.ERROR, brokers: ['localhost:9092'], clientId: 'shared-consumer' })
const consumer = kafka.consumer({ groupId: 'shared-group' })
async function main() {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ partition, message }) => console.log(partition + '/' + message.offset + ' ' + message.key) })
}
main()
`;

/** What the program itself has printed: Konbini's notes may come before or after a line of the same moment. */
const said = (text) => text.split('\n').filter((line) => !/^(\^C|\[.*\])$/.test(line)).join('\n');

/** Two programs, one of which is edited and begun twice; the reader stops one and kills the other. */
async function original(page) {
  await call(page, 'pause');
  await code(page, 'write', 'lib/topic.js', "exports.topic = 'shared-topic'");
  await code(page, 'write', 'producer.js', PRODUCER);
  await code(page, 'write', 'consumer.js', CONSUMER);
  await advanceTo(page, 5_000);
  const producer = await code(page, 'run', 'producer.js');
  await call(page, 'advance', 2_345);
  const consumer = await code(page, 'run', 'consumer.js');
  await call(page, 'advance', 12_000);
  await apply(page, { do: 'create-topic', name: 'between', partitions: 1 });
  // While time stands still nobody hears it.
  await page.evaluate((id) => void konbini.code.stop(id), producer);
  await call(page, 'advance', 3_000);
  await expect.poll(() => code(page, 'output', producer)).toContain('goodbye');
  await code(page, 'write', 'producer.js', PRODUCER.replace('400', '150'));
  const again = await code(page, 'run', 'producer.js');
  await call(page, 'advance', 3_000);
  await page.evaluate((id) => {
    void konbini.code.stop(id);
    return konbini.code.stop(id);
  }, consumer);
  await advanceTo(page, END);
  await expect.poll(() => code(page, 'output', again)).toMatch(/sent \d\d/);
  return { producer, consumer, again };
}

test('a link with programs shows them, runs nothing by itself, and repeats the run on request', async ({ page, site, profile }) => {
  test.setTimeout(180_000);
  await visit(page, site);
  const ids = await original(page);
  const printed = [];
  for (const id of Object.values(ids)) printed.push(await code(page, 'output', id));
  const before = await snapshot(page);
  const link = await call(page, 'share');
  expect(link.startsWith(`${site}#v2.`)).toBe(true);

  const other = await (await profile()).newPage();
  await visit(other, link);
  await expect(other.locator('.linked')).toContainText('Nothing of them runs until you press run.');
  for (const name of ['lib/topic.js', 'producer.js', 'consumer.js']) {
    await expect(other.getByRole('tab', { name, exact: true })).toBeVisible();
  }
  const { linked, shown, terminals } = await code(other, 'list');
  expect({ linked, shown, terminals }).toEqual({
    linked: { files: ['producer.js', 'consumer.js', 'lib/topic.js'], programs: 3 }, shown: 'link', terminals: [],
  });
  await call(other, 'pause');
  await call(other, 'advance', 15_000);
  await expect(other.locator('.term')).toHaveCount(0);
  const idle = await snapshot(other);
  expect(idle.topics.map(({ name }) => name)).not.toContain('shared-topic');

  await other.getByRole('button', { name: 'Run as recorded' }).click();
  await expect.poll(async () => (await snapshot(other)).now).toBeLessThan(5_000);
  await advanceTo(other, END);
  const after = await snapshot(other);
  expect(topic(after, 'shared-topic').partitions[0].logEnd).toBeGreaterThan(10);
  expect(after.traceHash).toBe(before.traceHash);
  await expect(other.locator('.term')).toHaveCount(3);
  const there = (await code(other, 'list')).terminals;
  expect(there.map(({ name, state, code }) => [name, state, code])).toEqual([
    ['producer.js', 'ended', 0], ['consumer.js', 'ended', 137], ['producer.js', 'running', undefined],
  ]);
  // One that is killed may take its last lines with it.
  const [stopped, killed, running] = there.map(({ id }) => async () => said(await code(other, 'output', id)));
  await expect.poll(stopped).toBe(said(printed[0]));
  expect(said(printed[1]).startsWith(await killed())).toBe(true);
  await expect.poll(running).toBe(said(printed[2]));
  // What was repeated can be handed on, and is the same.
  expect(await call(other, 'share')).toBe(link.replace(site, new URL(other.url()).href.split('#')[0]));
});

test('a recording outlives a reload of the page, which ended its programs', async ({ page, site, profile }) => {
  test.setTimeout(120_000);
  await visit(page, site);
  await call(page, 'pause');
  await code(page, 'write', 'lib/topic.js', "exports.topic = 'shared-topic'");
  await code(page, 'write', 'producer.js', PRODUCER);
  await advanceTo(page, 5_000);
  await code(page, 'run', 'producer.js');
  await call(page, 'advance', 10_000);
  await page.reload();
  await opened(page);
  await call(page, 'pause');
  await code(page, 'run', 'producer.js');
  await advanceTo(page, END);
  const link = await call(page, 'share');
  const other = await (await profile()).newPage();
  await visit(other, link);
  await code(other, 'runAsRecorded');
  await advanceTo(other, END);
  const [here, there] = [await snapshot(page), await snapshot(other)];
  expect(there.boot).toBe(here.boot);
  expect(there.traceHash).toBe(here.traceHash);
});

test('a link keeps the reader\'s own files, which can be had back and copied to', async ({ page, site, profile }) => {
  test.setTimeout(90_000);
  await visit(page, site);
  await code(page, 'write', 'producer.js', 'console.log("of the link")');
  await code(page, 'write', 'linked.js', 'console.log("linked")');
  const link = await call(page, 'share');

  const context = await profile();
  const other = await context.newPage();
  await visit(other, site);
  await code(other, 'write', 'producer.js', 'console.log("mine")');
  await code(other, 'write', 'mine.js', '');
  await expect.poll(() => other.evaluate(kept, 'mine.js')).toBe('');
  await call(other, 'reset');
  await other.goto('about:blank');
  await visit(other, link);
  // A run was stored: the reader is asked, and told of the programs.
  const question = other.getByRole('dialog', { name: 'Open the run in this link?' });
  await expect(question).toContainText('They do not run until you press run');
  await question.getByRole('button', { name: 'Open and replace' }).click();
  await expect(other.locator('.linked')).toContainText('Your own files are kept as they were.');
  await expect(other.getByRole('button', { name: 'Run as recorded' })).toHaveCount(0);
  // Without programs it can be brought to where it was shared.
  await other.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  const editor = other.locator('.cm-content');
  await other.getByRole('tab', { name: 'producer.js', exact: true }).click();
  await expect(editor).toContainText('of the link');
  await editor.click();
  await other.keyboard.press('ControlOrMeta+a');
  await other.keyboard.type('console.log("changed")');
  await other.getByRole('button', { name: 'node producer.js' }).click();
  await expect(other.getByRole('log').last()).toContainText('changed');
  expect(await other.evaluate(kept, 'producer.js')).toBe('console.log("mine")');

  await other.getByRole('button', { name: 'Show my files' }).click();
  await other.getByRole('tab', { name: 'producer.js', exact: true }).click();
  await expect(editor).toContainText('mine');
  await expect(other.getByRole('tab', { name: 'linked.js' })).toHaveCount(0);
  await other.getByRole('button', { name: "Show the link's files" }).click();
  other.once('dialog', (dialog) => {
    expect(dialog.message()).toMatch(/These of yours are replaced: .*producer\.js/);
    void dialog.accept();
  });
  await other.getByRole('button', { name: 'Copy to my files' }).click();
  await expect.poll(() => other.evaluate(kept, 'producer.js')).toBe('console.log("changed")');
  expect(await other.evaluate(kept, 'mine.js')).toBe('');
  // After a reload the link is the link again.
  await other.reload();
  await opened(other);
  await other.getByRole('tab', { name: 'producer.js', exact: true }).click();
  await expect(editor).toContainText('of the link');
});

/** In the page: one of the reader's own files as it is stored. */
function kept(name) {
  return new Promise((resolve) => {
    const request = indexedDB.open('konbini-code');
    request.onsuccess = () => {
      const got = request.result.transaction('files').objectStore('files').get(name);
      got.onsuccess = () => {
        request.result.close();
        resolve(got.result?.text);
      };
    };
  });
}

test('the share dialog says how much code there is, and a long one becomes a file', async ({ page, site }) => {
  await visit(page, site);
  await page.getByRole('button', { name: 'Share link' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Link')).toHaveValue(/#v1\./);
  await expect(dialog.getByText(/with the code/)).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Close' }).click();

  await code(page, 'write', 'main.js', 'console.log(1)');
  await page.getByRole('button', { name: 'Share link' }).click();
  await expect(dialog.getByText(/with the code: 3 files of [\d,]+ characters, 0 programs begun/)).toBeVisible();
  await expect(dialog.getByLabel('Link')).toHaveValue(/#v2\./);
  await dialog.getByLabel(/with the code/).uncheck();
  await expect(dialog.getByLabel('Link')).toHaveValue(/#v1\./);
  await dialog.getByRole('button', { name: 'Close' }).click();

  const noise = await page.evaluate(() => {
    const bytes = crypto.getRandomValues(new Uint8Array(40_000));
    return Array.from(bytes, (byte) => String.fromCharCode(33 + (byte % 90))).join('');
  });
  await code(page, 'write', 'noise.js', noise);
  await page.getByRole('button', { name: 'Share link' }).click();
  await expect(dialog.getByRole('alert')).toContainText(/at most 32000 are read/);
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download' }).click();
  const saved = JSON.parse(strFromU8(await read(await download)));
  expect(saved.code.files.map(({ name }) => name)).toContain('noise.js');
  const refused = await page.evaluate(() => konbini.share().then(() => '', (error) => error.code));
  expect(refused).toBe('link-too-long');
});

async function read(download) {
  const parts = [];
  for await (const part of await download.createReadStream()) parts.push(part);
  return Buffer.concat(parts);
}

const packed = (json) => `v2.${deflateRawSync(JSON.stringify(json)).toString('base64url')}`;

for (const [what, files, words] of [
  ['a name that leaves the folder', [{ name: '../x.js', text: '' }], /code\.files\[0\]\.name is "\.\.\/x\.js"; a file's name has/],
  ['too many files', Array.from({ length: 41 }, (_, n) => ({ name: `f${n}.js`, text: '' })), /41 files; at most 40 are allowed/],
  ['too long a file', [{ name: 'a.js', text: 'x'.repeat(200_001) }], /200001 characters; at most 200000 are allowed/],
]) {
  test(`a link with ${what} is refused with a sentence`, async ({ page, site, profile }) => {
    const first = await (await profile()).newPage();
    await visit(first, site);
    const plain = JSON.parse(await first.evaluate(inflated, (await call(first, 'share')).split('#v1.')[1]));
    await visit(page, `${site}#${packed({ ...plain, code: { files } })}`);
    await expect(page.locator('.notices').getByRole('alert')).toContainText(words);
    expect((await code(page, 'list')).linked).toBe(null);
  });
}

/** In the page: what a link's text holds. */
async function inflated(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text();
}

test('an export holds the programs, the topics and every record', async ({ page, site }) => {
  test.setTimeout(120_000);
  await visit(page, site);
  await original(page);
  const { topics, traceHash } = await snapshot(page);
  const zip = unzipSync(Uint8Array.from(await page.evaluate(async () => [...(await konbini.code.export())])));
  const text = (name) => strFromU8(zip[`konbini-export/${name}`]);
  expect(text('programs/consumer.js')).toBe(CONSUMER);
  const records = text('records.jsonl').trim().split('\n').map((line) => JSON.parse(line));
  for (const name of ['shared-topic', 'topic-test']) {
    for (const { partition, highWatermark } of topic({ topics }, name).partitions) {
      const offsets = records.filter((one) => one.topic === name && one.partition === partition).map(({ offset }) => offset);
      expect(offsets).toEqual(Array.from({ length: highWatermark }, (_, offset) => offset));
    }
  }
  const [first, second] = records.filter(({ topic, partition }) => topic === 'shared-topic' && partition === 0);
  expect(first).toMatchObject({ key: 'key-0', value: '/wA=', headers: [['from', 'tab']], base64: ['value'] });
  expect(second).toMatchObject({ key: 'key-2', value: expect.stringMatching(/^value-0\.\d+$/) });
  const spec = JSON.parse(text('topics.json')).find((one) => one.topic === 'shared-topic');
  expect(spec).toEqual({
    topic: 'shared-topic', numPartitions: 2, replicationFactor: 3, configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
  });
  // To look is not to take part.
  expect((await snapshot(page)).traceHash).toBe(traceHash);

  await page.getByRole('button', { name: 'Code', exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  expect((await download).suggestedFilename()).toBe('konbini-export.zip');
});
