// A customer: takes parcels when there is time for it. Stop it, wait, and start it again: nothing is lost.
const { Kafka, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'customer',
  brokers: ['localhost:9092'],
  logLevel: logLevel.INFO,
})
const topic = 'parcels'
const consumer = kafka.consumer({ groupId: 'household' })

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
