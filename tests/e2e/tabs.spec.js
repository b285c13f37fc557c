// Tabs of one browser: each has a worker, one of them runs the cluster.
import { test, expect } from './site.js';
import { BUSY, ask, open, partitions, startWorker } from './worker.js';

const kinds = (page) => page.evaluate(() => notices.map((notice) => notice.notice));

test('a reload goes on where the run was', async ({ page, site }) => {
  await startWorker(page, site);
  expect((await open(page, BUSY)).resumed).toBe(false);
  await ask(page, 'pause');
  await ask(page, 'advance', 30_000);
  const before = await ask(page, 'snapshot');
  await startWorker(page, site);
  expect((await open(page, BUSY)).resumed).toBe(true);
  await ask(page, 'pause');
  const after = await ask(page, 'snapshot');
  expect(after.boot).toBe(2);
  expect(after.now).toBeGreaterThanOrEqual(before.now);
  await ask(page, 'advance', 10_000);
  const later = partitions(await ask(page, 'snapshot'), 'busy');
  partitions(before, 'busy').forEach((log, index) => {
    expect(later[index].logEnd).toBeGreaterThan(log.logEnd);
  });
  expect(await kinds(page)).toEqual([]);
});

test('a second tab attaches, and takes over when the first is closed', async ({ page, site, context }) => {
  await startWorker(page, site);
  await open(page, BUSY);
  await ask(page, 'pause');
  await ask(page, 'advance', 10_000);
  const second = await context.newPage();
  await startWorker(second, site);
  expect((await open(second, BUSY)).resumed).toBe(true);
  expect(await kinds(second)).toEqual(['owned-by-other-tab']);
  const [here, there] = [await ask(second, 'snapshot'), await ask(page, 'snapshot')];
  expect(here).toEqual(there);
  await ask(second, 'apply', { do: 'stop-producer', name: 'fast' });
  await ask(second, 'advance', 1_000);
  const stopped = (await ask(page, 'snapshot')).producers.find((one) => one.spec.name === 'fast');
  expect(stopped.spec.running).toBe(false);
  await page.close();
  await expect.poll(() => kinds(second)).toEqual(['owned-by-other-tab', 'became-owner']);
  await ask(second, 'pause');
  await ask(second, 'advance', 10_000);
  const after = await ask(second, 'snapshot');
  expect(after.boot).toBe(2);
  expect(after.producers.find((one) => one.spec.name === 'fast').spec.running).toBe(false);
  const logs = partitions(after, 'busy');
  partitions(here, 'busy').forEach((log, index) => expect(logs[index].logEnd).toBeGreaterThanOrEqual(log.logEnd));
});

test('a hidden tab keeps time', async ({ page, site, context }) => {
  await startWorker(page, site);
  await open(page, BUSY);
  const other = await context.newPage();
  await other.bringToFront();
  const now = async () => (await page.evaluate(() => frame())).snapshot.now;
  const [before, started] = [await now(), Date.now()];
  await expect.poll(now).toBeGreaterThan(before + 1_000);
  // At 1x a throttled tab would take many times as long.
  expect(Date.now() - started).toBeLessThan(5_000);
});
