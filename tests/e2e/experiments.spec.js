// The experiments that people begin Kafka with, by programs in terminals: what each is to show is looked for in what
// the programs print and in what the cluster says.
import { call, group, snapshot, topic, visit } from './app.js';
import { code, consumerOf, offsetsIn, output, producerOf, run, shows, terminal } from './programs.js';
import { test, expect } from './site.js';

const TOPIC = 'experiment';
const IS_MEMBER = /Consumer has joined the group/;

async function begin(page, site) {
  test.setTimeout(150_000);
  await visit(page, site);
  await call(page, 'speed', 10);
}

/** Begins the producer and waits until it sends. */
async function produce(page, partitions) {
  const id = await run(page, 'producer.js', producerOf(TOPIC, partitions));
  await shows(page, id, /connected\n.*baseOffset/s);
  return id;
}

/** Begins a consumer and waits until its group has it. */
async function consume(page, groupId) {
  const id = await run(page, `${groupId}.js`, consumerOf(TOPIC, groupId));
  await shows(page, id, IS_MEMBER, 60_000);
  return id;
}

/** The offsets of a partition that a consumer printed. */
const read = async (page, id, partition = 0) => offsetsIn(await output(page, id)).get(String(partition)) ?? [];
const upTo = (end) => Array.from({ length: end }, (_, offset) => offset);

/** How many partitions each member of the group has, few first. */
async function shares(page, groupId) {
  const members = group(await snapshot(page), groupId)?.members ?? [];
  return members.map(({ assignment }) => assignment.flatMap(([, partitions]) => partitions).length).sort();
}

test('one producer and one consumer: everything arrives, once and in order', async ({ page, site }) => {
  await begin(page, site);
  const producer = await produce(page, 1);
  const consumer = await consume(page, 'one');
  await expect.poll(async () => (await read(page, consumer)).length, { timeout: 60_000 }).toBeGreaterThan(20);
  await code(page, 'stop', producer);
  expect(await terminal(page, producer)).toMatchObject({ state: 'ended', code: 130, signal: 'SIGINT' });
  const { logEnd } = topic(await snapshot(page), TOPIC).partitions[0];
  await expect.poll(() => read(page, consumer), { timeout: 30_000 }).toEqual(upTo(logEnd));
  // What it was sent is what it read.
  const sent = [...(await output(page, producer)).matchAll(/"baseOffset":"(\d+)"/g)].map(([, offset]) => Number(offset));
  expect(sent.length).toBeGreaterThan(20);
  expect(sent).toEqual(upTo(sent.length));
  await code(page, 'stop', consumer);
  expect(await terminal(page, consumer)).toMatchObject({ state: 'ended', code: 130, signal: 'SIGINT' });
});

test('another group reads everything again, and the first one does not', async ({ page, site }) => {
  await begin(page, site);
  const producer = await produce(page, 1);
  const first = await consume(page, 'first-group');
  await expect.poll(async () => (await read(page, first)).length, { timeout: 60_000 }).toBeGreaterThan(10);
  await code(page, 'stop', producer);
  const { logEnd } = topic(await snapshot(page), TOPIC).partitions[0];
  await expect.poll(() => read(page, first), { timeout: 30_000 }).toEqual(upTo(logEnd));
  await code(page, 'stop', first);

  const second = await consume(page, 'second-group');
  await expect.poll(() => read(page, second), { timeout: 60_000 }).toEqual(upTo(logEnd));
  // The first group goes on behind what it has committed: there is nothing new.
  const again = await consume(page, 'first-group');
  const { now } = await snapshot(page);
  await expect.poll(async () => (await snapshot(page)).now).toBeGreaterThan(now + 10_000);
  expect(await read(page, again)).toEqual([]);
  expect(topic(await snapshot(page), TOPIC).partitions[0]).toMatchObject({ logStart: 0, logEnd });
});

test('one partition and two consumers of a group: one reads, the other waits and takes over', async ({ page, site }) => {
  await begin(page, site);
  const producer = await produce(page, 1);
  const ids = [await consume(page, 'pair'), await consume(page, 'pair')];
  await expect.poll(() => shares(page, 'pair'), { timeout: 60_000 }).toEqual([0, 1]);
  const reads = () => Promise.all(ids.map((id) => read(page, id)));
  const settled = (await reads()).map((offsets) => offsets.length);
  await expect.poll(async () => {
    const grown = (await reads()).map((offsets, index) => offsets.length - settled[index]);
    return [Math.min(...grown), Math.max(...grown) > 10];
  }, { timeout: 60_000 }).toEqual([0, true]);

  const grown = (await reads()).map((offsets, index) => offsets.length - settled[index]);
  const [busy, idle] = grown[0] > grown[1] ? ids : [...ids].reverse();
  await code(page, 'stop', busy);
  await expect.poll(() => shares(page, 'pair'), { timeout: 60_000 }).toEqual([1]);
  await code(page, 'stop', producer);
  const { logEnd } = topic(await snapshot(page), TOPIC).partitions[0];
  // Nothing is missing between the two.
  await expect.poll(async () => {
    const all = new Set([...(await read(page, busy)), ...(await read(page, idle))]);
    return [...all].sort((one, other) => one - other);
  }, { timeout: 60_000 }).toEqual(upTo(logEnd));
});

test('two partitions and two consumers of a group: one each, and the same much', async ({ page, site }) => {
  await begin(page, site);
  const producer = await produce(page, 2);
  const ids = [await consume(page, 'halves'), await consume(page, 'halves')];
  await expect.poll(() => shares(page, 'halves'), { timeout: 60_000 }).toEqual([1, 1]);
  const owned = async (id) => {
    const { member } = await terminal(page, id);
    const found = group(await snapshot(page), 'halves').members.find((one) => one.memberId === member);
    return found?.assignment.flatMap(([, partitions]) => partitions);
  };
  const partitions = (await Promise.all(ids.map(owned))).flat();
  expect([...partitions].sort()).toEqual([0, 1]);
  const own = () => Promise.all(ids.map((id, index) => read(page, id, partitions[index])));
  const before = await own();
  await expect.poll(async () => (await own()).every((offsets, index) => offsets.length > before[index].length + 10), { timeout: 60_000 }).toBe(true);
  await code(page, 'stop', producer);
  const ends = topic(await snapshot(page), TOPIC).partitions.map(({ logEnd }) => logEnd);
  expect(ends[0]).toBe(ends[1]);
  await expect.poll(async () => {
    return (await own()).map((offsets, index) => offsets.at(-1) + 1 === ends[partitions[index]]);
  }, { timeout: 30_000 }).toEqual([true, true]);
});
