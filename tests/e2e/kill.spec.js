// The browser killed in the middle of a run, again and again: whatever anybody was told is there.
import { test, expect } from './killable.js';
import { advanceUntil, apply, call, producer, snapshot, topic, visit } from './app.js';
import { Connection, batch, lasting } from './kafka.js';

const KILLS = 20;
/** Real ms after which the browser dies, while batches are on their way. */
const LIFE_MS = [50, 700];
const TOPIC = { name: 'kept', partitions: 3, configs: { 'segment.bytes': '1048576' } };
/** Makes records by itself all the while, into a topic of its own. */
const BUSY = {
  name: 'busy', topic: 'busy', pace: { 'per-second': 100 }, partition: 'round-robin',
  value: { template: '{n}', size: 300 },
};

const logs = (found, name) => topic(found, name).partitions;

async function setUp(page) {
  await call(page, 'pause');
  await apply(page, { do: 'create-topic', ...TOPIC });
  await apply(page, { do: 'create-topic', name: 'busy', partitions: 2, configs: { 'segment.bytes': '1048576' } });
  await apply(page, { do: 'add-producer', ...BUSY });
}

/** The page with its brokers up again, paused. */
async function recovered(page, site) {
  await visit(page, site);
  await call(page, 'pause');
  const first = await snapshot(page);
  if (first.boot === 1) await setUp(page);
  const led = (found) =>
    found.brokers.every(({ state }) => state === 'up') &&
    ['kept', 'busy'].every((name) => found.topics.some((one) => one.name === name)) &&
    [...logs(found, 'kept'), ...logs(found, 'busy')].every(({ leader }) => leader >= 0);
  return { first, found: await advanceUntil(page, led, 'all brokers up and all partitions led') };
}

/** Sends batch after batch to one partition until the browser is gone; keeps what was acknowledged. */
async function produceUntilTheEnd(connection, partition, time, sent, told) {
  for (let n = 0; ; n += 1) {
    const values = Array.from({ length: 1 + (n % 3) }, (_, place) =>
      Buffer.from(`${partition} ${time} ${n} ${place} `.padEnd(40 + ((n * 97) % 400), '.')),
    );
    const bytes = batch(values, time);
    sent.add(lasting(bytes).toString('latin1'));
    try {
      const base = await connection.produce(TOPIC.name, partition, bytes);
      told.push({ partition, base, bytes: lasting(bytes) });
    } catch (error) {
      // The browser died under it; a broker's error would be one.
      if (/: error \d/.test(error.message)) throw error;
      return;
    }
  }
}

/** Reads the whole topic and compares it with what was sent and what was acknowledged. */
async function compare(connections, sent, told, when) {
  for (const [partition, connection] of connections.entries()) {
    const found = new Map();
    let next = 0;
    for (const { base, count, bytes } of await connection.fetchAll(TOPIC.name, partition)) {
      expect(base, `${when}: no gap in partition ${partition}`).toBe(next);
      next += count;
      found.set(base, lasting(bytes));
      expect(sent.has(lasting(bytes).toString('latin1')), `${when}: offset ${base} was sent`).toBe(true);
    }
    for (const { base, bytes } of told.filter((one) => one.partition === partition)) {
      const there = found.get(base);
      expect(there !== undefined && there.equals(bytes), `${when}: ${partition} at ${base} as acknowledged`).toBe(true);
    }
  }
}

test('what was told survives the browser being killed', async ({ site, launch }) => {
  test.setTimeout(600_000);
  const sent = new Set();
  const told = [];
  let last;
  for (let kill = 0; kill <= KILLS; kill += 1) {
    const { page, kill: die } = await launch();
    const { first, found } = await recovered(page, site);
    const when = `after ${kill} kills`;
    if (last) {
      expect(first.boot, when).toBe(last.boot + 1);
      expect(first.now, when).toBeGreaterThanOrEqual(last.now);
      for (const name of ['kept', 'busy']) {
        logs(last, name).forEach(({ highWatermark }, partition) => {
          expect(logs(found, name)[partition].logEnd, `${when}: ${name}-${partition}`).toBeGreaterThanOrEqual(highWatermark);
        });
      }
      for (const [partition, offset] of producer(last, 'busy').lastAcks) {
        expect(logs(found, 'busy')[partition].logEnd, `${when}: an acknowledged offset`).toBeGreaterThan(offset);
      }
    }
    expect(found.brokers.flatMap(({ offline }) => offline), when).toEqual([]);
    await expect(page.locator('.notices .bad')).toHaveCount(0);

    const leaders = logs(found, TOPIC.name).map(({ leader }) => leader);
    await call(page, 'speed', 100);
    await call(page, 'resume');
    const connections = await Promise.all(leaders.map((id) => Connection.open(page, `broker-${id}`, 9092)));
    await compare(connections, sent, told, when);
    if (kill === KILLS) break;

    const time = found.epochMs + found.now;
    const loops = connections.map((one, partition) => produceUntilTheEnd(one, partition, time, sent, told));
    last = await snapshot(page);
    const [least, most] = LIFE_MS;
    const life = least + Math.random() * (most - least);
    await test.step(`killed after ${Math.round(life)} ms`, async () => {
      await new Promise((over) => setTimeout(over, life));
      await die();
      await Promise.all(loops);
    });
  }
  expect(told.length, 'batches that were acknowledged in all').toBeGreaterThan(KILLS);
});
