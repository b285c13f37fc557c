// kafkajs: producing and consuming.
import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import SnappyCodec from 'kafkajs-snappy';
import { admin, everything, fresh, kafka, produce, reader, refused, topic, values } from './client.mjs';

const { CompressionCodecs, CompressionTypes } = kafkajs;
CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec;

export default {
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

  'compressed batches': async () => {
    for (const compression of [CompressionTypes.GZIP, CompressionTypes.Snappy]) {
      const name = await topic();
      await produce(name, values(0, 500), { send: { compression } });
      assert.deepEqual((await everything(name)).map(([, value]) => Number(value)), [...Array(500).keys()]);
    }
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

  'an idempotent producer': async () => {
    const name = await topic();
    const producer = kafka.producer({ idempotent: true });
    await producer.connect();
    for (let n = 0; n < 200; n += 10) await producer.send({ topic: name, messages: values(n, n + 10) });
    await producer.disconnect();
    assert.deepEqual((await everything(name)).map(([, value]) => Number(value)), [...Array(200).keys()]);
  },

  'a record over max.message.bytes is refused, the next one is taken': async () => {
    const name = await topic(1, [{ name: 'max.message.bytes', value: '1000' }]);
    const producer = kafka.producer();
    await producer.connect();
    await refused(producer.send({ topic: name, messages: [{ value: 'x'.repeat(2000) }] }), 'MESSAGE_TOO_LARGE');
    await producer.send({ topic: name, messages: [{ value: 'small' }] });
    await producer.disconnect();
    assert.deepEqual(await everything(name), [[undefined, 'small']]);
  },

  'an unknown topic is made by a producer, or refused': async () => {
    const name = fresh();
    const strict = { producer: { allowAutoTopicCreation: false, retry: { retries: 1 } } };
    await refused(produce(name, values(0, 1), strict), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.ok(!(await admin.listTopics()).includes(name));
    await produce(name, values(0, 1));
    assert.deepEqual(await everything(name), [[undefined, '0']]);
    await refused(produce('no such name', values(0, 1)), 'INVALID_TOPIC_EXCEPTION');
  },

  'topics by a pattern': async () => {
    const names = [await topic(), await topic()];
    for (const name of names) await produce(name, [{ value: name }]);
    const { consumer, until } = await reader(fresh(), new RegExp(`^(${names.join('|')})$`));
    assert.deepEqual((await until(2)).map((record) => record.value).sort(), names.sort());
    await consumer.disconnect();
  },

  'a paused partition gives nothing, a resumed one goes on': async () => {
    const name = await topic(2);
    const { consumer, read, until } = await reader(fresh(), name);
    consumer.pause([{ topic: name, partitions: [0] }]);
    await produce(name, values(0, 10).map(({ value }) => ({ value, partition: Number(value) % 2 })));
    assert.deepEqual((await until(5)).map((record) => record.value), ['1', '3', '5', '7', '9']);
    assert.deepEqual(consumer.paused(), [{ topic: name, partitions: [0] }]);
    consumer.resume([{ topic: name, partitions: [0] }]);
    assert.deepEqual((await until(10)).slice(5).map((record) => record.value), ['0', '2', '4', '6', '8']);
    assert.equal(read.length, 10);
    await consumer.disconnect();
  },
};
