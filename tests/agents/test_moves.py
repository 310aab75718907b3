"""Stages and status as they leave: what a journey moved is reported once, each move is answered."""

from typing import Any

import pytest

from agents.reading import Batch, Origin
from domain.events import AccountEvent
from streams import metrics
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    STAGE_CHANGED,
    STATUS_CHANGED,
)
from tests.agents.defined import SALES, interest
from tests.agents.lane import Engine, Lane, records, told, topics
from tests.agents.meaning import settled
from tests.domain.builders import (
    GROUP,
    INTEREST,
    TODAY,
    account_profile,
    group,
    moment,
    move,
    status,
)

STAGES = SALES.model_dump_json()
MOVED = sorted(
    [STAGE_CHANGED.name, STATUS_CHANGED.name, ASSIGNMENT_OUTCOME.name, ASSIGNMENT_OUTCOME.name]
)


def founded(*events: AccountEvent) -> Lane:
    """Return a lane with a group that has stages, after events."""
    lane = Lane()
    lane.fold(group(stage_model=STAGES), *events)
    return lane


def outcomes(lane: Lane, *events: AccountEvent) -> list[str]:
    delivered = lane.process(Batch(events=list(events)))
    return [one.outcome for one in told(delivered, ASSIGNMENT_OUTCOME)]


def test_each_answer_is_counted_by_its_outcome() -> None:
    lane = founded()
    counted = metrics.OUTCOMES.labels("applied")._value.get()
    assert outcomes(lane, move("New"), status("in talks", at=moment(hour=13))) == ["applied"] * 2
    assert metrics.OUTCOMES.labels("applied")._value.get() == counted + 2


def test_a_move_and_a_status_are_reported_answered_and_in_the_state() -> None:
    delivery = founded().fold(move("New"), status("in talks", at=moment(hour=13)))
    assert sorted(topics(delivery)) == sorted([*MOVED, BUYING_GROUP_STATE.name])
    (stage,) = told([delivery], STAGE_CHANGED)
    assert (stage.previous, stage.current, stage.version) == (None, "New", 1)
    assert (stage.buying_group_id, stage.solution_interest_id, stage.lead_id) == (GROUP, INTEREST, None)
    (named,) = told([delivery], STATUS_CHANGED)
    assert (named.previous, named.current, named.version) == (None, "in talks", 1)
    assert {one.reason for one in (stage, named)} == {"move"}
    assert {one.occurred_at for one in told([delivery], ASSIGNMENT_OUTCOME)} == {
        moment(),
        moment(hour=13),
    }
    (state,) = told([delivery], BUYING_GROUP_STATE)
    assert (state.stage, state.status) == ("New", "in talks")
    assert (state.versions["stage"], state.versions["status"]) == (1, 1)


@pytest.mark.parametrize(
    ("event", "operation"),
    [(move("New"), "update_stage"), (status("in talks"), "update_status")],
    ids=["stage", "status"],
)
def test_the_answer_to_a_move_names_no_lead_and_carries_its_trace(
    event: AccountEvent, operation: str
) -> None:
    origins = {event.event_id: Origin("00-trace", replay=True)}
    delivered = founded().process(Batch(events=[event], origins=origins))
    (answer,) = told(delivered, ASSIGNMENT_OUTCOME)
    assert (answer.lead_id, answer.source, answer.operation) == (None, "journey", operation)
    assert (answer.decision_event_id, answer.cause_event_id) == (event.event_id, event.event_id)
    assert (answer.outcome, answer.overridden_by, answer.reason) == ("applied", None, "move")
    assert (answer.buying_group_id, answer.solution_interest_id) == (GROUP, INTEREST)
    assert answer.replay is True
    for record in (one for delivery in delivered for one in delivery.records):
        assert dict(record.headers)["traceparent"] == b"00-trace"


NEW = move("New", event_id="new")
HOT = status("hot", event_id="hot")

