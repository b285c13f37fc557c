import { test, expect } from './site.js';

test('the page starts under a sub-path', async ({ page, site }) => {
  // Trunk's start script says so once the page's wasm has run its main.
  await page.addInitScript(() => {
    addEventListener('TrunkApplicationStarted', () => document.documentElement.setAttribute('data-started', ''));
  });
  await page.goto(site);
  await expect(page).toHaveTitle(/Konbini/);
  await expect(page.locator('html')).toHaveAttribute('data-started', '');
  await expect(page.locator('#crash')).toBeHidden();
});

test('the worker loads from where the page says, under a name with a hash', async ({ page, site }) => {
  await page.goto(site);
  const wasm = page.waitForResponse((response) => /konbini-worker-[0-9a-f]{16}_bg\.wasm$/.test(response.url()));
  await page.evaluate(() => {
    const { content } = document.querySelector('meta[name=konbini-worker]');
    globalThis.probe = new Worker(content, { type: 'module' });
  });
  const response = await wasm;
  expect(response.ok()).toBe(true);
  expect(new URL('.', response.url()).href).toBe(site);
});
