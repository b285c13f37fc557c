// What a person sets up and deletes through the dialogs.
import { test, expect } from './site.js';
import { advanceTo, apply, call, consumer, producer, snapshot, topic, visit, visitBlank } from './app.js';
import { storedKeys } from './stored.js';

const names = (found) => found.topics.filter(({ internal }) => !internal).map(({ name }) => name);

test('topic, producer and consumer through the dialogs, then the topic deleted', async ({ page, site }) => {
  await visit(page, site);
  await advanceTo(page, 10_000);
  await call(page, 'speed', 10);
  await call(page, 'resume');
  const dialog = page.getByRole('dialog');
  const press = (name) => dialog.getByRole('button', { name, exact: true }).click();

  await page.getByRole('button', { name: '+ topic' }).click();
  await expect(dialog).toHaveAccessibleName('New topic');
  await dialog.getByLabel('Name').fill('not a name!');
  await dialog.getByLabel('Partitions').fill('3');
  await press('Create');
  await expect(dialog.getByRole('alert')).toContainText(/name contains ' '.*1 to 249 of the characters/);
  expect(names(await snapshot(page))).toEqual(['topic-test']);
  await dialog.getByLabel('Name').fill('fresh');
  // What the page cannot know, the brokers say: the least that Kafka 4 takes is 1 MiB.
  await dialog.getByLabel('Settings, one on a line').fill('segment.bytes=100000');
  await press('Create');
  await expect(dialog).toHaveCount(0);
  await expect(page.locator('.notices .bad')).toContainText(/INVALID_CONFIG.*100000.*segment.bytes/);
  await page.locator('.notices').getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.locator('.notices .bad')).toHaveCount(0);

  await page.getByRole('button', { name: '+ topic' }).click();
  await dialog.getByLabel('Name').fill('fresh');
  await dialog.getByLabel('Partitions').fill('3');
  await dialog.getByLabel('Settings, one on a line').fill('segment.bytes=1048576');
  await press('Create');
  await expect(dialog).toHaveCount(0);
  for (const partition of [0, 1, 2]) {
    await expect(page.getByRole('button', { name: new RegExp(`^fresh-${partition} on broker \\d, leader`) })).toBeVisible();
  }
  expect(topic(await snapshot(page), 'fresh').configs).toEqual({ 'segment.bytes': '1048576' });

  await page.getByRole('button', { name: '+ producer' }).click();
  await dialog.getByLabel('Name').fill('maker');
  await dialog.getByRole('combobox', { name: 'Topic' }).selectOption('fresh');
  await dialog.getByRole('combobox', { name: 'Pace' }).selectOption('per-second');
  await dialog.getByRole('spinbutton', { name: 'Records each second' }).fill('20');
  await dialog.getByRole('combobox', { name: 'Keys' }).selectOption('none');
  await dialog.getByLabel('compression.type').selectOption('lz4');
  await press('Add');
  await expect(dialog).toHaveCount(0);
  const made = producer(await snapshot(page), 'maker').spec;
  expect(made).toMatchObject({ topic: 'fresh', pace: { 'per-second': 20 }, keys: 'none', compression: 'lz4' });

  await page.getByRole('button', { name: '+ consumer' }).click();
  await dialog.getByLabel('Name').fill('taker');
  await dialog.getByLabel('Group (group.id)').fill('takers');
  await dialog.getByLabel('Topics, with commas between').fill('fresh, topic-test');
  await press('Add');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('button', { name: /^group takers/ })).toBeVisible();
  await expect.poll(async () => consumer(await snapshot(page), 'taker').consumed).toBeGreaterThan(50);
  const found = await snapshot(page);
  expect(consumer(found, 'taker').spec.topics).toEqual(['fresh', 'topic-test']);
  expect(producer(found, 'maker').failed).toBe(0);

  await page.getByRole('complementary', { name: 'Inspector' }).getByRole('button', { name: 'fresh', exact: true }).click();
  await page.getByRole('button', { name: 'Delete topic …' }).click();
  await expect(dialog).toHaveAccessibleName('Delete topic fresh?');
  await press('Cancel');
  expect(names(await snapshot(page))).toContain('fresh');
  // A producer that still writes to it would let the broker create it anew.
  await page.getByRole('button', { name: 'Stop maker', exact: true }).click();
  await page.getByRole('button', { name: 'Stop taker', exact: true }).click();
  await page.getByRole('button', { name: 'Delete topic …' }).click();
  await press('Delete');
  await expect(page.getByRole('button', { name: /^fresh-0 on broker/ })).toHaveCount(0);
  await expect.poll(async () => names(await snapshot(page))).toEqual(['topic-test']);
});

/** The directories of logs that have something stored. */
async function storedLogs(page, site) {
  await visitBlank(page, site);
  return new Set((await storedKeys(page, 'data')).map(([, dir]) => dir));
}

/** A run with a topic of its own, on disk. */
async function own(page, site) {
  await visit(page, site);
  await apply(page, { do: 'create-topic', name: 'doomed', partitions: 1 });
  await apply(page, { do: 'add-producer', name: 'writer', topic: 'doomed', pace: { 'every-ms': 100 } });
  await call(page, 'advance', 10_000);
  expect(topic(await snapshot(page), 'doomed').partitions[0].highWatermark).toBeGreaterThan(50);
}

const databases = (page) => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

test('start over asks first, and deletes what is stored', async ({ page, site }) => {
  await own(page, site);
  const question = page.getByRole('dialog', { name: 'Start over?' });
  await page.getByRole('button', { name: 'Start over', exact: true }).click();
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(question).toHaveCount(0);
  expect(names(await snapshot(page))).toContain('doomed');

  await page.getByRole('button', { name: 'Start over', exact: true }).click();
  await question.getByRole('button', { name: 'Start over' }).click();
  await expect.poll(async () => names(await snapshot(page))).toEqual(['topic-test']);
  expect((await snapshot(page)).boot).toBe(1);
  expect((await storedLogs(page, site)).has('doomed-0')).toBe(false);
  expect(await databases(page)).toEqual(['konbini']);
});

test('what is stored is there before it is deleted', async ({ page, site }) => {
  await own(page, site);
  const logs = await storedLogs(page, site);
  expect(logs).toContain('doomed-0');
  expect(logs).toContain('__cluster_metadata-0');
});

test('deleting everything asks first, and begins with the first lesson', async ({ page, site }) => {
  await own(page, site);
  await page.getByRole('button', { name: 'Keyboard and help' }).click();
  await page.getByRole('button', { name: 'Delete everything stored' }).click();
  const question = page.getByRole('dialog', { name: 'Delete everything stored' });
  await question.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(question).toHaveCount(0);
  // For a moment there is no run at all.
  await expect(async () => expect(names(await snapshot(page))).toEqual(['topic-test'])).toPass({ timeout: 10_000 });
  expect((await snapshot(page)).boot).toBe(1);
  expect((await storedLogs(page, site)).has('doomed-0')).toBe(false);
  expect(await databases(page)).toEqual(['konbini']);
});
