// What stays of a run: over a reload, in a second tab, after the first is closed.
import { test, expect } from './site.js';
import {
  advanceTo, advanceUntil, apply, call, committed, consumer, group, opened, producer, snapshot, topic, visit,
} from './app.js';
import { Connection } from './kafka.js';

const stop = (page, name) => page.getByRole('button', { name: `Stop ${name}`, exact: true });

/** All batches of topic-test-0, read through a connection while the run goes fast. */
async function readAll(page) {
  const { leader } = topic(await snapshot(page), 'topic-test').partitions[0];
  await call(page, 'speed', 100);
  await call(page, 'resume');
  const connection = await Connection.open(page, `broker-${leader}`, 9092);
  const found = await connection.fetchAll('topic-test', 0);
  await call(page, 'pause');
  return found.map(({ base, bytes }) => [base, bytes.toString('base64')]);
}

test('a reload in the middle of a run keeps everything and goes on', async ({ page, site }) => {
  await visit(page, site);
  await advanceTo(page, 30_000);
  await apply(page, { do: 'create-topic', name: 'extra', partitions: 3, configs: { 'retention.ms': '600000' } });
  await advanceUntil(page, (one) => one.topics.some(({ name }) => name === 'extra'), 'the topic is there');
  const read = await readAll(page);
  expect(read.length).toBeGreaterThan(5);
  // Behind what is committed, so that going on from there can be seen.
  await apply(page, { do: 'stop-consumer', name: 'consumer-1' });
  await advanceUntil(page, (one) => group(one, 'test-group').offsets[0]?.lag >= 5, 'the group lags');
  const before = await snapshot(page);

  await page.reload();
  await opened(page);
  await call(page, 'pause');
  const after = await snapshot(page);
  expect(after.boot).toBe(before.boot + 1);
  expect(after.now).toBeGreaterThanOrEqual(before.now);
  const up = await advanceUntil(
    page,
    (one) => one.brokers.every(({ state }) => state === 'up') && group(one, 'test-group')?.offsets.length > 0,
    'the brokers are up and the group is known',
  );
  // Which topics there are is known once the quorum says what is committed.
  expect(up.topics.map(({ name, id }) => [name, id])).toEqual(before.topics.map(({ name, id }) => [name, id]));
  expect(topic(up, 'extra').configs).toEqual({ 'retention.ms': '600000' });
  expect(topic(up, 'extra').partitions).toHaveLength(3);
  expect(topic(up, 'topic-test').partitions[0].logEnd)
    .toBeGreaterThanOrEqual(topic(before, 'topic-test').partitions[0].highWatermark);
  expect(committed(up, 'test-group')).toEqual(committed(before, 'test-group'));
  expect(consumer(up, 'consumer-1').state).toBe('stopped');
  expect((await readAll(page)).slice(0, read.length)).toEqual(read);

  await apply(page, { do: 'start-consumer', name: 'consumer-1' });
  const next = committed(before, 'test-group')['topic-test-0'];
  const going = await advanceUntil(page, (one) => consumer(one, 'consumer-1').consumed > 0, 'consumer-1 reads on');
  // The view keeps the newest records only; how many there were says where the first one stood.
  const { consumed, lastRecords } = consumer(going, 'consumer-1');
  expect(lastRecords.at(-1).offset - consumed + 1).toBe(next);
  const end = topic(going, 'topic-test').partitions[0].logEnd;
  await advanceUntil(page, (one) => committed(one, 'test-group')['topic-test-0'] >= end, 'the group catches up');
});

test('a reload while it runs: nothing that was acknowledged is missing', async ({ page, site }) => {
  await visit(page, site);
  await apply(page, {
    do: 'add-producer', name: 'busy', topic: 'topic-test', pace: { 'per-second': 50 }, keys: { 'random-of': 5 },
  });
  await call(page, 'speed', 20);
  let before;
  await expect.poll(async () => {
    before = await snapshot(page);
    return producer(before, 'busy').acked;
  }).toBeGreaterThan(200);
  await page.reload();
  await opened(page);
  await call(page, 'pause');
  const after = await advanceUntil(
    page,
    (one) => one.brokers.every(({ state }) => state === 'up') && topic(one, 'topic-test').partitions[0].leader >= 0,
    'the brokers are up',
  );
  expect(after.boot).toBe(2);
  const { highWatermark } = topic(before, 'topic-test').partitions[0];
  expect(topic(after, 'topic-test').partitions[0].logEnd).toBeGreaterThanOrEqual(highWatermark);
  const [[, offset]] = producer(before, 'busy').lastAcks.slice(-1);
  expect(topic(after, 'topic-test').partitions[0].logEnd).toBeGreaterThan(offset);
  await expect(page.locator('.notices .bad')).toHaveCount(0);
});

test('a second tab shows the same run, acts on it, and takes it over', async ({ page, site, context }) => {
  await visit(page, site);
  await advanceTo(page, 15_000);
  const second = await context.newPage();
  await visit(second, site);
  await expect(second.getByText('This playground runs in another tab')).toBeVisible();
  expect(await snapshot(second)).toEqual(await snapshot(page));

  await stop(second, 'orders').click();
  await expect(page.getByRole('button', { name: 'Start orders', exact: true })).toBeVisible();
  await call(second, 'advance', 5_000);
  const before = await snapshot(second);
  expect(before).toEqual(await snapshot(page));
  expect(producer(before, 'orders').spec.running).toBe(false);

  await page.close();
  await expect(second.getByText('The other tab is gone')).toBeVisible();
  await expect(second.getByText('This playground runs in another tab')).toHaveCount(0);
  await call(second, 'pause');
  await apply(second, { do: 'start-producer', name: 'orders' });
  const { logEnd } = topic(before, 'topic-test').partitions[0];
  const after = await advanceUntil(
    second,
    (one) => one.topics.some(({ name, partitions }) => name === 'topic-test' && partitions[0].logEnd > logEnd),
    'the run goes on in the second tab',
  );
  expect(after.boot).toBe(2);
  expect(after.now).toBeGreaterThan(before.now);
});
