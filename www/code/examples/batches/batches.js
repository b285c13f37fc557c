// The same thousand records, one by one, in batches, and compressed: how many requests, how long it takes.
const { Kafka, CompressionTypes, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'sensor',
  brokers: ['localhost:9092'],
  logLevel: logLevel.ERROR,
})
const topic = 'readings'
const producer = kafka.producer()
const readings = Array.from({ length: 1000 }, (_, n) => ({
  key: `sensor-${n % 4}`,
  value: JSON.stringify({ sensor: n % 4, degrees: 20 + (n % 10), unit: 'celsius' }),
}))

const measure = async (name, size, compression) => {
  let requests = 0
  const stop = producer.on(producer.events.REQUEST, ({ payload }) => {
    if (payload.apiName === 'Produce') requests += 1
  })
  const began = Date.now()
  for (let at = 0; at < readings.length; at += size) {
    await producer.send({ topic, compression, messages: readings.slice(at, at + size) })
  }
  stop()
  return { name, requests, ms: Date.now() - began }
}

const run = async () => {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
  await producer.connect()
  console.table([
    await measure('one by one', 1),
    await measure('batches of 100', 100),
    await measure('batches of 100, gzip', 100, CompressionTypes.GZIP),
    await measure('one batch, gzip', 1000, CompressionTypes.GZIP),
  ])
  await producer.disconnect()
}

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
