// kafkajs: compaction, and brokers that go and come.
import assert from 'node:assert/strict';
import { admin, everything, kafka, order, produce, refused, topic, until, WAIT_MS } from './client.mjs';

const COMPACTED = Object.entries({
  'cleanup.policy': 'compact',
  'segment.ms': '100',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '0',
}).map(([name, value]) => ({ name, value }));
const PATIENT = { initialRetryTime: 100, maxRetryTime: 1000, retries: 60 };
// A consumer looks for a new coordinator only when it has given its old one up.
const HASTY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 3 };

/** A producer and a group of one that reads what it writes, while brokers go and come. */
async function load(name) {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry: PATIENT });
  const consumer = kafka.consumer({
    groupId: name, maxWaitTimeInMs: WAIT_MS, retry: HASTY, sessionTimeout: 6000, heartbeatInterval: 300,
  });
  const seen = new Set();
  let sent = 0;
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [name], fromBeginning: true });
  await consumer.run({
    autoCommitInterval: 100,
    eachMessage: async ({ message }) => { seen.add(message.value.toString()); },
  });
  /** Each is acknowledged before the next one goes, so what was sent was acknowledged. */
  const goOn = async (holds) => {
    while (!(await holds())) {
      await producer.send({ topic: name, acks: -1, messages: [{ value: String(sent) }] });
      sent += 1;
    }
  };
  const more = async () => {
    const [toSend, toRead] = [sent + 200, seen.size + 200];
    await goOn(() => sent >= toSend && seen.size >= toRead);
  };
  const finish = async () => {
    await until(() => seen.size >= sent);
    await Promise.all([producer.disconnect(), consumer.disconnect()]);
    return Array.from({ length: sent }, (_, n) => String(n));
  };
  return { goOn, more, finish };
}

export default {
  'a compacted topic keeps the last value of a key': async () => {
    const name = await topic(1, COMPACTED);
    await refused(produce(name, [{ value: 'no key' }]), 'INVALID_RECORD');
    const producer = kafka.producer();
    await producer.connect();
    const write = (key, value) => producer.send({ topic: name, messages: [{ key, value }] });
    for (let n = 0; n < 20; n += 1) await write(`k${n % 4}`, String(n));
    await write('k0', null);
    assert.deepEqual((await everything(name)).at(-1), ['k0', null]);
    // The segment that is written to is not cleaned.
    await until(async () => {
      await write('clock', 'now');
      const found = (await everything(name)).filter(([key]) => key !== 'clock');
      return JSON.stringify(found) === JSON.stringify([['k1', '17'], ['k2', '18'], ['k3', '19']]);
    });
    await producer.disconnect();
  },

  'a leader is killed, then one stopped, under load: no record is lost, none is twice': async () => {
    const name = await topic(1, [], 3);
    const partition = async () => {
      try {
        return (await admin.fetchTopicMetadata({ topics: [name] })).topics[0].partitions[0];
      } catch {
        // The broker that was asked is gone.
        return { leader: -1, isr: [] };
      }
    };
    const { goOn, more, finish } = await load(name);
    await more();
    for (const what of ['kill', 'stop']) {
      const { leader } = await partition();
      await order(leader, what);
      await goOn(async () => ![leader, -1].includes((await partition()).leader));
      await more();
      await order(leader, 'start');
      await goOn(async () => (await partition()).isr.length === 3);
      await more();
    }
    const sent = await finish();
    assert.deepEqual((await everything(name)).map(([, value]) => value), sent);
  },
};
