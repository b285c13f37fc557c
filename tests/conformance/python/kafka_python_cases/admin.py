"""kafka-python: administration."""

import uuid

from kafka import TopicPartition
from kafka.admin import (
    ACLFilter, ACLOperation, ACLPermissionType, ACLResourcePatternType, AlterConfigOp, ConfigResource,
    OffsetSpec, OffsetTimestamp, ResourcePatternFilter, ResourceType,
)

from cases import refused, until

from .client import admin, everything, partition_of, produce, producer, topic, values


def topics():
    """admin: topics are created, described, listed and deleted"""
    name = topic(3, 3)
    [found] = admin.describe_topics([name])
    assert len(found["partitions"]) == 3, found
    assert all(sorted(each["isr_nodes"]) == [1, 2, 3] for each in found["partitions"]), found
    assert admin.describe_topics([uuid.UUID(found["topic_id"])])[0]["name"] == name
    assert name in admin.list_topics()
    admin.delete_topics([name])
    until(lambda: name not in admin.list_topics())
    assert admin.describe_topics([name])[0]["error_code"] == 3


def refusals():
    """admin: what cannot be is refused, each for its reason"""
    name = topic(2)

    def create(name, partitions=1, replicas=1, **config):
        new = {"num_partitions": partitions, "replication_factor": replicas, "configs": config}
        admin.create_topics({name: new}, validate_only=True)

    create("kafka-python-could-be")
    assert "kafka-python-could-be" not in admin.list_topics()
    with refused("TopicAlreadyExistsError"):
        create(name)
    with refused("InvalidTopicError"):
        create("no spaces")
    with refused("InvalidPartitionsError"):
        create("kafka-python-none", partitions=0)
    with refused("InvalidReplicationFactorError"):
        create("kafka-python-many", replicas=9)
    with refused("InvalidConfigurationError"):
        create("kafka-python-soon", **{"retention.ms": "soon"})
    with refused("UnknownTopicOrPartitionError"):
        admin.delete_topics(["kafka-python-nowhere"])
    with refused("InvalidPartitionsError"):
        admin.create_partitions({name: 1})


def partitions():
    """admin: a topic gets more partitions, on the brokers that are named"""
    name = topic(2)
    admin.create_partitions({name: {"count": 4, "assignments": [[3], [2]]}})
    until(lambda: len(admin.describe_topics([name])[0]["partitions"]) == 4)
    assert [partition_of(name, n)["replica_nodes"] for n in [2, 3]] == [[3], [2]]


def changed(kind, name):
    found = admin.describe_configs([ConfigResource(kind, name)])[kind][name]
    return {key: entry["value"] for key, entry in found.items()}


def settings():
    """admin: settings of a topic are set, added to and taken back"""
    name = topic(**{"retention.ms": "60000"})

    def alter(**config):
        config = {key.replace("_", "."): value for key, value in config.items()}
        answer = admin.alter_configs([ConfigResource("topic", name, config)])
        assert answer == {"topic": {name: "OK"}}, answer

    assert changed("topic", name) == {"retention.ms": "60000"}
    alter(segment_ms="1000", cleanup_policy=(AlterConfigOp.APPEND, "compact"))
    expected = {"retention.ms": "60000", "segment.ms": "1000", "cleanup.policy": "delete,compact"}
    assert changed("topic", name) == expected, changed("topic", name)
    alter(cleanup_policy=(AlterConfigOp.SUBTRACT, "delete"))
    assert changed("topic", name)["cleanup.policy"] == "compact"
    whole = ConfigResource("topic", name, {"segment.ms": "2000"})
    admin.alter_configs([whole], incremental=False)
    admin.reset_configs([ConfigResource("topic", name, ["retention.ms"])])
    assert changed("topic", name) == {"segment.ms": "2000", "cleanup.policy": "compact"}, changed("topic", name)
    admin.reset_configs([ConfigResource("topic", name, {})])
    assert changed("topic", name) == {}
    answer = admin.alter_configs([ConfigResource("topic", name, {"retention.ms": "soon"})])
    assert "InvalidConfigurationError" in answer["topic"][name], answer


