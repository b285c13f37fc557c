// One program for the tab and for Node: what it prints is in same.txt, but for times and ids (see same.mjs).
const { Kafka, CompressionTypes, ConfigResourceTypes, logLevel, KafkaJSError } = require('kafkajs')
const { EventEmitter } = require('events')
const path = require('path')
const util = require('util')

const kafka = new Kafka({ clientId: 'same', brokers: ['localhost:9092'], logLevel: logLevel.NOTHING })
const topic = 'same'
// Brokers answer in any order.
const byPartition = (one, other) => one.partition - other.partition

function language() {
  console.log({ list: [1, 'two', null], map: new Map([['k', { deep: { er: {} } }]]), bytes: Buffer.from('超商') })
  console.log('%s|%d|%i|%j|%o|%%', 'text', 1.5, 1.5, { a: 1 }, [1])
  console.table([{ offset: 0, key: 'a' }, { offset: 1, key: 'b' }])
  console.log(util.inspect(new Set(['x']), { compact: false }), path.join('/a', '..', 'b.js'), path.extname('c.tar.gz'))
  console.log(Buffer.from('ff00', 'hex'), Buffer.from('aGk=', 'base64').toString(), Buffer.alloc(3).fill(7).readUIntBE(0, 3))
  const emitter = new EventEmitter()
  emitter.once('one', (...values) => console.log('emitted', values))
  console.log(emitter.emit('one', 1, 2), emitter.emit('one', 3))
  try {
    null.field
  } catch (error) {
    console.log(error.name, error.message, /(\w+)\.c?js:(\d+:\d+)/.exec(error.stack)?.[2])
  }
}

async function order() {
  const seen = []
  const note = (word) => seen.push(word)
  setTimeout(note, 5, 'timeout 5')
  setTimeout(note, 1, 'timeout 1')
  setImmediate(note, 'immediate')
  process.nextTick(note, 'tick')
  Promise.resolve('promise').then(note)
  note('now')
  await new Promise((resolve) => setTimeout(resolve, 30))
  console.log(seen.filter((word) => word !== 'immediate').join(', '), seen.includes('immediate'))
}

async function topics(admin) {
  const wanted = { topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] }] }
  console.log('created', await admin.createTopics(wanted), 'again', await admin.createTopics(wanted))
  const { topics: [{ partitions }] } = await admin.fetchTopicMetadata({ topics: [topic] })
  console.log(partitions.map(({ partitionId, partitionErrorCode }) => ({ partitionId, partitionErrorCode })))
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy', 'retention.ms'] }]
  const { resources: [{ configEntries }] } = await admin.describeConfigs({ resources, includeSynonyms: false })
  console.log(configEntries.map(({ configName, configValue, isDefault }) => [configName, configValue, isDefault]))
}

async function produce() {
  const producer = kafka.producer()
  await producer.connect()
  const message = (n) => ({ key: `key-${n % 3}`, value: `value ${n}`, headers: { n: String(n) } })
  const messages = Array.from({ length: 9 }, (_, n) => message(n))
  const sent = await producer.send({ topic, messages, compression: CompressionTypes.GZIP })
  console.log(sent.sort(byPartition))
  console.log(await producer.send({ topic, acks: 1, messages: [{ partition: 1, value: null, key: Buffer.from([0, 255]) }] }))
  console.log(await producer.send({ topic, acks: 0, messages: [{ partition: 0, value: 'unheard' }] }))
  await producer.disconnect()
}

async function refusals(admin) {
  const producer = kafka.producer({ retry: { retries: 1, initialRetryTime: 10 } })
  const attempts = {
    'before connect': () => producer.send({ topic, messages: [{ value: 'x' }] }),
    'no messages': async () => (await producer.connect(), producer.send({ topic })),
    'no value': () => producer.send({ topic, messages: [{ key: 'k' }] }),
    'a bad name': () => admin.createTopics({ topics: [{ topic: 'a b' }] }),
    'no such group': () => admin.deleteGroups(['nobody']),
    'a bad setting': () => admin.createTopics({ topics: [{ topic: 'bad', configEntries: [{ name: 'cleanup.policy', value: 'never' }] }] }),
    'nobody listens': () => new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin().connect(),
  }
  for (const [what, attempt] of Object.entries(attempts)) {
    await attempt().then(
      (value) => console.log(what, value),
      (error) => {
        const { name, type, message, errors = [] } = error
        console.log(what, '→', name, type, message, error instanceof KafkaJSError, errors.map((one) => [one.type, one.message]))
      },
    )
  }
  await producer.disconnect()
}

async function consume() {
  const consumer = kafka.consumer({ groupId: 'same' })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    console.log('joined', payload.groupId, payload.isLeader, payload.memberAssignment, payload.groupProtocol)
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const seen = []
  await new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ partition, message: { offset, key, value, headers } }) => {
        seen.push({ at: `${partition} | ${offset}`, key, value: value?.toString(), n: headers.n?.toString() })
        if (seen.length === 11) resolve()
      },
    })
  })
  console.log(seen.sort((one, other) => (one.at < other.at ? -1 : 1)))
  await consumer.disconnect()
}

async function transaction() {
  const producer = kafka.producer({ transactionalId: 'same', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (const end of ['abort', 'commit']) {
    const started = await producer.transaction()
    await started.send({ topic, messages: [{ partition: 0, value: end }] })
    await started[end]()
    console.log(end, started.isActive())
  }
  await producer.disconnect()
}

async function main() {
  language()
  await order()
  const admin = kafka.admin()
  await admin.connect()
  await topics(admin)
  await produce()
  await refusals(admin)
  await consume()
  await transaction()
  console.log(JSON.stringify(await admin.fetchOffsets({ groupId: 'same', topics: [topic] }), null, 1))
  console.log((await admin.fetchTopicOffsets(topic)).sort(byPartition))
  const { groups: [{ groupId, state, members, protocolType, errorCode }] } = await admin.describeGroups(['same'])
  console.log({ groupId, state, members, protocolType, errorCode })
  await admin.disconnect()
  process.on('exit', (code) => console.log('leaving with', code))
  process.exitCode = 3
}

main()
