"""confluent-kafka: producing and consuming."""

from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic

from cases import each, fresh, refused, until

from .client import admin, consumer, everything, poll, produce, read, reader, topic, values


def codec(name):
    """produce: {} batches, read in order"""
    where = topic()
    kind = "none" if name == "plain" else name
    produce(where, range(1000), **{"compression.type": kind, "linger.ms": 20})
    assert values(everything(where)) == [str(n) for n in range(1000)]


def whole_records():
    """produce: keys, headers, null values, timestamps"""
    name = topic()
    produce(name, [
        {"value": b"a", "key": b"k", "headers": [("h", b"\x01\x02"), ("h", None)], "timestamp": 1_700_000_000_123},
        {"value": None, "key": b"k"},
        {"value": b"c"},
    ])
    first, second, third = everything(name)
    assert (first.key(), first.value(), first.timestamp()) == (b"k", b"a", (1, 1_700_000_000_123)), first.timestamp()
    assert first.headers() == [("h", b"\x01\x02"), ("h", None)], first.headers()
    assert (second.key(), second.value(), third.key(), third.offset()) == (b"k", None, None, 2)


def append_time():
    """produce: the broker's own time"""
    name = topic(**{"message.timestamp.type": "LogAppendTime"})
    produce(name, [{"value": b"a", "timestamp": 1000}], **{"compression.type": "lz4"})
    [message] = everything(name)
    kind, time = message.timestamp()
    assert kind == 2 and time > 1_700_000_000_000, (kind, time)


def partitioner():
    """produce: a key keeps its partition, records without one go everywhere"""
    name = topic(4)
    sent = produce(name, [{"value": str(n), "key": f"key-{n % 10}"} for n in range(100)], partitioner="murmur2_random")
    by_key = {}
    for message in sent:
        by_key.setdefault(message.key(), set()).add(message.partition())
    assert all(len(places) == 1 for places in by_key.values()), by_key
    assert len(set.union(*by_key.values())) > 1, by_key
    sent = produce(name, range(200), **{"sticky.partitioning.linger.ms": 0})
    assert {message.partition() for message in sent} == {0, 1, 2, 3}
    [sent] = produce(name, [{"value": "x", "partition": 3}])
    assert sent.partition() == 3
    one = consumer()
    assert sum(one.get_watermark_offsets(TopicPartition(name, n), 30)[1] for n in range(4)) == 301
    one.close()


def weaker_acks():
    """produce: acks 0 and 1"""
    name = topic()
    for acks in [0, 1]:
        produce(name, range(10), acks=acks)
    until(lambda: len(everything(name)) == 20, "twenty records")


def idempotent():
    """produce: an idempotent producer's batches follow each other"""
    name = topic()
    produce(name, range(5000), **{"enable.idempotence": True, "batch.num.messages": 10, "linger.ms": 0})
    assert values(everything(name)) == [str(n) for n in range(5000)]


def too_large():
    """produce: a record over max.message.bytes is refused, the next one is taken"""
    name = topic(**{"max.message.bytes": "1000"})
    for config in [{}, {"enable.idempotence": True}]:
        with refused("MSG_SIZE_TOO_LARGE"):
            produce(name, ["x" * 2000], **config)
        produce(name, ["small"], **config)
    assert values(everything(name)) == ["small", "small"]


def unknown():
    """produce: an unknown topic is made by a producer, an unknown partition is refused"""
    name = fresh("librdkafka")
    one = consumer(**{"allow.auto.create.topics": False})
    one.subscribe([name])
    with refused("Unknown topic or partition"):
        until(lambda: poll(one, 1))
    one.close()
    assert name not in admin.list_topics(timeout=30).topics
    produce(name, ["made"])
    assert values(everything(name)) == ["made"]
    with refused("_UNKNOWN_PARTITION"):
        produce(name, [{"value": "x", "partition": 9}])
    with refused("TOPIC_EXCEPTION"):
        produce("no such name", ["x"])


def positions():
    """consume: seek to an offset, the beginning, the end"""
    name = topic()
    partition = TopicPartition(name, 0)
    produce(name, range(10))
    one = reader(name)
    assert read(one, 10) == [str(n) for n in range(10)]
    one.seek(TopicPartition(name, 0, 7))
    assert read(one, 3) == ["7", "8", "9"]
    assert one.position([partition])[0].offset == 10
    one.seek(TopicPartition(name, 0, 0))
    assert read(one, 1) == ["0"]
    # OFFSET_END, and OFFSET_TAIL_BASE for three from there.
    one.assign([TopicPartition(name, 0, -2003)])
    assert read(one, 3) == ["7", "8", "9"]
    one.close()


def offsets():
    """consume: offsets of the beginning, the end and of times"""
    name = topic()
    partition = TopicPartition(name, 0)
    produce(name, [{"value": "x", "timestamp": 1_000_000 + n * 1000} for n in range(10)])
    one = consumer()
    assert one.get_watermark_offsets(partition, 30) == (0, 10)
    assert one.offsets_for_times([TopicPartition(name, 0, 1_004_500)], 30)[0].offset == 5
    assert one.offsets_for_times([TopicPartition(name, 0, 2_000_000)], 30)[0].offset == -1
    one.close()


def pauses():
    """consume: a paused partition gives nothing, a resumed one goes on"""
    name = topic(2)
    both = [TopicPartition(name, n, 0) for n in [0, 1]]
    one = consumer()
    one.assign(both)
    one.pause([both[0]])
    produce(name, [{"value": str(n), "partition": n % 2} for n in range(10)])
    assert read(one, 5) == ["1", "3", "5", "7", "9"]
    assert poll(one, 0.5) == []
    one.resume([both[0]])
    assert read(one, 5) == ["0", "2", "4", "6", "8"]
    one.close()


def pattern():
    """consume: topics by a pattern, one of which comes later"""
    first, second = topic(), topic()
    one = consumer(first, **{"topic.metadata.refresh.interval.ms": 500, "enable.auto.commit": True})
    one.subscribe([f"^({first}|{second}|later-{first})$"])
    for name in [first, second]:
        produce(name, [name])
    assert sorted(read(one, 2)) == sorted([first, second])
    admin.create_topics([NewTopic(f"later-{first}", 1, 1)])[f"later-{first}"].result(30)
    produce(f"later-{first}", ["later"])
    assert read(one, 1) == ["later"]
    one.close()


def out_of_range():
    """consume: an offset out of range"""
    name = topic()
    produce(name, range(3))
    for reset, found in [("error", None), ("earliest", ["0", "1", "2"])]:
        one = consumer(**{"auto.offset.reset": reset})
        one.assign([TopicPartition(name, 0, 99)])
        if found is None:
            with refused("Offset out of range"):
                until(lambda: poll(one, 1))
        else:
            assert read(one, 3) == found
        one.close()


def small_fetches():
    """consume: 2 MB through small fetches"""
    name = topic()
    produce(name, [f"{n} " + "v" * 1000 for n in range(2000)])
    found = everything(name, **{
        "fetch.message.max.bytes": 50_000, "fetch.max.bytes": 50_000, "message.max.bytes": 50_000,
        "fetch.min.bytes": 10_000, "queued.max.messages.kbytes": 100,
    })
    assert [int(message.value().split()[0]) for message in found] == list(range(2000))


CASES = [
    *each(codec, ["plain", "gzip", "snappy", "lz4", "zstd"]), whole_records, append_time, partitioner, weaker_acks,
    idempotent, too_large, unknown, positions, offsets, pauses, pattern, out_of_range, small_fetches,
]
