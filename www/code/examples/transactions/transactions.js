// Consume, transform, produce: the records that come out and the offsets that went in are one transaction.
// Every third one is aborted and tried again; who reads only what is committed sees each result once.
const { Kafka, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'till',
  brokers: ['localhost:9092'],
  logLevel: logLevel.ERROR,
})
const from = 'sales'
const to = 'receipts'
const groupId = `tills-${Date.now()}`
const SALES = 9

const consumer = kafka.consumer({ groupId, readUncommitted: false })
const producer = kafka.producer({ transactionalId: 'till-1', maxInFlightRequests: 1, idempotent: true })
let tries = 0

const receipt = async ({ partition, message }) => {
  tries += 1
  const transaction = await producer.transaction()
  await transaction.send({ topic: to, messages: [{ value: `receipt for ${message.value}` }] })
  if (tries % 3 === 0) {
    await transaction.abort()
    console.log(`aborted ${message.value}`)
    return receipt({ partition, message })
  }
  const offset = String(Number(message.offset) + 1)
  await transaction.sendOffsets({
    consumerGroupId: groupId,
    topics: [{ topic: from, partitions: [{ partition, offset }] }],
  })
  await transaction.commit()
  console.log(`committed ${message.value}`)
}

const read = async (topic, readUncommitted, wanted) => {
  const reader = kafka.consumer({ groupId: `reader-${readUncommitted}-${Date.now()}`, readUncommitted })
  const values = []
  await reader.connect()
  await reader.subscribe({ topics: [topic], fromBeginning: true })
  await new Promise((resolve) => {
    reader.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value))
        if (values.length === wanted) resolve()
      },
    })
  })
  await reader.disconnect()
  return values
}

const run = async () => {
  const admin = kafka.admin()
  await admin.connect()
  const old = (await admin.listTopics()).filter((topic) => [from, to].includes(topic))
  if (old.length > 0) await admin.deleteTopics({ topics: old })
  await admin.createTopics({ topics: [from, to].map((topic) => ({ topic, numPartitions: 1 })) })
  await admin.disconnect()

  await producer.connect()
  await producer.send({ topic: from, messages: Array.from({ length: SALES }, (_, n) => ({ value: `sale ${n}` })) })

  await consumer.connect()
  await consumer.subscribe({ topics: [from], fromBeginning: true })
  await new Promise((resolve, reject) => {
    let done = 0
    consumer.run({
      autoCommit: false,
      eachMessage: async (one) => {
        await receipt(one).catch(reject)
        done += 1
        if (done === SALES) resolve()
      },
    })
  })
  await consumer.disconnect()
  await producer.disconnect()

  const receipts = await read(to, false, SALES)
  console.log(`${receipts.length} receipts, ${new Set(receipts).size} of them different`)
}

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
