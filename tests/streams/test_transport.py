"""The transport hands over every record once for each assignment, and commits what is finished."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import aiokafka
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from faust.types import TP

from streams.admin import create_topics
from streams.app import EngineApp
from streams.delivery import PartitionProducer
from streams.health import Facts, not_ready
from streams.settings import Settings
from streams.transport import RangeConsumer, RangeConsumerThread
from tests.streams.copying import (
    BOOM,
    Copy,
    committed,
    copying,
    feed,
    rows_of,
    settings_of,
    until,
)

_SESSION_S = 2.0


@contextlib.asynccontextmanager
async def running(app: EngineApp) -> AsyncIterator[EngineApp]:
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


@contextlib.asynccontextmanager
async def reading(servers: str, **options: Any) -> AsyncIterator[aiokafka.AIOKafkaConsumer]:
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        check_crcs=False,
        **options,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def thread_of(app: EngineApp) -> RangeConsumerThread:
    consumer: Any = app.consumer
    thread = consumer._thread
    assert isinstance(thread, RangeConsumerThread)
    return thread


def source(settings: Settings, partition: int = 0) -> TP:
    return TP(f"{settings.namespace}.lead-activity", partition)


def changelog(settings: Settings) -> TP:
    return TP(f"{settings.namespace}.engine-lead_to_profile-changelog", 0)


@pytest.mark.embedded
async def test_source_partitions_start_when_the_flow_is_resumed_and_not_before(
    servers: str, namespace: str
) -> None:
    """Resuming the flow clears the agents' queues: what was fetched before it would be lost."""
    settings = settings_of(servers, namespace)
    consumer: Any = copying(settings).consumer
    assert isinstance(consumer, RangeConsumer)

    consumer.resume_partitions({source(settings), changelog(settings)})
    assert consumer._get_active_partitions() == {changelog(settings)}

    consumer.resume_flow()
    assert consumer._get_active_partitions() == {changelog(settings), source(settings)}


@pytest.mark.embedded
async def test_a_fetch_that_outlives_its_assignment_gives_its_records_back(
    servers: str, namespace: str
) -> None:
    settings = settings_of(servers, namespace)
    thread = thread_of(copying(settings))
    tp = aiokafka.TopicPartition(*source(settings))
    async with reading(servers) as consumer:
        consumer.assign([tp])
        outliving = asyncio.create_task(
            thread._fetch_records(consumer, {source(settings)}, timeout=20.0, max_records=10)
        )
        await asyncio.sleep(0.2)
        consumer.assign([tp])
        feed(settings, [b"1", b"2", b"3"], partition=0)

        assert await outliving == {}
        assert await consumer.position(tp) == 0
        again = await thread._fetch_records(consumer, {source(settings)}, timeout=20.0, max_records=10)
        ((handed_over,),) = again.values()
        assert [record.value for record in handed_over.records] == [b"1", b"2", b"3"]


@pytest.mark.embedded
async def test_a_partition_without_a_committed_offset_is_sought_to_its_beginning(
    servers: str, namespace: str
) -> None:
    """aiokafka leaves it wherever a fetch that was dropped has brought it."""
    settings = settings_of(servers, namespace)
    thread = thread_of(copying(settings))
    feed(settings, [b"1", b"2", b"3"], partition=0)
    async with reading(servers, group_id=f"{namespace}.reader") as consumer:
        tp = aiokafka.TopicPartition(*source(settings))
        consumer.assign([tp])
        fetched = await consumer.getmany(timeout_ms=20_000)
        assert len(fetched[tp]) == 3

        assert await thread._seek_to_committed(consumer) == {tp: None}
        assert await consumer.position(tp) == 0

        await consumer.commit({tp: 2})
        assert await thread._seek_to_committed(consumer) == {tp: 2}
        assert await consumer.position(tp) == 2


@pytest.mark.embedded
async def test_what_a_worker_wrote_another_recovers_and_goes_on_from_where_it_stopped(
    servers: str, namespace: str
) -> None:
    settings = settings_of(servers, namespace)
    values = [str(number).encode() for number in range(50)]
    feed(settings, values)
    async with running(copying(settings)) as first:
        await until(lambda: len(rows_of(first)) == 50)
        written = rows_of(first)
    assert sum(committed(settings).values()) == 50

    made: dict[int, Copy] = {}
    async with running(copying(settings, made)) as second:
        await until(lambda: rows_of(second) == written)
        feed(settings, [b"one more"])
        await until(lambda: len(rows_of(second)) == 51)

        # A commit that runs while the lanes finish has not seen their last batches.
        consumer: Any = second.consumer
        running_commit = consumer._commit_fut = asyncio.get_running_loop().create_future()
        empty = asyncio.create_task(consumer.wait_empty())
        await asyncio.sleep(0.1)
        assert not empty.done()
        consumer._commit_fut = None
        running_commit.set_result(None)
        await empty
        assert sum(committed(settings).values()) == 51
    assert [value for copy in made.values() for batch in copy.batches for value in batch] == [
        b"one more"
    ]


