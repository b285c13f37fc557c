// Every codec both ways: records that this program compresses, and records that the broker compresses again because
// their topic says so. Prints how many of each came back as they were sent.
const { Kafka, CompressionCodecs, CompressionTypes, logLevel } = require('kafkajs')
const SnappyCodec = require('kafkajs-snappy')
const LZ4Codec = require('kafkajs-lz4')
const ZstdCodec = require('@kafkajs/zstd')

CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec
CompressionCodecs[CompressionTypes.LZ4] = new LZ4Codec().codec
CompressionCodecs[CompressionTypes.ZSTD] = ZstdCodec({ level: 3 })

const MESSAGES = 50
const kafka = new Kafka({ clientId: 'codecs', brokers: ['localhost:9092'], logLevel: logLevel.ERROR })
// Some values repeat, some do not.
const valueOf = (index) => (index % 2 ? `parcel ${index} `.repeat(400) : String(Math.sin(index)).repeat(3))

async function main() {
  const admin = kafka.admin()
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'codecs' })
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()])
  const names = ['Snappy', 'LZ4', 'ZSTD']
  const topics = names.flatMap((name) => [
    { topic: `codec-${name}`, numPartitions: 1 },
    { topic: `broker-${name}`, numPartitions: 1, configEntries: [{ name: 'compression.type', value: name.toLowerCase() }] },
  ])
  await admin.createTopics({ topics })
  const messages = Array.from({ length: MESSAGES }, (_, index) => ({ key: String(index), value: valueOf(index) }))
  for (const name of names) {
    await producer.send({ topic: `codec-${name}`, messages, compression: CompressionTypes[name] })
    await producer.send({ topic: `broker-${name}`, messages, compression: CompressionTypes.GZIP })
  }
  const right = new Map(topics.map(({ topic }) => [topic, 0]))
  await consumer.subscribe({ topics: [...right.keys()], fromBeginning: true })
  await new Promise((resolve) => {
    let seen = 0
    consumer.run({
      eachMessage: async ({ topic, message }) => {
        if (String(message.value) === valueOf(Number(message.key))) right.set(topic, right.get(topic) + 1)
        seen += 1
        if (seen === MESSAGES * topics.length) resolve()
      },
    })
  })
  for (const [topic, count] of right) console.log(`${topic}: ${count} of ${MESSAGES}`)
  await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()])
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
