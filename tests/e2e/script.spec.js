// window.konbini, as a script in the page uses it.
import { test, expect } from './site.js';
import { advanceTo, apply, call, refusal, snapshot, topic, visit } from './app.js';
import { Connection, batch, lasting, request } from './kafka.js';

const UNSUPPORTED_VERSION = 35;
const API_VERSIONS = 18;

const REFUSED = [
  ['apply', { do: 'fly' }, /unknown variant `fly`/],
  ['apply', { do: 'stop-producer' }, /missing field `name`/],
  ['apply', { do: 'stop-producer', name: 'orders', now: true }, /unknown field `now`/],
  ['apply', 'stop', /action/],
  ['apply', { do: 'stop-producer', name: 'nobody' }, /nobody/, 'unknown-producer'],
  ['apply', { do: 'create-topic', name: 'a b', partitions: 1 }, /name contains ' '/, 'topic-name'],
  ['apply', { do: 'create-topic', name: 'many', partitions: 100_000 }, /partitions/, 'out-of-range'],
  ['apply', { do: 'add-producer', name: 'orders', topic: 'topic-test', pace: { 'every-ms': 1 } }, /orders/, 'name-taken'],
  ['advance', -1, /whole number from 0/],
  ['advance', 'long', /whole number from 0/],
  ['speed', 0, /whole number|0\.1/],
  ['speed', 1_000, /whole number|100/],
];

test('what is not allowed is refused with a sentence', async ({ page, site }) => {
  await visit(page, site);
  await call(page, 'pause');
  const before = await snapshot(page);
  for (const [name, value, words, code] of REFUSED) {
    const refused = await refusal(page, name, value);
    const what = `${name}(${JSON.stringify(value)})`;
    expect(refused?.isError, what).toBe(true);
    expect(refused.message, what).toMatch(words);
    if (code) expect(refused.code, what).toBe(code);
  }
  expect(await snapshot(page)).toEqual(before);
});

test('pause, advance, speed, resume and reset do what they say', async ({ page, site }) => {
  await visit(page, site);
  await advanceTo(page, 40_000);
  const { traceHash } = await snapshot(page);
  expect((await snapshot(page)).traceHash).toBe(traceHash);
  await expect(page.getByRole('timer', { name: 'Virtual time' })).toContainText('00:00:40');
  await call(page, 'speed', 100);
  await call(page, 'resume');
  await expect(page.getByRole('button', { name: '100×' })).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(async () => (await snapshot(page)).now).toBeGreaterThan(60_000);
  await call(page, 'reset');
  await call(page, 'pause');
  const { boot, now } = await snapshot(page);
  expect(boot).toBe(1);
  expect(now).toBeLessThan(60_000);
});

test('connect speaks Kafka: ApiVersions in one piece and in many', async ({ page, site }) => {
  await visit(page, site);
  await call(page, 'speed', 100);
  const connection = await Connection.open(page, 'broker-1', 9092);
  const { error, apis, rest } = await connection.apiVersions();
  expect(error).toBe(0);
  expect(rest).toBe(0);
  for (const api of [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18, 19, 20, 22]) {
    const [low, high] = apis.get(api) ?? [];
    expect(low, `api ${api}`).toBeGreaterThanOrEqual(0);
    expect(high, `api ${api}`).toBeGreaterThanOrEqual(low);
  }
  expect(await connection.said()).toEqual([{ t: 'open' }]);
  // A version that nobody knows is answered in v0.
  const unknown = await connection.apiVersions(99);
  expect(unknown.error).toBe(UNSUPPORTED_VERSION);
  expect(unknown.apis.get(API_VERSIONS)?.[0]).toBe(0);

  // localhost with port 9091 + N is the same broker; its bytes may come one by one.
  const other = await Connection.open(page, 'localhost', 9092);
  const frame = request(API_VERSIONS, 0, 7, Buffer.alloc(0));
  const answer = page.evaluate(() => {
    const { waiting } = [...connections.values()].at(-1);
    return new Promise((resolve, reject) => waiting.set(7, { resolve, reject }));
  });
  await other.post(...[...frame].map((byte) => [byte]));
  expect((await answer).length).toBe(6 + apis.size * 6);
});

const connectionsOf = async (page) => (await snapshot(page)).brokers[0].connections;

test('a port that is ended closes its connection', async ({ page, site }) => {
  await visit(page, site);
  await call(page, 'pause');
  await call(page, 'advance', 5_000);
  const before = await connectionsOf(page);
  const connection = await Connection.open(page, 'broker-1', 9092);
  await call(page, 'advance', 2_000);
  await expect.poll(() => connection.said()).toEqual([{ t: 'open' }]);
  expect(await connectionsOf(page)).toBe(before + 1);
  await connection.end();
  await call(page, 'advance', 2_000);
  expect(await connectionsOf(page)).toBe(before);
});

test('a frame that cannot be decoded closes its connection', async ({ page, site }) => {
  await visit(page, site);
  await call(page, 'speed', 100);
  const connection = await Connection.open(page, 'broker-1', 9092);
  await connection.post([0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
  await expect.poll(async () => (await connection.said()).at(-1)).toEqual({ t: 'end' });
});

test('an address that nobody has is refused', async ({ page, site }) => {
  await visit(page, site);
  for (const [host, port] of [['example.org', 9092], ['broker-9', 9092], ['broker-1', 80], ['localhost', 9091]]) {
    const refused = await refusal(page, 'connect', host, port);
    expect(refused?.code, `${host}:${port}`).toBe('connection-refused');
    expect(refused.message).toContain(`${host}:${port}`);
  }
  expect((await refusal(page, 'connect', 'broker-1', 0))?.message).toMatch(/whole number from 1 to 65535/);
  expect((await refusal(page, 'connect', 7, 9092))?.message).toMatch(/host must be a string/);
});

test('records produced through a port are what a fetch returns', async ({ page, site }) => {
  await visit(page, site);
  await apply(page, { do: 'create-topic', name: 'mine', partitions: 1 });
  await call(page, 'speed', 100);
  await expect.poll(async () => (await snapshot(page)).topics.map(({ name }) => name)).toContain('mine');
  const found = await snapshot(page);
  const connection = await Connection.open(page, `broker-${topic(found, 'mine').partitions[0].leader}`, 9092);
  const sent = [['one', 'two'], ['three'], ['x'.repeat(100_000)]].map((values) =>
    batch(values.map((value) => Buffer.from(value)), found.epochMs + found.now),
  );
  const bases = [];
  for (const bytes of sent) bases.push(await connection.produce('mine', 0, bytes));
  expect(bases).toEqual([0, 2, 3]);
  const read = await connection.fetchAll('mine', 0);
  expect(read.map(({ base }) => base)).toEqual(bases);
  read.forEach(({ bytes }, index) => expect(lasting(bytes)).toEqual(lasting(sent[index])));
});
