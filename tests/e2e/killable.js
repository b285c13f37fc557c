// A browser of our own with a profile on disk, which can be killed with all its processes.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { test as base, expect, watch } from './site.js';

const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--remote-debugging-port=0', 'about:blank',
];

function start(profile) {
  const child = spawn(process.env.CHROME ?? '/usr/bin/chromium', [`--user-data-dir=${profile}`, ...ARGUMENTS], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise((done) => child.once('exit', done));
  const endpoint = new Promise((found, failed) => {
    let text = '';
    child.stderr.on('data', (chunk) => {
      text += chunk;
      const match = text.match(/DevTools listening on (ws:\S+)/);
      if (match) found(match[1]);
    });
    child.once('exit', () => failed(new Error(`the browser ended: ${text}`)));
  });
  // Its process group holds all of its processes; no other is touched.
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    await exited;
  };
  return { endpoint, kill };
}

export const test = base.extend({
  // Starts the browser, each time on the same profile: `{ page, kill }`.
  launch: async ({ troubles }, use) => {
    const profile = await mkdtemp(join(tmpdir(), 'konbini-kill-'));
    const started = [];
    await use(async () => {
      const browser = start(profile);
      started.push(browser);
      const connected = await chromium.connectOverCDP(await browser.endpoint);
      const context = connected.contexts()[0];
      watch(context, troubles);
      return { page: context.pages()[0], kill: browser.kill };
    });
    for (const browser of started) await browser.kill();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  },
});

export { expect };
