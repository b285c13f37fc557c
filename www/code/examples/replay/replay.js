// Reads everything again with a group that nobody has used before, and says when it has caught up.
// Records stay when they have been read: a group only remembers how far it has come.
const { Kafka, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'auditor',
  brokers: ['localhost:9092'],
  logLevel: logLevel.ERROR,
})
const topic = 'parcels'
const groupId = `audit-${Date.now()}`
const consumer = kafka.consumer({ groupId })
let seen = 0

const run = async () => {
  const admin = kafka.admin()
  await admin.connect()
  const before = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const ends = new Map(before.map(({ partition, offset }) => [partition, Number(offset)]))
  const there = [...ends.values()].reduce((sum, end) => sum + end, 0)
  console.log(`${groupId}: ${there} records are there`)

  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      seen += 1
      console.log(`again [${partition} | ${message.offset}] ${message.key}: ${message.value}`)
      if (seen === there) console.log('caught up: from here on they are new')
    },
  })
}

process.once('SIGINT', async () => {
  await consumer.disconnect()
  process.exit(0)
})

run().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
