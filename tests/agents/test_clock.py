"""A partition's clock: dates do not move back, and a tick's parts give one baseline in any order."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clock import Clock, Underway, dump_clock, load_clock
from domain.engagement import DEFAULT_MODEL, Baseline, TenantPart, baseline_of, first_baseline
from tests.domain.builders import TODAY, baseline

TICK = "tick-1"
PARTS = (TenantPart(30, 480, 4.5), TenantPart(60, 90, 11.25), TenantPart())


def gathered(clock: Clock, *senders: int, tick_id: str = TICK) -> Clock:
    for sender in senders:
        clock = clock.gathered(tick_id, TODAY, sender, PARTS[sender])
    return clock


def test_until_the_first_tick_the_date_follows_the_newest_activity_and_never_moves_back() -> None:
    clock = Clock().seen(TODAY)
    assert clock.as_of == TODAY
    assert clock.seen(TODAY - 1) is clock
    assert clock.seen(TODAY) is clock
    assert clock.seen(TODAY + 1).as_of == TODAY + 1
    assert not clock.tenant().ticked


def test_once_ticked_activity_does_not_move_the_date() -> None:
    clock = Clock().moved(TODAY, baseline(version=2))
    assert clock.seen(TODAY + 5) is clock


def test_the_first_tick_sets_the_date_also_back_and_later_ones_only_on() -> None:
    """An activity dated ahead must not keep the first tick from saying what day it is."""
    clock = Clock().seen(TODAY + 3).moved(TODAY, baseline(version=2))
    assert (clock.as_of, clock.ticked) == (TODAY, True)
    assert clock.moved(TODAY - 1, baseline(version=3)).as_of == TODAY
    assert clock.moved(TODAY + 1, baseline(version=3)).as_of == TODAY + 1


def test_a_baseline_that_is_taken_again_changes_nothing() -> None:
    """A worker that died between its steps reads the record again."""
    clock = Clock().seen(TODAY).moved(TODAY + 1, baseline(version=2))
    assert clock.moved(TODAY + 1, baseline(version=2)) == clock
    assert clock.tenant_before().as_of == TODAY


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parts_in_any_order_give_the_same_baseline(order: tuple[int, ...]) -> None:
    clock = gathered(Clock(), *order)
    assert clock.complete(TICK, 3)
    whole = TenantPart(60, 480, 11.25)
    issued, made = clock.issue(TICK)
    assert made == baseline_of(whole, DEFAULT_MODEL, version=2)
    assert not issued.underway


def test_a_part_that_comes_twice_counts_once() -> None:
    clock = gathered(Clock(), 0, 0, 1, 0)
    assert not clock.complete(TICK, 3)
    assert gathered(clock, 2).complete(TICK, 3)


def test_nothing_is_complete_before_its_first_part() -> None:
    assert not Clock().complete(TICK, 1)


def test_a_part_of_a_tick_that_was_reduced_changes_nothing() -> None:
    clock, _ = gathered(Clock(), 0, 1, 2).issue(TICK)
    assert gathered(clock, 1) is clock


def test_parts_of_two_ticks_are_kept_apart() -> None:
    clock = gathered(gathered(Clock(), 0, 1), 2, tick_id="tick-2")
    assert not clock.complete(TICK, 3)
    assert not clock.complete("tick-2", 3)
    assert set(clock.underway) == {TICK, "tick-2"}


def test_each_baseline_has_a_greater_number_than_any_before() -> None:
    """Also before the partition that issues them has taken the last one itself."""
    clock, first = gathered(Clock(), 0, 1, 2).issue(TICK)
    clock, second = gathered(clock, 0, 1, 2, tick_id="tick-2").issue("tick-2")
    ahead = clock.moved(TODAY, baseline(version=9))
    _, third = gathered(ahead, 0, 1, 2, tick_id="tick-3").issue("tick-3")
    assert first_baseline().version < first.version < second.version
    assert third.version == 10


def test_only_the_last_ticks_are_remembered() -> None:
    clock = Clock()
    for number in range(250):
        clock, _ = gathered(clock, 0, tick_id=f"tick-{number}").issue(f"tick-{number}")
        clock = clock.answered(f"tick-{number}")
    assert len(clock.ticks) == len(clock.issued) == 100
    assert clock.ticks[-1] == "tick-249"
    assert list(clock.issued)[-1] == "tick-249"


days = st.integers(0, 100_000)
figures = st.floats(0, 1e12, allow_nan=False)
parts = st.builds(TenantPart, st.integers(0, 100), st.integers(0, 2**53), figures)
baselines = st.builds(
    Baseline, st.integers(1, 2**53), st.integers(1, 9), st.integers(0, 100), figures, figures
)
clocks = st.builds(
    Clock,
    as_of=days,
    previous_as_of=days,
    ticked=st.booleans(),
    baseline=baselines,
    ticks=st.lists(st.text(max_size=9), max_size=4).map(tuple),
    underway=st.dictionaries(
        st.text(max_size=9),
        st.builds(Underway, days, st.dictionaries(st.integers(0, 1023), parts, max_size=3)),
        max_size=2,
    ),
    issued=st.dictionaries(st.text(max_size=9), st.integers(1, 2**53), max_size=3),
)


@given(clocks)
def test_a_clock_comes_back_from_its_row_as_it_was(clock: Clock) -> None:
    assert load_clock(dump_clock(clock)) == clock


@given(clocks, st.lists(st.tuples(days, baselines), max_size=6))
def test_once_ticked_no_date_moves_back(clock: Clock, moves: list[tuple[int, Baseline]]) -> None:
    clock = replace(clock, ticked=True)
    for as_of, measured in moves:
        moved = clock.moved(as_of, measured)
        assert moved.as_of >= clock.as_of
        clock = moved


def test_a_ticks_date_is_the_greatest_of_its_parts_in_whatever_order_they_come() -> None:
    """Partitions differ in their date while two ticks overlap."""
    dated = [(0, TODAY), (1, TODAY + 2), (2, TODAY + 1)]
    for order in permutations(dated):
        clock = Clock()
        for sender, as_of in order:
            clock = clock.gathered(TICK, as_of, sender, PARTS[sender])
        assert clock.underway[TICK].as_of == TODAY + 2
