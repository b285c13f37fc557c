// kafkajs: groups.
import assert from 'node:assert/strict';
import { admin, fresh, kafka, produce, reader, topic, values, WAIT_MS } from './client.mjs';

export default {
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
      const consumer = kafka.consumer({ groupId: name, maxWaitTimeInMs: WAIT_MS, heartbeatInterval: 300, rebalanceTimeout: 10_000 });
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

  'a group commits by itself': async () => {
    const name = await topic();
    const group = fresh();
    await produce(name, values(0, 5));
    const { consumer, until } = await reader(group, name, { autoCommitInterval: 100 });
    await until(5);
    await new Promise((resolve) => { consumer.on(consumer.events.COMMIT_OFFSETS, resolve); });
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [name] });
    assert.equal(offsets.partitions[0].offset, '5');
    await consumer.disconnect();
  },
};
