"""A partition's clock: dates do not move back, and a tick's answers give one baseline in any order."""

from dataclasses import asdict, replace
from itertools import permutations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clock import Answers, Clock, Move, Underway, dump_clock, dump_move, load_clock, load_move
from domain.engagement import (
    DEFAULT_MODEL,
    Baseline,
    TenantPart,
    WeightingModel,
    baseline_of,
    first_baseline,
)
from tests.domain.builders import FORM, TODAY, baseline, model

TICK = "tick-1"
POINTS = (TenantPart(30, 480), TenantPart(60, 90), TenantPart())
STRENGTHS = (TenantPart(greatest_strength=4.5), TenantPart(greatest_strength=11.25), TenantPart())
BOLD = model({FORM: 90}, version=4)


def pointed(clock: Clock, *senders: int, tick_id: str = TICK) -> Clock:
    for sender in senders:
        clock = clock.pointed(tick_id, sender, POINTS[sender], len(POINTS))
    return clock


def strengthened(clock: Clock, *senders: int, tick_id: str = TICK) -> Clock:
    for sender in senders:
        clock = clock.strengthened(tick_id, sender, STRENGTHS[sender], len(POINTS))
    return clock


def begun(tick_id: str = TICK, clock: Clock | None = None) -> Clock:
    return (clock or Clock()).begun(tick_id, TODAY, DEFAULT_MODEL)


def answered(clock: Clock, tick_id: str = TICK) -> Clock:
    """Return the clock after a tick with all its answers."""
    clock = pointed(begun(tick_id, clock), 0, 1, 2, tick_id=tick_id)
    return strengthened(clock, 0, 1, 2, tick_id=tick_id)


def test_until_the_first_tick_the_date_follows_the_newest_activity_and_never_moves_back() -> None:
    clock = Clock().seen(TODAY)
    assert clock.as_of == TODAY
    assert clock.seen(TODAY - 1) is clock
    assert clock.seen(TODAY) is clock
    assert clock.seen(TODAY + 1).as_of == TODAY + 1
    assert not clock.tenant().ticked


def test_once_ticked_activity_does_not_move_the_date() -> None:
    clock = Clock().moved(TODAY, baseline(version=2), DEFAULT_MODEL)
    assert clock.seen(TODAY + 5) is clock


def test_the_first_tick_sets_the_date_also_back_and_later_ones_only_on() -> None:
    """An activity dated ahead must not keep the first tick from saying what day it is."""
    clock = Clock().seen(TODAY + 3).moved(TODAY, baseline(version=2), DEFAULT_MODEL)
    assert (clock.as_of, clock.ticked) == (TODAY, True)
    assert clock.moved(TODAY - 1, baseline(version=3), DEFAULT_MODEL).as_of == TODAY
    assert clock.moved(TODAY + 1, baseline(version=3), DEFAULT_MODEL).as_of == TODAY + 1


def test_a_baseline_that_is_taken_again_changes_nothing() -> None:
    """A worker that died between its steps reads the record again."""
    clock = Clock().seen(TODAY).moved(TODAY + 1, baseline(version=2), BOLD)
    assert clock.moved(TODAY + 1, baseline(version=2), BOLD) == clock
    assert (clock.previous_as_of, clock.remodelled) == (TODAY, True)


def test_a_baseline_with_the_model_of_the_one_before_was_not_remodelled() -> None:
    clock = Clock().moved(TODAY, baseline(version=2), BOLD)
    assert clock.remodelled
    clock = clock.moved(TODAY, baseline(version=3), BOLD)
    assert (clock.remodelled, clock.model) == (False, BOLD)
    assert clock.tenant().model == BOLD


def test_a_tick_that_is_known_is_not_begun_again() -> None:
    clock = begun()
    assert begun(clock=clock) is clock
    issued, _ = answered(Clock()).issue(TICK)
    assert begun(clock=issued) is issued


def test_a_tick_keeps_the_model_it_was_begun_with() -> None:
    clock = Clock().begun(TICK, TODAY, BOLD).begun("tick-2", TODAY, DEFAULT_MODEL)
    assert (clock.underway[TICK].model, clock.underway["tick-2"].model) == (BOLD, DEFAULT_MODEL)
    _, made = answered_by(clock, TICK)
    assert made.model_version == BOLD.version