ANSWERS: dict[str, tuple[list[AccountEvent], AccountEvent, str]] = {
    "along a transition": ([NEW], move("Talking"), "applied"),
    "again": ([NEW], NEW, "no_change"),
    "to where it is": ([NEW], move("New", event_id="also new"), "no_change"),
    "past a stage": ([NEW], move("Won"), "void"),
    "in at no entry": ([], move("Talking"), "void"),
    "to no stage": ([NEW], move("Nowhere"), "void"),
    "of a deleted group": ([group(deleted=True)], NEW, "void"),
    "a newer status": ([HOT], status("cold", event_id="cold", at=moment(hour=13)), "applied"),
    "the same status": ([HOT], status("hot", event_id="still", at=moment(hour=13)), "no_change"),
    "the status again": ([HOT], HOT, "no_change"),
    "an older status": ([HOT], status("cold", event_id="cold", at=moment(hour=11)), "stale"),
    "the status of a deleted group": ([group(deleted=True)], HOT, "void"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_every_move_is_answered_with_what_became_of_it(case: str) -> None:
    before, event, expected = ANSWERS[case]
    assert outcomes(founded(*before), event) == [expected]


@pytest.mark.parametrize("case", [case for case, row in ANSWERS.items() if row[2] != "applied"])
def test_what_is_not_applied_changes_nothing_but_is_answered(case: str) -> None:
    before, event, _ = ANSWERS[case]
    lane = founded(*before)
    assert set(topics(lane.fold(event))) == {ASSIGNMENT_OUTCOME.name}


def test_a_move_of_a_group_without_stages_is_void() -> None:
    lane = Lane()
    lane.fold(group())
    assert outcomes(lane, move("New")) == ["void"]


def test_moves_before_their_group_are_pending_and_take_effect_when_it_is_created() -> None:
    lane = Lane()
    assert outcomes(lane, move("New"), move("Talking"), HOT) == ["pending"] * 3
    delivered = [lane.restarted().fold(group(stage_model=STAGES))]
    (stage,) = told(delivered, STAGE_CHANGED)
    (named,) = told(delivered, STATUS_CHANGED)
    assert (stage.previous, stage.current, stage.version) == (None, "Talking", 1)
    assert (named.previous, named.current) == (None, "hot")
    assert told(delivered, ASSIGNMENT_OUTCOME) == [], "it was answered when it came"
    (state,) = told(delivered, BUYING_GROUP_STATE)
    assert (state.stage, state.status) == ("Talking", "hot")


def test_moves_before_the_definition_that_creates_their_group_take_effect_with_it() -> None:
    engine = Engine(forgetful=True)
    engine.take(account_profile(), NEW, HOT)
    delivered = engine.define(interest(stages=SALES))
    (stage,) = told(delivered, STAGE_CHANGED)
    assert (stage.current, stage.cause_event_id) == ("New", "interest")
    (state,) = engine.states().values()
    assert (state.stage, state.status) == ("New", "hot")


@pytest.mark.parametrize("restarted", [False, True], ids=["same worker", "next worker"])
def test_a_batch_of_moves_that_comes_again_applies_once(restarted: bool) -> None:
    moves: list[AccountEvent] = [move("New"), move("Lost"), move("New", event_id="back"), HOT]
    lane = founded()
    first = [lane.fold(*moves)]
    (stage,) = told(first, STAGE_CHANGED)
    assert (stage.previous, stage.current) == (None, "New"), "one report for a batch"
    before = settled(lane.rows())

    again = (lane.restarted() if restarted else lane).fold(*moves)
    assert {one.outcome for one in told([again], ASSIGNMENT_OUTCOME)} == {"no_change"}
    assert set(topics(again)) == {ASSIGNMENT_OUTCOME.name}
    assert without_answers(settled(lane.rows())) == without_answers(before)


def without_answers(found: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    return {
        key: {name: value for name, value in fields.items() if name != "outcome_version"}
        for key, fields in found.items()
    }


def test_a_move_that_comes_twice_in_one_batch_applies_once() -> None:
    lane = founded()
    assert outcomes(lane, move("New"), move("New"), move("Lost"), move("New")) == [
        "applied",
        "no_change",
        "applied",
        "no_change",
    ]
    assert [one.current for one in told([lane.fold(move("New", event_id="back"))], STAGE_CHANGED)] == [
        "New"
    ]


def test_reports_and_answers_of_moves_are_numbered_without_gaps() -> None:
    lane = founded()
    delivered = [
        lane.fold(one) for one in (NEW, HOT, move("Talking"), status("cold", event_id="z"), move("Won"))
    ]
    for topic, count in ((STAGE_CHANGED, 3), (STATUS_CHANGED, 2), (ASSIGNMENT_OUTCOME, 5)):
        assert [one.version for one in told(delivered, topic)] == list(range(1, count + 1))
    assert [(one.previous, one.current) for one in told(delivered, STAGE_CHANGED)] == [
        (None, "New"),
        ("New", "Talking"),
        ("Talking", "Won"),
    ]


def test_a_tick_and_a_restart_leave_stage_and_status_as_they_are() -> None:
    engine = Engine(forgetful=True)
    engine.take(group(stage_model=STAGES), NEW, HOT)
    caused = engine.tick(TODAY + 40)
    assert not records(caused, STAGE_CHANGED)
    assert not records(caused, STATUS_CHANGED)
    (state,) = told(caused, BUYING_GROUP_STATE)
    assert (state.stage, state.status) == ("New", "hot")
