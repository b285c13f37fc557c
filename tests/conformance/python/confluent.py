"""confluent-kafka, and so librdkafka. Usage: confluent.py HOST:PORT"""

import itertools
import os
import time
import urllib.request

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

from cases import bootstrap, run

numbers = itertools.count(1)
common = {"bootstrap.servers": bootstrap()}
admin = AdminClient(common)


def topic(partitions=1, replicas=1, **config):
    name = f"librdkafka-{next(numbers)}"
    new = NewTopic(name, partitions, replicas, config=config)
    admin.create_topics([new])[name].result(30)
    return name


def produce(name, values, **config):
    producer = Producer({**common, **config})
    failures = []
    for value in values:
        producer.produce(name, value=str(value), on_delivery=lambda e, _: e and failures.append(e))
    assert producer.flush(30) == 0
    assert not failures, failures[0]


def read(name, count, group, **config):
    consumer = Consumer({**common, "group.id": group, "auto.offset.reset": "earliest", **config})
    consumer.subscribe([name])
    values, end = [], time.monotonic() + 60
    while len(values) < count and time.monotonic() < end:
        message = consumer.poll(0.5)
        if message is not None:
            assert message.error() is None, message.error()
            values.append(message.value().decode())
    consumer.close()
    assert len(values) == count, f"{len(values)} of {count} records"
    return values


def codecs():
    """every codec, idempotent"""
    name = topic()
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        produce(name, range(500), **{"compression.type": codec, "enable.idempotence": True})
    assert read(name, 2500, "codecs") == [str(n) for n in range(500)] * 5


def administration():
    """topics, partitions, settings, records deleted"""
    name = topic(2, **{"retention.ms": "60000"})
    admin.create_partitions([NewPartitions(name, 4)])[name].result(30)
    assert len(admin.list_topics(name, 30).topics[name].partitions) == 4
    resource = ConfigResource("topic", name)
    found = admin.describe_configs([resource])[resource].result(30)
    assert found["retention.ms"].value == "60000"
    produce(name, range(5))
    with_end = TopicPartition(name, 0, -1)
    for future in admin.delete_records([with_end]).values():
        future.result(30)
    admin.delete_topics([name])[name].result(30)
    try:
        topic(**{"retention.ms": "soon"})
        raise AssertionError("a setting that is no number was taken")
    except KafkaException as error:
        assert error.args[0].name() == "INVALID_CONFIG", error


def cooperative():
    """cooperative-sticky members share"""
    name = topic(4)
    config = {"partition.assignment.strategy": "cooperative-sticky"}
    share(name, "cooperative", config)


def consumer_protocol():
    """the consumer protocol of KIP-848"""
    name = topic(4)
    share(name, "new-protocol", {"group.protocol": "consumer"})
    produce(name, range(20))
    assert len(read(name, 20, "new-reader", **{"group.protocol": "consumer"})) == 20


def share(name, group, config):
    config = {**common, "group.id": group, "auto.offset.reset": "earliest", **config}
    members = [Consumer(config), Consumer(config)]
    for member in members:
        member.subscribe([name])
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for member in members:
            member.poll(0.1)
        owned = sorted(tp.partition for member in members for tp in member.assignment())
        if owned == [0, 1, 2, 3] and all(len(member.assignment()) == 2 for member in members):
            break
    else:
        raise AssertionError(f"they own {owned}")
    for member in members:
        member.close()


def transactions():
    """transactions, with offsets"""
    name = topic()
    producer = Producer({**common, "transactional.id": "librdkafka"})
    producer.init_transactions(30)
    for values, commit in [(["a", "b"], True), (["c"], False), (["d"], True)]:
        producer.begin_transaction()
        for value in values:
            producer.produce(name, value=value)
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
    assert read(name, 3, "committed", **{"isolation.level": "read_committed"}) == ["a", "b", "d"]


def fenced():
    """a second producer with the same transactional id fences the first"""
    name = topic()
    config = {**common, "transactional.id": "fenced"}
    old, new = Producer(config), Producer(config)
    old.init_transactions(30)
    old.begin_transaction()
    old.produce(name, value="old")
    old.flush(30)
    new.init_transactions(30)
    try:
        old.commit_transaction(30)
        raise AssertionError("it was not fenced")
    except KafkaException as error:
        assert error.args[0].fatal(), error


def order(broker, what):
    """To the server itself: tests/conformance/README.md."""
    url = f"http://{os.environ['KONBINI_CONTROL']}/brokers/{broker}/{what}"
    urllib.request.urlopen(urllib.request.Request(url, method="POST"))


class Load:
    """An idempotent producer, and a group of one that reads what it writes."""

    def __init__(self, name):
        self.name, self.sent, self.acked, self.seen = name, 0, set(), set()
        self.producer = Producer({**common, "enable.idempotence": True, "linger.ms": 1})
        self.member = Consumer({**common, "group.id": name, "auto.offset.reset": "earliest",
                                "auto.commit.interval.ms": 100})
        self.member.subscribe([name])

    def delivered(self, error, message):
        assert error is None, error
        self.acked.add(message.value().decode())

    def go_on(self, holds):
        """Writes and reads until it holds."""
        end = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < end, f"{self.sent} sent, {len(self.acked)} acked, {len(self.seen)} read"
            self.producer.produce(self.name, value=str(self.sent), on_delivery=self.delivered)
            self.sent += 1
            self.producer.poll(0)
            message = self.member.poll(0.005)
            if message is not None and message.error() is None:
                self.seen.add(message.value().decode())

    def more(self, count=200):
        """Goes on until so many more are acknowledged and read."""
        acked, seen = len(self.acked) + count, len(self.seen) + count
        self.go_on(lambda: len(self.acked) >= acked and len(self.seen) >= seen)


def failover():
    """a leader is killed, then one stopped, under load: no record is lost, none is twice"""
    name = topic(replicas=3)
    partition = lambda: admin.list_topics(name, 30).topics[name].partitions[0]
    load = Load(name)
    load.more()
    for what in ["kill", "stop"]:
        leader = partition().leader
        order(leader, what)
        load.go_on(lambda: partition().leader not in (leader, -1))
        load.more()
        order(leader, "start")
        load.go_on(lambda: len(partition().isrs) == 3)
        load.more()
    assert load.producer.flush(60) == 0
    load.member.close()
    everything = [str(n) for n in range(load.sent)]
    assert len(load.acked) == load.sent
    assert read(name, load.sent, f"{name}-again") == everything
    assert load.seen <= set(everything)


run([codecs, administration, cooperative, consumer_protocol, transactions, fenced, failover])
