"""What the cases on kafka-python share."""

import contextlib
import threading

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import RetriableError

from cases import bootstrap, fresh, until


def complete():
    """Whether the cluster has all its brokers: an admin client goes on with those that it found first."""
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=bootstrap())) as one:
        return len(one.describe_cluster()["brokers"]) == 3


until(complete)
admin = KafkaAdminClient(bootstrap_servers=bootstrap())


def topic(partitions=1, replicas=1, **config):
    name = fresh("kafka-python")
    new = {"num_partitions": partitions, "replication_factor": replicas, "configs": config}
    admin.create_topics({name: new}, wait_for_metadata=True)
    return name


def partition_of(name, partition=0):
    """How the cluster describes it."""
    answer = []

    def answered():
        # The broker that is asked may be gone, and then the next time another one is.
        with contextlib.suppress(RetriableError):
            answer.extend(admin.describe_topics([name]))
        return answer

    until(answered, "an answer")
    [found] = answer
    return next(each for each in found["partitions"] if each["partition_index"] == partition)


def producer(**config):
    return KafkaProducer(bootstrap_servers=bootstrap(), **config)


def produce(name, values, **config):
    with producer(**config) as one:
        sent = [one.send(name, str(value).encode()) for value in values]
        return [future.get(30) for future in sent]


def consumer(*topics, group=None, **config):
    config = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **config}
    return KafkaConsumer(*topics, bootstrap_servers=bootstrap(), group_id=group, **config)


def reader(name, **config):
    """A consumer of partition 0, without a group."""
    one = consumer(**config)
    one.assign([TopicPartition(name, 0)])
    return one


def poll(one, wait_ms=5000):
    """What one poll gives; it ends at once when there is something."""
    return [record for batch in one.poll(wait_ms).values() for record in batch]


def read(one, count):
    records = []
    until(lambda: records.extend(poll(one)) or len(records) >= count, f"{count} records")
    return values(records)


def values(records):
    return [record.value.decode() for record in records]


def everything(name, **config):
    """What partition 0 holds."""
    partition = TopicPartition(name, 0)
    one = reader(name, **config)
    end = one.end_offsets([partition])[partition]
    records = []
    # Markers take offsets too: the position tells where the end is.
    until(lambda: records.extend(poll(one, 100)) or one.position(partition) >= end, "the end")
    one.close()
    return records


class Member:
    """A member of the group that is called like its topic, which reads all the time.

    3.0.12 forgets an assignment that comes after the poll that waited for it was over, so this one's never is.
    """

    def __init__(self, name, **config):
        config = {"heartbeat_interval_ms": 300, "session_timeout_ms": 6000, **config}
        self.consumer, self.records, self.failure = consumer(name, group=name, **config), [], None
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        try:
            for record in self.consumer:
                self.records.append(record)
        except Exception as error:
            self.failure = error

    def owned(self):
        if self.failure is not None:
            raise self.failure
        return self.consumer.assignment()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.consumer.close()
