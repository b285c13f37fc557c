// kafkajs: transactions.
import assert from 'node:assert/strict';
import { admin, everything, fresh, kafka, produce, reader, refused, topic, until, values } from './client.mjs';

async function transactional(transactionalId, more = {}) {
  const producer = kafka.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true, ...more });
  await producer.connect();
  return producer;
}

const committed = async (name) => (await everything(name)).map(([, value]) => value);

export default {
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

  'nothing behind an open transaction is seen until it ends': async () => {
    const name = await topic();
    const producer = await transactional(fresh());
    const one = await producer.transaction();
    await one.send({ topic: name, messages: [{ value: 'a' }] });
    await produce(name, [{ value: 'b' }]);
    const dirty = await reader(fresh(), name, { consumer: { readUncommitted: true } });
    assert.deepEqual((await dirty.until(2)).map((record) => record.value), ['a', 'b']);
    const { consumer, read, until: reads } = await reader(fresh(), name, { consumer: { readUncommitted: false } });
    await new Promise((resolve) => { consumer.on(consumer.events.FETCH, resolve); });
    assert.deepEqual(read, []);
    await one.commit();
    assert.deepEqual((await reads(2)).map((record) => record.value), ['a', 'b']);
    await Promise.all([dirty.consumer.disconnect(), consumer.disconnect(), producer.disconnect()]);
  },

  'offsets of a transaction that is aborted are not committed': async () => {
    const name = await topic();
    const group = fresh();
    const producer = await transactional(fresh());
    const topics = [{ topic: name, partitions: [{ partition: 0, offset: '7' }] }];
    const committed = async () => (await admin.fetchOffsets({ groupId: group, topics: [name] }))[0].partitions[0].offset;
    for (const [end, offset] of [['abort', '-1'], ['commit', '7']]) {
      const one = await producer.transaction();
      await one.send({ topic: name, messages: values(0, 1) });
      await one.sendOffsets({ consumerGroupId: group, topics });
      await one[end]();
      await until(async () => (await committed()) === offset);
    }
    await producer.disconnect();
  },

  'a second producer of the same id fences the first': async () => {
    const name = await topic();
    const id = fresh();
    const old = await transactional(id);
    const lost = await old.transaction();
    await lost.send({ topic: name, messages: [{ value: 'lost' }] });
    const next = await transactional(id);
    const kept = await next.transaction();
    await refused(lost.commit(), 'INVALID_PRODUCER_EPOCH');
    await kept.send({ topic: name, messages: [{ value: 'kept' }] });
    await kept.commit();
    await Promise.all([old.disconnect(), next.disconnect()]);
    await until(async () => (await committed(name)).join() === 'kept');
  },

  'a transaction that is left open is aborted after its time': async () => {
    const name = await topic();
    const producer = await transactional(fresh(), { transactionTimeout: 1000 });
    const one = await producer.transaction();
    await one.send({ topic: name, messages: [{ value: 'late' }] });
    await produce(name, [{ value: 'after' }]);
    const { consumer, until: reads } = await reader(fresh(), name, { consumer: { readUncommitted: false } });
    assert.deepEqual((await reads(1)).map((record) => record.value), ['after']);
    await refused(one.commit(), 'INVALID_PRODUCER_EPOCH');
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
  },
};