def broker_settings():
    """admin: settings of a broker"""
    admin.alter_configs([ConfigResource("broker", "2", {"log.flush.interval.messages": "2"})])
    until(lambda: changed("broker", "2").get("log.flush.interval.messages") == "2")
    assert "log.flush.interval.messages" not in changed("broker", "1")
    admin.reset_configs([ConfigResource("broker", "2", ["log.flush.interval.messages"])])
    until(lambda: "log.flush.interval.messages" not in changed("broker", "2"))


def records():
    """admin: offsets of every kind are found, records are deleted"""
    name = topic()
    partition = TopicPartition(name, 0)
    with producer() as one:
        for n, time in enumerate([1000, 3000, 2000, 2500]):
            one.send(name, str(n).encode(), timestamp_ms=1_700_000_000_000 + time).get(30)

    def offset(spec):
        return admin.list_partition_offsets({partition: spec})[partition].offset

    kinds = [OffsetSpec.EARLIEST, OffsetSpec.LATEST, OffsetSpec.MAX_TIMESTAMP]
    assert [offset(kind) for kind in kinds] == [0, 4, 1]
    assert offset(OffsetTimestamp(1_700_000_001_500)) == 1
    assert offset(OffsetTimestamp(1_700_000_009_000)) == -1
    assert admin.delete_records({partition: 2})[partition]["low_watermark"] == 2
    assert offset(OffsetSpec.EARLIEST) == 2
    assert values(everything(name)) == ["2", "3"]
    with refused("OffsetOutOfRangeError"):
        admin.delete_records({partition: 9})
    assert admin.delete_records({partition: -1})[partition]["low_watermark"] == 4


def cluster():
    """admin: the cluster, its quorum, features and log directories"""
    found = admin.describe_cluster()
    assert sorted(broker["broker_id"] for broker in found["brokers"]) == [1, 2, 3], found
    assert found["controller_id"] in (1, 2, 3) and found["cluster_id"], found
    [[quorum]] = [each["partitions"] for each in admin.describe_metadata_quorum()["topics"]]
    assert sorted(voter["replica_id"] for voter in quorum["current_voters"]) == [1, 2, 3], quorum
    assert quorum["leader_id"] in (1, 2, 3) and quorum["high_watermark"] > 0, quorum
    features = admin.describe_features()
    assert "metadata.version" in str(features), features
    name = topic(replicas=3)
    produce(name, range(100))
    for broker in admin.describe_log_dirs([name]):
        [directory] = broker["log_dirs"]
        [[partition]] = [each["partitions"] for each in directory["topics"]]
        assert partition["partition_size"] > 100, directory


def pages():
    """admin: the partitions of topics, page by page"""
    name = topic(5)
    cursor, found = None, []
    while len(found) < 5:
        page = admin.describe_topic_partitions([name], response_partition_limit=2, cursor=cursor)
        [of_it] = page["topics"]
        assert len(of_it["partitions"]) <= 2, of_it
        found += [partition["partition_index"] for partition in of_it["partitions"]]
        cursor = page["next_cursor"]
    assert (found, cursor) == ([0, 1, 2, 3, 4], None), (found, cursor)


def moves():
    """admin: a partition moves to other brokers, and its first replica leads again"""
    name = topic(replicas=1)
    partition = TopicPartition(name, 0)
    produce(name, range(100))
    [old] = partition_of(name)["replica_nodes"]
    new = [n for n in [1, 2, 3] if n != old]
    assert admin.alter_partition_reassignments({partition: new}) == {partition: None}
    until(lambda: partition not in admin.list_partition_reassignments())
    until(lambda: sorted(partition_of(name)["isr_nodes"]) == sorted(new))
    assert partition_of(name)["replica_nodes"] == new
    admin.elect_leaders(0, {name: [0]})
    until(lambda: partition_of(name)["leader_id"] == new[0])
    assert values(everything(name)) == [str(n) for n in range(100)]
    with refused("InvalidReplicationAssignmentError"):
        [error] = admin.alter_partition_reassignments({partition: [9]}).values()
        raise error


def acls():
    """admin: no authorizer"""
    pattern = ResourcePatternFilter(ResourceType.TOPIC, None, ACLResourcePatternType.ANY)
    with refused("SecurityDisabledError"):
        admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, pattern))


CASES = [topics, refusals, partitions, settings, broker_settings, records, cluster, pages, moves, acls]
