// A courier: brings a parcel every two seconds. Run it, then run consumer.js in another terminal.
const { Kafka, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'courier',
  brokers: ['localhost:9092'],
  logLevel: logLevel.ERROR,
})
const topic = 'parcels'
const producer = kafka.producer()
let number = 0

const send = async () => {
  number += 1
  const messages = [{ key: `customer-${number % 5}`, value: `parcel ${number}` }]
  const [{ partition, baseOffset }] = await producer.send({ topic, messages })
  console.log(`parcel ${number} is at partition ${partition}, offset ${baseOffset}`)
}

const run = async () => {
  const admin = kafka.admin()
  await admin.connect()
  const created = await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  console.log(created ? `created topic ${topic}` : `topic ${topic} is there already`)
  await admin.disconnect()
  await producer.connect()
  setInterval(() => send().catch((error) => console.error(error.message)), 2000)
}

process.once('SIGINT', async () => {
  await producer.disconnect()
  process.exit(0)
})

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
