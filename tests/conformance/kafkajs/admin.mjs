// kafkajs: administration.
import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { admin, fresh, produce, reader, refused, topic, until, values } from './client.mjs';

const { ConfigResourceTypes } = kafkajs;

export default {
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

  'offsets of a group are set and reset from outside': async () => {
    const name = await topic();
    const group = fresh();
    await produce(name, values(0, 5));
    const committed = async () => (await admin.fetchOffsets({ groupId: group, topics: [name] }))[0].partitions[0];
    assert.equal((await committed()).offset, '-1');
    const partitions = [{ partition: 0, offset: '3' }];
    await admin.setOffsets({ groupId: group, topic: name, partitions });
    assert.equal((await committed()).offset, '3');
    const { consumer, until: read } = await reader(group, name);
    assert.deepEqual((await read(2)).map((record) => record.value), ['3', '4']);
    await assert.rejects(admin.setOffsets({ groupId: group, topic: name, partitions }), /must have no running instances/);
    await consumer.disconnect();
    await admin.resetOffsets({ groupId: group, topic: name, earliest: true });
    const again = await reader(group, name);
    assert.equal((await again.until(5)).length, 5);
    await again.consumer.disconnect();
  },

  'what cannot be is refused, each for its reason': async () => {
    const name = await topic(2);
    const create = (more) => admin.createTopics({ validateOnly: true, waitForLeaders: false, topics: [{ topic: fresh(), ...more }] });
    await refused(create({ numPartitions: 0 }), 'INVALID_PARTITIONS');
    await refused(create({ replicationFactor: 9 }), 'INVALID_REPLICATION_FACTOR');
    await refused(create({ configEntries: [{ name: 'retention.ms', value: 'soon' }] }), 'INVALID_CONFIG');
    await refused(admin.createPartitions({ topicPartitions: [{ topic: name, count: 1 }] }), 'INVALID_PARTITIONS');
    await refused(admin.deleteTopics({ topics: [fresh()] }), 'UNKNOWN_TOPIC_OR_PARTITION');
    await refused(admin.describeAcls({
      resourceType: kafkajs.AclResourceTypes.ANY, resourcePatternType: kafkajs.ResourcePatternTypes.ANY,
      operation: kafkajs.AclOperationTypes.ANY, permissionType: kafkajs.AclPermissionTypes.ANY,
    }), 'SECURITY_DISABLED');
  },

  'a partition moves to other brokers': async () => {
    const name = await topic();
    const partition = async () => (await admin.fetchTopicMetadata({ topics: [name] })).topics[0].partitions[0];
    const [old] = (await partition()).replicas;
    const replicas = [1, 2, 3].filter((broker) => broker !== old);
    await produce(name, values(0, 10));
    await admin.alterPartitionReassignments({ topics: [{ topic: name, partitionAssignment: [{ partition: 0, replicas }] }] });
    await until(async () => (await admin.listPartitionReassignments({ topics: [{ topic: name, partitions: [0] }] })).topics.length === 0);
    const { isr, replicas: now } = await partition();
    assert.deepEqual([now, isr.sort()], [replicas, replicas]);
  },
};
