"""What the cases on confluent-kafka share."""

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from cases import bootstrap, fresh, until

common = {"bootstrap.servers": bootstrap(), "log_level": 0}
admin = AdminClient(common)
until(lambda: len(admin.list_topics(timeout=30).brokers) == 3, "the cluster")


def topic(partitions=1, replicas=1, **config):
    name = fresh("librdkafka")
    [created] = admin.create_topics([NewTopic(name, partitions, replicas, config=config)]).values()
    created.result(30)
    return name


def partition_of(name, partition=0):
    """How the cluster describes it."""
    return admin.list_topics(name, 30).topics[name].partitions[partition]


def produce(name, values, **config):
    """As values alone, or as what Producer.produce takes. The messages as they were acknowledged."""
    producer, failures, sent = Producer({**common, **config}), [], []

    def delivered(error, message):
        sent.append(message) if error is None else failures.append(error)

    for value in values:
        producer.produce(name, on_delivery=delivered, **(value if isinstance(value, dict) else {"value": str(value)}))
    assert producer.flush(30) == 0
    assert not failures, failures[0].name()
    return sent


def consumer(group=None, **config):
    own = {"group.id": group or fresh("nobody"), "auto.offset.reset": "earliest", "enable.auto.commit": False}
    return Consumer({**common, **own, **config})


def reader(name, **config):
    """A consumer of partition 0, without a group."""
    one = consumer(**config)
    one.assign([TopicPartition(name, 0, 0)])
    return one


def poll(one, wait_s=0.1):
    """What comes in that time, if anything does."""
    message = one.poll(wait_s)
    if message is None:
        return []
    assert message.error() is None, message.error()
    return [message]


def read(one, count):
    messages = []
    until(lambda: messages.extend(poll(one)) or len(messages) >= count, f"{count} records")
    return values(messages)


def values(messages):
    return [message.value().decode() for message in messages]


def everything(name, **config):
    """What partition 0 holds."""
    one, messages = reader(name, **{"enable.partition.eof": True, **config}), []
    while True:
        message = one.poll(30)
        assert message is not None, "nothing came"
        if message.error() is None:
            messages.append(message)
        else:
            assert message.error().name() == "_PARTITION_EOF", message.error()
            break
    one.close()
    return messages
