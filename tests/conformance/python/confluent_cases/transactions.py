"""confluent-kafka: transactions."""

import contextlib

from confluent_kafka import IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import OffsetSpec

from cases import refused, until

from .admin import done
from .client import admin, common, consumer, everything, produce, read, topic, values


def begun(name, **config):
    """A producer whose id is the topic's name, in a transaction."""
    one = Producer({**common, "transactional.id": name, **config})
    one.init_transactions(30)
    one.begin_transaction()
    return one


def send(one, name, value, **more):
    one.produce(name, value=value, **more)
    assert one.flush(30) == 0


def committed(name):
    return values(everything(name))


def uncommitted(name):
    return values(everything(name, **{"isolation.level": "read_uncommitted"}))


def outcomes():
    """transaction: committed records are seen, aborted ones are not"""
    name = topic(2)
    one = begun(name)
    for turn, commit in enumerate([True, False, True]):
        if turn > 0:
            one.begin_transaction()
        for partition in [0, 1]:
            send(one, name, str(turn), partition=partition)
        one.commit_transaction(30) if commit else one.abort_transaction(30)
    assert committed(name) == ["0", "2"]
    assert uncommitted(name) == ["0", "1", "2"]
    # Three records and three markers.
    found = done(admin.list_offsets({TopicPartition(name, n): OffsetSpec.latest() for n in [0, 1]}))
    assert [each.offset for each in found] == [6, 6]


def open_one():
    """transaction: nothing behind an open one is seen until it ends"""
    name = topic()
    one = begun(name)
    send(one, name, "a")
    produce(name, ["b"])

    def end(isolation):
        partition = {TopicPartition(name, 0): OffsetSpec.latest()}
        return done(admin.list_offsets(partition, isolation_level=isolation))[0].offset

    assert uncommitted(name) == ["a", "b"]
    assert (end(IsolationLevel.READ_COMMITTED), end(IsolationLevel.READ_UNCOMMITTED)) == (0, 2)
    with contextlib.closing(consumer()) as reader:
        reader.assign([TopicPartition(name, 0, 0)])
        assert reader.poll(1) is None
        one.commit_transaction(30)
        assert read(reader, 2) == ["a", "b"]


def with_offsets():
    """transaction: offsets are part of it"""
    source, target = topic(), topic()
    partition = TopicPartition(source, 0)
    produce(source, range(10))
    with contextlib.closing(consumer(source)) as reader:
        reader.subscribe([source])
        found = read(reader, 10)
        one = begun(target)
        for commit in [False, True]:
            if commit:
                one.begin_transaction()
            for value in found:
                one.produce(target, value=value)
            one.send_offsets_to_transaction([TopicPartition(source, 0, 10)], reader.consumer_group_metadata(), 30)
            one.commit_transaction(30) if commit else one.abort_transaction(30)
            assert reader.committed([partition], 30)[0].offset == (10 if commit else -1001)
    assert committed(target) == [str(n) for n in range(10)]


def fenced():
    """transaction: a second producer of the same id fences the first"""
    name = topic()
    old = begun(name)
    send(old, name, "lost")
    new = begun(name)
    with refused("_FENCED"):
        old.commit_transaction(30)
    send(new, name, "kept")
    new.commit_transaction(30)
    assert committed(name) == ["kept"]
    with refused("_FENCED"):
        old.begin_transaction()


def timeout():
    """transaction: one that is left open is aborted after its time"""
    name = topic()
    one = begun(name, **{"transaction.timeout.ms": 1000})
    send(one, name, "late")
    produce(name, ["after"])
    with contextlib.closing(consumer()) as reader:
        reader.assign([TopicPartition(name, 0, 0)])
        assert read(reader, 1) == ["after"]
    with refused("_FENCED"):
        one.commit_transaction(30)


def too_long():
    """transaction: a longer time than the broker's is refused"""
    with refused("INVALID_TRANSACTION_TIMEOUT"):
        begun(topic(), **{"transaction.timeout.ms": 2_000_000_000})


CASES = [outcomes, open_one, with_offsets, fenced, timeout, too_long]
