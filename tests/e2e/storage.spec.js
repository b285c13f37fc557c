// Stored values that are damaged or missing: the page says which log, all others go on.
import { test, expect } from './site.js';
import { advanceTo, apply, call, consumer, opened, snapshot, topic, visit, visitBlank } from './app.js';
import { Connection } from './kafka.js';
import { deleteValue, flipByte, storedKeys } from './stored.js';

const STORAGE_ERROR = 56;

const DAMAGES = [
  ['a flipped bit', (page, key) => flipByte(page, 'data', key)],
  ['a missing value', (page, key) => deleteValue(page, 'data', key)],
];

/** A topic whose two partitions have records on disk. */
async function twoLogs(page, site) {
  await visit(page, site);
  await apply(page, { do: 'create-topic', name: 'pair', partitions: 2 });
  await apply(page, {
    do: 'add-producer', name: 'both', topic: 'pair', pace: { 'per-second': 20 }, partition: 'each',
    value: { template: 'value {n}', size: 500 },
  });
  await call(page, 'advance', 10_000);
  await apply(page, { do: 'stop-producer', name: 'both' });
  await advanceTo(page, 20_000);
}

for (const [what, damage] of DAMAGES) {
  test(`${what}: its log is named and offline, everything else goes on`, async ({ page, site }) => {
    await twoLogs(page, site);
    const before = await snapshot(page);
    await visitBlank(page, site);
    const keys = (await storedKeys(page, 'data')).filter(([, dir]) => dir === 'pair-0');
    expect(keys.length).toBeGreaterThan(0);
    await damage(page, keys[0]);

    await visit(page, site);
    await call(page, 'speed', 100);
    await apply(page, { do: 'add-consumer', name: 'late', group: 'lates', topics: ['pair'], start: 'earliest' });
    await expect(page.getByText(/What was stored of pair-0 .*is damaged or missing/)).toBeVisible();

    const { highWatermark: whole } = topic(before, 'pair').partitions[1];
    await expect.poll(async () => consumer(await snapshot(page), 'late').consumed).toBeGreaterThanOrEqual(whole);
    const leaders = topic(before, 'pair').partitions.map(({ replicas }) => replicas[0]);
    const [broken, sound] = await Promise.all(leaders.map((id) => Connection.open(page, `broker-${id}`, 9092)));
    expect((await broken.fetch('pair', 0, 0)).error).toBe(STORAGE_ERROR);
    const read = await sound.fetchAll('pair', 1);
    expect(read.reduce((sum, { count }) => sum + count, 0)).toBe(whole);

    const found = await snapshot(page);
    expect(found.brokers.flatMap(({ offline }) => offline.map(([dir]) => dir))).toEqual(['pair-0']);
    const { logEnd } = topic(found, 'topic-test').partitions[0];
    await expect.poll(async () => topic(await snapshot(page), 'topic-test').partitions[0].logEnd).toBeGreaterThan(logEnd);

    // Said once more after the next reload, and gone with the topic.
    await page.reload();
    await opened(page);
    await call(page, 'speed', 100);
    await expect(page.getByText(/What was stored of pair-0 .*is damaged or missing/)).toBeVisible();
    // Its consumer would have the broker make it anew.
    await apply(page, { do: 'remove-consumer', name: 'late' });
    await apply(page, { do: 'delete-topic', name: 'pair' });
    await expect.poll(async () => (await snapshot(page)).topics.map(({ name }) => name)).not.toContain('pair');
  });
}
