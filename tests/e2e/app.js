// The page as a person or a script meets it.
import { expect } from './site.js';

/** A day of virtual time is the most that `advance` takes at once. */
const AT_ONCE_MS = 86_400_000;

/** Opens the page and waits until a run is open. */
export async function visit(page, address) {
  await page.goto(address);
  await opened(page);
}

/** Waits until a run is open. */
export async function opened(page) {
  await page.waitForFunction(() => 'konbini' in window);
  await page.evaluate(async () => {
    await konbini.ready;
  });
}

/** Calls a function of `window.konbini`. */
export function call(page, name, ...values) {
  return page.evaluate(([name, values]) => konbini[name](...values), [name, values]);
}

export const snapshot = (page) => call(page, 'snapshot');
export const apply = (page, action) => call(page, 'apply', action);

/** How a call is refused: its code and its sentence; null when it is not. */
export function refusal(page, name, ...values) {
  return page.evaluate(async ([name, values]) => {
    try {
      await konbini[name](...values);
      return null;
    } catch (error) {
      return { isError: error instanceof Error, code: error.code, message: error.message };
    }
  }, [name, values]);
}

/** Pauses and runs to exactly this virtual time. */
export async function advanceTo(page, time) {
  await call(page, 'pause');
  const { now } = await snapshot(page);
  expect(now, 'the run is not past it yet').toBeLessThanOrEqual(time);
  for (let left = time - now; left > 0; left -= AT_ONCE_MS) {
    await call(page, 'advance', Math.min(left, AT_ONCE_MS));
  }
  expect((await snapshot(page)).now).toBe(time);
}

/** Advances virtual time until the snapshot is as wanted; the last one is returned. */
export async function advanceUntil(page, wanted, what, most = 120_000) {
  for (let run = 0; run <= most; run += 500) {
    const found = await snapshot(page);
    if (wanted(found)) return found;
    await call(page, 'advance', 500);
  }
  const { now, boot, brokers, topics, groups } = await snapshot(page);
  const seen = JSON.stringify({ now, boot, brokers, topics, groups }, null, 1);
  throw new Error(`after ${most} virtual ms still not: ${what}; there is ${seen}`);
}

export function topic(snapshot, name) {
  const found = snapshot.topics.find((one) => one.name === name);
  expect(found, `${name} in ${JSON.stringify(snapshot.topics.map((one) => one.name))}`).toBeTruthy();
  return found;
}

export const consumer = (snapshot, name) => snapshot.consumers.find((one) => one.spec.name === name);
export const producer = (snapshot, name) => snapshot.producers.find((one) => one.spec.name === name);
export const group = (snapshot, id) => snapshot.groups.find((one) => one.id === id);

/** What a group has committed, `topic-partition` to offset. */
export function committed(snapshot, id) {
  const offsets = group(snapshot, id)?.offsets ?? [];
  return Object.fromEntries(offsets.map((one) => [`${one.topic}-${one.partition}`, one.committed]));
}

/** A document of the site in which nothing runs: where a test can look at what is stored. */
export async function visitBlank(page, site) {
  const address = new URL('blank', site).href;
  await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body: '<title>blank</title>' }));
  await page.goto(address);
}
