"""What a worker writes to each output for a small stream, and that it writes nothing else."""

from collections.abc import Mapping
from math import sqrt
from typing import Any, Final

import pytest

from domain.calendar import iso_instant
from domain.identity import report_id
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    DEAD_LETTERS,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
    STAGE_CHANGED,
    STATUS_CHANGED,
    Topic,
)
from tests.integration.harness import Deployment, Record, Written
from tests.integration.marketing import STAGES
from tests.integration.processes import wait_until
from tests.integration.story import ACCOUNT, ADA, BOB, GROUP, HOME, INTEREST, Outputs, Story, at, names
from tests.integration.streams import AS_OF

pytestmark = pytest.mark.slow

PERSON: Final = f"{ACCOUNT}/{ADA}"
TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def told(deployment: Deployment, written: Written, topic: Topic) -> dict[str, Any]:
    """Return an output's fields after checking what every output has: key, headers, derived id."""
    fields: dict[str, Any] = deployment.codec.decode(topic.name, written.value).model_dump()
    subject = written.header("ce_subject")
    by_group = topic is BUYING_GROUP_STATE
    assert written.key == (GROUP if by_group else ACCOUNT).encode()
    assert by_group or written.partition == HOME
    assert fields["event_id"] == report_id(topic.name, subject, fields["version"])
    traceparent = [value for key, value in written.headers if key == "traceparent"]
    assert written.headers[:7] == (
        ("ce_specversion", b"1.0"),
        ("ce_id", fields.pop("event_id").encode()),
        ("ce_type", f"buying-groups.{topic.name}".encode()),
        ("ce_source", f"/{deployment.settings.namespace}/engine".encode()),
        ("ce_time", iso_instant(fields.pop("emitted_at")).encode()),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/avro"),
    )
    assert written.headers[7:] == tuple(("traceparent", value) for value in traceparent)
    assert fields.pop("account_id") == ACCOUNT
    assert fields.pop("replay") is False
    person = topic is SCORE_UPDATED and fields["subject_type"] == "person"
    assert subject == (PERSON if person else GROUP)
    if not person:
        assert fields.pop("buying_group_id") == GROUP
        assert fields.pop("solution_interest_id") == INTEREST
    return fields


def alone(found: Mapping[str, list[Written]], topic: Topic) -> Written:
    """Return the one record that an output got."""
    (written,) = found[topic.name]
    return written


