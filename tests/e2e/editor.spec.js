// The editor of the code view: what it offers while somebody types, and formatting.
import { test, expect } from './site.js';
import { visit } from './app.js';

const MESSY = "const { Kafka } = require('kafkajs')\nconst kafka = new Kafka( {brokers:['localhost:9092']} )\n";
const NEAT = "const { Kafka } = require('kafkajs')\nconst kafka = new Kafka({ brokers: ['localhost:9092'] })\n";

/** Opens the code view with a file whose text is this. */
async function open(page, site, text) {
  await visit(page, site);
  await page.evaluate(([text]) => konbini.code.write('main.js', text), [text]);
  await page.getByRole('button', { name: 'Code', exact: true }).click();
  await page.getByRole('tab', { name: 'main.js' }).click();
  await expect(page.locator('.cm-content')).toContainText('require');
  await page.locator('.cm-content').click();
  await page.keyboard.press('ControlOrMeta+End');
}

/** In the page: the text of the file that is open, as the editor has it. */
const shown = (page) => page.locator('.cm-content').evaluate((one) => one.innerText.replace(/\n+$/, '\n'));

test('members and options are offered with their types, from what the file says', async ({ page, site }) => {
  await open(page, site, NEAT);
  await page.keyboard.type('const producer = kafka.producer()\nproducer.');
  const offers = page.locator('.cm-tooltip-autocomplete li');
  await expect(offers.filter({ hasText: /^send\(record: ProducerRecord\): Promise<RecordMetadata\[\]>$/ })).toBeVisible();
  await expect(offers.filter({ hasText: /^transaction/ })).toBeVisible();
  await expect(offers.filter({ hasText: /^subscribe/ })).toHaveCount(0);
  await page.keyboard.type('send({ com');
  await expect(offers).toHaveText([/compression\?: CompressionTypes/]);
  // Enter is taken a moment after the list has come, lest somebody's new line chooses.
  await expect.poll(async () => {
    if (await offers.count()) await page.keyboard.press('Enter');
    return shown(page);
  }).toContain('producer.send({ compression})');
});

test('Shift+Alt+F and the button lay out the file; undo brings the old text back', async ({ page, site }) => {
  await open(page, site, MESSY);
  await page.keyboard.press('Shift+Alt+F');
  await expect.poll(() => shown(page)).toBe(NEAT);
  await page.keyboard.press('ControlOrMeta+z');
  await expect.poll(() => shown(page)).toBe(MESSY);
  await page.getByRole('button', { name: 'Format' }).click();
  await expect.poll(() => shown(page)).toBe(NEAT);
});

test('a mistake is told with its place, and nothing changes', async ({ page, site }) => {
  await open(page, site, MESSY);
  await page.keyboard.type('const = 7');
  await page.keyboard.press('Shift+Alt+F');
  await expect(page.getByRole('alert')).toContainText('main.js stays as it is: line 3, column 7: Unexpected token');
  expect(await shown(page)).toContain('new Kafka( {brokers');
});
