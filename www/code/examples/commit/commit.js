// Commits by hand, and crashes between doing the work and committing it: that record is worked on twice.
// Run it twice. At least once is what a consumer gets; exactly once is a matter of what the work is.
const { Kafka, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'baker',
  brokers: ['localhost:9092'],
  logLevel: logLevel.ERROR,
})
const topic = 'loaves'
const groupId = 'bakery'
const producer = kafka.producer()
const consumer = kafka.consumer({ groupId, sessionTimeout: 6000 })

const committed = async (admin) => {
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return Number(partitions[0].offset)
}

const run = async () => {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  const from = await committed(admin)
  console.log(from < 0 ? 'nothing is committed yet' : `committed so far: ${from}`)
  await admin.disconnect()

  if (from < 0) {
    await producer.connect()
    const messages = Array.from({ length: 6 }, (_, n) => ({ value: `loaf ${n}` }))
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      console.log(`baked ${message.value} (offset ${message.offset})`)
      if (from < 0 && message.offset === '3') {
        console.error('crash: baked, but not committed')
        process.exit(1)
      }
      const offset = String(Number(message.offset) + 1)
      await consumer.commitOffsets([{ topic, partition, offset }])
      if (message.offset === '5') {
        console.log('all loaves are done')
        setImmediate(() => consumer.disconnect())
      }
    },
  })
}

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
