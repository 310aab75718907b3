"""Each report becomes one record: contract, key, CloudEvents headers (events.md, "Outputs")."""

from typing import Any

import pytest

from agents.outputs import OutputWriter, state_contract
from agents.reading import Origin
from domain.account import Tenant
from domain.completeness import Completeness, MissingRole, RoleCompleteness
from domain.engagement import DEFAULT_MODEL
from domain.identity import report_id
from domain.membership import Member
from domain.reports import (
    Cause,
    CompletenessChanged,
    DecisionAnswered,
    GroupGone,
    GroupState,
    MembershipChanged,
    MemberState,
    Outcome,
    Report,
    ScoreUpdated,
)
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.delivery import Outgoing
from tests.domain.builders import ACCOUNT, GROUP, INTEREST, LEAD, TODAY, baseline, decide, moment

CODEC = Codec(CommittedRegistry())
EMITTED = moment(TODAY, hour=13)
CAUSE = Cause("activity-1", moment(TODAY, hour=9), "activity")
TENANT = Tenant(TODAY, ticked=True, baseline=baseline(version=7), model=DEFAULT_MODEL)
COMPLETENESS = Completeness(
    50.0, (RoleCompleteness("Champion", 2, 1, 50.0),), (MissingRole("Champion", 1),)
)
ROLES = {
    "roles": [{"role": "Champion", "required": 2, "assigned": 1, "completeness": 50.0}],
    "missing_roles": [{"role": "Champion", "short_by": 1}],
}
STATE = GroupState(
    version=4,
    cause=CAUSE,
    account_id=ACCOUNT,
    buying_group_id=GROUP,
    solution_interest_id=INTEREST,
    name="CRM for Acme",
    members=(MemberState(LEAD, "Champion", "manual", moment(TODAY - 3), 52.5),),
    completeness=COMPLETENESS,
    score=14.25,
    raw=4.0,
    baseline_version=7,
    model_version=1,
    as_of=TODAY,
    versions={"score": 2},
)
PERSON = ScoreUpdated(3, CAUSE, LEAD, None, None, 10.0, 20.5, 1.5, 2.5)
TEAM = ScoreUpdated(3, CAUSE, None, GROUP, INTEREST, 10.0, 20.5, 1.5, 2.5)
JOINED = MembershipChanged(
    3, CAUSE, GROUP, INTEREST, LEAD, "added", None, Member("Champion", "manual", moment())
)
ANSWER = DecisionAnswered(
    3,
    decide("remove", source="journey", event_id="journey-1"),
    INTEREST,
    Outcome("overridden", "a manual decision stands", "manual"),
)
FILLED = CompletenessChanged(3, CAUSE, GROUP, INTEREST, 0.0, COMPLETENESS)

CASES: dict[str, tuple[Report, str, dict[str, Any]]] = {
    "person": (
        PERSON,
        f"{ACCOUNT}/{LEAD}",
        {
            "lead_id": LEAD,
            "buying_group_id": None,
            "solution_interest_id": None,
            "subject_type": "person",
            "previous": 10.0,
            "current": 20.5,
            "raw_previous": 1.5,
            "raw_current": 2.5,
            "baseline_version": 7,
            "model_version": 1,
            "window_start": TODAY - 29,
            "window_end": TODAY,
        },
    ),
    "group": (
        TEAM,
        GROUP,
        {
            "lead_id": None,
            "buying_group_id": GROUP,
            "solution_interest_id": INTEREST,
            "subject_type": "group",
            "previous": 10.0,
            "current": 20.5,
            "raw_previous": 1.5,
            "raw_current": 2.5,
            "baseline_version": 7,
            "model_version": 1,
            "window_start": TODAY - 29,
            "window_end": TODAY,
        },
    ),
    "completeness": (
        FILLED,
        GROUP,
        {
            "buying_group_id": GROUP,
            "solution_interest_id": INTEREST,
            "lead_id": None,
            "previous": 0.0,
            "current": 50.0,
            **ROLES,
        },
    ),
    "membership": (
        JOINED,
        GROUP,
        {
            "buying_group_id": GROUP,
            "solution_interest_id": INTEREST,
            "lead_id": LEAD,
            "change": "added",
            "previous": None,
            "current": {"role": "Champion", "source": "manual"},
        },
    ),
    "outcome": (
        ANSWER,
        GROUP,
        {
            "buying_group_id": GROUP,
            "solution_interest_id": INTEREST,
            "lead_id": LEAD,
            "decision_event_id": "journey-1",
            "source": "journey",
            "operation": "remove",
            "outcome": "overridden",
            "overridden_by": "manual",
            "detail": "a manual decision stands",
        },
    ),
}
TOPICS = {
    "person": "score-updated",
    "group": "score-updated",
    "completeness": "completeness-changed",
    "membership": "membership-changed",
    "outcome": "assignment-outcome",
}


