// kafkajs's producer with acks=all: batches of 100 records of 100 bytes, one after the other.
const { Kafka, logLevel } = require('kafkajs')

const SENDS = 400
const WARM = 40
const kafka = new Kafka({ clientId: 'bench', brokers: ['localhost:9092'], logLevel: logLevel.ERROR })
const topic = `bench-${Date.now()}`

async function main() {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
  const producer = kafka.producer()
  await producer.connect()
  const messages = Array.from({ length: 100 }, (_, n) => ({ value: String(n).padStart(100, 'x') }))
  for (let sent = 0; sent < WARM + SENDS; sent += 1) {
    if (sent === WARM) console.log('begin')
    await producer.send({ topic, messages })
  }
  console.log('end')
  await producer.disconnect()
}

main()
