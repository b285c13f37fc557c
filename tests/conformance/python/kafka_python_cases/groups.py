"""kafka-python: groups."""

import contextlib

from kafka import OffsetAndMetadata, TopicPartition
from kafka.admin import MemberToRemove, OffsetSpec, OffsetTimestamp
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from cases import each, refused, until

from .client import Member, admin, consumer, poll, produce, producer, read, topic

ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}


def member(name, **config):
    """A consumer of the group that is called like the topic."""
    return contextlib.closing(consumer(name, group=name, **config))


def goes_on():
    """group: goes on where it left off"""
    name = topic(2)
    produce(name, range(10))
    with member(name) as first:
        assert len(read(first, 10)) == 10
        first.commit()
    produce(name, ["next"])
    with member(name) as second:
        assert read(second, 1) == ["next"]
    with member(name) as third:
        # It was not committed.
        assert read(third, 1) == ["next"]


def automatic():
    """group: commits by itself, while it reads and when it ends"""
    name = topic()
    partition = TopicPartition(name, 0)
    produce(name, range(5))
    with member(name, enable_auto_commit=True, auto_commit_interval_ms=100) as first:
        assert len(read(first, 5)) == 5
        until(lambda: poll(first, 100) or committed(name).get(partition) == (5, ""), "the commit")
        produce(name, range(5))
        first.config["auto_commit_interval_ms"] = 60_000
        assert len(read(first, 5)) == 5
    assert committed(name) == {partition: (10, "")}, committed(name)


def committed(group):
    found = admin.list_group_offsets({group: None})[group]
    return {partition: (each.offset, each.metadata) for partition, each in found.items()}


def with_metadata():
    """group: an offset is committed with its metadata, and read again from there"""
    name = topic()
    partition = TopicPartition(name, 0)
    produce(name, range(5))
    with member(name) as first:
        read(first, 5)
        assert first.committed(partition) is None
        first.commit({partition: OffsetAndMetadata(3, "note", -1)})
        found = first.committed(partition, metadata=True)
        assert (found.offset, found.metadata) == (3, "note"), found
    assert committed(name) == {partition: (3, "note")}
    with member(name) as second:
        assert read(second, 2) == ["3", "4"]


def state(group):
    return admin.describe_groups([group])[group]


def described():
    """group: is listed and described, and deleted once it is empty"""
    name = topic()
    produce(name, ["a"])
    with member(name, client_id="described") as one:
        read(one, 1)
        one.commit()
        found = state(name)
        assert (found["group_state"], found["protocol_type"], found["protocol_data"]) == ("Stable", "consumer", "range")
        [of_it] = found["members"]
        assert of_it["client_id"] == "described" and of_it["member_id"] == one.group_metadata().member_id, of_it
        assert admin.delete_groups([name]) == {name: "NonEmptyGroupError"}
        assert name in [each["group_id"] for each in admin.list_groups(states_filter=["Stable"])]
    assert state(name)["group_state"] == "Empty"
    [listed] = [each for each in admin.list_groups(types_filter=["classic"]) if each["group_id"] == name]
    assert (listed["group_state"], listed["protocol_type"]) == ("Empty", "consumer"), listed
    assert admin.delete_groups([name]) == {name: "OK"}
    assert name not in [each["group_id"] for each in admin.list_groups()]
    assert admin.delete_groups([name]) == {name: "GroupIdNotFoundError"}
    assert committed(name) == {}


def offsets():
    """group: offsets are altered, reset and deleted from outside"""
    name = topic(2)
    zero, one = [TopicPartition(name, n) for n in [0, 1]]
    with producer() as one_by_one:
        for n in range(10):
            one_by_one.send(name, str(n).encode(), partition=n % 2).get(30)
    [altered] = admin.alter_group_offsets(name, {zero: OffsetAndMetadata(2, "moved", -1)}).values()
    assert altered.errno == 0 and committed(name) == {zero: (2, "moved")}, altered
    found = admin.reset_group_offsets(name, {zero: OffsetSpec.LATEST, one: 3})
    assert {at: each["offset"] for at, each in found.items()} == {zero: 5, one: 3}, found
    found = admin.reset_group_offsets(name, {zero: OffsetSpec.EARLIEST, one: OffsetTimestamp(0)})
    assert {at: each["offset"] for at, each in found.items()} == {zero: 0, one: 0}, found
    admin.alter_group_offsets(name, {zero: OffsetAndMetadata(4, "", -1), one: OffsetAndMetadata(4, "", -1)})
    with member(name) as reader:
        assert sorted(read(reader, 2)) == ["8", "9"]
        [refusal] = admin.alter_group_offsets(name, {zero: OffsetAndMetadata(0, "", -1)}).values()
        assert refusal.__name__ == "UnknownMemberIdError", refusal
        [refusal] = admin.delete_group_offsets(name, [zero]).values()
        assert refusal.__name__ == "GroupSubscribedToTopicError", refusal
    [deleted] = admin.delete_group_offsets(name, [zero]).values()
    assert deleted.errno == 0 and list(committed(name)) == [one], committed(name)
    with refused("GroupIdNotFoundError"):
        admin.delete_group_offsets("kafka-python-no-group", [zero])


