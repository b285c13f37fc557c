"""confluent-kafka: compaction, and brokers that go and come."""

from confluent_kafka import KafkaException, Producer

from cases import each, order, refused, until
from scenarios import COMPACTED, compacts, failover

from .client import common, everything, partition_of, produce, topic, values
from .groups import of_kind


def compaction():
    """compaction: the last value of a key is kept, a deleted key is not"""
    name = topic(**COMPACTED)
    text = lambda value: value if value is None else value.decode()
    compacts(
        lambda key, value: produce(name, [{"key": key, "value": value}]),
        lambda: [(text(message.key()), text(message.value())) for message in everything(name)],
    )


def keyless():
    """compaction: a record without a key is refused"""
    name = topic(**COMPACTED)
    with refused("INVALID_RECORD"):
        produce(name, ["no key"])
    produce(name, [{"key": "key", "value": "value"}])
    assert values(everything(name)) == ["value"]


class Client:
    """For the load of a fail-over."""

    def __init__(self, name, kind):
        self.name = name
        self.producer = Producer({**common, "enable.idempotence": True, "linger.ms": 1})
        config = {"enable.auto.commit": True, "auto.commit.interval.ms": 100}
        self.member = of_kind(kind, name, **config).thing

    def send(self, value, acked):
        def delivered(error, message):
            assert error is None, error
            acked(value)

        self.producer.produce(self.name, value=value, on_delivery=delivered)
        self.producer.poll(0)

    def receive(self):
        messages = self.member.consume(500, 0.005)
        # Errors tell that a broker is gone.
        return values(message for message in messages if message.error() is None)

    def partition(self):
        found = partition_of(self.name)
        return found.leader, len(found.isrs)

    def flush(self):
        assert self.producer.flush(60) == 0

    def close(self):
        self.member.close()


def brokers(kind):
    """failure: a leader is killed, then one stopped, under load of a {} group: no record is lost, none is twice"""
    name = topic(replicas=3)
    failover(Client(name, kind), lambda: values(everything(name)))


class Batches:
    """Transactions of ten records."""

    def __init__(self, name):
        self.name, self.sent, self.committed = name, 0, []
        self.producer = Producer({**common, "transactional.id": name})
        self.producer.init_transactions(30)

    def one(self):
        """One more; the same records are not sent again if it fails."""
        values = [str(n) for n in range(self.sent, self.sent + 10)]
        self.sent += 10
        self.producer.begin_transaction()
        try:
            for value in values:
                self.producer.produce(self.name, value=value)
            self.end(self.producer.commit_transaction)
        except KafkaException as failure:
            assert failure.args[0].txn_requires_abort(), failure
            self.end(self.producer.abort_transaction)
        else:
            self.committed += values

    def end(self, how):
        while True:
            try:
                return how(30)
            except KafkaException as failure:
                if not failure.args[0].retriable():
                    raise

    def until(self, holds):
        until(lambda: self.one() or holds())


def whole():
    """failure: transactions stay whole while one broker after the other is stopped"""
    name = topic(replicas=3)
    batches = Batches(name)
    for broker in [1, 2, 3]:
        order(broker, "stop")
        batches.until(lambda: broker not in partition_of(name).isrs)
        order(broker, "start")
        batches.until(lambda: len(partition_of(name).isrs) == 3)
    assert len(batches.committed) > 50, f"{len(batches.committed)} of {batches.sent}"
    assert values(everything(name)) == batches.committed


def too_few():
    """failure: too few replicas for min.insync.replicas"""
    name = topic(replicas=3, **{"min.insync.replicas": "3"})
    produce(name, ["before"])
    follower = next(n for n in [2, 3] if n != partition_of(name).leader)
    order(follower, "stop")
    try:
        until(lambda: len(partition_of(name).isrs) == 2)
        with refused("NOT_ENOUGH_REPLICAS"):
            produce(name, ["refused"], acks="all", retries=0)
        produce(name, ["weak"], acks=1)
    finally:
        order(follower, "start")
    until(lambda: len(partition_of(name).isrs) == 3)
    produce(name, ["after"])
    assert values(everything(name)) == ["before", "weak", "after"]


CASES = [compaction, keyless, *each(brokers, ["range", "KIP-848"]), whole, too_few]
