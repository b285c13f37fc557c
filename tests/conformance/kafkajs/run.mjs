// What kafkajs, a client that nobody here wrote, gets from the server. Prints a line a case,
// `ok NAME` or `not ok NAME: why`. Usage: node run.mjs HOST:PORT
import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';

const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs;
const CASE_MS = 60_000;

const kafka = new Kafka({
  clientId: 'conformance',
  brokers: [process.argv[2]],
  logLevel: logLevel.NOTHING,
});
const admin = kafka.admin();
let names = 0;

/** A topic of its own for a case. */
async function topic(numPartitions = 1, configEntries = []) {
  names += 1;
  const name = `case-${names}`;
  const topics = [{ topic: name, numPartitions, replicationFactor: 1, configEntries }];
  await admin.createTopics({ topics, waitForLeaders: true });
  return name;
}

async function produce(name, messages, options = {}) {
  const producer = kafka.producer(options.producer);
  await producer.connect();
  const sent = await producer.send({ topic: name, messages, ...options.send });
  await producer.disconnect();
  return sent;
}

const values = (from, to) => Array.from({ length: to - from }, (_, n) => ({ value: String(from + n) }));

/** A consumer that keeps what it reads; `until(count)` waits for so many. */
async function reader(groupId, name, options = {}) {
  const consumer = kafka.consumer({ groupId, ...options.consumer });
  const read = [];
  let wake = () => {};
  await consumer.connect();
  await consumer.subscribe({ topics: [name], fromBeginning: true });
  await consumer.run({
    autoCommit: options.autoCommit ?? true,
    eachMessage: async ({ partition, message }) => {
      read.push({ partition, offset: Number(message.offset), key: message.key?.toString(), value: message.value?.toString(), headers: message.headers });
      wake();
    },
  });
  const until = async (count) => {
    while (read.length < count) await new Promise((resolve) => { wake = resolve; });
    return read;
  };
  return { consumer, read, until };
}