def shares(*members):
    """How many partitions each has."""
    return [len(one.owned()) for one in members]


def rebalance(strategy):
    """rebalance: {} members come, share and leave"""
    name = topic(4)
    config = {"partition_assignment_strategy": [ASSIGNORS[strategy]]}
    with Member(name, **config) as first:
        until(lambda: shares(first) == [4], "all partitions with one")
        with Member(name, **config) as second:
            until(lambda: shares(first, second) == [2, 2], "two partitions each")
            assert first.owned() | second.owned() == {TopicPartition(name, n) for n in range(4)}
            found = state(name)
            assert (found["protocol_data"], len(found["members"])) == (strategy, 2), found
            with producer() as one:
                for n in range(40):
                    one.send(name, str(n).encode(), partition=n % 4).get(30)
            until(lambda: len(first.records) == len(second.records) == 20, "forty records")
        until(lambda: shares(first) == [4], "all partitions with one again")


def more_partitions():
    """rebalance: a partition that is added is assigned"""
    name = topic()
    with Member(name, metadata_max_age_ms=300) as one:
        until(lambda: shares(one) == [1])
        admin.create_partitions({name: 3})
        until(lambda: shares(one) == [3], "three partitions")


def no_common_protocol():
    """rebalance: a member without a strategy of the group's is refused"""
    name = topic()
    with Member(name, partition_assignment_strategy=[RangePartitionAssignor]) as one:
        until(lambda: shares(one) == [1])
        with Member(name, partition_assignment_strategy=[RoundRobinPartitionAssignor]) as other:
            with refused("InconsistentGroupProtocolError"):
                until(lambda: shares(other) == [1])
        assert shares(one) == [1]


def static():
    """static: a member comes back to its partitions without a rebalance"""
    name = topic(4)
    config = {"partition_assignment_strategy": [RangePartitionAssignor], "session_timeout_ms": 30_000}
    with Member(name, group_instance_id="one", **config) as one:
        with Member(name, group_instance_id="two", **config) as two:
            until(lambda: shares(one, two) == [2, 2], "two partitions each")
            owned, before = two.owned(), two.consumer.group_metadata()
        with Member(name, group_instance_id="two", **config) as two:
            until(lambda: shares(one, two) == [2, 2], "its partitions")
            after = two.consumer.group_metadata()
            assert two.owned() == owned
            assert after.generation_id == before.generation_id and after.member_id != before.member_id, after
        assert sorted(each["group_instance_id"] for each in state(name)["members"]) == ["one", "two"]
        [removed] = admin.remove_group_members(name, [MemberToRemove(group_instance_id="two")]).values()
        assert removed.errno == 0, removed
        until(lambda: shares(one) == [4], "what it had")
        assert len(state(name)["members"]) == 1


def fenced():
    """static: who comes with the same instance id fences the one before"""
    name = topic()
    offset = {TopicPartition(name, 0): OffsetAndMetadata(0, "", -1)}
    with Member(name, group_instance_id="same") as old:
        until(lambda: shares(old) == [1])
        with Member(name, group_instance_id="same") as new:
            until(lambda: shares(new) == [1])
            # Its heartbeats fail too, which this client keeps to itself.
            with refused("FencedInstanceIdError"):
                old.consumer.commit(offset)
            new.consumer.commit(offset)


CASES = [
    goes_on, automatic, with_metadata, described, offsets, *each(rebalance, ASSIGNORS), more_partitions,
    no_common_protocol, static, fenced,
]
