"""A tick ends in the right figures whatever overlaps it, comes again, comes late or dies on the way."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import iso_day
from domain.events import AccountEvent
from streams.topics import BUYING_GROUP_STATE, SCORE_UPDATED
from tests.agents.busy import BOLD, assert_same_end, busy, scores
from tests.agents.defined import weighting
from tests.agents.lane import PARTITIONS, Engine, controls, told
from tests.agents.meaning import said, settled
from tests.domain.builders import TODAY, activities, decide, group, profile


def test_two_ticks_that_overlap_end_as_one_after_the_other() -> None:
    one_after_the_other, overlapping = busy(), busy()
    for number in range(2):
        one_after_the_other.tick(TODAY + number, f"tick-{number}")
        overlapping.ask(TODAY + number, f"tick-{number}")
    overlapping.carry()
    assert_same_end(overlapping, one_after_the_other)


@pytest.mark.parametrize("ticked", [False, True], ids=["first tick", "later tick"])
@pytest.mark.parametrize("steps", range(11))
def test_a_tick_to_an_earlier_date_while_another_is_under_way_measures_on_the_later_one(
    steps: int, ticked: bool
) -> None:
    """A date never moves back, so a baseline must not be measured on an earlier one."""
    whole, overlapping = busy(), busy()
    for engine in (whole, overlapping):
        if ticked:
            engine.tick(TODAY - 1, "the day before")
        engine.ask(TODAY + 1, "tick-0")
    whole.carry()
    whole.tick(TODAY + 1, "tick-1")
    for _ in range(steps):
        overlapping.step(next((n for n, waiting in enumerate(overlapping.waiting) if waiting), 0))
    overlapping.ask(TODAY, "tick-1")
    overlapping.carry()
    assert_same_end(overlapping, whole)


@given(st.lists(st.integers(0, PARTITIONS - 1), max_size=60))
@settings(max_examples=30)
def test_a_tick_ends_the_same_however_far_one_partition_is_behind_the_other(turns: list[int]) -> None:
    whole, uneven = busy(), busy()
    whole.tick()
    uneven.ask()
    for number in turns:
        if uneven.waiting[number]:
            uneven.step(number)
    uneven.carry()
    assert_same_end(uneven, whole)


def test_the_first_activity_of_a_tenant_may_come_between_the_two_rounds() -> None:
    """By the points nobody is engaged, by the strength somebody is."""
    engine = Engine()
    engine.take(group(), decide())
    engine.ask()
    while all(one.kind != "strength_asked" for waiting in engine.waiting for one in waiting):
        engine.carry_each()
    engine.take(*activities(1))
    (baseline, _) = [one for one in controls(engine.carry()) if one.kind == "baseline"]
    assert (baseline.greatest_group_root, baseline.baseline_version) == (10.0, 2)
    engine.tick(tick_id="tick-2")
    (state,) = engine.states().values()
    assert state.score == 100.0


@pytest.mark.parametrize("rounds", range(7))
def test_what_is_read_while_a_tick_is_under_way_counts_fully_at_the_next(rounds: int) -> None:
    late: list[AccountEvent] = [
        *activities(9, "bob", named="late"),
        profile(lead="cem", attributes={"job_title": "chief buyer"}),
        decide(lead="cem", event_id="late", account="initech"),
    ]
    whole, during = busy(), busy()
    whole.take(*late)
    whole.tick()
    during.ask()
    for _ in range(rounds):
        during.carry_each()
    during.take(*late)
    during.carry()
    for engine in (whole, during):
        engine.tick(tick_id="tick-2")
    assert_same_end(during, whole)


def test_whatever_comes_again_on_the_way_of_a_tick_changes_nothing() -> None:
    once, again = busy(), busy()
    expected = once.tick()
    again.ask()
    repeated = again.carry(times=2)
    assert said(again.states()) == said(once.states())
    assert [settled(one) for one in again.rows()] == [settled(one) for one in once.rows()]
    assert scores(repeated) == scores(expected)
    assert {one.baseline_version for one in told(repeated, BUYING_GROUP_STATE)} == {2}


@pytest.mark.parametrize("weights", [None, BOLD], ids=["same model", "another model"])
def test_a_tick_that_is_interrupted_after_any_of_its_steps_ends_as_if_it_had_not_been(
    weights: dict[str, int] | None,
) -> None:

    def prepared() -> Engine:
        engine = busy()
        engine.tick(TODAY - 1, f"day-{iso_day(TODAY - 1)}")
        if weights:
            engine.define(weighting(weights=weights))
        return engine

    whole = prepared()
    expected = whole.tick()
    assert {one.reason for one in told(expected, SCORE_UPDATED)} == {"model" if weights else "activity"}
    steps = len(whole.written)
    for dying_after in count(1):
        engine = prepared()
        steps_before = len(engine.written)
        engine.dying_after = dying_after
        done = engine.tick()
        assert said(engine.states()) == said(whole.states()), dying_after
        assert [settled(one) for one in engine.rows()] == [settled(one) for one in whole.rows()]
        assert scores(done) == scores(expected)
        if steps_before + dying_after >= steps:
            break
    assert dying_after > 3 * PARTITIONS
