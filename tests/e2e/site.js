// The page for tests: served, watched for trouble, in as many profiles as a test wants.
import { test as base, expect } from '@playwright/test';
import { serve } from './server.js';

export const test = base.extend({
  // The page's address; one server a worker process, on a free port.
  site: [
    async ({}, use) => {
      const { site, stop } = await serve();
      await use(site);
      await stop();
    },
    { scope: 'worker' },
  ],
  // What went wrong in any page of the test. It fails if this is not empty at the end.
  troubles: [
    async ({ context }, use) => {
      const troubles = [];
      watch(context, troubles);
      await use(troubles);
      expect(troubles).toEqual([]);
    },
    { auto: true },
  ],
  // Another browser profile, fresh as the test's own, in which trouble counts too.
  profile: async ({ browser, troubles }, use) => {
    const contexts = [];
    await use(async (options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      contexts.push(context);
      watch(context, troubles);
      return context;
    });
    for (const context of contexts) await context.close();
  },
});

/** Notes every error that a page of the profile shows. */
export function watch(context, troubles) {
  const look = (page) => {
    page.on('console', (message) => {
      if (message.type() === 'error') {
        troubles.push(`${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('response', (response) => {
      if (response.status() >= 400) troubles.push(`${response.status()} ${response.url()}`);
    });
  };
  context.pages().forEach(look);
  context.on('page', look);
}

export { expect };
