"""kafka-python: producing and consuming."""

from kafka import TopicPartition
from kafka.partitioner import StickyPartitioner

from cases import each, fresh, refused, until

from .client import admin, consumer, everything, poll, produce, producer, read, reader, topic, values


def codec(name):
    """produce: {} batches, read in order"""
    where = topic()
    kind = None if name == "plain" else name
    produce(where, range(1000), compression_type=kind, linger_ms=20)
    assert values(everything(where)) == [str(n) for n in range(1000)]


def whole_records():
    """produce: keys, headers, null values, timestamps"""
    name = topic()
    with producer() as one:
        sent = one.send(name, b"a", b"k", [("h", b"\x01\x02"), ("h", b"")], timestamp_ms=1_700_000_000_123).get(30)
        assert (sent.partition, sent.offset, sent.timestamp) == (0, 0, 1_700_000_000_123), sent
        one.send(name, None, b"k").get(30)
        one.send(name, b"c").get(30)
    first, second, third = everything(name)
    assert (first.key, first.value, first.timestamp) == (b"k", b"a", 1_700_000_000_123), first
    assert [tuple(header) for header in first.headers] == [("h", b"\x01\x02"), ("h", b"")], first
    assert (second.key, second.value, third.key, third.offset) == (b"k", None, None, 2), (second, third)


def append_time():
    """produce: the broker's own time"""
    name = topic(**{"message.timestamp.type": "LogAppendTime"})
    with producer(compression_type="gzip") as one:
        sent = one.send(name, b"a", timestamp_ms=1000).get(30)
    [record] = everything(name)
    assert record.timestamp == sent.timestamp > 1_700_000_000_000, record
    assert record.timestamp_type == 1, record


def partitioner():
    """produce: a key keeps its partition, records without one go everywhere"""
    name = topic(4)
    with producer() as one:
        by_key = {}
        for n in range(100):
            sent = one.send(name, str(n).encode(), b"key-%d" % (n % 10)).get(30)
            by_key.setdefault(n % 10, set()).add(sent.partition)
        assert all(len(places) == 1 for places in by_key.values()), by_key
        assert len(set.union(*by_key.values())) > 1, by_key
        assert {one.send(name, b"x").get(30).partition for _ in range(200)} == {0, 1, 2, 3}
        assert one.send(name, b"x", b"key-1", partition=3).get(30).partition == 3
    sent = produce(name, range(1000), partitioner=StickyPartitioner(), batch_size=200, linger_ms=5)
    assert {each.partition for each in sent} == {0, 1, 2, 3}
    with consumer() as one:
        ends = one.end_offsets([TopicPartition(name, n) for n in range(4)])
    assert sum(ends.values()) == 1301, ends


def weaker_acks():
    """produce: acks 0 and 1"""
    name = topic()
    for acks in [0, 1]:
        produce(name, range(10), acks=acks, enable_idempotence=False)
    until(lambda: len(everything(name)) == 20, "twenty records")


def idempotent():
    """produce: an idempotent producer's batches follow each other"""
    name = topic()
    produce(name, range(2000), enable_idempotence=True, batch_size=500)
    assert values(everything(name)) == [str(n) for n in range(2000)]
    partition = TopicPartition(name, 0)
    [state] = admin.describe_producers([partition])[partition].active_producers
    assert (state.last_sequence, state.producer_epoch) == (1999, 0), state
    assert state.current_transaction_start_offset == -1, state


def too_large():
    """produce: a record over max.message.bytes is refused, the next one is taken"""
    name = topic(**{"max.message.bytes": "1000"})
    # An idempotent one would be good for nothing afterwards: to this client the error is fatal.
    with producer(enable_idempotence=False) as one:
        with refused("MessageSizeTooLargeError"):
            one.send(name, b"x" * 2000).get(30)
        one.send(name, b"small").get(30)
    assert values(everything(name)) == ["small"]


