// Programs in terminals, as a script begins them and a reader sees them.
import { expect } from './site.js';

/** Calls a function of `window.konbini.code`. */
export const code = (page, name, ...values) =>
  page.evaluate(([name, values]) => konbini.code[name](...values), [name, values]);

export const output = (page, id) => code(page, 'output', id);
export const terminal = async (page, id) => (await code(page, 'list')).terminals.find((one) => one.id === id);

/** Waits until a terminal shows what matches. */
export async function shows(page, id, pattern, timeout = 30_000) {
  await expect.poll(() => output(page, id), { timeout }).toMatch(pattern);
}

export async function run(page, name, text) {
  await code(page, 'write', name, text);
  return code(page, 'run', name);
}

/** Sends a record to each of the topic's partitions every half second. */
export const producerOf = (topic, partitions) => `
const { Kafka, CompressionTypes, logLevel } = require('kafkajs')
const kafka = new Kafka({ logLevel: logLevel.ERROR, brokers: ['localhost:9092'], clientId: 'example-producer' })
const topic = '${topic}'
const producer = kafka.producer()
let sent = 0
const sendMessage = () => producer
  .send({ topic, compression: CompressionTypes.GZIP, messages: [...Array(${partitions}).keys()].map((partition) => ({ partition, key: 'key-' + sent, value: 'value-' + sent++ })) })
  .then((result) => console.log(JSON.stringify(result)))
  .catch((e) => console.error('[producer] ' + e.message, e))
const run = async () => {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: ${partitions}, replicationFactor: 3 }] })
  await admin.disconnect()
  await producer.connect()
  console.log('connected')
  setInterval(sendMessage, 500)
}
run()
for (const type of ['SIGTERM', 'SIGINT']) {
  process.once(type, async () => {
    try { await producer.disconnect() } finally { process.kill(process.pid, type) }
  })
}
`;

/** Prints what it reads, from the beginning. */
export const consumerOf = (topic, group) => `
const { Kafka, logLevel } = require('kafkajs')
const kafka = new Kafka({ logLevel: logLevel.INFO, brokers: ['localhost:9092'], clientId: 'example-consumer' })
const consumer = kafka.consumer({ groupId: '${group}', sessionTimeout: 10000 })
const run = async () => {
  await consumer.connect()
  await consumer.subscribe({ topic: '${topic}', fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      console.log(\`- \${topic}[\${partition} | \${message.offset}] / \${message.timestamp} \${message.key}#\${message.value}\`)
    },
  })
}
run()
process.once('SIGINT', async () => {
  try { await consumer.disconnect() } finally { process.kill(process.pid, 'SIGINT') }
})
`;

/** Offsets that a consumer printed, by partition. */
export function offsetsIn(text) {
  const seen = new Map();
  for (const [, partition, offset] of text.matchAll(/\[(\d) \| (\d+)\]/g)) {
    seen.set(partition, [...(seen.get(partition) ?? []), Number(offset)]);
  }
  return seen;
}
