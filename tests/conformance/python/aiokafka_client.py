"""aiokafka. Usage: aiokafka_client.py HOST:PORT"""

import asyncio
import itertools

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from cases import bootstrap, run

numbers = itertools.count(1)


async def topic(partitions=1):
    name = f"aiokafka-{next(numbers)}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap())
    await admin.start()
    await admin.create_topics([NewTopic(name, partitions, 1)])
    await admin.close()
    return name


async def read(name, count, **config):
    consumer = AIOKafkaConsumer(
        name, bootstrap_servers=bootstrap(), auto_offset_reset="earliest", **config
    )
    await consumer.start()
    try:
        values = []
        while len(values) < count:
            record = await asyncio.wait_for(consumer.getone(), 30)
            values.append(record.value.decode())
        return values
    finally:
        await consumer.stop()


async def send(name, values, **config):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap(), **config)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(name, str(value).encode())
    finally:
        await producer.stop()


def plain():
    """produce and read in order"""

    async def work():
        name = await topic()
        await send(name, range(50), enable_idempotence=True)
        assert await read(name, 50) == [str(n) for n in range(50)]

    asyncio.run(work())


def group():
    """a group reads everything"""

    async def work():
        name = await topic(3)
        await send(name, range(30))
        assert len(await read(name, 30, group_id="aiokafka")) == 30

    asyncio.run(work())


def transactions():
    """transactions"""

    async def work():
        name = await topic()
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap(), transactional_id="aiokafka")
        await producer.start()
        async with producer.transaction():
            await producer.send_and_wait(name, b"kept")
        await producer.begin_transaction()
        await producer.send_and_wait(name, b"dropped")
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(name, b"last")
        await producer.stop()
        values = await read(name, 2, isolation_level="read_committed")
        assert values == ["kept", "last"], values

    asyncio.run(work())


run([plain, group, transactions])
