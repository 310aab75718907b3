"""A worker's lag: how many input records are still to be finished, and how old the oldest is."""

from dataclasses import dataclass

import pytest
from faust.types import TP

from streams.admin import create_topics
from streams.lag import Backlog, LagCollector, Standing, standings_of
from tests.streams.copying import Copy, Made, Undeliverable, copying, feed, fetched, settings_of, until

HERE = TP("bg.accounts", 2)
AT_MS = 1_794_592_984_000


@dataclass
class State:
    """What aiokafka knows of a partition."""

    highwater: int | None = 10
    lso: int | None = 10
    _position: int | None = 4


def handed_over(*offsets_and_seconds: tuple[int, int]) -> Backlog:
    """Return a backlog of ranges of one record each."""
    backlog = Backlog()
    for offset, second in offsets_and_seconds:
        one = Made(offset, timestamp=AT_MS + second * 1000)
        backlog.note(HERE, fetched(offset, one), 0)
    return backlog


def standing(state: State, finished: int | None, backlog: Backlog) -> Standing:
    (one,) = standings_of([(HERE, state)], lambda _: finished, backlog, "bg")
    return one


def test_what_is_finished_counts_not_what_was_fetched() -> None:
    found = standing(State(_position=7), 5, handed_over((4, 0), (5, 3), (6, 4)))
    assert found == Standing("accounts", 2, 10, 5, AT_MS + 3000, AT_MS + 4000)
    assert found.records == 5


def test_until_something_is_finished_everything_that_was_fetched_is_still_to_be() -> None:
    assert standing(State(_position=7), None, handed_over((4, 0), (5, 3))).records == 6
    assert standing(State(_position=7), None, Backlog()).records == 3


def test_what_is_in_an_open_transaction_is_not_waited_for() -> None:
    assert standing(State(highwater=90, lso=10), 4, Backlog()).records == 6


@pytest.mark.parametrize("lso", [None, -1])
def test_where_the_broker_knows_no_transactions_its_end_counts(lso: int | None) -> None:
    assert standing(State(highwater=90, lso=lso), 4, Backlog()).records == 86


@pytest.mark.parametrize("state", [State(highwater=None, lso=None), State(_position=None)])
def test_a_partition_that_was_never_fetched_says_nothing(state: State) -> None:
    assert standings_of([(HERE, state)], lambda _: None, Backlog(), "bg") == []


def test_finished_ranges_are_forgotten_with_the_next_one_and_all_when_reading_anew() -> None:
    backlog = handed_over((4, 0), (5, 3))
    backlog.note(HERE, fetched(6, Made(6, timestamp=AT_MS)), finished=6)
    assert len(backlog._ranges[HERE]) == 1
    assert backlog.unfinished(HERE, 6) == (6, AT_MS)
    assert backlog.unfinished(HERE, 7) is None
    backlog.forget()
    assert backlog.unfinished(HERE, 0) is None
    assert backlog.newest_ms(HERE) == 0


def test_a_record_without_a_time_is_not_taken_for_one_of_1970() -> None:
    backlog = Backlog()
    backlog.note(HERE, fetched(9, Made(9, timestamp=-1)), 0)
    watched = Watched()
    watched.standings = [standing(State(), 9, backlog)]
    assert watched.lag() == (1, 0.0)
    watched.now += 15
    assert watched.lag() == (1, 15.0), "since it was first seen"


class Watched:
    """A collector whose clock and standings are set by hand."""

    def __init__(self) -> None:
        self.now = AT_MS / 1000
        self.standings: list[Standing] = []
        self.collector = LagCollector(lambda: self.standings, lambda: self.now)

    def lag(self, topic: str = "accounts") -> tuple[float, float]:
        records, seconds = self.collector.collect()
        return tuple(  # type: ignore[return-value]
            sample.value
            for family in (records, seconds)
            for sample in family.samples
            if sample.labels == {"topic": topic}
        )


def at(
    done: int, *, end: int = 10, oldest: int | None = None, newest: int = 0, partition: int = 0
) -> Standing:
    """Return a standing; times in seconds after the start."""
    return Standing(
        "accounts",
        partition,
        end,
        done,
        None if oldest is None else AT_MS + oldest * 1000,
        AT_MS + newest * 1000 if newest else 0,
    )


def test_a_topics_records_are_added_up_and_the_oldest_one_tells_its_age() -> None:
    watched = Watched()
    watched.now += 60
    watched.standings = [at(4, oldest=20), at(8, oldest=50, partition=1), at(10, partition=2)]
    assert watched.lag() == (8, 40.0)


def test_without_lag_the_age_is_0_however_old_the_last_record_is() -> None:
    watched = Watched()
    watched.standings = [at(10, newest=1)]
    watched.now += 3600
    assert watched.lag() == (0, 0.0)


def test_what_was_not_fetched_yet_is_younger_than_the_last_time_nothing_was_left() -> None:
    watched = Watched()
    watched.standings = [at(10)]
    watched.lag()
    watched.now += 15
    watched.standings = [at(10, end=11)]
    assert watched.lag() == (1, 15.0)


def test_what_was_not_fetched_yet_is_younger_than_what_was() -> None:
    watched = Watched()
    watched.standings = [at(8, newest=100)]
    watched.now += 130
    assert watched.lag() == (2, 30.0)
    watched.now += 40
    assert watched.lag() == (2, 70.0)
    watched.standings = [at(9, newest=160)]
    assert watched.lag() == (1, 10.0)


def test_what_nothing_is_known_of_is_at_least_as_old_as_the_first_look() -> None:
    watched = Watched()
    watched.standings = [at(4)]
    assert watched.lag() == (6, 0.0)
    watched.now += 15
    assert watched.lag() == (6, 15.0)


def test_a_broker_whose_clock_is_ahead_makes_nothing_younger_than_now() -> None:
    watched = Watched()
    watched.standings = [at(9, oldest=5)]
    assert watched.lag() == (1, 0.0)


def test_both_figures_are_told_even_where_nothing_is_assigned() -> None:
    assert [family.name for family in Watched().collector.collect()] == [
        "buying_groups_lag_records",
        "buying_groups_lag_seconds",
    ]


@pytest.mark.embedded
async def test_a_worker_that_cannot_deliver_falls_behind_and_one_that_can_does_not(
    servers: str, namespace: str
) -> None:
    settings = settings_of(servers, namespace)
    create_topics(settings)
    made: dict[int, Copy] = {}
    app = copying(settings, made, Undeliverable)
    assert app.standings() == [], "nothing is connected yet"
    await app.start()
    try:
        await until(lambda: app.lanes.owned() == [0, 1, 2, 3])
        feed(settings, [b"1", b"2", b"3"], partition=1)

        def behind() -> list[tuple[int, int]]:
            return [(one.partition, one.records) for one in app.standings() if one.records]

        await until(lambda: behind() == [(1, 3)])
        (oldest,) = [one.oldest_ms for one in app.standings() if one.partition == 1]
        assert oldest is not None
        for copy in made.values():
            assert isinstance(copy, Undeliverable)
            copy.failing = False
        await until(lambda: app.lanes.finished().get((f"{namespace}.lead-activity", 1)) == 3)
        assert behind() == []
    finally:
        await app.stop()
