// The two programs of an export that are ours. They are written for Node, with kafkajs.

/** Makes the topics of topics.json, once the brokers are there. */
export const CREATE_TOPICS = `// Makes the topics of topics.json. Those that are there already stay as they are.
const { Kafka, logLevel } = require('kafkajs')
const topics = require('./topics.json')

const brokers = (process.env.BROKERS || 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'create-topics', brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } })
/** Real ms for all brokers to come up. */
const PATIENCE = 120000

async function ready(admin) {
  const until = Date.now() + PATIENCE
  const wanted = Math.max(1, ...topics.map((topic) => topic.replicationFactor))
  for (;;) {
    try {
      await admin.connect()
      const cluster = await admin.describeCluster()
      if (cluster.brokers.length >= wanted) return
    } catch (error) {
      if (Date.now() > until) throw error
    }
    if (Date.now() > until) throw new Error('fewer than ' + wanted + ' brokers have come up')
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

async function main() {
  const admin = kafka.admin()
  await ready(admin)
  const there = new Set(await admin.listTopics())
  for (const topic of topics) {
    if (there.has(topic.topic)) {
      console.log(topic.topic + ' is there already')
      continue
    }
    await admin.createTopics({ topics: [topic], waitForLeaders: true })
    console.log('created ' + topic.topic + ' with ' + topic.numPartitions + ' partitions')
  }
  await admin.disconnect()
}

main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
`;

/** Sends the records of records.jsonl, each to its partition and in its order. */
export const LOAD = `// Sends the records of records.jsonl, each to its own partition and in its order, with its timestamp.
// Topics that hold records already are left out, so that nothing is there twice.
const { createReadStream } = require('fs')
const { join } = require('path')
const { createInterface } = require('readline')
const { Kafka, logLevel } = require('kafkajs')

const brokers = (process.env.BROKERS || 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'load', brokers, logLevel: logLevel.ERROR })
/** Records, and bytes of them, that go in one request. */
const RECORDS = 500
const BYTES = 512 * 1024

/** A field's bytes: text, or base64 where the record says so; null is null. */
function bytes(record, field, value) {
  if (value === null) return null
  return Buffer.from(value, (record.base64 || []).includes(field) ? 'base64' : 'utf8')
}

function message(record) {
  const headers = {}
  record.headers.forEach(([name, value], place) => {
    headers[name] = [...(headers[name] || []), bytes(record, 'headers.' + place, value) || Buffer.alloc(0)]
  })
  return {
    partition: record.partition,
    timestamp: String(record.timestamp),
    key: bytes(record, 'key', record.key),
    value: bytes(record, 'value', record.value),
    headers,
  }
}

async function filled() {
  const admin = kafka.admin()
  await admin.connect()
  const found = new Set()
  for (const topic of await admin.listTopics()) {
    const offsets = await admin.fetchTopicOffsets(topic)
    if (offsets.some(({ high }) => Number(high) > 0)) found.add(topic)
  }
  await admin.disconnect()
  return found
}

async function main() {
  const skip = await filled()
  // One request at a time, and the broker knows a repeated one: the order is kept.
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const counts = new Map()
  let topic
  let messages = []
  let size = 0
  const send = async () => {
    if (messages.length > 0) await producer.send({ topic, messages, acks: -1 })
    counts.set(topic, (counts.get(topic) || 0) + messages.length)
    messages = []
    size = 0
  }
  for await (const line of createInterface({ input: createReadStream(join(__dirname, 'records.jsonl')) })) {
    if (!line) continue
    const record = JSON.parse(line)
    if (skip.has(record.topic)) continue
    if (record.topic !== topic || messages.length >= RECORDS || size >= BYTES) {
      if (topic) await send()
      topic = record.topic
    }
    messages.push(message(record))
    size += line.length
  }
  if (topic) await send()
  await producer.disconnect()
  for (const name of skip) console.log(name + ' holds records already: nothing was sent to it')
  for (const [name, count] of counts) console.log('sent ' + count + ' records to ' + name)
}

main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
`;
