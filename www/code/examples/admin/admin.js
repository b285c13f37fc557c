// A tour of the admin client: cluster, topics, configs, partitions, groups.
const { Kafka, ConfigResourceTypes, logLevel } = require('kafkajs')

const kafka = new Kafka({
  clientId: 'keeper',
  brokers: ['localhost:9092'],
  logLevel: logLevel.ERROR,
})
const topic = 'tour'

const run = async () => {
  const admin = kafka.admin()
  await admin.connect()

  const { brokers, controller } = await admin.describeCluster()
  console.log(`${brokers.length} broker(s); there is a controller: ${controller >= 0}`)

  if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] })
  await admin.createTopics({
    topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '3600000' }] }],
  })
  console.log('topics include it:', (await admin.listTopics()).includes(topic))

  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  console.log('partitions:', topics[0].partitions.length)

  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] }]
  const { resources: described } = await admin.describeConfigs({ resources, includeSynonyms: false })
  const [{ configName, configValue }] = described[0].configEntries
  console.log(`${configName} = ${configValue}`)

  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'retention.ms', value: '60000' }] }],
  })
  const changed = await admin.describeConfigs({ resources, includeSynonyms: false })
  console.log(`now ${changed.resources[0].configEntries[0].configValue}`)

  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: [0, 1, 2].map((partition) => ({ partition, value: 'souvenir' })) })
  await producer.disconnect()
  const offsets = await admin.fetchTopicOffsets(topic)
  offsets.sort((one, other) => one.partition - other.partition)
  console.log(offsets)

  await admin.deleteTopics({ topics: [topic] })
  await admin.disconnect()
  console.log('the tour is over')
}

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
