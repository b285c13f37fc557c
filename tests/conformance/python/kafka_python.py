"""kafka-python. Usage: kafka_python.py HOST:PORT"""

import itertools

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from cases import bootstrap, run

numbers = itertools.count(1)
admin = KafkaAdminClient(bootstrap_servers=bootstrap())


def topic(partitions=1):
    name = f"kafka-python-{next(numbers)}"
    admin.create_topics([NewTopic(name=name, num_partitions=partitions, replication_factor=1)])
    return name


def consumer(group=None, **config):
    return KafkaConsumer(
        bootstrap_servers=bootstrap(),
        group_id=group,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
        **config,
    )


def read(reader, count):
    values = [record.value.decode() for record in itertools.islice(reader, count)]
    assert len(values) == count, f"{len(values)} of {count} records"
    return values


def produce(name, values, **config):
    producer = KafkaProducer(bootstrap_servers=bootstrap(), **config)
    sent = [producer.send(name, str(value).encode()) for value in values]
    for future in sent:
        future.get(30)
    producer.close()


def plain():
    """produce and read in order"""
    name = topic()
    produce(name, range(100))
    reader = consumer()
    reader.assign([TopicPartition(name, 0)])
    assert read(reader, 100) == [str(n) for n in range(100)]
    reader.close()


def compressed():
    """gzip batches"""
    name = topic()
    produce(name, range(100), compression_type="gzip", linger_ms=20)
    reader = consumer()
    reader.assign([TopicPartition(name, 0)])
    assert len(read(reader, 100)) == 100
    reader.close()


def group():
    """a group goes on where it left off"""
    name = topic(2)
    produce(name, range(10))
    first = consumer("kafka-python", enable_auto_commit=False)
    first.subscribe([name])
    assert len(read(first, 10)) == 10
    first.commit()
    first.close()
    produce(name, ["next"])
    second = consumer("kafka-python", enable_auto_commit=False)
    second.subscribe([name])
    assert read(second, 1) == ["next"]
    second.close()


def offsets():
    """offsets of the beginning and the end"""
    name = topic()
    produce(name, range(7))
    partition = TopicPartition(name, 0)
    reader = consumer()
    assert reader.beginning_offsets([partition])[partition] == 0
    assert reader.end_offsets([partition])[partition] == 7
    reader.close()


run([plain, compressed, group, offsets])
