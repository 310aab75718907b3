"""Lanes deliver in order, one batch at a time, and say how far they got."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from time import monotonic

import pytest
from faust.types import TP

from streams import metrics, retries
from streams.delivery import DeliveryError
from streams.health import LaneFacts
from streams.lanes import Lanes, Submission
from tests.streams.copying import (
    BOOM,
    TABLE,
    Copy,
    Made,
    Undeliverable,
    copying,
    fetched,
    settings_of,
    until,
)

pytestmark = pytest.mark.embedded

Making = Callable[[int], Copy]


class Opened:
    """Lanes on the embedded Kafka, their processors, and the failures they reported."""

    def __init__(self, servers: str, namespace: str, making: Making, batch_size: int) -> None:
        settings = settings_of(servers, namespace, batch_size=batch_size)
        self.tables = copying(settings).stored
        self.copies: dict[int, Copy] = {}
        self.failures: list[BaseException] = []
        self.lanes = Lanes(settings, self.tables, self._make, self._failed)
        self._making = making

    def _make(self, partition: int) -> Copy:
        self.copies[partition] = self._making(partition)
        return self.copies[partition]

    async def _failed(self, failure: BaseException) -> None:
        self.failures.append(failure)

    def submit(
        self,
        first: int,
        *values: bytes,
        topic: str = "lead-activity",
        partition: int = 0,
        generation: int = 1,
        following: int | None = None,
        long: bool = False,
    ) -> None:
        """Submit a range whose records have these values."""
        records = [Made(first + place, value) for place, value in enumerate(values)]
        one = fetched(
            first,
            *records,
            topic=topic,
            partition=partition,
            generation=generation,
            following=following,
        )
        self.lanes.submit(Submission(one, one.records, long))

    async def finished(self, expected: dict[tuple[str, int], int]) -> None:
        """Wait until so much is finished."""
        await until(lambda: dict(self.lanes.finished()) == expected)

    def rows(self, partition: int = 0) -> list[bytes]:
        """Return the stored values of a partition, sorted."""
        owned = self.tables[TABLE].stored.rows.get(partition, {})
        return sorted(value for rows in owned.values() for value in rows.values())


@contextlib.asynccontextmanager
async def opened(
    servers: str,
    namespace: str,
    making: Making = Copy,
    *,
    partitions: Sequence[int] = (0,),
    batch_size: int = 100,
) -> AsyncIterator[Opened]:
    made = Opened(servers, namespace, making, batch_size)
    await made.lanes.open(partitions, 1)
    try:
        yield made
    finally:
        await made.lanes.quiesce()
        await made.lanes.close()


async def test_ranges_that_wait_are_one_batch_up_to_the_batch_size(servers: str, namespace: str) -> None:
    async with opened(servers, namespace, batch_size=5) as made:
        made.submit(0, b"a", b"b")
        made.submit(2, b"c", b"d", b"e")
        made.submit(5, b"f")
        await made.finished({("lead-activity", 0): 6})
        assert made.copies[0].batches == [[b"a", b"b", b"c", b"d", b"e"], [b"f"]]
        assert made.rows() == [b"a", b"b", b"c", b"d", b"e", b"f"]


async def test_a_range_larger_than_a_batch_is_a_batch_of_its_own(servers: str, namespace: str) -> None:
    async with opened(servers, namespace, batch_size=2) as made:
        made.submit(0, b"a", b"b", b"c")
        made.submit(3, b"d")
        await made.finished({("lead-activity", 0): 4})
        assert made.copies[0].batches == [[b"a", b"b", b"c"], [b"d"]]


async def test_each_topic_is_finished_up_to_the_end_of_its_last_range(
    servers: str, namespace: str
) -> None:
    """Also where a range ends in commit markers, or holds nothing else."""
    async with opened(servers, namespace, partitions=(0, 1)) as made:
        made.submit(7, b"a", topic="accounts", following=9)
        made.submit(20, topic="control", following=25)
        made.submit(0, b"b", partition=1)
        await made.finished({("accounts", 0): 9, ("control", 0): 25, ("lead-activity", 1): 1})


async def test_a_lane_has_room_for_two_batches_and_again_when_one_is_finished(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, batch_size=2) as made:
        assert made.lanes.has_room(0)
        assert not made.lanes.has_room(1)
        made.submit(0, b"a", b"b", b"c")
        assert made.lanes.has_room(0)
        made.submit(3, b"d")
        assert not made.lanes.has_room(0)
        await made.lanes.wait_for_room(20.0)
        assert made.lanes.has_room(0)


async def test_waiting_for_room_ends_after_its_time(servers: str, namespace: str) -> None:
    async with opened(servers, namespace) as made:
        await asyncio.wait_for(made.lanes.wait_for_room(0.01), 20)


async def test_a_batch_that_could_not_be_delivered_is_discarded_and_processed_again(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, Undeliverable) as made:
        made.submit(0, b"a")
        await until(lambda: made.copies[0].discarded >= 2)
        copy = made.copies[0]
        assert isinstance(copy, Undeliverable)
        assert not made.lanes.finished()
        assert made.rows() == []

        copy.failing = False
        await made.finished({("lead-activity", 0): 1})
        assert set(map(tuple, copy.batches)) == {(b"a",)}
        assert len(copy.deliveries) == 1
        assert made.rows() == [b"a"]
        assert not made.failures


async def test_a_partition_that_fails_says_since_when_how_often_and_why_until_it_goes_on(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, Undeliverable, partitions=(0, 1)) as made:
        copy = made.copies[0]
        assert isinstance(copy, Undeliverable)
        retries = metrics.RETRIES._value.get()
        assert [lane.failing for lane in made.lanes.facts()] == [None, None]
        made.submit(0, b"a")
        assert made.lanes.facts()[0].waiting_since is not None
        await until(lambda: copy.discarded >= 3)

        failing = made.lanes.facts()[0].failing
        assert failing is not None
        assert failing.attempts >= 2
        assert failing.since <= monotonic()
        assert failing.reason.startswith("_UNKNOWN_PARTITION: ")
        assert made.lanes.facts()[1].failing is None
        assert metrics.FAILING._value.get() == 1
        assert metrics.RETRIES._value.get() >= retries + 2

        copy.failing = False
        await made.finished({("lead-activity", 0): 1})
        assert made.lanes.facts()[0] == LaneFacts(0)
        assert metrics.FAILING._value.get() == 0


async def test_a_partition_that_fails_no_longer_counts_once_it_is_another_workers(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, Undeliverable) as made:
        made.submit(0, b"a")
        await until(lambda: metrics.FAILING._value.get() == 1)
        await made.lanes.open([], 2)
        assert metrics.FAILING._value.get() == 0
        assert made.lanes.assigned
        assert made.lanes.facts() == ()


async def test_a_delivery_that_goes_on_failing_stops_the_worker_unfinished(
    servers: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "GIVE_UP_AFTER_S", 0.5)
    async with opened(servers, namespace, Undeliverable) as made:
        made.submit(0, b"a")
        await until(lambda: bool(made.failures))
        assert isinstance(made.failures[0], DeliveryError)
        assert not made.lanes.finished()


async def test_a_batch_that_cannot_be_processed_stops_the_worker_at_once(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace) as made:
        made.submit(0, b"a")
        await made.finished({("lead-activity", 0): 1})
        made.submit(1, BOOM)
        await until(lambda: bool(made.failures))
        assert [str(failure) for failure in made.failures] == ["boom"]
        assert dict(made.lanes.finished()) == {("lead-activity", 0): 1}
        assert made.copies[0].discarded == 1


async def test_closing_finishes_what_is_in_flight_and_drops_what_waits(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, batch_size=1) as made:
        made.submit(0, b"in flight")
        await until(lambda: bool(made.copies[0].batches))
        made.submit(1, b"waits")
        await made.lanes.quiesce()
        made.submit(2, b"too late")
        assert made.lanes.closing
        assert dict(made.lanes.finished()) == {("lead-activity", 0): 1}
        assert made.rows() == [b"in flight"]


async def test_closing_ends_the_trying_again_without_failing(servers: str, namespace: str) -> None:
    async with opened(servers, namespace, Undeliverable) as made:
        made.submit(0, b"a")
        await until(lambda: made.copies[0].discarded >= 1)
        await asyncio.wait_for(made.lanes.quiesce(), 30)
        assert not made.lanes.finished()
        assert not made.failures


async def test_a_range_of_a_former_assignment_is_not_taken(servers: str, namespace: str) -> None:
    """What was queued before it is gone: finishing it would commit past records nobody processed."""
    async with opened(servers, namespace) as made:
        await made.lanes.open([0], 2)
        made.submit(100, b"read before the rebalance", generation=1)
        made.submit(0, b"read again", generation=2)
        await made.finished({("lead-activity", 0): 1})
        assert made.copies[0].batches == [[b"read again"]]


async def test_a_range_of_a_partition_that_has_gone_is_dropped(servers: str, namespace: str) -> None:
    async with opened(servers, namespace, partitions=(0, 1)) as made:
        await made.lanes.open([1], 2)
        made.submit(0, b"a", partition=0, generation=2)
        made.submit(0, b"b", partition=1, generation=2)
        await made.finished({("lead-activity", 1): 1})
        assert made.lanes.owned() == [1]
        assert made.rows(0) == []


async def test_opening_anew_forgets_how_far_the_former_assignment_got(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace) as made:
        made.submit(0, b"a")
        await made.finished({("lead-activity", 0): 1})
        await made.lanes.open([0], 2)
        assert not made.lanes.finished()


async def test_what_is_stored_is_what_recovery_need_not_read_again(servers: str, namespace: str) -> None:
    async with opened(servers, namespace) as made:
        made.submit(0, b"a", b"b")
        await made.finished({("lead-activity", 0): 2})
        table = made.tables[TABLE]
        assert table.persisted_offset(TP(table.changelog_topic_name, 0)) == 1
