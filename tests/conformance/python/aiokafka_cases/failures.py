"""aiokafka: compaction, and brokers that go and come."""

import asyncio

from cases import order, refused
from scenarios import COMPACTED, compacts, failover

from .client import admin, described, everything, member, poll, produce, producer, topic, until, values


def waiting():
    """For the scenarios, which do not wait for coroutines: what waits for one, from another thread."""
    loop = asyncio.get_running_loop()
    return lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)


async def compaction():
    """compaction: the last value of a key is kept, a deleted key is not"""
    name, wait = await topic(**COMPACTED), waiting()
    text = lambda value: value if value is None else value.decode()
    async with producer() as one:
        await asyncio.to_thread(
            compacts,
            lambda key, value: wait(one.send_and_wait(name, value and value.encode(), key.encode())),
            lambda: [(text(record.key), text(record.value)) for record in wait(everything(name))],
        )


async def keyless():
    """compaction: a record without a key is refused"""
    name = await topic(**COMPACTED)
    async with producer() as one:
        # INVALID_RECORD is unknown to this client.
        with refused("UnknownError"):
            await one.send_and_wait(name, b"no key")
        await one.send_and_wait(name, b"value", b"key")
    assert values(await everything(name)) == ["value"]


class Client:
    """For the load of a fail-over; from another thread."""

    def __init__(self, name, admin, producer, member):
        self.name, self.admin, self.producer, self.member = name, admin, producer, member
        self.wait, self.failures = waiting(), []

    def send(self, value, acked):
        async def work():
            sent = await self.producer.send(self.name, value.encode())
            sent.add_done_callback(done)

        def done(sent):
            self.failures.append(sent.exception()) if sent.exception() else acked(value)

        self.wait(work())
        assert not self.failures, self.failures[0]

    def receive(self):
        return values(self.wait(poll(self.member, 5)))

    def partition(self):
        found = self.wait(described(self.admin, self.name))[0]
        return found["leader"], len(found["isr"])

    def flush(self):
        self.wait(self.producer.flush())

    def close(self):
        """The case does that."""


async def brokers():
    """failure: a leader is killed, then one stopped, under load: no record is lost, none is twice"""
    name, wait = await topic(replicas=3), waiting()
    async with admin() as of, producer(enable_idempotence=True) as to:
        async with member(name, enable_auto_commit=True, auto_commit_interval_ms=100) as reader:
            client = Client(name, of, to, reader)
            await asyncio.to_thread(failover, client, lambda: values(wait(everything(name))))


async def too_few():
    """failure: too few replicas for min.insync.replicas"""
    name = await topic(replicas=3, **{"min.insync.replicas": "3"})
    await produce(name, ["before"])
    async with admin() as one:

        async def in_sync(count):
            return len((await described(one, name))[0]["isr"]) == count

        leader = (await described(one, name))[0]["leader"]
        follower = next(n for n in [2, 3] if n != leader)
        await asyncio.to_thread(order, follower, "stop")
        try:
            await until(lambda: in_sync(2))
            async with producer(acks="all", request_timeout_ms=2000) as to:
                # It tries again until its time is over.
                with refused("NotEnoughReplicas"):
                    await to.send_and_wait(name, b"refused")
            await produce(name, ["weak"], acks=1)
        finally:
            await asyncio.to_thread(order, follower, "start")
        await until(lambda: in_sync(3))
    await produce(name, ["after"])
    assert values(await everything(name)) == ["before", "weak", "after"]


CASES = [compaction, keyless, brokers, too_few]
