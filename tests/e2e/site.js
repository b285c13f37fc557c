// Serves dist/ as the plainest file server would: files and types, no special headers, under a sub-path.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, expect } from '@playwright/test';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const SUB_PATH = '/some/where/konbini/';
const TYPES = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm',
  '.json': 'application/json', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.png': 'image/png',
};

async function answer(request, response) {
  const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
  const inside = normalize(path.slice(SUB_PATH.length) || 'index.html');
  if (!path.startsWith(SUB_PATH) || inside.startsWith('..')) {
    response.writeHead(404).end();
    return;
  }
  try {
    const body = await readFile(join(DIST, inside));
    const type = TYPES[extname(inside)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}

export const test = base.extend({
  // The page's address; one server a worker process, on a free port.
  site: [
    async ({}, use) => {
      const server = createServer(answer);
      await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
      await use(`http://127.0.0.1:${server.address().port}${SUB_PATH}`);
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
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
