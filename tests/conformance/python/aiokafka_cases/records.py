"""aiokafka: producing and consuming."""

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic

from cases import each, fresh, refused

from .client import (
    admin, consumer, described, everything, poll, produce, producer, read, reader, topic, until, values,
)


async def codec(name):
    """produce: {} batches, read in order"""
    where = await topic()
    kind = None if name == "plain" else name
    await produce(where, range(1000), compression_type=kind, linger_ms=20)
    assert values(await everything(where)) == [str(n) for n in range(1000)]


async def whole_records():
    """produce: keys, headers, null values, timestamps"""
    name, headers = await topic(), [("h", b"\x01\x02"), ("h", b"")]
    async with producer() as one:
        sent = await one.send_and_wait(name, b"a", b"k", headers=headers, timestamp_ms=1_700_000_000_123)
        assert (sent.partition, sent.offset, sent.timestamp) == (0, 0, 1_700_000_000_123), sent
        await one.send_and_wait(name, None, b"k")
        await one.send_and_wait(name, b"c")
    first, second, third = await everything(name)
    assert (first.key, first.value, first.timestamp) == (b"k", b"a", 1_700_000_000_123), first
    assert list(first.headers) == headers, first
    assert (second.key, second.value, third.key, third.offset) == (b"k", None, None, 2), (second, third)


async def append_time():
    """produce: the broker's own time"""
    name = await topic(**{"message.timestamp.type": "LogAppendTime"})
    async with producer(compression_type="zstd") as one:
        sent = await one.send_and_wait(name, b"a", timestamp_ms=1000)
    [record] = await everything(name)
    assert record.timestamp == sent.timestamp > 1_700_000_000_000, record
    assert record.timestamp_type == sent.timestamp_type == 1, record


async def partitioner():
    """produce: a key keeps its partition, records without one go everywhere"""
    name = await topic(4)
    async with producer() as one:
        by_key = {}
        for n in range(100):
            sent = await one.send_and_wait(name, str(n).encode(), b"key-%d" % (n % 10))
            by_key.setdefault(n % 10, set()).add(sent.partition)
        assert all(len(places) == 1 for places in by_key.values()), by_key
        assert len(set.union(*by_key.values())) > 1, by_key
        assert {(await one.send_and_wait(name, b"x")).partition for _ in range(200)} == {0, 1, 2, 3}
        assert (await one.send_and_wait(name, b"x", b"key-1", partition=3)).partition == 3
    async with consumer() as one:
        ends = await one.end_offsets([TopicPartition(name, n) for n in range(4)])
    assert sum(ends.values()) == 301, ends


async def own_batch():
    """produce: a batch that the program builds"""
    name = await topic()
    async with producer(enable_idempotence=True) as one:
        batch = one.create_batch()
        for n in range(100):
            assert batch.append(key=b"k", value=str(n).encode(), timestamp=None) is not None
        sent = await (await one.send_batch(batch, name, partition=0))
    assert sent.offset == 0, sent
    assert values(await everything(name)) == [str(n) for n in range(100)]


async def weaker_acks():
    """produce: acks 0 and 1"""
    name = await topic()
    for acks in [0, 1]:
        await produce(name, range(10), acks=acks)

    async def twenty():
        return len(await everything(name)) == 20

    await until(twenty, "twenty records")


async def idempotent():
    """produce: an idempotent producer's batches follow each other"""
    name = await topic()
    await produce(name, range(2000), enable_idempotence=True, max_batch_size=500)
    assert values(await everything(name)) == [str(n) for n in range(2000)]


async def too_large():
    """produce: a record over max.message.bytes is refused, the next one is taken"""
    name = await topic(**{"max.message.bytes": "1000"})
    async with producer() as one:
        with refused("MessageSizeTooLargeError"):
            await one.send_and_wait(name, b"x" * 2000)
        await one.send_and_wait(name, b"small")
    assert values(await everything(name)) == ["small"]


