"""A range that takes many steps does not hold up what comes meanwhile, and is finished as a whole."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from streams import retries
from streams.delivery import Delivery, DeliveryError, Outgoing
from streams.ranges import FetchedRecord
from tests.streams.copying import NOWHERE, Copy, Made, fetched, until
from tests.streams.test_lanes import Opened, opened

pytestmark = pytest.mark.embedded

PAUSE = b"pause"
LONG = "control"


@dataclass
class Stepping(Copy):
    """Takes a step for each record. ``then`` is called when the record with a value was delivered."""

    then: dict[bytes, Callable[[], None]] = field(default_factory=dict)
    refused: bytes | None = None
    begun: int = 0

    def steps(self, batch: list[Iterable[FetchedRecord]]) -> Iterator[Delivery]:
        self.begun += 1
        for records in batch:
            for record in records:
                (delivery,) = super().steps([[record]])
                if record.value == PAUSE:
                    delivery = Delivery()
                if record.value == self.refused:
                    delivery.records.append(Outgoing("score-updated", b"key", b"value", NOWHERE))
                yield delivery

    def delivered(self, delivery: Delivery) -> None:
        super().delivered(delivery)
        for _, _, value in delivery.rows:
            self.then.pop(value or b"", lambda: None)()

    def written(self) -> list[bytes | None]:
        """Return the values in the order in which they were delivered."""
        return [value for delivery in self.deliveries for _, _, value in delivery.rows]


def stepping(made: Opened, partition: int = 0) -> Stepping:
    copy = made.copies[partition]
    assert isinstance(copy, Stepping)
    return copy


async def test_batches_are_processed_between_the_steps_of_a_long_range(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, Stepping) as made:
        copy = stepping(made)
        copy.then = {
            b"1": lambda: made.submit(0, b"a", b"b"),
            b"2": lambda: made.submit(2, b"c"),
        }
        made.submit(0, b"1", PAUSE, b"2", b"3", topic=LONG, long=True)
        await made.finished({("lead-activity", 0): 3, (LONG, 0): 4})
        assert copy.written() == [b"1", b"a", b"b", b"2", b"c", b"3"]


async def test_a_long_range_is_finished_after_its_last_step_and_others_meanwhile(
    servers: str, namespace: str
) -> None:
    seen: list[dict[tuple[str, int], int]] = []
    async with opened(servers, namespace, Stepping) as made:
        copy = stepping(made)
        copy.then = {
            b"1": lambda: made.submit(0, b"a"),
            b"2": lambda: seen.append(dict(made.lanes.finished())),
            b"3": lambda: seen.append(dict(made.lanes.finished())),
        }
        made.submit(0, b"1", b"2", topic=LONG, long=True)
        made.submit(2, b"3", topic=LONG, long=True)
        await made.finished({("lead-activity", 0): 1, (LONG, 0): 3})
        assert seen == [{("lead-activity", 0): 1}, {("lead-activity", 0): 1, (LONG, 0): 2}]
        assert copy.written() == [b"1", b"a", b"2", b"3"], "a long range waits for the one before"
        assert made.lanes.facts()[0].waiting_since is None


async def test_a_batch_that_fails_between_the_steps_lets_the_long_range_begin_anew(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, Stepping) as made:
        copy = stepping(made)
        copy.refused = b"a"
        copy.then = {b"1": lambda: made.submit(0, b"a")}
        made.submit(0, b"1", b"2", topic=LONG, long=True)
        await until(lambda: copy.discarded >= 2)
        assert not made.lanes.finished()
        assert made.lanes.facts()[0].failing is not None
        copy.refused = None
        await made.finished({("lead-activity", 0): 1, (LONG, 0): 2})
        assert copy.written() == [b"1", b"a", b"1", b"2"]
        assert made.lanes.facts()[0].failing is None


async def test_a_step_that_fails_lets_the_long_range_begin_anew(servers: str, namespace: str) -> None:
    async with opened(servers, namespace, Stepping) as made:
        copy = stepping(made)
        copy.refused = b"2"
        made.submit(0, PAUSE, b"2", topic=LONG, long=True)
        await until(lambda: copy.discarded >= 2)
        failing = made.lanes.facts()[0].failing
        assert failing is not None
        assert failing.attempts >= 2, "the pause before it delivers nothing"
        copy.refused = None
        await made.finished({(LONG, 0): 2})
        assert copy.written() == [b"2"]
        assert made.lanes.facts()[0].failing is None
        assert not made.failures


async def test_a_step_that_goes_on_failing_stops_the_worker_whatever_is_delivered_meanwhile(
    servers: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "GIVE_UP_AFTER_S", 1.0)
    async with opened(servers, namespace, Stepping) as made:
        copy = stepping(made)
        copy.refused = b"2"
        made.submit(0, PAUSE, b"2", topic=LONG, long=True)
        offset = 0
        while not made.failures:
            made.submit(offset, b"a")
            offset += 1
            await asyncio.sleep(0.05)
        assert isinstance(made.failures[0], DeliveryError)
        assert b"a" in copy.written()
        assert (LONG, 0) not in made.lanes.finished()


async def test_closing_ends_a_long_range_after_the_step_in_flight_and_does_not_finish_it(
    servers: str, namespace: str
) -> None:
    async with opened(servers, namespace, Stepping) as made:
        copy = stepping(made)
        closing: list[asyncio.Task[None]] = []
        copy.then = {b"2": lambda: closing.append(asyncio.create_task(made.lanes.quiesce()))}
        made.submit(0, *(str(number).encode() for number in range(500)), topic=LONG, long=True)
        await until(lambda: bool(closing))
        await asyncio.wait_for(closing[0], 30)
        assert copy.written()[:3] == [b"0", b"1", b"2"]
        assert len(copy.written()) <= 4
        assert not made.lanes.finished()
        assert not made.failures


async def test_closing_does_not_wait_for_a_long_range_that_rests(servers: str, namespace: str) -> None:
    async with opened(servers, namespace, Stepping) as made:
        made.submit(0, *([PAUSE] * 100_000), topic=LONG, long=True)
        await until(lambda: stepping(made).begun > 0)
        await asyncio.wait_for(made.lanes.quiesce(), 30)
        assert not made.lanes.finished()


def test_a_range_is_taken_apart_into_ranges_of_one_record_without_a_gap() -> None:
    whole = fetched(3, Made(4, b"a"), Made(5, b"b"), Made(8, b"c"), following=11)
    parts = list(whole.singly())
    assert [(part.first_offset, part.next_offset) for part in parts] == [(3, 5), (5, 6), (6, 11)]
    assert [[record.value for record in part.records] for part in parts] == [[b"a"], [b"b"], [b"c"]]
    empty = fetched(3, following=5)
    assert list(empty.singly()) == [empty]
