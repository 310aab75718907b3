"""What a batch writes is all there is: from its rows the next worker goes on as this one would have."""

from typing import Any

import pytest
from hypothesis import given, settings

from agents import control, rows
from agents.reading import Batch, Origin
from domain.calendar import Day
from domain.engagement import DEFAULT_MODEL
from domain.events import AccountEvent
from schemas.control import ControlRecord
from streams import metrics
from streams.delivery import Delivery, Outgoing
from streams.tables import encode_key
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    DEAD_LETTERS,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
)
from tests.agents.lane import NOW, TICK, Engine, Lane, records, told, topics, written
from tests.agents.meaning import effect, settled
from tests.domain.builders import (
    ACCOUNT,
    DECISION_MAKER,
    GROUP,
    LEAD,
    TODAY,
    account_profile,
    activities,
    activity,
    baseline,
    decide,
    group,
    profile,
)
from tests.domain.stream import Stream
from tests.domain.streams import dates, streams


def test_a_batch_writes_one_row_for_each_thing_it_touched_and_reports_once() -> None:
    delivery = Lane().fold(
        group(), decide(), profile(), account_profile(), *activities(3), *activities(2, named="more")
    )
    assert written(delivery) == {
        (rows.CLOCK, (0,)),
        (rows.ACCOUNT, (ACCOUNT,)),
        (rows.LEAD, (ACCOUNT, LEAD)),
        (rows.DAY, (ACCOUNT, LEAD, TODAY)),
        (rows.PERSON, (ACCOUNT, LEAD)),
        (rows.DEFINITION, (ACCOUNT, GROUP)),
        (rows.DECISIONS, (ACCOUNT, GROUP, LEAD)),
        (rows.GROUP, (ACCOUNT, GROUP)),
    }
    assert len(delivery.rows) == len(written(delivery))
    assert sorted(topics(delivery)) == sorted(
        [
            SCORE_UPDATED.name,
            SCORE_UPDATED.name,
            COMPLETENESS_CHANGED.name,
            MEMBERSHIP_CHANGED.name,
            ASSIGNMENT_OUTCOME.name,
            BUYING_GROUP_STATE.name,
        ]
    )


def test_ranges_of_several_topics_are_one_batch() -> None:
    delivered = Lane().process(
        Batch(events=[activity()]), Batch(events=[group()]), Batch(events=[decide()])
    )
    assert len(delivered) == 1
    (state,) = told(delivered, BUYING_GROUP_STATE)
    assert [(member.lead_id, member.role) for member in state.members] == [(LEAD, DECISION_MAKER)]
    assert state.score > 0


def test_what_must_go_on_goes_on_with_the_batch_it_came_with() -> None:
    letter = Outgoing(DEAD_LETTERS.name, b"key", b"garbage")
    (delivery,) = Lane().process(Batch(onward=[letter]))
    assert delivery.records == [letter]
    assert delivery.rows == []


def test_the_bytes_of_changelogs_are_counted_once_they_are_on_the_broker() -> None:
    def counted() -> dict[str, float]:
        return {
            sample.labels["table"]: sample.value
            for family in metrics.CHANGELOG_BYTES.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        }

    before = counted()
    delivery = Lane().fold(group(), decide(), activity())
    sizes: dict[str, int] = {}
    for table, key, value in delivery.rows:
        sizes[table] = sizes.get(table, 0) + len(key) + len(value or b"")
    after = counted()
    assert {table: after[table] - before.get(table, 0) for table in sizes} == sizes


def test_a_batch_that_says_nothing_writes_nothing() -> None:
    assert Lane().process(Batch(), Batch()) == []


def test_a_batch_that_comes_twice_writes_no_row_and_answers_its_decisions_again() -> None:
    lane = Lane()
    answered = decide()
    batch: list[AccountEvent] = [group(), answered, profile(), account_profile(), *activities(3)]
    lane.fold(*batch)
    before = lane.rows()
    without_decisions = Batch(events=[event for event in batch if event is not answered])
    assert lane.process(without_decisions) == []

    again = lane.fold(*batch)
    assert set(topics(again)) == {ASSIGNMENT_OUTCOME.name}
    assert written(again) == {(rows.GROUP, (ACCOUNT, GROUP))}
    after = lane.rows()
    key = (rows.GROUP, encode_key((ACCOUNT, GROUP)))
    assert {name: row for name, row in after.items() if name != key} == {
        name: row for name, row in before.items() if name != key
    }