def test_each_output_gets_exactly_what_it_is_for_and_the_others_nothing(  # noqa: PLR0915 - one story
    deployment: Deployment,
) -> None:
    deployment.worker()
    story, outputs = Story(deployment), Outputs(deployment)

    assert not outputs.after(story.account("account-1", minute=1))
    assert not outputs.after(story.profile("profile-1", ADA, minute=1))

    created = outputs.after(story.group(created=2, stages=STAGES))
    assert created.keys() == names(COMPLETENESS_CHANGED, BUYING_GROUP_STATE)
    empty = told(deployment, alone(created, COMPLETENESS_CHANGED), COMPLETENESS_CHANGED)
    roles = [
        {"role": "Decision Maker", "required": 1, "assigned": 0, "completeness": 0.0},
        {"role": "Influencer", "required": 1, "assigned": 0, "completeness": 0.0},
        {"role": "Champion", "required": 1, "assigned": 0, "completeness": 0.0},
    ]
    missing = [
        {"role": "Decision Maker", "short_by": 1},
        {"role": "Influencer", "short_by": 1},
    ]
    assert empty == {
        "version": 1,
        "lead_id": None,
        "occurred_at": at(2),
        "reason": "membership",
        "cause_event_id": "group",
        "previous": 0.0,
        "current": 0.0,
        "roles": roles,
        "missing_roles": missing,
    }
    state = told(deployment, alone(created, BUYING_GROUP_STATE), BUYING_GROUP_STATE)
    assert state == {
        "version": 1,
        "name": "CRM suite for Acme",
        "members": [],
        "completeness": 0.0,
        "roles": roles,
        "missing_roles": missing,
        "score": 0.0,
        "raw_score": 0.0,
        "baseline_version": 1,
        "model_version": 1,
        "as_of": 0,
        "stage": None,
        "status": None,
        "versions": {"score": 0, "completeness": 1, "membership": 0, "stage": 0, "status": 0},
        "cause_event_id": "group",
    }

    assigned = outputs.after(story.manual("edit-1", "assign", ADA, "Decision Maker", minute=3))
    assert assigned.keys() == names(
        MEMBERSHIP_CHANGED, COMPLETENESS_CHANGED, ASSIGNMENT_OUTCOME, BUYING_GROUP_STATE
    )
    joined = told(deployment, alone(assigned, MEMBERSHIP_CHANGED), MEMBERSHIP_CHANGED)
    assert joined == {
        "version": 1,
        "lead_id": ADA,
        "occurred_at": at(3),
        "reason": "membership",
        "cause_event_id": "edit-1",
        "change": "added",
        "previous": None,
        "current": {"role": "Decision Maker", "source": "manual"},
    }
    half = told(deployment, alone(assigned, COMPLETENESS_CHANGED), COMPLETENESS_CHANGED)
    assert (half["version"], half["previous"], half["current"]) == (2, 0.0, 50.0)
    assert half["missing_roles"] == [{"role": "Influencer", "short_by": 1}]
    outcome = told(deployment, alone(assigned, ASSIGNMENT_OUTCOME), ASSIGNMENT_OUTCOME)
    assert outcome.pop("detail")
    assert outcome == {
        "version": 1,
        "lead_id": ADA,
        "occurred_at": at(3),
        "reason": "membership",
        "cause_event_id": "edit-1",
        "decision_event_id": "edit-1",
        "source": "manual",
        "operation": "assign",
        "outcome": "applied",
        "overridden_by": None,
    }
    state = told(deployment, alone(assigned, BUYING_GROUP_STATE), BUYING_GROUP_STATE)
    assert (state["version"], state["completeness"]) == (2, 50.0)
    assert state["members"] == [
        {
            "lead_id": ADA,
            "role": "Decision Maker",
            "source": "manual",
            "added_at": at(3),
            "score": 0.0,
        }
    ]
    assert state["versions"] == {
        "score": 0,
        "completeness": 2,
        "membership": 1,
        "stage": 0,
        "status": 0,
    }

    active = outputs.after(
        story.activity("activity-1", minute=4, headers=(("traceparent", TRACE.encode()),))
    )
    assert active.keys() == names(SCORE_UPDATED, BUYING_GROUP_STATE)
    for written in [*active[SCORE_UPDATED.name], *active[BUYING_GROUP_STATE.name]]:
        assert written.header("traceparent") == TRACE
    person, group = (told(deployment, each, SCORE_UPDATED) for each in active[SCORE_UPDATED.name])
    # Nobody was measured yet: the first baseline is 20 activities of the greatest weight, 60.
    raw_person = sqrt(40 / 60)
    score = 100 * raw_person / sqrt(20)
    window = {"window_start": AS_OF - 29, "window_end": AS_OF}
    assert person == {
        "version": 1,
        "buying_group_id": None,
        "lead_id": ADA,
        "solution_interest_id": None,
        "occurred_at": at(4),
        "reason": "activity",
        "cause_event_id": "activity-1",
        "subject_type": "person",
        "previous": 0.0,
        "current": round(score, 2),
        "raw_previous": 0.0,
        "raw_current": pytest.approx(raw_person),
        "baseline_version": 1,
        "model_version": 1,
        **window,
    }
    assert group == {
        "version": 1,
        "lead_id": None,
        "occurred_at": at(4),
        "reason": "activity",
        "cause_event_id": "activity-1",
        "subject_type": "group",
        "previous": 0.0,
        "current": round(10 * sqrt(score), 2),
        "raw_previous": 0.0,
        "raw_current": pytest.approx(sqrt(score)),
        "baseline_version": 1,
        "model_version": 1,
        **window,
    }
    state = told(deployment, alone(active, BUYING_GROUP_STATE), BUYING_GROUP_STATE)
    assert (state["version"], state["score"], state["as_of"]) == (3, group["current"], AS_OF)
    assert state["members"][0]["score"] == person["current"]

    assert not outputs.after(story.activity("activity-1", minute=4))
    assert not outputs.after(story.activity("activity-2", "stranger", occurred_at=0))

    refused = outputs.after(story.journey("journey-1", "remove", ADA, minute=9))
    assert refused.keys() == names(ASSIGNMENT_OUTCOME)
    outcome = told(deployment, alone(refused, ASSIGNMENT_OUTCOME), ASSIGNMENT_OUTCOME)
    assert (outcome["version"], outcome["outcome"]) == (2, "overridden")
    assert (outcome["source"], outcome["overridden_by"]) == ("journey", "manual")

    moved = outputs.after(
        story.journey("stage", "update_stage", minute=10, stage="Discover"),
        story.journey("status", "update_status", minute=11, status="warm"),
    )
    assert moved.keys() == names(STAGE_CHANGED, STATUS_CHANGED, ASSIGNMENT_OUTCOME, BUYING_GROUP_STATE)
    for topic, cause, minute, current in (
        (STAGE_CHANGED, "stage", 10, "Discover"),
        (STATUS_CHANGED, "status", 11, "warm"),
    ):
        assert told(deployment, alone(moved, topic), topic) == {
            "version": 1,
            "lead_id": None,
            "occurred_at": at(minute),
            "reason": "move",
            "cause_event_id": cause,
            "previous": None,
            "current": current,
        }
    answers = [told(deployment, each, ASSIGNMENT_OUTCOME) for each in moved[ASSIGNMENT_OUTCOME.name]]
    assert [(each["version"], each["operation"], each["lead_id"]) for each in answers] == [
        (3, "update_stage", None),
        (4, "update_status", None),
    ]
    assert {(each["source"], each["outcome"]) for each in answers} == {("journey", "applied")}
    state = told(deployment, moved[BUYING_GROUP_STATE.name][-1], BUYING_GROUP_STATE)
    assert (state["stage"], state["status"]) == ("Discover", "warm")
    assert (state["versions"]["stage"], state["versions"]["status"]) == (1, 1)

    broken = outputs.after(Record("manual-edits", ACCOUNT.encode(), b"broken", HOME))
    assert broken.keys() == names(DEAD_LETTERS)
    assert alone(broken, DEAD_LETTERS).value == b"broken"

    assert deployment.tick(AS_OF) == 2
    ticked = outputs.new()
    assert ticked.keys() == names(SCORE_UPDATED, BUYING_GROUP_STATE)
    for written in ticked[SCORE_UPDATED.name]:
        measured = told(deployment, written, SCORE_UPDATED)
        assert (measured["version"], measured["reason"]) == (2, "baseline")
        assert (measured["current"], measured["baseline_version"]) == (100.0, 2)


