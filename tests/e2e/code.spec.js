// Programs in terminals: kafkajs as it is on npm, against the cluster in the tab.
import { readFile } from 'node:fs/promises';
import { CODEC_TOPICS } from '../code/examples.mjs';
import * as same from '../code/same.mjs';
import { apply, call, group, snapshot, topic, visit } from './app.js';
import { code, consumerOf, offsetsIn, output, producerOf, run, shows, terminal } from './programs.js';
import { test, expect } from './site.js';

const PRODUCER = producerOf('topic-code', 2);
const CONSUMER = consumerOf('topic-code', 'code-group');

/** In the page: a file as it is stored. */
function stored(name) {
  return new Promise((resolve) => {
    const request = indexedDB.open('konbini-code');
    request.onsuccess = () => {
      const database = request.result;
      const got = database.transaction('files').objectStore('files').get(name);
      got.onsuccess = () => {
        database.close();
        resolve(got.result?.text);
      };
    };
  });
}

test('a producer and two consumers in three terminals, and a broker dies under them', async ({ page, site }) => {
  test.setTimeout(180_000);
  await visit(page, site);
  await call(page, 'speed', 10);
  const producer = await run(page, 'producer.js', PRODUCER);
  await shows(page, producer, /connected\n.*baseOffset/s);
  const first = await run(page, 'consumer.js', CONSUMER);
  await shows(page, first, /"groupProtocol":"RoundRobinAssigner"/);
  await shows(page, first, /\[0 \| \d+\][^]*\[1 \| \d+\]|\[1 \| \d+\][^]*\[0 \| \d+\]/);
  const second = await code(page, 'run', 'consumer.js');
  await shows(page, second, /\[\d \| \d+\]/, 60_000);
  await expect.poll(async () => {
    const members = group(await snapshot(page), 'code-group')?.members ?? [];
    return members.map(({ assignment }) => assignment.flatMap(([, partitions]) => partitions).length);
  }, { timeout: 30_000 }).toEqual([1, 1]);
  expect((await terminal(page, second)).group).toBe('code-group');

  const victim = topic(await snapshot(page), 'topic-code').partitions[0].leader;
  const before = (await output(page, producer)).split('\n').length;
  await apply(page, { do: 'kill-broker', broker: victim });
  await expect.poll(async () => topic(await snapshot(page), 'topic-code').partitions[0].leader).not.toBe(victim);
  await expect.poll(async () => (await output(page, producer)).split('\n').length, { timeout: 60_000 }).toBeGreaterThan(before + 10);

  // Whatever was acknowledged is read: both consumers together have every offset.
  await expect.poll(async () => {
    const there = topic(await snapshot(page), 'topic-code').partitions.map(({ logEnd }) => logEnd);
    const seen = [offsetsIn(await output(page, first)), offsetsIn(await output(page, second))];
    return there.map((_, p) => {
      const all = new Set(seen.flatMap((one) => one.get(String(p)) ?? []));
      return [...all].sort((a, b) => a - b).every((offset, index) => offset === index) && all.size > 10;
    });
  }, { timeout: 60_000 }).toEqual([true, true]);

  await code(page, 'stop', producer);
  expect(await terminal(page, producer)).toMatchObject({ state: 'ended', code: 130 });
});

test('snappy, lz4 and zstd both ways', async ({ page, site }) => {
  test.setTimeout(90_000);
  await visit(page, site);
  await call(page, 'speed', 10);
  const id = await run(page, 'codecs.js', await readFile(new URL('../code/codecs.js', import.meta.url), 'utf8'));
  for (const topic of CODEC_TOPICS) await shows(page, id, new RegExp(`${topic}: 50 of 50`), 60_000);
  await expect.poll(async () => (await terminal(page, id)).code).toBe(0);
});

test('a program prints what it prints in Node', async ({ page, site }) => {
  test.setTimeout(90_000);
  await visit(page, site);
  await call(page, 'speed', 10);
  const id = await run(page, 'same.js', same.program);
  await expect.poll(() => terminal(page, id), { timeout: 60_000 }).toMatchObject({ state: 'ended', code: 3 });
  expect(same.masked(await output(page, id)).replace(/\[exit code 3\]\n$/, '')).toBe(same.expected);
});