def write(report: Report, origins: dict[str, Origin] | None = None) -> Outgoing:
    return OutputWriter(CODEC, "/bg/engine").write(report, ACCOUNT, TENANT, origins or {}, EMITTED)


def fields(record: Outgoing) -> dict[str, Any]:
    return CODEC.decode(record.topic, record.value).model_dump()


@pytest.mark.parametrize("kind", CASES)
def test_a_report_carries_the_common_fields_and_its_own(kind: str) -> None:
    report, subject, own = CASES[kind]
    record = write(report)
    decided = isinstance(report, DecisionAnswered)
    assert record.topic == TOPICS[kind]
    assert fields(record) == {
        "event_id": report_id(record.topic, subject, 3),
        "version": 3,
        "account_id": ACCOUNT,
        "occurred_at": moment() if decided else CAUSE.occurred_at,
        "emitted_at": EMITTED,
        "reason": "membership" if decided else "activity",
        "cause_event_id": "journey-1" if decided else "activity-1",
        "replay": False,
        **own,
    }


@pytest.mark.parametrize("kind", CASES)
def test_a_report_is_keyed_by_its_account_and_described_in_its_headers(kind: str) -> None:
    report, subject, _ = CASES[kind]
    record = write(report)
    assert (record.key, record.partition) == (ACCOUNT.encode(), None)
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": report_id(record.topic, subject, 3).encode(),
        "ce_type": f"buying-groups.{record.topic}".encode(),
        "ce_source": b"/bg/engine",
        "ce_time": b"2026-11-21T13:00:00.000Z",
        "ce_subject": subject.encode(),
        "content-type": b"application/avro",
    }


def test_a_groups_state_is_keyed_by_the_group_so_that_compaction_keeps_the_last() -> None:
    record = write(STATE)
    assert (record.topic, record.key) == ("buying-group-state", GROUP.encode())
    assert fields(record) == {
        "event_id": report_id("buying-group-state", GROUP, 4),
        "version": 4,
        "account_id": ACCOUNT,
        "buying_group_id": GROUP,
        "solution_interest_id": INTEREST,
        "name": "CRM for Acme",
        "members": [
            {
                "lead_id": LEAD,
                "role": "Champion",
                "source": "manual",
                "added_at": moment(TODAY - 3),
                "score": 52.5,
            }
        ],
        "completeness": 50.0,
        **ROLES,
        "score": 14.25,
        "raw_score": 4.0,
        "baseline_version": 7,
        "model_version": 1,
        "as_of": TODAY,
        "stage": None,
        "status": None,
        "versions": {"score": 2},
        "emitted_at": EMITTED,
        "cause_event_id": "activity-1",
        "replay": False,
    }


def test_a_state_without_a_topic_is_the_same_contract() -> None:
    record = write(STATE)
    assert state_contract(STATE, EMITTED) == CODEC.decode(record.topic, record.value)


def test_a_group_that_is_gone_withdraws_its_state() -> None:
    assert write(GroupGone(GROUP)) == Outgoing("buying-group-state", GROUP.encode(), None)


@pytest.mark.parametrize(
    "report", [PERSON, FILLED, JOINED, ANSWER, STATE], ids=lambda r: type(r).__name__
)
def test_trace_and_replay_come_from_the_record_that_caused_it(report: Report) -> None:
    origins = {
        "activity-1": Origin("00-activity", replay=True),
        "journey-1": Origin("00-journey", replay=True),
    }
    record = write(report, origins)
    trace = b"00-journey" if isinstance(report, DecisionAnswered) else b"00-activity"
    assert dict(record.headers)["traceparent"] == trace
    assert fields(record)["replay"] is True

    unrelated = write(report, {"another": Origin("00-another", replay=True)})
    assert "traceparent" not in dict(unrelated.headers)
    assert fields(unrelated)["replay"] is False


def test_the_same_report_written_twice_has_the_same_id_whenever_it_is_emitted() -> None:
    writer = OutputWriter(CODEC, "/bg/engine")
    first, again = (
        writer.write(PERSON, ACCOUNT, TENANT, {}, EMITTED + later) for later in (0, 86_400_000)
    )
    assert fields(first)["event_id"] == fields(again)["event_id"]
    assert fields(first)["emitted_at"] != fields(again)["emitted_at"]


def test_a_leads_scores_in_two_accounts_are_two_subjects() -> None:
    writer = OutputWriter(CODEC, "/bg/engine")
    ours, theirs = (
        writer.write(PERSON, account, TENANT, {}, EMITTED) for account in (ACCOUNT, "initech")
    )
    assert fields(ours)["event_id"] != fields(theirs)["event_id"]