def unknown():
    """produce: an unknown topic is made by a producer and not by a look at it"""
    name = fresh("kafka-python")
    [found] = admin.describe_topics([name])
    assert found["error_code"] == 3 and name not in admin.list_topics(), found
    with producer() as one:
        one.send(name, b"made").get(30)
    assert values(everything(name)) == ["made"]


def positions():
    """consume: seek to an offset, the beginning, the end"""
    name = topic()
    partition = TopicPartition(name, 0)
    produce(name, range(10))
    one = reader(name)
    one.seek(partition, 7)
    assert read(one, 3) == ["7", "8", "9"]
    assert one.position(partition) == 10
    one.seek_to_beginning(partition)
    assert read(one, 10) == [str(n) for n in range(10)]
    one.seek_to_end(partition)
    assert one.position(partition) == 10
    produce(name, ["new"])
    assert read(one, 1) == ["new"]
    assert one.highwater(partition) == 11
    one.close()


def offsets():
    """consume: offsets of the beginning, the end and of times"""
    name = topic()
    partition = TopicPartition(name, 0)
    with producer() as one:
        for n in range(10):
            one.send(name, b"x", timestamp_ms=1_000_000 + n * 1000).get(30)
    with consumer() as one:
        assert one.beginning_offsets([partition]) == {partition: 0}
        assert one.end_offsets([partition]) == {partition: 10}
        found = one.offsets_for_times({partition: 1_004_500})[partition]
        assert (found.offset, found.timestamp) == (5, 1_005_000), found
        assert one.offsets_for_times({partition: 2_000_000})[partition] is None


def pauses():
    """consume: a paused partition gives nothing, a resumed one goes on"""
    name = topic(2)
    both = [TopicPartition(name, n) for n in [0, 1]]
    one = consumer()
    one.assign(both)
    one.pause(both[0])
    with producer() as to:
        for n in range(10):
            to.send(name, str(n).encode(), partition=n % 2).get(30)
    assert read(one, 5) == ["1", "3", "5", "7", "9"]
    assert poll(one, 500) == [] and one.paused() == {both[0]}
    one.resume(both[0])
    assert read(one, 5) == ["0", "2", "4", "6", "8"]
    one.close()


def pattern():
    """consume: topics by a pattern, one of which comes later"""
    first, second = topic(), topic()
    one = consumer(group=f"{first}-pattern", metadata_max_age_ms=500)
    one.subscribe(pattern=f"^({first}|{second}|later-{first})$")
    for name in [first, second]:
        produce(name, [name])
    assert sorted(read(one, 2)) == sorted([first, second])
    admin.create_topics({f"later-{first}": {"num_partitions": 1, "replication_factor": 1}})
    produce(f"later-{first}", ["later"])
    assert read(one, 1) == ["later"]
    one.close()


def out_of_range():
    """consume: an offset out of range"""
    name = topic()
    partition = TopicPartition(name, 0)
    produce(name, range(3))
    one = reader(name, auto_offset_reset="none")
    one.seek(partition, 99)
    with refused("OffsetOutOfRangeError"):
        read(one, 1)
    one.close()
    one = reader(name)
    one.seek(partition, 99)
    assert read(one, 3) == ["0", "1", "2"]
    one.close()


def small_fetches():
    """consume: 5 MB through small fetches"""
    name = topic()
    with producer(linger_ms=5) as one:
        for n in range(5000):
            one.send(name, b"%d " % n + b"v" * 1000)
    found = everything(name, max_partition_fetch_bytes=50_000, fetch_max_bytes=50_000, fetch_min_bytes=10_000)
    assert [int(record.value.split()[0]) for record in found] == list(range(5000))


CASES = [
    *each(codec, ["plain", "gzip", "snappy", "lz4", "zstd"]), whole_records, append_time, partitioner, weaker_acks,
    idempotent, too_large, unknown, positions, offsets, pauses, pattern, out_of_range, small_fetches,
]
