// Share links: the same run in another profile, and links that are not one.
import { deflateRawSync } from 'node:zlib';
import { test, expect } from './site.js';
import { advanceTo, apply, call, opened, snapshot, visit } from './app.js';

const END = 60_000;

test('a link opened in a fresh profile gives the same run', async ({ page, site, profile }) => {
  await visit(page, site);
  await advanceTo(page, 12_345);
  await apply(page, { do: 'create-topic', name: 'shared', partitions: 2 });
  await call(page, 'advance', 3_000);
  await apply(page, {
    do: 'add-producer', name: 'more', topic: 'shared', pace: { 'per-second': 20 }, compression: 'zstd',
  });
  await apply(page, { do: 'add-consumer', name: 'reader', group: 'readers', topics: ['shared', 'topic-test'] });
  await call(page, 'advance', 4_000);
  await apply(page, { do: 'crash-consumer', name: 'consumer-1' });
  await advanceTo(page, END);
  const link = await call(page, 'share');
  expect(link.startsWith(`${site}#v1.`)).toBe(true);

  await page.getByRole('button', { name: 'Share link' }).click();
  await expect(page.getByRole('dialog').getByLabel('Link')).toHaveValue(link);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

  const other = await (await profile()).newPage();
  await visit(other, link);
  await advanceTo(other, END);
  const [here, there] = [await snapshot(page), await snapshot(other)];
  expect(there.traceHash).toBe(here.traceHash);
  expect(there).toEqual(here);
});

test('a link to a run that was reloaded gives the same run too', async ({ page, site, profile }) => {
  await visit(page, site);
  await advanceTo(page, 20_000);
  await page.reload();
  await opened(page);
  await advanceTo(page, END);
  const link = await call(page, 'share');
  const other = await (await profile()).newPage();
  await visit(other, link);
  await advanceTo(other, END);
  const [here, there] = [await snapshot(page), await snapshot(other)];
  expect(there.traceHash).toBe(here.traceHash);
});

test('a link asks before it replaces a stored run', async ({ page, site, profile }) => {
  await visit(page, site);
  await apply(page, { do: 'create-topic', name: 'mine', partitions: 1 });
  const other = await (await profile()).newPage();
  await visit(other, site);
  await apply(other, { do: 'create-topic', name: 'theirs', partitions: 1 });
  await call(other, 'advance', 2_000);
  const link = await call(other, 'share');
  const names = async () => (await snapshot(page)).topics.map(({ name }) => name);
  await call(page, 'advance', 2_000);

  await page.goto('about:blank');
  await visit(page, link);
  const question = page.getByRole('dialog', { name: 'Open the run in this link?' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(question).toHaveCount(0);
  await expect.poll(names).toContain('mine');

  // This tab has answered and is asked no more; another one is.
  const next = await page.context().newPage();
  await page.close();
  await visit(next, link);
  const again = next.getByRole('dialog', { name: 'Open the run in this link?' });
  await again.getByRole('button', { name: 'Open and replace' }).click();
  await expect(again).toHaveCount(0);
  await call(next, 'speed', 10);
  const there = async () => (await snapshot(next)).topics.map(({ name }) => name);
  await expect.poll(there).toContain('theirs');
  expect(await there()).not.toContain('mine');
});

const packed = (json) => deflateRawSync(json).toString('base64url');

const BAD = [
  ['cut off', `v1.${packed(JSON.stringify({ scenario: { name: 'half' } })).slice(0, -6)}`, /damaged/],
  ['with letters that are none', 'v1.no%20link!', /damaged/],
  ['no run', `v1.${packed('{"scenario":1}')}`, /not written as this page writes runs/],
  ['of a newer version', 'v9.AAAA', /version 9.*up to version 2/],
  ['no link', 'hello', /not a link to a run/],
  ['too long', `v1.${'A'.repeat(40_000)}`, /40,?003 characters/],
  ['of too much when unpacked', `v1.${packed(Buffer.alloc(5 << 20, 32))}`, /bytes when unpacked/],
];

for (const [what, text, words] of BAD) {
  test(`a link ${what} says so and opens an empty playground`, async ({ page, site }) => {
    await visit(page, `${site}#${text}`);
    await expect(page.locator('.notices').getByRole('alert')).toContainText(words);
    await expect(page.getByLabel('Scenario').locator('option:checked')).toHaveText('Empty playground');
    const { topics, producers, consumers, brokers } = await snapshot(page);
    expect([topics.filter(({ internal }) => !internal), producers, consumers]).toEqual([[], [], []]);
    expect(brokers).toHaveLength(3);
  });
}
