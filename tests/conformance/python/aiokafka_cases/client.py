"""What the cases on aiokafka share."""

import asyncio
import contextlib
import inspect
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from cases import PATIENCE_S, bootstrap, fresh


@contextlib.asynccontextmanager
async def admin():
    one = AIOKafkaAdminClient(bootstrap_servers=bootstrap())
    await one.start()
    try:
        yield one
    finally:
        await one.close()


def check(errors):
    """Errors of an answer: of what, its code, and perhaps more."""
    for what, code, *more in errors:
        if code:
            raise for_code(code)(what, *more)


async def until(holds, what="it"):
    """Asks until it holds; it may be a coroutine."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = holds()
        if await found if inspect.isawaitable(found) else found:
            return
        assert time.monotonic() < end, f"{what} did not come about"
        await asyncio.sleep(0.05)


async def described(one, name):
    """The partitions of a topic by their number; nothing if there is no such topic."""
    answer = []

    async def answered():
        # The broker that is asked may be gone, and then the next time perhaps another one is.
        with contextlib.suppress(KafkaError):
            answer.extend(await one.describe_topics([name]))
        return answer

    await until(answered, "an answer")
    [found] = answer
    return {each["partition"]: each for each in found["partitions"]}


async def topic(partitions=1, replicas=1, **config):
    name = fresh("aiokafka")
    async with admin() as one:
        # It answers before all brokers are there.
        await until(lambda: brokers(one), "the cluster")
        answer = await one.create_topics([NewTopic(name, partitions, replicas, topic_configs=config)])
        check(answer.topic_errors)

        async def led():
            found = await described(one, name)
            return len(found) == partitions and all(each["leader"] > 0 for each in found.values())

        await until(led, "leaders")
    return name


async def brokers(one):
    return len((await one.describe_cluster())["brokers"]) == 3


def producer(**config):
    return AIOKafkaProducer(bootstrap_servers=bootstrap(), **config)


async def produce(name, values, **config):
    async with producer(**config) as one:
        sent = [await one.send(name, str(value).encode()) for value in values]
        return [await future for future in sent]


def consumer(*topics, group=None, **config):
    config = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **config}
    return AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap(), group_id=group, **config)


def member(name, **config):
    """Of the group that is called like the topic."""
    config = {"heartbeat_interval_ms": 300, "session_timeout_ms": 6000, **config}
    return consumer(name, group=name, **config)


@contextlib.asynccontextmanager
async def reader(name, **config):
    """A consumer of partition 0, without a group."""
    async with consumer(**config) as one:
        one.assign([TopicPartition(name, 0)])
        yield one


async def poll(one, wait_ms=1000):
    """What comes in that time, or what is there at once."""
    return [record for batch in (await one.getmany(timeout_ms=wait_ms)).values() for record in batch]


async def read(one, count):
    records = []

    async def enough():
        records.extend(await poll(one))
        return len(records) >= count

    await until(enough, f"{count} records")
    return values(records)


def values(records):
    return [record.value.decode() for record in records]


async def everything(name, **config):
    """What partition 0 holds."""
    partition, records = TopicPartition(name, 0), []
    async with reader(name, **config) as one:
        end = (await one.end_offsets([partition]))[partition]

        async def over():
            # Markers take offsets too: the position tells where the end is.
            records.extend(await poll(one, 100))
            return await one.position(partition) >= end

        await until(over, "the end")
    return records
