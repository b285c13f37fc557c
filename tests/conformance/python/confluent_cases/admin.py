"""confluent-kafka: administration."""

from confluent_kafka import ElectionType, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AclBinding, AclOperation, AclPermissionType, AlterConfigOpType, ConfigEntry, ConfigResource,
    NewPartitions, NewTopic, OffsetSpec, ResourcePatternType, ResourceType,
)

from cases import refused, until

from .client import admin, everything, partition_of, produce, topic, values


def done(futures):
    return [future.result(30) for future in futures.values()]


def topics():
    """admin: topics are created, described, listed and deleted"""
    name = topic(3, 3)
    [found] = done(admin.describe_topics(TopicCollection([name])))
    assert len(found.partitions) == 3 and str(found.topic_id) != "AAAAAAAAAAAAAAAAAAAAAA", found
    assert all(sorted(node.id for node in each.isr) == [1, 2, 3] for each in found.partitions), found
    assert name in admin.list_topics(timeout=30).topics
    done(admin.delete_topics([name]))
    until(lambda: name not in admin.list_topics(timeout=30).topics)
    with refused("UNKNOWN_TOPIC_OR_PART"):
        done(admin.describe_topics(TopicCollection([name])))


def refusals():
    """admin: what cannot be is refused, each for its reason"""
    name = topic(2)

    def create(name, partitions=1, replicas=1, **config):
        done(admin.create_topics([NewTopic(name, partitions, replicas, config=config)], validate_only=True))

    create("librdkafka-could-be")
    assert "librdkafka-could-be" not in admin.list_topics(timeout=30).topics
    with refused("TOPIC_ALREADY_EXISTS"):
        create(name)
    with refused("TOPIC_EXCEPTION"):
        create("no spaces")
    with refused("INVALID_REPLICATION_FACTOR"):
        create("librdkafka-many", replicas=9)
    with refused("INVALID_CONFIG"):
        create("librdkafka-soon", **{"retention.ms": "soon"})
    with refused("INVALID_CONFIG"):
        create("librdkafka-odd", **{"no.such.setting": "1"})
    with refused("UNKNOWN_TOPIC_OR_PART"):
        done(admin.delete_topics(["librdkafka-nowhere"]))
    with refused("INVALID_PARTITIONS"):
        done(admin.create_partitions([NewPartitions(name, 1)]))


def partitions():
    """admin: a topic gets more partitions, on the brokers that are named"""
    name = topic(2)
    done(admin.create_partitions([NewPartitions(name, 4, [[3], [2]])]))
    until(lambda: len(admin.list_topics(name, 30).topics[name].partitions) == 4)
    assert [partition_of(name, n).replicas for n in [2, 3]] == [[3], [2]]


def setting(kind, name, key):
    [found] = done(admin.describe_configs([ConfigResource(kind, name)]))
    return found[key].value


def alter(kind, name, key, value, how=AlterConfigOpType.SET):
    entry = ConfigEntry(key, value, incremental_operation=how)
    done(admin.incremental_alter_configs([ConfigResource(kind, name, incremental_configs=[entry])]))


def settings():
    """admin: settings of a topic are set, added to and taken back"""
    name = topic(**{"retention.ms": "60000"})
    assert setting("topic", name, "retention.ms") == "60000"
    alter("topic", name, "retention.ms", "70000")
    alter("topic", name, "cleanup.policy", "compact", AlterConfigOpType.APPEND)
    assert setting("topic", name, "retention.ms") == "70000"
    assert setting("topic", name, "cleanup.policy") == "delete,compact"
    alter("topic", name, "cleanup.policy", "delete", AlterConfigOpType.SUBTRACT)
    assert setting("topic", name, "cleanup.policy") == "compact"
    alter("topic", name, "retention.ms", None, AlterConfigOpType.DELETE)
    assert setting("topic", name, "retention.ms") == "604800000"
    with refused("INVALID_CONFIG"):
        alter("topic", name, "retention.ms", "soon")
    with refused("UNKNOWN_TOPIC_OR_PART"):
        alter("topic", "librdkafka-nowhere", "retention.ms", "1")


def broker_settings():
    """admin: settings of a broker"""
    key = "log.flush.interval.messages"
    before = setting("broker", "2", key)
    alter("broker", "2", key, "1234")
    until(lambda: setting("broker", "2", key) == "1234")
    assert setting("broker", "1", key) == before
    alter("broker", "2", key, None, AlterConfigOpType.DELETE)
    until(lambda: setting("broker", "2", key) == before)


def records():
    """admin: offsets of every kind are found, records are deleted"""
    name = topic()
    partition = TopicPartition(name, 0)
    for n, time in enumerate([1000, 3000, 2000, 2500]):
        produce(name, [{"value": str(n), "timestamp": 1_700_000_000_000 + time}])

    def offset(spec):
        [found] = done(admin.list_offsets({partition: spec}))
        return found.offset

    assert [offset(kind()) for kind in [OffsetSpec.earliest, OffsetSpec.latest, OffsetSpec.max_timestamp]] == [0, 4, 1]
    assert offset(OffsetSpec.for_timestamp(1_700_000_001_500)) == 1
    assert offset(OffsetSpec.for_timestamp(1_700_000_009_000)) == -1
    [deleted] = done(admin.delete_records([TopicPartition(name, 0, 2)]))
    assert deleted.low_watermark == 2 == offset(OffsetSpec.earliest()), deleted
    assert values(everything(name)) == ["2", "3"]
    with refused("OFFSET_OUT_OF_RANGE"):
        done(admin.delete_records([TopicPartition(name, 0, 9)]))
    [deleted] = done(admin.delete_records([TopicPartition(name, 0, -1)]))
    assert deleted.low_watermark == 4, deleted


def cluster():
    """admin: the cluster and what may be done with it"""
    found = admin.describe_cluster(include_authorized_operations=True).result(30)
    assert sorted(node.id for node in found.nodes) == [1, 2, 3], found
    assert found.controller.id in (1, 2, 3) and found.cluster_id == admin.cluster_id(), found
    assert AclOperation.ALTER in found.authorized_operations, found.authorized_operations


def elections():
    """admin: a first replica is elected, or need not be"""
    name = topic(2, 3)
    of_both = [TopicPartition(name, n) for n in [0, 1]]
    errors = admin.elect_leaders(ElectionType.PREFERRED, of_both).result(30)
    assert {error.name() for error in errors.values()} == {"ELECTION_NOT_NEEDED"}, errors
    assert all(partition_of(name, n).leader == partition_of(name, n).replicas[0] for n in [0, 1])
    errors = admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition("librdkafka-nowhere", 0)]).result(30)
    assert {error.name() for error in errors.values()} == {"UNKNOWN_TOPIC_OR_PART"}, errors


def acls():
    """admin: no authorizer"""
    binding = AclBinding(ResourceType.TOPIC, "t", ResourcePatternType.LITERAL, "User:u", "*", AclOperation.READ,
                         AclPermissionType.ALLOW)
    with refused("SECURITY_DISABLED"):
        done(admin.create_acls([binding]))


CASES = [topics, refusals, partitions, settings, broker_settings, records, cluster, elections, acls]