@pytest.mark.embedded
async def test_a_log_that_begins_anew_is_read_from_its_beginning(servers: str, namespace: str) -> None:
    """A topic that was deleted and made again is shorter than what was committed of it."""
    settings = settings_of(servers, namespace)
    feed(settings, [b"1", b"2", b"3"], partition=0)
    group = Consumer({**settings.client_config(), "group.id": settings.app_id})
    group.commit(offsets=[TopicPartition(source(settings).topic, 0, 500)], asynchronous=False)
    group.close()

    async with running(copying(settings)) as app:
        await until(lambda: sorted(rows_of(app).values()) == [b"1", b"2", b"3"])
    assert committed(settings) == {0: 3}


@pytest.mark.embedded
async def test_a_worker_that_cannot_go_on_stops_and_leaves_the_batch_uncommitted(
    servers: str, namespace: str
) -> None:
    settings = settings_of(servers, namespace)
    app = copying(settings)
    await app.start()
    feed(settings, [b"1", b"2"], partition=0)
    await until(lambda: len(rows_of(app)) == 2)
    await until(lambda: committed(settings) == {0: 2})
    feed(settings, [b"3"], partition=1)
    feed(settings, [BOOM], partition=0)
    await asyncio.wait_for(app.wait_until_stopped(), 20)
    assert app.crashed

    # The consumer's thread ends by itself meanwhile, and what asks it for a commit waits for ever.
    await asyncio.sleep(1.5)
    await asyncio.wait_for(app.stop(), 20)
    assert committed(settings)[0] == 2


@pytest.mark.embedded
async def test_a_broker_that_does_not_answer_recovery_is_a_failure_and_not_its_end(
    servers: str, namespace: str
) -> None:
    app = copying(settings_of(servers, namespace))
    tables: Any = app.tables
    recovery = tables.recovery
    with pytest.raises(TimeoutError, match="no answer from the broker"):
        await recovery._wait(asyncio.sleep(20), timeout=0.05)
    await recovery._wait(asyncio.sleep(0), timeout=20)


@pytest.mark.embedded
def test_a_worker_without_partitions_stays_in_the_group(servers: str, namespace: str) -> None:
    """It fetches nothing, and aiokafka would send it away after this long."""
    ten_years_s = 10 * 365 * 86_400
    assert copying(settings_of(servers, namespace)).conf.broker_max_poll_interval >= ten_years_s


def members(settings: Settings) -> int:
    """Return how many workers the broker counts in the group."""
    admin = AdminClient({**settings.client_config()})
    (described,) = admin.describe_consumer_groups([settings.app_id]).values()
    return len(described.result(20).members)


@pytest.mark.kafka
async def test_a_worker_whose_lanes_take_longer_to_open_than_its_session_stays_in_the_group(
    kafka: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka sends no heartbeats while an assignment is dealt with; another worker would be given
    the same partitions meanwhile."""
    settings = settings_of(kafka, namespace, partitions=1)
    settings = settings.model_copy(update={"session_timeout": _SESSION_S})
    create_topics(settings)
    opening, may_open = threading.Event(), threading.Event()
    usual = PartitionProducer.open

    def held(producer: PartitionProducer) -> None:
        opening.set()
        assert may_open.wait(60)
        usual(producer)

    monkeypatch.setattr(PartitionProducer, "open", held)
    app = copying(settings)
    # It has started once its first assignment was dealt with.
    starting = asyncio.create_task(app.start())
    try:
        await until(opening.is_set)
        await asyncio.sleep(_SESSION_S + 3)
        assert await asyncio.to_thread(members, settings) == 1
        may_open.set()
        await until(lambda: app.lanes.owned() == [0] and not app.rebalancing)
        assert app.rebalancing_count == 1
    finally:
        may_open.set()
        await starting
        await app.stop()


@pytest.mark.embedded
async def test_a_worker_is_ready_once_it_was_assigned_partitions_and_recovered_them(
    servers: str, namespace: str
) -> None:
    app = copying(settings_of(servers, namespace))
    noted = Facts(0.0)

    def problems() -> list[str]:
        nonlocal noted
        noted = app.facts(noted, 1.0)
        return not_ready(noted, 1.0)

    assert problems() == [
        f"no broker of {servers} is known as the consumer group's coordinator for 0 s",
        "the consumer group has not assigned partitions yet",
    ]
    async with running(app):
        await until(lambda: not problems())
        assert [lane.partition for lane in noted.lanes] == [0, 1, 2, 3]
        await app.lanes.quiesce()
        assert problems() == ["partitions are being given up or assigned, for 0 s"]