def test_what_was_not_delivered_is_forgotten_and_comes_out_the_same_again() -> None:
    lane = Lane()
    lane.fold(group(), activity(event_id="before"))
    batch = [Batch(events=[decide(), activity()])]
    (refused,) = lane.processor.steps(batch)
    lane.processor.discard()
    (again,) = lane.processor.steps(batch)
    assert again == refused
    assert len(again.records) == 6


def test_outputs_carry_on_the_trace_of_what_caused_them() -> None:
    batch = Batch(events=[activity()], origins={"activity": Origin("00-trace", replay=True)})
    delivered = Lane().process(batch)
    (score,) = told(delivered, SCORE_UPDATED)
    (record,) = records(delivered, SCORE_UPDATED)
    assert dict(record.headers)["traceparent"] == b"00-trace"
    assert score.replay is True


@given(streams(max_parts=20), dates(max_size=2))
@settings(max_examples=40)
def test_a_worker_that_starts_from_the_rows_goes_on_as_the_one_before_would_have(
    stream: Stream, days: list[Day]
) -> None:
    """Rows and outputs of every later batch are the same, whichever of them processes it."""
    staying, forgetful = Engine(), Engine(forgetful=True)
    ticks = {stream.chance("tick").randrange(30): day for day in days}
    for place, events in enumerate(stream.batches()):
        assert effect(forgetful.take(*events)) == effect(staying.take(*events))
        if place in ticks:
            for engine in (staying, forgetful):
                engine.ask(ticks[place], f"tick-{place}")
        assert effect(forgetful.carry_each()) == effect(staying.carry_each())
    assert effect(forgetful.carry()) == effect(staying.carry())
    assert forgetful.rows() == staying.rows()


def test_a_baseline_moves_the_date_on_and_rescores_every_account() -> None:
    engine = Engine()
    for account in ("acme", "initech"):
        engine.take(group(account=account), decide(account=account), *activities(2, account=account))
    deliveries = engine.tick()
    scores = told(deliveries, SCORE_UPDATED)
    assert {score.account_id for score in scores} == {"acme", "initech"}
    assert {score.current for score in scores} == {100.0}
    assert {(score.reason, score.baseline_version) for score in scores} == {("baseline", 2)}
    states = told(deliveries, BUYING_GROUP_STATE)
    assert {(state.as_of, state.baseline_version) for state in states} == {(TODAY, 2)}


def test_a_baseline_older_than_the_known_one_is_passed_over() -> None:
    engine = Engine()
    engine.tick()
    engine.tick(TODAY + 1, "tick-2")
    assert engine.lanes[0].follow(baseline_two()) == []


def baseline_two() -> ControlRecord:
    measured = baseline(version=2, person_root=1.0)
    return control.baseline_set(TICK, TODAY, DEFAULT_MODEL, measured, 0, NOW)


@pytest.mark.parametrize("steps_done", range(6))
def test_a_baseline_interrupted_between_its_steps_ends_as_if_it_had_not_been(steps_done: int) -> None:
    events: list[AccountEvent] = []
    for place, name in enumerate(("acme", "globex", "initech")):
        events.extend([group(account=name), decide(account=name)])
        events.extend(activities(1 + place, account=name))
    whole, interrupted = Lane(), Lane()
    for lane in (whole, interrupted):
        lane.process(Batch(events=events))
    expected = whole.follow(baseline_two())
    assert len(expected) == 1 + 3 + 1, "the clock, one step for each account, the end"

    done: list[Delivery] = []
    for _, delivery in zip(
        range(steps_done), interrupted.processing(Batch(control=[baseline_two()])), strict=False
    ):
        done.append(delivery)
    resumed = interrupted.restarted()
    done.extend(resumed.follow(baseline_two()))

    # States of accounts that were done are sent again, with the next version and the same content.
    assert settled(resumed.rows()) == settled(whole.rows())
    assert scores_of(done) == scores_of(expected)


def scores_of(deliveries: list[Delivery]) -> list[Any]:
    return [(record.key, record.value) for record in records(deliveries, SCORE_UPDATED)]
