"""confluent-kafka: groups of both protocols."""

import contextlib

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import NewPartitions

from cases import each, refused, until

from .admin import done
from .client import admin, consumer, poll, produce, read, topic

# What a member is to be like.
KINDS = {
    "range": {"partition.assignment.strategy": "range"},
    "roundrobin": {"partition.assignment.strategy": "roundrobin"},
    "cooperative-sticky": {"partition.assignment.strategy": "cooperative-sticky"},
    "KIP-848": {"group.protocol": "consumer"},
}


def of_kind(kind, name, **config):
    # With the new protocol the broker says how long.
    times = {} if kind == "KIP-848" else {"heartbeat.interval.ms": 300, "session.timeout.ms": 6000}
    one = consumer(name, **times, **KINDS[kind], **config)
    one.subscribe([name])
    return contextlib.closing(one)


def goes_on(kind):
    """group: a {} one goes on where it left off"""
    name = topic(2)
    produce(name, range(10))
    with of_kind(kind, name) as first:
        assert len(read(first, 10)) == 10
        first.commit(asynchronous=False)
    produce(name, ["next"])
    # The first of them does not commit.
    for _ in range(2):
        with of_kind(kind, name) as again:
            assert read(again, 1) == ["next"]


def automatic():
    """group: commits by itself, while it reads and when it ends"""
    name = topic()
    produce(name, range(5))
    with of_kind("range", name, **{"enable.auto.commit": True, "auto.commit.interval.ms": 100}) as first:
        assert len(read(first, 5)) == 5
        until(lambda: poll(first) or committed(name) == [(0, 5, None)], "the commit")
    produce(name, range(5))
    with of_kind("range", name, **{"enable.auto.commit": True, "auto.commit.interval.ms": 60_000}) as second:
        assert len(read(second, 5)) == 5
    assert committed(name) == [(0, 10, None)], committed(name)


def committed(group):
    [found] = done(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
    return [(each.partition, each.offset, each.metadata or None) for each in found.topic_partitions]


def with_metadata():
    """group: an offset is committed with its metadata, and read again from there"""
    name = topic()
    produce(name, range(5))
    with of_kind("range", name) as first:
        read(first, 5)
        assert first.committed([TopicPartition(name, 0)], 30)[0].offset == -1001
        first.commit(offsets=[TopicPartition(name, 0, 3, metadata="note")], asynchronous=False)
        [found] = first.committed([TopicPartition(name, 0)], 30)
        assert (found.offset, found.metadata) == (3, "note"), found
    assert committed(name) == [(0, 3, "note")]
    with of_kind("range", name) as second:
        assert read(second, 2) == ["3", "4"]


def state(group):
    [found] = done(admin.describe_consumer_groups([group]))
    return found


def listed(group, **which):
    found = admin.list_consumer_groups(**which).result(30)
    assert not found.errors, found.errors
    return [each for each in found.valid if each.group_id == group]


def described(kind):
    """group: a {} one is listed and described, and deleted once it is empty"""
    name = topic()
    produce(name, ["a"])
    with of_kind(kind, name, **{"client.id": "described"}) as one:
        read(one, 1)
        one.commit(asynchronous=False)
        until(lambda: state(name).state == ConsumerGroupState.STABLE)
        found = state(name)
        assert found.type.name == ("CONSUMER" if kind == "KIP-848" else "CLASSIC"), found.type
        [of_it] = found.members
        assert (of_it.client_id, of_it.member_id) == ("described", one.memberid()), of_it
        assert [each.topic for each in of_it.assignment.topic_partitions] == [name]
        with refused("NON_EMPTY_GROUP"):
            done(admin.delete_consumer_groups([name]))
        assert listed(name, states={ConsumerGroupState.STABLE})
    until(lambda: state(name).state == ConsumerGroupState.EMPTY)
    [found] = listed(name, types={found.type})
    assert found.state == ConsumerGroupState.EMPTY, found
    done(admin.delete_consumer_groups([name]))
    assert not listed(name)
    with refused("GROUP_ID_NOT_FOUND"):
        done(admin.delete_consumer_groups([name]))


def offsets():
    """group: offsets are altered from outside once it is empty"""
    name = topic()
    produce(name, range(5))
    at = lambda offset: [ConsumerGroupTopicPartitions(name, [TopicPartition(name, 0, offset, metadata="moved")])]
    done(admin.alter_consumer_group_offsets(at(3)))
    assert committed(name) == [(0, 3, "moved")]
    with of_kind("range", name) as reader:
        assert read(reader, 2) == ["3", "4"]
        with refused("UNKNOWN_MEMBER_ID"):
            [found] = done(admin.alter_consumer_group_offsets(at(0)))
            [partition] = found.topic_partitions
            assert partition.error is None, partition.error.name()


def shares(*members):
    """How many partitions each has, after each was polled."""
    for one in members:
        poll(one)
    return [len(one.assignment()) for one in members]


def rebalance(kind):
    """rebalance: {} members come, share and leave"""
    name = topic(4)
    with of_kind(kind, name) as first:
        until(lambda: shares(first) == [4], "all partitions with one")
        with of_kind(kind, name) as second:
            until(lambda: shares(first, second) == [2, 2], "two partitions each")
            owned = sorted(each.partition for one in [first, second] for each in one.assignment())
            assert owned == [0, 1, 2, 3], owned
            produce(name, [{"value": str(n), "partition": n % 4} for n in range(40)])
            assert len(read(first, 20)) == len(read(second, 20)) == 20
        until(lambda: shares(first) == [4], "all partitions with one again")


def more_partitions():
    """rebalance: a partition that is added is assigned"""
    name = topic()
    with of_kind("range", name, **{"topic.metadata.refresh.interval.ms": 300}) as one:
        until(lambda: shares(one) == [1])
        done(admin.create_partitions([NewPartitions(name, 3)]))
        until(lambda: shares(one) == [3], "three partitions")


def static(kind):
    """static: a {} member comes back to its partitions without a rebalance"""
    name = topic(4)
    with of_kind(kind, name, **{"group.instance.id": "one"}) as one:
        with of_kind(kind, name, **{"group.instance.id": "two"}) as two:
            until(lambda: shares(one, two) == [2, 2], "two partitions each")
            owned, before = [(each.topic, each.partition) for each in two.assignment()], one.assignment()
        with of_kind(kind, name, **{"group.instance.id": "two"}) as two:
            until(lambda: shares(two) == [2], "its partitions")
            assert [(each.topic, each.partition) for each in two.assignment()] == owned
            assert shares(one, two) == [2, 2] and one.assignment() == before
            assert sorted(each.group_instance_id for each in state(name).members) == ["one", "two"]


def fenced():
    """static: who comes with the same instance id fences the one before"""
    name = topic()
    with of_kind("range", name, **{"group.instance.id": "same"}) as old:
        until(lambda: shares(old) == [1])
        with of_kind("range", name, **{"group.instance.id": "same"}) as new:
            until(lambda: shares(new) == [1])
            with refused("Static consumer fenced"):
                until(lambda: poll(old) and False, "the end of it")


BOTH = ["range", "KIP-848"]
CASES = [
    *each(goes_on, BOTH), automatic, with_metadata, *each(described, BOTH), offsets, *each(rebalance, KINDS),
    more_partitions, *each(static, BOTH), fenced,
]