def answered_by(clock: Clock, tick_id: str) -> tuple[Clock, Baseline]:
    clock = pointed(clock, 0, 1, 2, tick_id=tick_id)
    return strengthened(clock, 0, 1, 2, tick_id=tick_id).issue(tick_id)


def test_a_tick_is_begun_for_the_latest_date_that_was_asked_for() -> None:
    """Also while the tick that asked for it is still under way, and once its baseline was sent."""
    clock = Clock().begun("tick-0", TODAY + 1, DEFAULT_MODEL)
    assert begun(clock=clock).underway[TICK].as_of == TODAY + 1
    issued, _ = answered_by(clock, "tick-0")
    assert begun(clock=issued).underway[TICK].as_of == TODAY + 1
    moved = issued.moved(TODAY + 1, baseline(version=2), DEFAULT_MODEL)
    assert begun(clock=moved).underway[TICK].as_of == TODAY + 1


def test_the_first_tick_may_name_an_earlier_date_than_the_newest_activity() -> None:
    assert begun(clock=Clock().seen(TODAY + 3)).underway[TICK].as_of == TODAY


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_answers_in_any_order_give_the_same_baseline(order: tuple[int, ...]) -> None:
    clock = pointed(begun(), *order)
    yardstick = clock.underway[TICK].yardstick
    assert yardstick == baseline_of(TenantPart(60, 480), DEFAULT_MODEL, version=2)
    clock = strengthened(clock, *order)
    assert clock.complete(TICK, 3)
    issued, made = clock.issue(TICK)
    assert made == baseline_of(TenantPart(60, 480, 11.25), DEFAULT_MODEL, version=2)
    assert (made.greatest_weight, made.person_root) == (yardstick.greatest_weight, yardstick.person_root)
    assert not issued.underway


def test_an_answer_that_comes_twice_counts_once() -> None:
    clock = pointed(begun(), 0, 0, 1, 0)
    assert clock.underway[TICK].yardstick is None
    clock = strengthened(pointed(clock, 2), 0, 0, 1, 0)
    assert not clock.complete(TICK, 3)
    assert strengthened(clock, 2).complete(TICK, 3)


def test_an_answer_that_comes_twice_counts_as_the_greater_of_both() -> None:
    """A worker that died between its answer and acknowledging the question answers again."""
    clock = begun().pointed(TICK, 1, TenantPart(60, 90), 3).pointed(TICK, 1, TenantPart(30, 100), 3)
    assert clock.underway[TICK].points == Answers(0b010, TenantPart(60, 100))
    assert clock.pointed(TICK, 1, TenantPart(60, 90), 3) is clock


@pytest.mark.parametrize("sender", [3, 2**31 - 1])
def test_an_answer_of_a_partition_that_there_is_not_changes_nothing(sender: int) -> None:
    clock = begun()
    assert clock.pointed(TICK, sender, POINTS[0], 3) is clock
    assert clock.strengthened(TICK, sender, STRENGTHS[0], 3) is clock


def test_what_an_answer_adds_to_the_row_is_less_than_a_byte() -> None:
    few, all_ = begun(), begun()
    for sender in range(1024):
        all_ = all_.pointed(TICK, sender, POINTS[0], 1025)
    few = few.pointed(TICK, 0, POINTS[0], 1025)
    assert len(dump_clock(all_)) - len(dump_clock(few)) < 1024 / 2


def test_a_row_that_keeps_answers_one_by_one_is_read_as_their_greatest() -> None:
    clock = strengthened(pointed(begun(), 0, 1, 2), 1)
    fields = orjson.loads(dump_clock(clock))
    fields["underway"][TICK] |= {
        "points": {str(sender): asdict(part) for sender, part in enumerate(POINTS)},
        "strengths": {"1": asdict(STRENGTHS[1])},
    }
    assert load_clock(orjson.dumps(fields)) == clock
    fields["underway"][TICK] |= {"points": {}, "strengths": {}, "yardstick": None}
    assert load_clock(orjson.dumps(fields)) == begun()


def test_nothing_is_complete_before_its_first_answer() -> None:
    assert not Clock().complete(TICK, 1)
    assert not begun().complete(TICK, 1)


