"""kafka-python: transactions."""

import contextlib

from kafka import OffsetAndMetadata, TopicPartition
from kafka.admin import AbortTransactionSpec

from cases import refused, until

from .client import admin, consumer, everything, produce, producer, read, topic, values


@contextlib.contextmanager
def begun(name, **config):
    """A producer whose id is the topic's name, in a transaction."""
    one = producer(transactional_id=name, **config)
    try:
        one.init_transactions()
        one.begin_transaction()
        yield one
    finally:
        one.close(timeout=5)


def committed(name):
    return values(everything(name, isolation_level="read_committed"))


def outcomes():
    """transaction: committed records are seen, aborted ones are not"""
    name = topic(2)
    both = [TopicPartition(name, n) for n in [0, 1]]
    with begun(name) as one:
        for turn, commit in enumerate([True, False, True]):
            if turn > 0:
                one.begin_transaction()
            for partition in [0, 1]:
                one.send(name, str(turn).encode(), partition=partition).get(30)
            one.commit_transaction() if commit else one.abort_transaction()
        assert committed(name) == ["0", "2"]
        assert values(everything(name)) == ["0", "1", "2"]
        with contextlib.closing(consumer()) as reader:
            # Three records and three markers.
            assert reader.end_offsets(both) == {both[0]: 6, both[1]: 6}
    assert admin.describe_transactions([name])[name].state == "CompleteCommit"


def open_one():
    """transaction: nothing behind an open one is seen until it ends"""
    name = topic()
    partition = TopicPartition(name, 0)
    with begun(name) as one:
        one.send(name, b"a").get(30)
        produce(name, ["b"])
        assert committed(name) == [] and values(everything(name)) == ["a", "b"]
        with contextlib.closing(consumer(isolation_level="read_committed")) as reader:
            assert reader.end_offsets([partition]) == {partition: 0}
        one.commit_transaction()
        until(lambda: committed(name) == ["a", "b"])


def with_offsets():
    """transaction: offsets are part of it"""
    source, target = topic(), topic()
    partition = TopicPartition(source, 0)
    produce(source, range(10))
    with contextlib.closing(consumer(source, group=source)) as reader, begun(target) as one:
        found = read(reader, 10)
        for commit in [False, True]:
            if commit:
                one.begin_transaction()
            for value in found:
                one.send(target, value.encode())
            one.send_offsets_to_transaction({partition: OffsetAndMetadata(10, "", -1)}, reader.group_metadata())
            one.commit_transaction() if commit else one.abort_transaction()
            assert reader.committed(partition) == (10 if commit else None)
    assert committed(target) == [str(n) for n in range(10)]


def zombie():
    """transaction: offsets of a member that its group has left behind are refused"""
    name = topic()
    partition = TopicPartition(name, 0)
    produce(name, range(3))
    with contextlib.closing(consumer(name, group=name)) as reader:
        read(reader, 3)
        stale = reader.group_metadata()._replace(generation_id=99)
        with begun(name) as one:
            with refused("IllegalGeneration"):
                one.send_offsets_to_transaction({partition: OffsetAndMetadata(3, "", -1)}, stale)
                one.commit_transaction()
            one.abort_transaction()
        assert reader.committed(partition) is None


def fenced():
    """transaction: a second producer of the same id fences the first"""
    name = topic()
    with begun(name) as old:
        old.send(name, b"lost").get(30)
        with begun(name) as new:
            with refused("Fenced"):
                old.commit_transaction()
            new.send(name, b"kept").get(30)
            new.commit_transaction()
        assert committed(name) == ["kept"]
        with refused("Fenced"):
            old.begin_transaction()


def timeout():
    """transaction: one that is left open is aborted after its time"""
    name = topic()
    with begun(name, transaction_timeout_ms=1000) as one:
        one.send(name, b"late").get(30)
        produce(name, ["after"])
        until(lambda: committed(name) == ["after"], "the abort")
        with refused("Error"):
            one.commit_transaction()


def administered():
    """transaction: is listed, described and aborted from outside"""
    name = topic()
    partition = TopicPartition(name, 0)
    with begun(name) as one:
        one.send(name, b"hangs").get(30)
        listed = [each for found in admin.list_transactions(state_filters=["Ongoing"]).values() for each in found]
        assert [each.transactional_id for each in listed].count(name) == 1, listed
        found = admin.describe_transactions([name])[name]
        assert (found.state, found.topic_partitions) == ("Ongoing", {partition}), found
        assert found.transaction_timeout_ms == 60_000, found
        [state] = admin.describe_producers([partition])[partition].active_producers
        assert (state.producer_id, state.current_transaction_start_offset) == (found.producer_id, 0), state
        admin.abort_transaction(AbortTransactionSpec(partition, state.producer_id, state.producer_epoch))
        produce(name, ["after"])
        until(lambda: committed(name) == ["after"], "the abort")
    with refused("TransactionalIdNotFoundError"):
        admin.describe_transactions(["kafka-python-nobody"])


CASES = [outcomes, open_one, with_offsets, zombie, fenced, timeout, administered]
