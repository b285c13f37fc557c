"""aiokafka: transactions."""

import contextlib

from aiokafka import TopicPartition

from cases import refused

from .client import consumer, everything, member, produce, producer, read, topic, until, values


@contextlib.asynccontextmanager
async def begun(name, **config):
    """A producer whose id is the topic's name, in a transaction."""
    async with producer(transactional_id=name, **config) as one:
        await one.begin_transaction()
        yield one


async def committed(name):
    return values(await everything(name, isolation_level="read_committed"))


async def outcomes():
    """transaction: committed records are seen, aborted ones are not"""
    name = await topic(2)
    both = [TopicPartition(name, n) for n in [0, 1]]
    async with begun(name) as one:
        for turn, commit in enumerate([True, False, True]):
            if turn > 0:
                await one.begin_transaction()
            for partition in [0, 1]:
                await one.send_and_wait(name, str(turn).encode(), partition=partition)
            await (one.commit_transaction() if commit else one.abort_transaction())
        assert await committed(name) == ["0", "2"]
        assert values(await everything(name)) == ["0", "1", "2"]
        async with consumer() as reader:
            # Three records and three markers.
            assert await reader.end_offsets(both) == {both[0]: 6, both[1]: 6}


async def contexts():
    """transaction: a block that fails is aborted"""
    name = await topic()
    async with producer(transactional_id=name) as one:
        async with one.transaction():
            await one.send_and_wait(name, b"kept")
        with refused("on purpose"):
            async with one.transaction():
                await one.send_and_wait(name, b"dropped")
                raise ValueError("on purpose")
        async with one.transaction():
            await one.send_and_wait(name, b"last")
    assert await committed(name) == ["kept", "last"]


async def open_one():
    """transaction: nothing behind an open one is seen until it ends"""
    name = await topic()
    partition = TopicPartition(name, 0)
    async with begun(name) as one:
        await one.send_and_wait(name, b"a")
        await produce(name, ["b"])
        assert await committed(name) == [] and values(await everything(name)) == ["a", "b"]
        async with consumer(isolation_level="read_committed") as reader:
            assert await reader.end_offsets([partition]) == {partition: 0}
            reader.assign([partition])
            await one.commit_transaction()
            assert await read(reader, 2) == ["a", "b"]


async def with_offsets():
    """transaction: offsets are part of it"""
    source, target = await topic(), await topic()
    partition = TopicPartition(source, 0)
    await produce(source, range(10))
    async with member(source) as reader, begun(target) as one:
        found = await read(reader, 10)
        for commit in [False, True]:
            if commit:
                await one.begin_transaction()
            for value in found:
                await one.send(target, value.encode())
            await one.send_offsets_to_transaction({partition: 10}, source)
            await (one.commit_transaction() if commit else one.abort_transaction())

            # The offsets' own marker comes a little after the answer.
            async def there(expected=10 if commit else None):
                return await reader.committed(partition) == expected

            await until(there, "the offset")
    assert await committed(target) == [str(n) for n in range(10)]


async def fenced():
    """transaction: a second producer of the same id fences the first"""
    name = await topic()
    async with begun(name) as old:
        await old.send_and_wait(name, b"lost")
        async with begun(name) as new:
            with refused("ProducerFenced"):
                await old.commit_transaction()
            await new.send_and_wait(name, b"kept")
            await new.commit_transaction()
    assert await committed(name) == ["kept"]


async def timeout():
    """transaction: one that is left open is aborted after its time"""
    name = await topic()
    async with begun(name, transaction_timeout_ms=1000) as one:
        await one.send_and_wait(name, b"late")
        await produce(name, ["after"])

        async def aborted():
            return await committed(name) == ["after"]

        await until(aborted, "the abort")
        with refused("ProducerFenced"):
            await one.commit_transaction()


CASES = [outcomes, contexts, open_one, with_offsets, fenced, timeout]
