"""Each report becomes one record: contract, key, CloudEvents headers (events.md, "Outputs")."""

from typing import Any

import pytest

from agents.outputs import OutputWriter, state_contract
from agents.reading import Origin
from domain.events import Decision
from domain.identity import report_id
from domain.reports import DecisionAnswered, GroupGone, Report
from schemas.contracts import CONTRACTS
from streams.delivery import Outgoing
from tests.agents.lane import CODEC
from tests.agents.reported import CASES, CAUSE, EMITTED, PERSON, ROLES, STATE, TENANT, TOPICS
from tests.domain.builders import ACCOUNT, GROUP, INTEREST, LEAD, TODAY, moment


def write(report: Report, origins: dict[str, Origin] | None = None) -> Outgoing:
    return OutputWriter(CODEC, "/bg/engine").write(report, ACCOUNT, TENANT, origins or {}, EMITTED)


def fields(record: Outgoing) -> dict[str, Any]:
    return CODEC.decode(record.topic, record.value).model_dump()


def cause_of(report: Report) -> tuple[str, str]:
    """Return the event that a report must name, and the reason."""
    if not isinstance(report, DecisionAnswered):
        return CAUSE.event_id, CAUSE.reason
    decided = isinstance(report.decision, Decision)
    return report.decision.event_id, "membership" if decided else "move"


def test_every_output_contract_has_a_report_here() -> None:
    outputs = {name for name, contract in CONTRACTS.items() if contract.direction == "output"}
    assert {*TOPICS.values(), "buying-group-state"} == outputs


@pytest.mark.parametrize("kind", CASES)
def test_a_report_carries_the_common_fields_and_its_own(kind: str) -> None:
    report, subject, own = CASES[kind]
    record = write(report)
    cause, reason = cause_of(report)
    assert record.topic == TOPICS[kind]
    assert fields(record) == {
        "event_id": report_id(record.topic, subject, 3),
        "version": 3,
        "account_id": ACCOUNT,
        "occurred_at": moment() if isinstance(report, DecisionAnswered) else CAUSE.occurred_at,
        "emitted_at": EMITTED,
        "reason": reason,
        "cause_event_id": cause,
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
        "stage": "New",
        "status": "in talks",
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


@pytest.mark.parametrize("kind", [*CASES, "state"])
def test_trace_and_replay_come_from_the_record_that_caused_it(kind: str) -> None:
    report: Report = STATE if kind == "state" else CASES[kind][0]
    cause, _ = cause_of(report)
    record = write(report, {cause: Origin("00-cause", replay=True)})
    assert dict(record.headers)["traceparent"] == b"00-cause"
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
