"""aiokafka: administration."""

from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from cases import refused

from .client import admin, check, consumer, described, everything, produce, topic, until, values


async def topics():
    """admin: topics are created, described, listed and deleted"""
    name = await topic(3, 3)
    async with admin() as one:
        found = await described(one, name)
        assert len(found) == 3, found
        assert all(sorted(each["isr"]) == [1, 2, 3] for each in found.values()), found
        assert name in await one.list_topics()
        check((await one.delete_topics([name])).topic_error_codes)

        async def gone():
            return name not in await one.list_topics()

        await until(gone)
        with refused("UnknownTopicOrPartitionError"):
            check((await one.delete_topics([name])).topic_error_codes)


async def refusals():
    """admin: what cannot be is refused, each for its reason"""
    name = await topic(2)
    async with admin() as one:

        async def create(name, partitions=1, replicas=1, **config):
            new = NewTopic(name, partitions, replicas, topic_configs=config)
            check((await one.create_topics([new], validate_only=True)).topic_errors)

        await create("aiokafka-could-be")
        assert "aiokafka-could-be" not in await one.list_topics()
        with refused("TopicAlreadyExistsError"):
            await create(name)
        with refused("InvalidTopicError"):
            await create("no spaces")
        with refused("InvalidPartitionsError"):
            await create("aiokafka-none", partitions=0)
        with refused("InvalidReplicationFactorError"):
            await create("aiokafka-many", replicas=9)
        with refused("InvalidConfigurationError"):
            await create("aiokafka-soon", **{"retention.ms": "soon"})
        with refused("InvalidPartitionsError"):
            await one.create_partitions({name: NewPartitions(1)})


async def partitions():
    """admin: a topic gets more partitions, on the brokers that are named"""
    name = await topic(2)
    async with admin() as one:
        await one.create_partitions({name: NewPartitions(4, [[3], [2]])})

        async def four():
            return len(await described(one, name)) == 4

        await until(four)
        found = await described(one, name)
        assert [found[n]["replicas"] for n in [2, 3]] == [[3], [2]], found


async def setting(one, kind, name, key):
    [answer] = await one.describe_configs([ConfigResource(kind, name, {key: None})])
    [(code, message, _, _, entries)] = answer.resources
    check([(message, code)])
    [entry] = entries
    return entry[1]


async def alter(one, kind, name, **config):
    """Sets these and nothing else: the client has AlterConfigs alone."""
    config = {key.replace("_", "."): value for key, value in config.items()}
    answers = await one.alter_configs([ConfigResource(kind, name, config)])
    check([(message, code) for answer in answers for code, message, *_ in answer.resources])


async def settings():
    """admin: settings of a topic, and of a broker"""
    name, kind = await topic(**{"retention.ms": "60000"}), ConfigResourceType.TOPIC
    async with admin() as one:
        assert await setting(one, kind, name, "retention.ms") == "60000"
        await alter(one, kind, name, segment_ms="1000")
        found = [await setting(one, kind, name, key) for key in ["segment.ms", "retention.ms"]]
        assert found == ["1000", "604800000"], found
        with refused("InvalidConfigurationError"):
            await alter(one, kind, name, retention_ms="soon")
        with refused("UnknownTopicOrPartitionError"):
            await alter(one, kind, "aiokafka-nowhere", retention_ms="1")
        key, kind = "log.flush.interval.messages", ConfigResourceType.BROKER
        before = await setting(one, kind, "2", key)
        await alter(one, kind, "2", log_flush_interval_messages="1234")

        async def changed(to):
            return await setting(one, kind, "2", key) == to

        await until(lambda: changed("1234"))
        assert await setting(one, kind, "1", key) == before
        await alter(one, kind, "2")
        await until(lambda: changed(before))


async def records():
    """admin: records are deleted"""
    name = await topic()
    partition = TopicPartition(name, 0)
    await produce(name, range(5))
    async with admin() as one, consumer() as reader:
        assert await one.delete_records({partition: RecordsToDelete(2)}) == {partition: 2}
        assert await reader.beginning_offsets([partition]) == {partition: 2}
        assert values(await everything(name)) == ["2", "3", "4"]
        with refused("OffsetOutOfRangeError"):
            await one.delete_records({partition: RecordsToDelete(9)})
        assert await one.delete_records({partition: RecordsToDelete(-1)}) == {partition: 5}


async def cluster():
    """admin: the cluster"""
    await topic()
    async with admin() as one:
        found = await one.describe_cluster()
        assert sorted(broker["node_id"] for broker in found["brokers"]) == [1, 2, 3], found
        assert found["controller_id"] in (1, 2, 3) and found["cluster_id"], found


CASES = [topics, refusals, partitions, settings, records, cluster]