def test_a_manual_decision_stands_above_a_journeys_until_it_is_released(
    deployment: Deployment,
) -> None:
    deployment.worker()
    story = Story(deployment)
    steps: list[tuple[Record, str, str | None]] = [
        (story.manual("m-1", "assign", ADA, "Decision Maker", minute=10), "pending", None),
        (story.group(created=1), "", None),
        (story.journey("j-1", "remove", ADA, minute=20), "overridden", "manual"),
        (story.journey("j-2", "assign", BOB, "Champion", minute=20), "applied", None),
        (story.manual("m-2", "assign", ADA, "Influencer", minute=5), "stale", None),
        (story.manual("m-3", "assign", BOB, "Influencer", minute=30), "applied", None),
        (story.journey("j-3", "assign", BOB, "Decision Maker", minute=40), "overridden", "manual"),
        (story.journey("j-4", "assign", "cem", "Keeper of the Keys", minute=40), "void", None),
        (story.manual("m-4", "remove", "dan", minute=40), "no_change", None),
        (story.journey("j-5", "assign", "dan", "Champion", minute=50), "overridden", "manual"),
        (story.manual("m-5", "release", BOB, minute=50), "applied", None),
        (story.manual("m-5", "release", BOB, minute=50), "no_change", None),
        (story.manual("m-6", "release", ADA, minute=60), "applied", None),
    ]
    answers = 0
    for record, outcome, _ in steps:
        deployment.produce([record])
        answers += bool(outcome)
        answer = ASSIGNMENT_OUTCOME if outcome else BUYING_GROUP_STATE
        expected = answers if outcome else 1
        wait_until(lambda: len(deployment.read(answer)) == expected, f"no answer to {record}")  # noqa: B023 - called at once

    outcomes = deployment.events(ASSIGNMENT_OUTCOME)
    assert [(each.outcome, each.overridden_by) for each in outcomes] == [
        (outcome, by) for _, outcome, by in steps if outcome
    ]
    assert all(each.detail for each in outcomes)
    assert [each.version for each in outcomes] == list(range(1, len(outcomes) + 1))
    members = {each.lead_id: each for each in deployment.states()[GROUP].members}
    assert {lead: (each.role, each.source) for lead, each in members.items()} == {
        BOB: ("Decision Maker", "journey")
    }
    assert [
        (each.lead_id, each.change, each.previous and each.previous.role, each.reason)
        for each in deployment.events(MEMBERSHIP_CHANGED)
    ] == [
        (ADA, "added", None, "membership"),
        (BOB, "added", None, "membership"),
        (BOB, "role_changed", "Champion", "role_edit"),
        (BOB, "role_changed", "Influencer", "membership"),
        (ADA, "removed", "Decision Maker", "membership"),
    ]