async def unknown():
    """produce: an unknown topic is made by a producer, one with an invalid name is not"""
    await topic()
    name = fresh("aiokafka")
    async with admin() as one, producer() as to:
        assert name not in await one.list_topics()
        await to.send_and_wait(name, b"made")
        assert len(await described(one, name)) == 1
        with refused("UnknownTopicOrPartitionError"):
            await to.send_and_wait("no such name", b"x")
    assert values(await everything(name)) == ["made"]


async def positions():
    """consume: seek to an offset, the beginning, the end"""
    name = await topic()
    partition = TopicPartition(name, 0)
    await produce(name, range(10))
    async with reader(name) as one:
        one.seek(partition, 7)
        assert await read(one, 3) == ["7", "8", "9"]
        assert await one.position(partition) == 10
        await one.seek_to_beginning(partition)
        assert await read(one, 10) == [str(n) for n in range(10)]
        await one.seek_to_end(partition)
        assert await one.position(partition) == 10
        await produce(name, ["new"])
        assert await read(one, 1) == ["new"]
        assert one.highwater(partition) == one.last_stable_offset(partition) == 11


async def offsets():
    """consume: offsets of the beginning, the end and of times"""
    name = await topic()
    partition = TopicPartition(name, 0)
    async with producer() as one:
        for n in range(10):
            await one.send_and_wait(name, b"x", timestamp_ms=1_000_000 + n * 1000)
    async with consumer() as one:
        assert await one.beginning_offsets([partition]) == {partition: 0}
        assert await one.end_offsets([partition]) == {partition: 10}
        found = (await one.offsets_for_times({partition: 1_004_500}))[partition]
        assert (found.offset, found.timestamp) == (5, 1_005_000), found
        assert (await one.offsets_for_times({partition: 2_000_000}))[partition] is None


async def pauses():
    """consume: a paused partition gives nothing, a resumed one goes on"""
    name = await topic(2)
    both = [TopicPartition(name, n) for n in [0, 1]]
    async with consumer() as one:
        one.assign(both)
        one.pause(both[0])
        async with producer() as to:
            for n in range(10):
                await to.send_and_wait(name, str(n).encode(), partition=n % 2)
        assert await read(one, 5) == ["1", "3", "5", "7", "9"]
        assert await poll(one, 500) == [] and one.paused() == {both[0]}
        one.resume(both[0])
        assert await read(one, 5) == ["0", "2", "4", "6", "8"]


async def pattern():
    """consume: topics by a pattern, one of which comes later"""
    first, second = await topic(), await topic()
    one = consumer(group=f"{first}-pattern", metadata_max_age_ms=500, enable_auto_commit=True)
    one.subscribe(pattern=f"^({first}|{second}|later-{first})$")
    async with one:
        for name in [first, second]:
            await produce(name, [name])
        assert sorted(await read(one, 2)) == sorted([first, second])
        async with admin() as of:
            await of.create_topics([NewTopic(f"later-{first}", 1, 1)])
        await produce(f"later-{first}", ["later"])
        assert await read(one, 1) == ["later"]


async def out_of_range():
    """consume: an offset out of range"""
    name = await topic()
    partition = TopicPartition(name, 0)
    await produce(name, range(3))
    async with reader(name, auto_offset_reset="none") as one:
        one.seek(partition, 99)
        with refused("OffsetOutOfRangeError"):
            await read(one, 1)
    async with reader(name) as one:
        one.seek(partition, 99)
        assert await read(one, 3) == ["0", "1", "2"]


async def small_fetches():
    """consume: 5 MB through small fetches"""
    name = await topic()
    await produce(name, [f"{n} " + "v" * 1000 for n in range(5000)], linger_ms=5)
    found = await everything(name, max_partition_fetch_bytes=50_000, fetch_max_bytes=50_000, fetch_min_bytes=10_000)
    assert [int(record.value.split()[0]) for record in found] == list(range(5000))


CASES = [
    *each(codec, ["plain", "gzip", "snappy", "lz4", "zstd"]), whole_records, append_time, partitioner, own_batch,
    weaker_acks, idempotent, too_large, unknown, positions, offsets, pauses, pattern, out_of_range, small_fetches,
]
