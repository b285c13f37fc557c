"""kafka-python: compaction, and brokers that go and come."""

import time

from cases import order, refused, until
from scenarios import COMPACTED, compacts, failover

from .client import Member, everything, partition_of, produce, producer, topic, values


def compaction():
    """compaction: the last value of a key is kept, a deleted key is not"""
    name = topic(**COMPACTED)
    text = lambda value: value if value is None else value.decode()
    with producer() as one:
        compacts(
            lambda key, value: one.send(name, value and value.encode(), key.encode()).get(30),
            lambda: [(text(record.key), text(record.value)) for record in everything(name)],
        )


def keyless():
    """compaction: a record without a key is refused"""
    name = topic(**COMPACTED)
    with producer(enable_idempotence=False) as one:
        with refused("InvalidRecordError"):
            one.send(name, b"no key").get(30)
        one.send(name, b"value", b"key").get(30)
    assert values(everything(name)) == ["value"]


class Client:
    """For the load of a fail-over."""

    def __init__(self, name):
        self.name = name
        self.producer = producer(acks="all", enable_idempotence=True)
        self.member = Member(name, enable_auto_commit=True, auto_commit_interval_ms=100)
        self.failures = []

    def send(self, value, acked):
        sent = self.producer.send(self.name, value.encode())
        sent.add_callback(lambda _: acked(value))
        sent.add_errback(self.failures.append)
        assert not self.failures, self.failures[0]

    def receive(self):
        time.sleep(0.005)
        self.member.owned()
        return values(self.member.records)

    def partition(self):
        found = partition_of(self.name)
        return found["leader_id"], len(found["isr_nodes"])

    def flush(self):
        self.producer.flush(60)

    def close(self):
        self.producer.close()
        self.member.consumer.close()


def brokers():
    """failure: a leader is killed, then one stopped, under load: no record is lost, none is twice"""
    name = topic(replicas=3)
    failover(Client(name), lambda: values(everything(name)))


def too_few():
    """failure: too few replicas for min.insync.replicas"""
    name = topic(replicas=3, **{"min.insync.replicas": "3"})
    produce(name, ["before"])
    follower = next(n for n in [2, 3] if n != partition_of(name)["leader_id"])
    order(follower, "stop")
    try:
        until(lambda: len(partition_of(name)["isr_nodes"]) == 2)
        with producer(retries=0, enable_idempotence=False, acks="all") as one:
            with refused("NotEnoughReplicasError"):
                one.send(name, b"refused").get(30)
        produce(name, ["weak"], acks=1, enable_idempotence=False)
    finally:
        order(follower, "start")
    until(lambda: len(partition_of(name)["isr_nodes"]) == 3)
    produce(name, ["after"])
    assert values(everything(name)) == ["before", "weak", "after"]


CASES = [compaction, keyless, brokers, too_few]