test('pause stops programs and their clock', async ({ page, site }) => {
  await visit(page, site);
  const id = await run(page, 'clock.js', 'setInterval(() => console.log(Date.now()), 100)');
  const times = async () => (await output(page, id)).trim().split('\n').map(Number);
  await shows(page, id, /\d+\n\d+\n/);
  await call(page, 'pause');
  // Whatever was printed before the pause is on its way for a moment.
  const { now, epochMs } = await snapshot(page);
  await expect.poll(async () => (await times()).at(-1)).toBeGreaterThan(epochMs + now - 100);
  const before = await times();
  await call(page, 'advance', 1_000);
  await expect.poll(async () => (await times()).length).toBe(before.length + 10);
  for (let look = 0; look < 20; look += 1) await snapshot(page);
  const after = await times();
  expect(after.length).toBe(before.length + 10);
  expect(new Set(after.slice(1).map((time, index) => time - after[index]))).toEqual(new Set([100]));
});

test('step by step, timers, Date, performance and chance follow the virtual clock', async ({ page, site }) => {
  test.setTimeout(120_000);
  await visit(page, site);
  const EVERY = 70;
  const step = page.getByRole('button', { name: /^Step/ });
  const once = async () => {
    await call(page, 'reset');
    await call(page, 'pause');
    await call(page, 'advance', 5_000 - (await snapshot(page)).now);
    const id = await run(page, 'ticks.js', `
      console.log(Date.now())
      setInterval(() => console.log(Date.now(), performance.now(), Math.random()), ${EVERY})`);
    const lines = async () => (await output(page, id)).trim().split('\n').filter(Boolean).map((line) => line.split(' ').map(Number));
    let begun;
    for (let ticks = 0; ticks < 5; ) {
      const { now, epochMs } = await snapshot(page);
      await step.click();
      await expect.poll(async () => (await snapshot(page)).now).toBeGreaterThan(now);
      const time = epochMs + (await snapshot(page)).now;
      // It has done what is due at this time, and nothing else.
      if (begun !== undefined) ticks = Math.floor((time - begun) / EVERY);
      await expect.poll(async () => (await lines()).length, { message: `at ${time}` }).toBe(ticks + 1);
      begun ??= (await lines())[0][0];
    }
    const [, ...told] = await lines();
    expect(told.map(([date]) => date - begun)).toEqual([1, 2, 3, 4, 5].map((tick) => tick * EVERY));
    expect(told.map(([, passed]) => Math.round(passed))).toEqual([1, 2, 3, 4, 5].map((tick) => tick * EVERY));
    return told;
  };
  const first = await once();
  expect(new Set(first.map(([, , chance]) => chance)).size).toBe(5);
  expect(await once()).toEqual(first);
});

test('an endless loop and a flood of output are stopped without harm', async ({ page, site }) => {
  test.setTimeout(90_000);
  await visit(page, site);
  const loop = await run(page, 'loop.js', 'console.log("round"); while (true);');
  await shows(page, loop, /round/);
  // The cluster goes on without it.
  const { now } = await snapshot(page);
  await expect.poll(async () => (await snapshot(page)).now, { timeout: 20_000 }).toBeGreaterThan(now + 1_000);
  const flood = await run(page, 'flood.js', 'while (true) console.log("x".repeat(100));');
  await shows(page, flood, /characters were too many/);
  await Promise.all([code(page, 'stop', loop), code(page, 'stop', flood)]);
  expect(await terminal(page, loop)).toMatchObject({ state: 'ended', code: 137 });
  expect((await output(page, flood)).length).toBeLessThan(2_000_000);
  const { now: then } = await snapshot(page);
  await expect.poll(async () => (await snapshot(page)).now).toBeGreaterThan(then + 500);
});

test('the same programs begun at the same time make the same run', async ({ page, site }) => {
  test.setTimeout(180_000);
  await visit(page, site);
  const once = async () => {
    await call(page, 'reset');
    await call(page, 'pause');
    await call(page, 'advance', 5_000 - (await snapshot(page)).now);
    const producer = await run(page, 'producer.js', PRODUCER);
    await call(page, 'advance', 3_000);
    const consumer = await run(page, 'consumer.js', CONSUMER);
    await call(page, 'advance', 20_000);
    await shows(page, consumer, /\[1 \| 5\]/);
    const { now, traceHash } = await snapshot(page);
    return { now, traceHash, producer: await output(page, producer), consumer: await output(page, consumer) };
  };
  const first = await once();
  expect(first.producer).toMatch(/baseOffset/);
  expect(await once()).toEqual(first);
});