const cases = {
  'the cluster describes itself': async () => {
    const { brokers, controller, clusterId } = await admin.describeCluster();
    assert.ok(brokers.length >= 1 && clusterId);
    assert.ok(brokers.some((broker) => broker.nodeId === controller));
  },

  'topics are created once, listed, and deleted': async () => {
    const name = await topic(3);
    assert.equal(await admin.createTopics({ topics: [{ topic: name }] }), false);
    await assert.rejects(
      admin.createTopics({ topics: [{ topic: 'no/slash' }] }),
      (error) => [error, ...(error.errors ?? [])].some((one) => one.type === 'INVALID_TOPIC_EXCEPTION'),
    );
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    assert.equal(topics[0].partitions.length, 3);
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: 5 }] });
    assert.equal((await admin.fetchTopicMetadata({ topics: [name] })).topics[0].partitions.length, 5);
    await admin.deleteTopics({ topics: [name] });
    assert.ok(!(await admin.listTopics()).includes(name));
  },

  'records come back with key, headers, timestamp and order': async () => {
    const name = await topic();
    const sent = await produce(name, [
      { key: 'k', value: 'a', headers: { h: 'x' }, timestamp: '1700000000000' },
      { key: 'k', value: null },
      { value: 'c' },
    ]);
    assert.equal(sent[0].baseOffset, '0');
    const { consumer, until } = await reader('order', name);
    const read = await until(3);
    await consumer.disconnect();
    assert.deepEqual(read.map((record) => record.value), ['a', undefined, 'c']);
    assert.equal(read[0].key, 'k');
    assert.equal(read[0].headers.h.toString(), 'x');
    assert.deepEqual(read.map((record) => record.offset), [0, 1, 2]);
  },

  'acks 0, 1 and all': async () => {
    const name = await topic();
    for (const acks of [0, 1, -1]) await produce(name, values(0, 2), { send: { acks } });
    const { consumer, until } = await reader('acks', name);
    assert.equal((await until(6)).length, 6);
    await consumer.disconnect();
  },

  'a compressed batch': async () => {
    const name = await topic();
    await produce(name, values(0, 500), { send: { compression: CompressionTypes.GZIP } });
    const { consumer, until } = await reader('gzip', name);
    const read = await until(500);
    await consumer.disconnect();
    assert.deepEqual(read.map((record) => Number(record.value)), [...Array(500).keys()]);
  },

  'a key keeps its partition': async () => {
    const name = await topic(4);
    const messages = Array.from({ length: 100 }, (_, n) => ({ key: `key-${n % 7}`, value: String(n) }));
    await produce(name, messages);
    const { consumer, until } = await reader('keys', name);
    const read = await until(100);
    await consumer.disconnect();
    const places = new Map();
    for (const { key, partition } of read) {
      assert.equal(places.get(key) ?? partition, partition);
      places.set(key, partition);
    }
    assert.ok(new Set(places.values()).size > 1);
  },

  'each group reads everything, one goes on where it left off': async () => {
    const name = await topic();
    await produce(name, values(0, 10));
    const first = await reader('left-off', name);
    await first.until(10);
    await first.consumer.disconnect();
    await produce(name, values(10, 12));
    const again = await reader('left-off', name);
    assert.deepEqual((await again.until(2)).map((record) => record.value), ['10', '11']);
    await again.consumer.disconnect();
    const other = await reader('another', name);
    assert.equal((await other.until(12)).length, 12);
    await other.consumer.disconnect();
  },

  'two members share the partitions, one takes over': async () => {
    const name = await topic(2);
    const joined = (member) => new Promise((resolve) => {
      const { GROUP_JOIN } = member.events;
      const remove = member.on(GROUP_JOIN, ({ payload }) => {
        if (payload.memberAssignment[name]?.length === 1) { remove(); resolve(payload.memberAssignment[name][0]); }
      });
    });
    const start = async () => {
      const consumer = kafka.consumer({ groupId: 'share', heartbeatInterval: 300, rebalanceTimeout: 10_000 });
      const half = joined(consumer);
      const read = [];
      await consumer.connect();
      await consumer.subscribe({ topics: [name], fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => { read.push(message.value.toString()); } });
      return { consumer, half, read };
    };
    const one = await start();
    const two = await start();
    const owned = await Promise.all([one.half, two.half]);
    assert.deepEqual(owned.sort(), [0, 1]);
    const all = new Promise((resolve) => one.consumer.on(one.consumer.events.GROUP_JOIN, ({ payload }) => {
      if (payload.memberAssignment[name]?.length === 2) resolve();
    }));
    await two.consumer.disconnect();
    await all;
    await one.consumer.disconnect();
  },

  'what is not committed is read again': async () => {
    const name = await topic();
    await produce(name, values(0, 5));
    const first = await reader('manual', name, { autoCommit: false });
    await first.until(5);
    await first.consumer.commitOffsets([{ topic: name, partition: 0, offset: '3' }]);
    await first.consumer.disconnect();
    const second = await reader('manual', name, { autoCommit: false });
    assert.deepEqual((await second.until(2)).map((record) => record.value), ['3', '4']);
    await second.consumer.disconnect();
    const [offsets] = await admin.fetchOffsets({ groupId: 'manual', topics: [name] });
    assert.equal(offsets.partitions[0].offset, '3');
  },

  'seek goes back': async () => {
    const name = await topic();
    await produce(name, values(0, 4));
    const { consumer, read, until } = await reader('seek', name);
    await until(4);
    consumer.seek({ topic: name, partition: 0, offset: '2' });
    await until(6);
    await consumer.disconnect();
    assert.deepEqual(read.slice(4).map((record) => record.value), ['2', '3']);
  },

  'offsets by time, and records deleted': async () => {
    const name = await topic();
    const at = (ms) => String(1_700_000_000_000 + ms);
    await produce(name, [0, 10, 20].map((ms) => ({ value: 'x', timestamp: at(ms) })));
    const [found] = await admin.fetchTopicOffsetsByTimestamp(name, Number(at(5)));
    assert.equal(found.offset, '1');
    await admin.deleteTopicRecords({ topic: name, partitions: [{ partition: 0, offset: '2' }] });
    const [offsets] = await admin.fetchTopicOffsets(name);
    assert.deepEqual([offsets.low, offsets.high], ['2', '3']);
  },

  'settings of a topic': async () => {
    const name = await topic(1, [{ name: 'retention.ms', value: '60000' }]);
    const describe = async () => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms'] }],
      });
      return resources[0].configEntries[0].configValue;
    };
    assert.equal(await describe(), '60000');
    const change = { type: ConfigResourceTypes.TOPIC, name, configEntries: [{ name: 'retention.ms', value: '70000' }] };
    await admin.alterConfigs({ validateOnly: false, resources: [change] });
    assert.equal(await describe(), '70000');
  },

  'groups are listed, described and deleted': async () => {
    const name = await topic();
    await produce(name, values(0, 1));
    const { consumer, until } = await reader('described', name);
    await until(1);
    const { groups } = await admin.describeGroups(['described']);
    assert.equal(groups[0].state, 'Stable');
    assert.equal(groups[0].members.length, 1);
    await assert.rejects(admin.deleteGroups(['described']));
    await consumer.disconnect();
    assert.ok((await admin.listGroups()).groups.some((group) => group.groupId === 'described'));
    await admin.deleteGroups(['described']);
    assert.ok(!(await admin.listGroups()).groups.some((group) => group.groupId === 'described'));
  },

  'a transaction is seen whole or not at all': async () => {
    const name = await topic();
    const producer = kafka.producer({ transactionalId: 'conformance', maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const kept = await producer.transaction();
    await kept.send({ topic: name, messages: values(0, 2) });
    await kept.commit();
    const dropped = await producer.transaction();
    await dropped.send({ topic: name, messages: values(2, 4) });
    await dropped.abort();
    const last = await producer.transaction();
    await last.send({ topic: name, messages: values(4, 5) });
    await last.sendOffsets({ consumerGroupId: 'in-transaction', topics: [{ topic: name, partitions: [{ partition: 0, offset: '1' }] }] });
    await last.commit();
    await producer.disconnect();
    const { consumer, until } = await reader('committed', name, { consumer: { readUncommitted: false } });
    assert.deepEqual((await until(3)).map((record) => record.value), ['0', '1', '4']);
    await consumer.disconnect();
    const [offsets] = await admin.fetchOffsets({ groupId: 'in-transaction', topics: [name] });
    assert.equal(offsets.partitions[0].offset, '1');
  },
};

await admin.connect();
for (const [name, run] of Object.entries(cases)) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came within ${CASE_MS} ms`)), CASE_MS);
  });
  try {
    await Promise.race([run(), late]);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`not ok ${name}: ${String(error.message).split('\n')[0]}`);
  }
  clearTimeout(timer);
}
await admin.disconnect();
process.exit(0);
