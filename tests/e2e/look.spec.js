// The page on a desktop and on a phone, light and dark, in both languages. Pictures are kept for
// people to look at (target/e2e); what a program can tell is asserted.
import { test, expect } from './site.js';
import { advanceUntil, apply, call, consumer, visit } from './app.js';

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const LANGUAGES = {
  'en-GB': { tag: 'en', lessons: 'Lessons', panes: ['Guide', 'Stage', 'Inspect', 'Timeline'], other: '切換成繁體中文' },
  'zh-TW': { tag: 'zh-Hant-TW', lessons: '課程', panes: ['導覽', '舞台', '檢視', '時間軸'], other: 'Read this page in English' },
};

/** Whether the canvas shows anything: some pixel that is not clear. */
const painted = (page) =>
  page.locator('canvas.stage-canvas').evaluate((canvas) => {
    if (canvas.width === 0 || canvas.height === 0) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, index) => index % 4 === 3 && value > 0);
  });

/** Nothing is wider than the window. */
async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(content).toBeLessThanOrEqual(window);
}

const brightness = (page) =>
  page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return (red + green + blue) / 3;
  });

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [locale, words] of Object.entries(LANGUAGES)) {
      test(`${size}, ${colorScheme}, ${words.tag}`, async ({ profile, site }, info) => {
        const page = await (await profile({ viewport, colorScheme, locale })).newPage();
        const picture = async (name) => {
          const path = info.outputPath(`${size}-${colorScheme}-${words.tag}-${name}.png`);
          await page.screenshot({ path });
          await info.attach(name, { path, contentType: 'image/png' });
        };
        await visit(page, site);
        await apply(page, {
          do: 'add-producer', name: 'rush', topic: 'topic-test', pace: { 'per-second': 8 }, keys: { 'random-of': 6 },
        });
        await advanceUntil(page, (one) => consumer(one, 'consumer-1').consumed > 20, 'records are read');
        await expect(page.locator('html')).toHaveAttribute('lang', words.tag);
        await expect(page.locator('header.top')).toBeInViewport();
        await expect.poll(() => painted(page)).toBe(true);
        expect(await brightness(page) < 128).toBe(colorScheme === 'dark');
        await fits(page);
        await picture('stage');

        if (size === 'desktop') {
          await expect(page.getByRole('tab', { name: words.lessons })).toBeVisible();
          await page.locator('.shelf.leads').first().click();
          await picture('partition');
        } else {
          const panes = page.locator('nav.panes');
          for (const name of words.panes) {
            await panes.getByRole('button', { name, exact: true }).click();
            await expect(page.locator('header.top')).toBeInViewport();
            await fits(page);
            await picture(name);
          }
        }
        await page.getByRole('button', { name: words.other }).click();
        await expect(page.locator('html')).not.toHaveAttribute('lang', words.tag);
        await fits(page);
      });
    }
  }
}

test('the theme that is chosen outlives a reload', async ({ page, site }) => {
  await visit(page, site);
  const theme = page.getByRole('button', { name: /^Theme:/ });
  await theme.click();
  await expect(theme).toHaveAccessibleName('Theme: light');
  await theme.click();
  await expect(theme).toHaveAccessibleName('Theme: dark');
  await page.reload();
  await expect(theme).toHaveAccessibleName('Theme: dark');
  expect(await brightness(page)).toBeLessThan(128);
  await call(page, 'pause');
});
