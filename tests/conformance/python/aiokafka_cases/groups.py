"""aiokafka: groups."""

from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from cases import each, refused

from .client import admin, member, produce, producer, read, topic, until

ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
}


async def goes_on():
    """group: goes on where it left off"""
    name = await topic(2)
    await produce(name, range(10))
    async with member(name) as first:
        assert len(await read(first, 10)) == 10
        await first.commit()
    await produce(name, ["next"])
    # The first of them does not commit.
    for _ in range(2):
        async with member(name) as again:
            assert await read(again, 1) == ["next"]


async def committed(group):
    async with admin() as one:
        found = await one.list_consumer_group_offsets(group)
    return {partition: (each.offset, each.metadata) for partition, each in found.items()}


async def automatic():
    """group: commits by itself, while it reads and when it ends"""
    name = await topic()
    partition = TopicPartition(name, 0)
    await produce(name, range(5))

    async def five():
        return await committed(name) == {partition: (5, "")}

    async with member(name, enable_auto_commit=True, auto_commit_interval_ms=100) as first:
        assert len(await read(first, 5)) == 5
        await until(five, "the commit")
    await produce(name, range(5))
    async with member(name, enable_auto_commit=True, auto_commit_interval_ms=60_000) as second:
        assert len(await read(second, 5)) == 5
    assert await committed(name) == {partition: (10, "")}


async def with_metadata():
    """group: an offset is committed with its metadata, and read again from there"""
    name = await topic()
    partition = TopicPartition(name, 0)
    await produce(name, range(5))
    async with member(name) as first:
        await read(first, 5)
        assert await first.committed(partition) is None
        await first.commit({partition: (3, "note")})
        assert await first.committed(partition) == 3
        await first.seek_to_committed(partition)
        assert await read(first, 2) == ["3", "4"]
    assert await committed(name) == {partition: (3, "note")}
    async with member(name) as second:
        assert await read(second, 2) == ["3", "4"]


async def state(group):
    """Its state, what its members agreed on, and them."""
    async with admin() as one:
        [answer] = await one.describe_consumer_groups([group])
    [(code, _, found, _, protocol, members, *_)] = answer.groups
    assert code == 0, code
    return found, protocol, members


async def described():
    """group: is listed and described"""
    name = await topic()
    await produce(name, ["a"])
    async with member(name, client_id="described") as one:
        await read(one, 1)
        found, protocol, [(member_id, client_id, *_)] = await state(name)
        assert (found, protocol, client_id) == ("Stable", "roundrobin", "described"), (found, protocol, client_id)
        assert member_id.startswith("described-"), member_id
    assert await state(name) == ("Empty", "", [])
    async with admin() as one:
        assert (name, "consumer") in await one.list_consumer_groups()
        assert await one.find_coordinator(name) in (1, 2, 3)
    assert (await state("aiokafka-no-group"))[0] == "Dead"


def shares(*members):
    """How many partitions each has."""
    return [len(one.assignment()) for one in members]


async def rebalance(strategy):
    """rebalance: {} members come, share and leave"""
    name = await topic(4)
    config = {"partition_assignment_strategy": [ASSIGNORS[strategy]]}
    async with member(name, **config) as first:
        await until(lambda: shares(first) == [4], "all partitions with one")
        async with member(name, **config) as second:
            await until(lambda: shares(first, second) == [2, 2], "two partitions each")
            assert first.assignment() | second.assignment() == {TopicPartition(name, n) for n in range(4)}
            found, protocol, members = await state(name)
            assert (found, protocol, len(members)) == ("Stable", strategy, 2), (found, protocol)
            async with producer() as one:
                for n in range(40):
                    await one.send_and_wait(name, str(n).encode(), partition=n % 4)
            assert len(await read(first, 20)) == len(await read(second, 20)) == 20
        await until(lambda: shares(first) == [4], "all partitions with one again")


async def more_partitions():
    """rebalance: a partition that is added is assigned"""
    name = await topic()
    async with member(name, metadata_max_age_ms=300) as one, admin() as of:
        await until(lambda: shares(one) == [1])
        await of.create_partitions({name: NewPartitions(3)})
        await until(lambda: shares(one) == [3], "three partitions")


async def no_common_protocol():
    """rebalance: a member without a strategy of the group's is refused"""
    name = await topic()
    async with member(name, partition_assignment_strategy=[RangePartitionAssignor]) as one:
        await until(lambda: shares(one) == [1])
        other = member(name, partition_assignment_strategy=[RoundRobinPartitionAssignor])
        with refused("InconsistentGroupProtocolError"):
            await other.start()
        await other.stop()
        assert shares(one) == [1]


async def static():
    """static: a member comes back to its partitions without a rebalance"""
    name = await topic(4)
    config = {"partition_assignment_strategy": [RangePartitionAssignor], "session_timeout_ms": 30_000}
    async with member(name, group_instance_id="one", **config) as one:
        async with member(name, group_instance_id="two", **config) as two:
            await until(lambda: shares(one, two) == [2, 2], "two partitions each")
            owned = two.assignment()
            _, _, before = await state(name)
        # It did not leave.
        assert len((await state(name))[2]) == 2
        kept = one.assignment()
        async with member(name, group_instance_id="two", **config) as two:
            await until(lambda: shares(two) == [2], "its partitions")
            assert two.assignment() == owned and one.assignment() == kept
            found, _, after = await state(name)
            assert found == "Stable" and len(after) == 2, after
            ids = [{each[0] for each in members} for members in (before, after)]
            assert len(ids[0] & ids[1]) == 1, ids


CASES = [
    goes_on, automatic, with_metadata, described, *each(rebalance, ASSIGNORS), more_partitions, no_common_protocol,
    static,
]
