// Records with the same key go to the same partition, so they are read in the order in which they were sent.
const { Kafka, Partitioners, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'kitchen',
  brokers: ['localhost:9092'],
  logLevel: logLevel.ERROR,
})
const topic = 'orders-by-table'
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
const consumer = kafka.consumer({ groupId: `waiters-${Date.now()}` })
const STEPS = ['ordered', 'cooked', 'served', 'paid']
const TABLES = ['table-1', 'table-2', 'table-3', 'table-4']

const run = async () => {
  const admin = kafka.admin()
  await admin.connect()
  if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] })
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] })
  await admin.disconnect()

  await producer.connect()
  for (const step of STEPS) {
    const messages = TABLES.map((key) => ({ key, value: step }))
    await producer.send({ topic, messages })
  }
  await producer.disconnect()

  const places = new Map()
  const steps = new Map()
  let seen = 0
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const all = new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ partition, message }) => {
        const key = String(message.key)
        places.set(key, (places.get(key) ?? new Set()).add(partition))
        steps.set(key, [...(steps.get(key) ?? []), String(message.value)])
        seen += 1
        if (seen === STEPS.length * TABLES.length) resolve()
      },
    })
  })
  await all
  for (const table of TABLES) {
    const inOrder = steps.get(table).join() === STEPS.join()
    console.log(`${table}: partition ${[...places.get(table)]}, ${inOrder ? 'in order' : 'out of order'}`)
  }
  await consumer.disconnect()
}

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
