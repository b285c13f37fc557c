// The worker alone, spoken to in the messages of crates/bridge, from a page that is not the app.
import { visitBlank } from './app.js';
import { expect } from './site.js';

/** Starts a worker in a page; afterwards `ask`, `frame` and `notices` speak to it. */
export async function startWorker(page, site) {
  const index = await (await page.request.get(site)).text();
  const loader = index.match(/name="konbini-worker" content="([^"]+)"/)[1];
  await visitBlank(page, site);
  await page.evaluate(async (url) => {
    const worker = new Worker(url, { type: 'module' });
    const waiting = new Map();
    const frames = [];
    globalThis.notices = [];
    let id = 0;
    await new Promise((ready) => {
      worker.onmessage = ({ data }) => {
        const update = JSON.parse(data);
        if (update === 'ready') ready();
        else if (update.notice) notices.push(update.notice);
        else if (update.frame) frames.shift()?.(update.frame);
        else if (update.reply) {
          const { Ok, Err } = update.reply.outcome;
          const [resolve, reject] = waiting.get(update.reply.id) ?? [];
          waiting.delete(update.reply.id);
          if (Err) reject?.(new Error(`${Err.code}: ${Err.message}`));
          else resolve?.(typeof Ok === 'object' ? Object.values(Ok)[0] : undefined);
        }
      };
    });
    globalThis.ask = (command, value) =>
      new Promise((resolve, reject) => {
        waiting.set(++id, [resolve, reject]);
        const content = value === undefined ? command : { [command]: value };
        worker.postMessage(JSON.stringify({ id, command: content }));
      });
    globalThis.frame = () =>
      new Promise((resolve) => {
        frames.push(resolve);
        worker.postMessage(JSON.stringify({ id: ++id, command: 'frame' }));
      });
  }, new URL(loader, site).href);
}

/** Opens the stored run, or this scenario. */
export function open(page, scenario) {
  return page.evaluate(
    (scenario) => ask('open', { recording: { scenario, actions: [], until: 0 }, replace: false }),
    scenario,
  );
}

export function ask(page, command, value) {
  return page.evaluate(([command, value]) => ask(command, value), [command, value]);
}

/** Two producers, one of them fast, on a topic of three partitions; a group reads along. */
export const BUSY = {
  name: 'busy',
  seed: 7,
  epoch_ms: 1767225600000,
  brokers: 3,
  broker_configs: { 'offsets.topic.num.partitions': '4', 'group.initial.rebalance.delay.ms': '0' },
  topics: [{ name: 'busy', partitions: 3, configs: { 'segment.bytes': '1048576' } }],
  producers: [
    { name: 'fast', topic: 'busy', pace: { 'per-second': 100 }, partition: 'round-robin', value: { template: '{n}', size: 1200 } },
    { name: 'slow', topic: 'busy', pace: { 'every-ms': 100 }, keys: { 'random-of': 10 } },
  ],
  consumers: [{ name: 'reader', group: 'readers', topics: ['busy'], start: 'earliest', commit: { 'auto-ms': 1000 } }],
};

/** What a snapshot says of a topic's partitions: [log start, high watermark, log end]. */
export function partitions(snapshot, topic) {
  const found = snapshot.topics.find((one) => one.name === topic);
  expect(found, `${topic} in ${JSON.stringify(snapshot.topics.map((one) => one.name))}`).toBeTruthy();
  return found.partitions.map(({ logStart, highWatermark, logEnd }) => ({ logStart, highWatermark, logEnd }));
}
