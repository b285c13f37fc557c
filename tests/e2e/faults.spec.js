// Breaking brokers and the network by hand: the menu on each broker, a cut that is dragged, the rules.
import { test, expect } from './site.js';
import { advanceUntil, apply, call, snapshot, topic, visit } from './app.js';

/** A run with a topic on all three brokers, in sync. */
async function replicated(page, site) {
  await visit(page, site);
  await call(page, 'pause');
  await apply(page, { do: 'create-topic', name: 'copies', partitions: 3, replication_factor: 3 });
  await apply(page, { do: 'add-producer', name: 'writer', topic: 'copies', pace: { 'per-second': 5 } });
  const whole = (one) => one.topics.find(({ name }) => name === 'copies')?.partitions.every(({ isr }) => isr.length === 3);
  await advanceUntil(page, whole, 'all replicas are in sync');
  // Until the other voters know that it is committed, only the controller shows it.
  await call(page, 'advance', 5_000);
}

const card = (page, id) => page.locator(`[data-broker="${id}"]`);
const menuOf = (page, id) => page.getByRole('button', { name: `Break or mend broker ${id}` });
const stateOf = async (page, id) => (await snapshot(page)).brokers.find((broker) => broker.id === id);

test('a menu by keyboard: kill, see the leaders move, start again', async ({ page, site }) => {
  await replicated(page, site);
  const button = menuOf(page, 3);
  await button.focus();
  await page.keyboard.press('Enter');
  const menu = page.getByRole('menu', { name: 'Break or mend broker 3' });
  await expect(menu.getByRole('menuitem').first()).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(menu.getByRole('menuitem').last()).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(button).toBeFocused();

  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await expect(menu.getByRole('menuitem', { name: 'Kill' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(card(page, 3).locator('.broker-head')).toContainText('killed');
  const moved = (one) => topic(one, 'copies').partitions.every(({ leader, isr }) => leader !== 3 && !isr.includes(3));
  await advanceUntil(page, moved, 'its leaderships have moved');
  await expect(card(page, 3).locator('.shelf .chip').first()).toHaveText('not in ISR');

  await button.focus();
  await page.keyboard.press('Enter');
  await expect(menu.getByRole('menuitem', { name: 'Kill' })).toHaveCount(0);
  await expect(menu.getByRole('menuitem', { name: 'Start', exact: true })).toBeFocused();
  await page.keyboard.press('Enter');
  const back = (one) => topic(one, 'copies').partitions.every(({ isr }) => isr.length === 3);
  await advanceUntil(page, back, 'it is in sync again');
  await expect(card(page, 3).locator('.shelf .chip').first()).toHaveText('in ISR');
});

test('a menu closes when the focus leaves it', async ({ page, site }) => {
  await replicated(page, site);
  const menu = page.getByRole('menu');
  await menuOf(page, 1).click();
  await expect(menu.getByRole('menuitem').first()).toBeFocused();
  await menuOf(page, 2).focus();
  await expect(menu).toHaveCount(0);

  await page.keyboard.press('Enter');
  await expect(menu).toHaveAccessibleName('Break or mend broker 2');
  await page.getByRole('heading', { name: 'Producers' }).click();
  await expect(menu).toHaveCount(0);

  await menuOf(page, 2).click();
  await expect(menu).toHaveCount(1);
  await menuOf(page, 2).click();
  await expect(menu).toHaveCount(0);
  await expect(menuOf(page, 2)).toBeFocused();
});

test('what cannot be undone asks first', async ({ page, site }) => {
  await replicated(page, site);
  await apply(page, { do: 'kill-broker', broker: 2 });
  const wipe = async (answer) => {
    await menuOf(page, 2).click();
    await page.getByRole('menuitem', { name: 'Wipe its disk …' }).click();
    const question = page.getByRole('dialog', { name: 'Wipe the disk of broker 2?' });
    await question.getByRole('button', { name: answer }).click();
    await expect(question).toHaveCount(0);
  };
  const logBytes = async () => (await stateOf(page, 2)).logBytes;
  await wipe('Cancel');
  expect(await logBytes()).toBeGreaterThan(0);
  await wipe('Wipe its disk');
  await expect.poll(logBytes).toBe(0);
  await menuOf(page, 2).click();
  await page.getByRole('menuitem', { name: 'Start', exact: true }).click();
  const back = (one) => topic(one, 'copies').partitions.every(({ isr }) => isr.length === 3);
  await advanceUntil(page, back, 'it has copied everything again');
  expect((await stateOf(page, 2)).down).toBeNull();
});

test('a link is cut by dragging and by the menu, and mended from the list', async ({ page, site }) => {
  await replicated(page, site);
  const middle = async (target) => {
    const box = await target.boundingBox();
    return [box.x + box.width / 2, box.y + Math.min(box.height / 2, 30)];
  };
  await page.mouse.move(...(await middle(card(page, 1).locator('.cut-handle'))));
  await page.mouse.down();
  await page.mouse.move(...(await middle(card(page, 2))), { steps: 5 });
  await expect(page.locator('.cut-line')).toContainText('cut broker 1 from broker 2');
  await page.mouse.up();
  const rules = page.getByRole('region', { name: 'Network rules in force' });
  await expect(rules.getByRole('listitem')).toHaveCount(1);
  await expect(rules).toContainText('broker 1 ⇄ broker 2: cut');

  await menuOf(page, 1).click();
  await expect(page.getByRole('menuitem', { name: 'Cut the link to broker 2' })).toHaveCount(0);
  await page.getByRole('menuitem', { name: 'Cut the link to broker 3' }).click();
  await expect(rules.getByRole('listitem')).toHaveCount(2);
  await rules.getByRole('button', { name: 'Remove the rule: broker 1 ⇄ broker 2: cut' }).click();
  await expect(rules.getByRole('listitem')).toHaveCount(1);
  await rules.getByRole('button', { name: 'Heal all' }).click();
  await expect(rules).toHaveCount(0);
  expect((await snapshot(page)).rules).toEqual([]);
});

test('an event leads to its partition and its brokers, and they lead back', async ({ page, site }) => {
  await replicated(page, site);
  await apply(page, { do: 'kill-broker', broker: 3 });
  const moved = (one) => topic(one, 'copies').partitions.every(({ leader }) => leader !== 3 && leader > 0);
  await advanceUntil(page, moved, 'its leaderships have moved');
  await page.getByRole('tab', { name: 'Event list' }).click();
  await page.locator('.event-row', { hasText: /^.*leads copies-/ }).first().click();
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  await expect(inspector).toContainText('broker.session.timeout.ms');
  const sides = inspector.getByRole('group', { name: 'What it is about' }).getByRole('button');
  await expect(sides.first()).toHaveText(/^copies-\d$/);
  await sides.first().click();
  await expect(inspector.locator('.sec-head')).toContainText('in sync 2/3');
  await inspector.locator('.latest .event-row', { hasText: 'leads copies-' }).first().click();
  await sides.filter({ hasText: 'broker' }).first().click();
  await expect(inspector.locator('.sec-head h2')).toHaveText(/^broker \d$/);
});