test('a program has neither network nor the page\'s storage, and its end closes its connections', async ({ page, site }) => {
  await visit(page, site);
  await call(page, 'pause');
  await call(page, 'advance', 5_000);
  const connections = async () => (await snapshot(page)).brokers.map((broker) => broker.connections);
  const before = await connections();
  const id = await run(page, 'probe.js', `
    console.log([typeof fetch, typeof indexedDB, typeof WebSocket, typeof document, typeof self].join())
    require('net').connect(9092, 'broker-2').on('connect', () => console.log('open'))
    require('net').connect(9092, 'example.org').on('error', (e) => console.log(e.code))
    require('net').connect(9099, 'localhost').on('error', (e) => console.log(e.code))
    setInterval(() => {}, 1000)`);
  await call(page, 'advance', 1_000);
  await shows(page, id, /undefined,undefined,undefined,undefined,undefined/);
  for (const words of [/open/, /ENOTFOUND/, /ECONNREFUSED/]) await shows(page, id, words);
  expect((await connections())[1]).toBe(before[1] + 1);
  // Time stands still, so nobody can hear a signal: whoever asks twice means it.
  const ended = code(page, 'stop', id);
  await code(page, 'stop', id);
  await ended;
  await call(page, 'advance', 1_000);
  await expect.poll(connections).toEqual(before);
});

test('a program of another tab runs with the same cluster, and ends with its tab', async ({ page, site, context }) => {
  test.setTimeout(90_000);
  await visit(page, site);
  const other = await context.newPage();
  await visit(other, site);
  await call(page, 'pause');
  await call(page, 'advance', 5_000);
  const connections = async () => (await snapshot(page)).brokers.map((broker) => broker.connections);
  const before = await connections();
  const id = await run(other, 'dial.js', `
    require('net').connect(9092, 'broker-2').on('connect', () => console.log('open'))
    setInterval(() => console.log('alive'), 200)`);
  await call(page, 'advance', 1_000);
  await shows(other, id, /open[^]*alive/);
  expect((await connections())[1]).toBe(before[1] + 1);
  await other.close();
  await expect.poll(async () => {
    await call(page, 'advance', 500);
    return connections();
  }).toEqual(before);
});

test('what is not there is refused with a sentence', async ({ page, site }) => {
  await visit(page, site);
  const refused = async (...args) =>
    page.evaluate(([name, values]) => konbini.code[name](...values).then(() => null, (e) => e.message), args);
  expect(await refused('run', ['nothing.js'])).toMatch(/there is no file nothing\.js/);
  expect(await refused('write', ['../x', ''])).toMatch(/a file's name has letters/);
  expect(await refused('output', [7])).toMatch(/there is no terminal 7/);
});

test('a runtime that cannot be loaded is told, and the next program tries again', async ({ page, site, troubles }) => {
  await visit(page, site);
  await code(page, 'write', 'hi.js', 'console.log("hi")');
  await page.route('**/konbini-program-*.js', (route) => route.fulfill({ status: 503, body: '' }), { times: 1 });
  const why = await page.evaluate(() => konbini.code.run('hi.js').then(() => '', (error) => error.message));
  expect(why).toMatch(/runtime could not be loaded: 503/);
  const { now } = await snapshot(page);
  await expect.poll(async () => (await snapshot(page)).now).toBeGreaterThan(now + 500);
  await shows(page, await code(page, 'run', 'hi.js'), /hi\n/);
  expect(troubles.splice(0).every((one) => one.includes('503'))).toBe(true);
});

test('the code view: run a file, see its output with the cluster beside it, stop it', async ({ page, site }) => {
  test.setTimeout(90_000);
  await visit(page, site);
  await page.getByRole('button', { name: 'Code', exact: true }).click();
  await expect(page.getByRole('tab', { name: 'producer.js' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.locator('.cm-content')).toContainText("require('kafkajs')");
  await page.getByRole('button', { name: 'node producer.js' }).click();
  const pane = page.getByRole('article', { name: 'node producer.js' });
  await expect(pane.getByRole('log')).toContainText('parcel 1 is at partition 0', { timeout: 30_000 });
  await expect(page.locator('.stage .guest')).toContainText('courier');
  await pane.getByRole('button', { name: 'Stop' }).click();
  await expect(pane).toContainText('exit code 0', { timeout: 20_000 });
  await page.locator('.cm-content').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('const = 7');
  await expect(page.locator('.cm-content .syntax-error').first()).toBeVisible();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('console.log(6 * 7)');
  await expect(page.locator('.cm-content .syntax-error')).toHaveCount(0);
  await page.getByRole('button', { name: 'node producer.js' }).click();
  await expect(page.getByRole('log').last()).toContainText('42');
  // What was typed is there after a reload, and nothing runs by itself.
  await expect.poll(() => page.evaluate(stored, 'producer.js')).toBe('console.log(6 * 7)');
  await page.reload();
  await page.getByRole('button', { name: 'Code', exact: true }).click();
  await expect(page.locator('.cm-content')).toContainText('console.log(6 * 7)');
  await expect(page.locator('.term')).toHaveCount(0);
});
