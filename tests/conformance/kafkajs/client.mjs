// What the cases share: topics of their own, producing, and readers that wait for so much.
import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';

const { Kafka, logLevel } = kafkajs;
const CASE_MS = 60_000;
// A consumer ends when its last fetch is answered.
export const WAIT_MS = 100;

export const kafka = new Kafka({
  clientId: 'conformance',
  brokers: [process.argv[2]],
  logLevel: logLevel.NOTHING,
});
export const admin = kafka.admin();
// The suite can be run again on the same server.
const started = Date.now().toString(16);
let names = 0;

/** A name that nothing has. */
export function fresh() {
  names += 1;
  return `case-${started}-${names}`;
}

/** A topic of its own for a case. */
export async function topic(numPartitions = 1, configEntries = [], replicationFactor = 1) {
  const name = fresh();
  const topics = [{ topic: name, numPartitions, replicationFactor, configEntries }];
  await admin.createTopics({ topics, waitForLeaders: true });
  return name;
}

export async function produce(name, messages, options = {}) {
  const producer = kafka.producer(options.producer);
  await producer.connect();
  try {
    return await producer.send({ topic: name, messages, ...options.send });
  } finally {
    await producer.disconnect();
  }
}

export const values = (from, to) => Array.from({ length: to - from }, (_, n) => ({ value: String(from + n) }));

/** A consumer that keeps what it reads; `until(count)` waits for so many. */
export async function reader(groupId, name, options = {}) {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: WAIT_MS, ...options.consumer });
  const read = [];
  let wake = () => {};
  await consumer.connect();
  await consumer.subscribe({ topics: [name].flat(), fromBeginning: true });
  await consumer.run({
    autoCommit: options.autoCommit ?? true,
    autoCommitInterval: options.autoCommitInterval,
    eachMessage: async ({ topic, partition, message }) => {
      read.push({
        topic, partition, offset: Number(message.offset), key: message.key?.toString(), value: message.value?.toString(),
        headers: message.headers, timestamp: message.timestamp,
      });
      wake();
    },
  });
  const until = async (count) => {
    while (read.length < count) await new Promise((resolve) => { wake = resolve; });
    return read;
  };
  return { consumer, read, until };
}

/** Key and value of all that partition 0 holds, up to its last stable offset. */
export async function everything(name) {
  const [{ high }] = await admin.fetchTopicOffsets(name);
  const consumer = kafka.consumer({ groupId: `all-${fresh()}`, maxWaitTimeInMs: WAIT_MS });
  const found = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [name], fromBeginning: true });
  // Markers and what was compacted take offsets too, so this tells where the end is.
  await new Promise((resolve) => {
    if (Number(high) === 0) resolve();
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (Number(payload.lastOffset) >= Number(high) - 1) resolve();
    });
    consumer.run({
      eachBatch: async ({ batch }) => {
        for (const { key, value } of batch.messages) found.push([key?.toString(), value?.toString() ?? null]);
      },
    });
  });
  await consumer.disconnect();
  return found;
}

/** Asks until it holds; the case's own limit ends it. */
export async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => { setTimeout(resolve, 50); });
}

/** That it fails, with this type of error. */
export function refused(promise, type) {
  const known = (error) => error && (error.type === type || [error.cause, ...(error.errors ?? [])].some(known));
  return assert.rejects(promise, (error) => known(error) || assert.fail(`${type} was expected, found ${error.type ?? error}`));
}

/** To the server itself: tests/conformance/README.md. */
export async function order(broker, what) {
  const url = `http://${process.env.KONBINI_CONTROL}/brokers/${broker}/${what}`;
  assert.equal((await fetch(url, { method: 'POST' })).status, 202);
}

/** Runs cases in order, each with a limit, and prints a line for each. */
export async function run(cases) {
  for (const [name, body] of Object.entries(cases)) {
    // For trying out some of them: a part of their names.
    if (!name.includes(process.env.ONLY ?? '')) continue;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came within ${CASE_MS} ms`)), CASE_MS);
    });
    try {
      await Promise.race([body(), late]);
      console.log(`ok ${name}`);
    } catch (error) {
      console.error(error.stack);
      console.log(`not ok ${name}: ${String(error.message).split('\n')[0]}`);
    }
    clearTimeout(timer);
  }
}