def test_points_that_come_after_all_were_there_change_nothing() -> None:
    clock = pointed(begun(), 0, 1, 2)
    assert clock.pointed(TICK, 1, TenantPart(100, 9000), 3) is clock


def test_an_answer_to_a_tick_that_is_not_under_way_changes_nothing() -> None:
    assert pointed(Clock(), 1) == strengthened(Clock(), 1) == Clock()
    issued, _ = answered(Clock()).issue(TICK)
    assert pointed(issued, 1) is issued
    assert strengthened(issued, 1) is issued


def test_answers_to_two_ticks_are_kept_apart() -> None:
    clock = pointed(begun("tick-2", begun()), 0, 1)
    clock = pointed(clock, 2, tick_id="tick-2")
    assert {known: one.points.senders for known, one in clock.underway.items()} == {
        TICK: 0b011,
        "tick-2": 0b100,
    }
    assert all(one.yardstick is None for one in clock.underway.values())


def test_each_baseline_has_a_greater_number_than_any_before() -> None:
    """Also before the partition that issues them has taken the last one itself."""
    clock, first = answered(Clock()).issue(TICK)
    clock, second = answered(clock, "tick-2").issue("tick-2")
    ahead = clock.moved(TODAY, baseline(version=9), DEFAULT_MODEL)
    _, third = answered(ahead, "tick-3").issue("tick-3")
    assert first_baseline().version < first.version < second.version
    assert third.version == 10


def test_only_the_last_ticks_are_remembered() -> None:
    clock = Clock()
    for number in range(250):
        clock, _ = answered(clock, f"tick-{number}").issue(f"tick-{number}")
    assert len(clock.ticks) == len(clock.issued) == 100
    assert clock.ticks[-1] == "tick-249"
    assert list(clock.issued)[-1] == "tick-249"


days = st.integers(0, 100_000)
figures = st.floats(0, 1e12, allow_nan=False)
parts = st.builds(TenantPart, st.integers(0, 100), st.integers(0, 2**53), figures)
baselines = st.builds(
    Baseline, st.integers(1, 2**53), st.integers(1, 9), st.integers(0, 100), figures, figures
)
models = st.builds(
    WeightingModel,
    st.text(max_size=9),
    st.integers(1, 9),
    st.dictionaries(st.text(max_size=9), st.integers(0, 100), max_size=3),
)
answers = st.builds(Answers, st.integers(0, 2**1024 - 1), parts)
clocks = st.builds(
    Clock,
    as_of=days,
    previous_as_of=days,
    ticked=st.booleans(),
    baseline=baselines,
    model=models,
    remodelled=st.booleans(),
    asked=days,
    ticks=st.lists(st.text(max_size=9), max_size=4).map(tuple),
    underway=st.dictionaries(
        st.text(max_size=9),
        st.builds(Underway, days, models, answers, st.none() | baselines, answers),
        max_size=2,
    ),
    issued=st.dictionaries(st.text(max_size=9), st.integers(1, 2**53), max_size=3),
)


@given(clocks)
def test_a_clock_comes_back_from_its_row_as_it_was(clock: Clock) -> None:
    assert load_clock(dump_clock(clock)) == clock


@given(st.builds(Move, st.text(max_size=9), st.integers(0, 2**53), st.text(max_size=9)))
def test_a_move_comes_back_from_its_row_as_it_was(move: Move) -> None:
    assert load_move(dump_move(move)) == move


@given(clocks, st.lists(st.tuples(days, baselines), max_size=6))
def test_once_ticked_no_date_moves_back(clock: Clock, moves: list[tuple[int, Baseline]]) -> None:
    clock = replace(clock, ticked=True)
    for as_of, measured in moves:
        moved = clock.moved(as_of, measured, DEFAULT_MODEL)
        assert moved.as_of >= clock.as_of
        clock = moved


@given(clocks, st.lists(days, min_size=1, max_size=6))
def test_no_tick_is_begun_for_an_earlier_date_than_one_before(clock: Clock, asked: list[int]) -> None:
    begun_for = []
    for number, as_of in enumerate(asked):
        clock = replace(clock, ticks=()).begun(f"tick {number}", as_of, DEFAULT_MODEL)
        begun_for.append(clock.underway[f"tick {number}"].as_of)
    assert begun_for == sorted(begun_for)
    assert begun_for[-1] >= max(asked)
