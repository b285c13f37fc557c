// Each lesson from its first step to its last, by mouse and by keyboard alone.
import { test, expect } from './site.js';
import { snapshot, visit } from './app.js';

/** Its number in the guide, its steps, those that only watch, and the question before one of them. */
const LESSONS = [
  { title: 'A courier, a store, a customer', steps: 4, before: 2, right: 1 },
  { title: 'Reading takes nothing away', steps: 6, before: 1, right: 2 },
  { title: 'One bowl, two people', steps: 3, before: 1, right: 2 },
  { title: 'One bowl each is just right', steps: 4, before: 3, right: 0 },
  { title: 'The leader dies', steps: 4, before: 1, right: 1 },
  { title: 'What “acknowledged” is worth', steps: 6, before: 2, right: 1 },
  { title: 'How few are too few?', steps: 5, before: 2, right: 1 },
  { title: 'Back, but not whole', steps: 5, before: 3, right: 1 },
  { title: 'So near, yet not readable', steps: 4, before: 1, right: 1, watched: [2] },
  { title: 'Who decides when the one who decides is gone?', steps: 4, before: 1, right: 1 },
  { title: 'One against two', steps: 4, before: 1, right: 1 },
];

/** A step may take this long in real time; at 10× most take a second or two. */
const STEP_MS = 30_000;

function partsOf(page) {
  const guide = page.getByRole('complementary', { name: 'Guide' });
  return {
    guide,
    steps: guide.locator('li.step'),
    done: guide.locator('li.step.done'),
    now: guide.locator('li[aria-current=step]'),
    options: guide.getByRole('group', { name: 'Before you press' }).getByRole('radio'),
    speed: page.getByRole('group', { name: 'Speed of virtual time' }).getByRole('button', { name: '10×', exact: true }),
    pip: (lesson) => guide.getByRole('navigation', { name: 'Lessons' }).getByRole('button').nth(lesson),
    setStage: guide.getByRole('button', { name: 'Set the stage for this lesson' }),
    confirm: page.getByRole('dialog').getByRole('button', { name: 'Start the lesson' }),
  };
}

/** What a hand does: the mouse. */
const mouse = (page) => ({
  press: (target) => target.click(),
  choose: (options, place) => options.nth(place).check(),
  faster: () => partsOf(page).speed.click(),
});

/** What a hand does: Tab, arrows, Enter, Space and the shortcuts that the help names. */
function keyboard(page) {
  const reach = async (target) => {
    for (let presses = 0; presses < 200; presses += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${target}`);
  };
  return {
    press: async (target) => {
      await reach(target);
      await page.keyboard.press('Enter');
    },
    choose: async (options, place) => {
      await reach(options.first());
      await page.keyboard.press('Space');
      for (let n = 0; n < place; n += 1) await page.keyboard.press('ArrowDown');
    },
    faster: () => page.keyboard.press('3'),
  };
}

async function walk(page, site, number, hand, guess) {
  const lesson = LESSONS[number];
  test.setTimeout(STEP_MS * lesson.steps);
  const parts = partsOf(page);
  await visit(page, site);
  if (number > 0) {
    await hand.press(parts.pip(number));
    await hand.press(parts.setStage);
    await hand.press(parts.confirm);
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(parts.setStage).toHaveCount(0);
    await expect(parts.guide.getByRole('heading', { level: 1 })).toBeFocused();
  }
  await expect(parts.guide.getByRole('heading', { level: 1 })).toHaveText(lesson.title);
  await expect(parts.steps).toHaveCount(lesson.steps);
  await hand.faster();
  await expect(parts.speed).toHaveAttribute('aria-pressed', 'true');
  for (let step = 0; step < lesson.steps; step += 1) {
    const button = parts.now.getByRole('button');
    if (step > 0 && !lesson.watched?.includes(step)) {
      await expect(button).toBeVisible();
      await expect(parts.done).toHaveCount(step);
      if (step === lesson.before) {
        await expect(button).toBeDisabled();
        await hand.choose(parts.options, guess);
        await expect(parts.options.nth(guess)).toBeChecked();
      }
      await hand.press(button);
      await expect(parts.steps.nth(step), 'the step keeps the focus').toBeFocused();
    }
    // Not a count: the next step may need no hand and be done in the same look.
    await expect(parts.steps.nth(step), `step ${step + 1}`).toHaveClass(/\bdone\b/, { timeout: STEP_MS });
  }
  const words = guess === lesson.right ? 'You predicted it.' : 'It went otherwise.';
  await expect(parts.guide.locator('.because')).toContainText(words);
  await expect(parts.guide.locator('.opt.right')).toHaveCount(1);
  await expect(parts.guide.locator('.opt.wrong')).toHaveCount(guess === lesson.right ? 0 : 1);
  await expect(parts.guide.getByText('Lesson finished')).toBeVisible();
  await expect(parts.pip(number)).toHaveText('✓');
}

LESSONS.forEach(({ title, right }, number) => {
  test(`lesson ${number + 1} by mouse, predicted rightly: ${title}`, async ({ page, site }) => {
    await walk(page, site, number, mouse(page), right);
  });

  test(`lesson ${number + 1} by keyboard, predicted wrongly: ${title}`, async ({ page, site }) => {
    await walk(page, site, number, keyboard(page), (right + 1) % 3);
  });
});

/** Lesson 1 with the button of its second step pressed while the run is paused. */
async function pressedWhilePaused(page, site) {
  const parts = partsOf(page);
  await visit(page, site);
  await parts.speed.click();
  await expect(parts.done).toHaveCount(1, { timeout: STEP_MS });
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Resume', exact: true })).toBeVisible();
  await parts.now.getByRole('button').click();
  await expect(parts.now.locator('.waits')).toBeVisible();
  return parts;
}

test('a click alone ticks nothing: the cluster has to come there', async ({ page, site }) => {
  const parts = await pressedWhilePaused(page, site);
  await expect(page.locator('[data-at="consumer:consumer-1"] .why')).toHaveText('stopped');
  await expect(parts.done).toHaveCount(1);
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(parts.done).toHaveCount(2, { timeout: STEP_MS });
});

test('a step whose button was pressed goes on after a reload', async ({ page, site }) => {
  const parts = await pressedWhilePaused(page, site);
  await page.reload();
  // Not pressed again: it is done once the run goes on.
  await expect(parts.done).toHaveCount(2, { timeout: STEP_MS });
});

test('a lesson that was reloaded in its midst can be begun anew', async ({ page, site }) => {
  const parts = partsOf(page);
  await visit(page, site);
  const anew = parts.guide.getByRole('button', { name: 'Begin the lesson anew' });
  await parts.speed.click();
  await expect(parts.done).toHaveCount(1, { timeout: STEP_MS });
  await expect(anew).toHaveCount(0);
  await page.reload();
  await expect(anew).toBeVisible();
  expect((await snapshot(page)).boot).toBe(2);
  await anew.click();
  await parts.confirm.click();
  await expect(anew).toHaveCount(0);
  expect((await snapshot(page)).boot).toBe(1);
});
