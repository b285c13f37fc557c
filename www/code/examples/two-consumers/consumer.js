// A member of a group: start it twice, then stop one, and see who takes over its partition.
const { Kafka, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'sorter',
  brokers: ['localhost:9092'],
  logLevel: logLevel.INFO,
})
const topic = 'two-shelves'
const consumer = kafka.consumer({ groupId: 'sorters' })

const run = async () => {
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      console.log(`[${partition} | ${message.offset}] ${message.key}: ${message.value}`)
    },
  })
}

process.once('SIGINT', async () => {
  await consumer.disconnect()
  process.exit(0)
})

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
