"""From reports to output records: contract, wire format, CloudEvents headers, key (events.md).

Fields are written as plain values: what the rules computed is not validated again on the hot path.
That they are what the contracts say is shown by reading every output back in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agents.group_states import StateWriter, members_fields
from agents.reading import Origin
from domain.account import Tenant
from domain.calendar import Millis
from domain.completeness import Completeness
from domain.engagement import window_start
from domain.events import Decision, StageMove, StatusUpdate
from domain.identity import report_id
from domain.membership import Member
from domain.reports import (
    Cause,
    CompletenessChanged,
    DecisionAnswered,
    GroupGone,
    GroupState,
    MembershipChanged,
    Reason,
    Report,
    ScoreUpdated,
    StageChanged,
    StatusChanged,
    VersionedReport,
)
from schemas.codec import Codec
from schemas.outputs import BuyingGroupState
from streams.cloudevents import event_headers
from streams.delivery import Outgoing
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
    STAGE_CHANGED,
    STATUS_CHANGED,
    Topic,
)

NO_ORIGIN: Final = Origin(None, replay=False)

Fields = dict[str, Any]


class OutputWriter:
    """Turns the reports of one partition into records. ``source`` names the deployment."""

    def __init__(self, codec: Codec, source: str) -> None:
        self._codec = codec
        self._source = source
        self._states = StateWriter(codec)

    def write(
        self,
        report: Report,
        account_id: str,
        tenant: Tenant,
        origins: Mapping[str, Origin],
        now: Millis,
    ) -> Outgoing:
        """Return the record of a report; ``now`` is when it is emitted."""
        if isinstance(report, GroupGone):
            return Outgoing(BUYING_GROUP_STATE.name, report.buying_group_id.encode(), None)
        topic, subject = _addressed(report, account_id)
        event_id = report_id(topic.name, subject, report.version)
        cause = _cause(report)
        origin = origins.get(cause.event_id, NO_ORIGIN)
        fields: Fields = {
            "event_id": event_id,
            "version": report.version,
            "account_id": account_id,
            "emitted_at": now,
            "cause_event_id": cause.event_id,
            "replay": origin.replay,
        }
        match report:
            case GroupState():
                fields |= _state(report)
            case ScoreUpdated():
                fields |= _common(cause) | _score(report, tenant)
            case CompletenessChanged():
                fields |= _common(cause) | _completeness(report)
            case MembershipChanged():
                fields |= _common(cause) | _membership(report)
            case StageChanged() | StatusChanged():
                fields |= _common(cause) | _progress(report)
            case DecisionAnswered():
                fields |= _common(cause) | _outcome(report)
        return Outgoing(
            topic.name,
            (subject if topic is BUYING_GROUP_STATE else account_id).encode(),
            self._states.write(report, fields)
            if isinstance(report, GroupState)
            else self._codec.encode_fields(topic.name, fields),
            None,
            event_headers(
                name=topic.name,
                event_id=event_id,
                source=self._source,
                at=now,
                subject=subject,
                traceparent=origin.traceparent,
            ),
        )


def state_contract(report: GroupState, now: Millis) -> BuyingGroupState:
    """Return a group's state as its contract, for those who have no topic to read it from."""
    return BuyingGroupState(
        event_id=report_id(BUYING_GROUP_STATE.name, report.buying_group_id, report.version),
        version=report.version,
        account_id=report.account_id,
        emitted_at=now,
        cause_event_id=report.cause.event_id,
        replay=False,
        **_state(report) | {"members": members_fields(report)},
    )


_TOPICS: Final[Mapping[type[VersionedReport], Topic]] = {
    ScoreUpdated: SCORE_UPDATED,
    CompletenessChanged: COMPLETENESS_CHANGED,
    MembershipChanged: MEMBERSHIP_CHANGED,
    StageChanged: STAGE_CHANGED,
    StatusChanged: STATUS_CHANGED,
    DecisionAnswered: ASSIGNMENT_OUTCOME,
    GroupState: BUYING_GROUP_STATE,
}


def _addressed(report: VersionedReport, account_id: str) -> tuple[Topic, str]:
    """Return a report's topic and its subject, whose versions are counted."""
    topic = _TOPICS[type(report)]
    match report:
        case ScoreUpdated(buying_group_id=None, lead_id=lead_id):
            # A lead id is only unique within its account; a group id is unique everywhere.
            return topic, f"{account_id}/{lead_id}"
        case DecisionAnswered(decision=decision):
            return topic, decision.buying_group_id
        case _:
            return topic, report.buying_group_id or ""


def _cause(report: VersionedReport) -> Cause:
    if isinstance(report, DecisionAnswered):
        decision = report.decision
        reason: Reason = "membership" if isinstance(decision, Decision) else "move"
        return Cause(decision.event_id, decision.decided_at, reason)
    return report.cause


def _common(cause: Cause) -> Fields:
    return {"occurred_at": cause.occurred_at, "reason": cause.reason}


def _score(report: ScoreUpdated, tenant: Tenant) -> Fields:
    return {
        "buying_group_id": report.buying_group_id,
        "lead_id": report.lead_id,
        "solution_interest_id": report.solution_interest_id,
        "subject_type": "person" if report.buying_group_id is None else "group",
        "previous": report.previous,
        "current": report.current,
        "raw_previous": report.raw_previous,
        "raw_current": report.raw_current,
        "baseline_version": tenant.baseline.version,
        "model_version": tenant.model.version,
        "window_start": window_start(tenant.as_of),
        "window_end": tenant.as_of,
    }


def _completeness(report: CompletenessChanged) -> Fields:
    return {
        "buying_group_id": report.buying_group_id,
        "solution_interest_id": report.solution_interest_id,
        "previous": report.previous,
        "current": report.current.completeness,
        **_roles(report.current),
    }


def _membership(report: MembershipChanged) -> Fields:
    return {
        "buying_group_id": report.buying_group_id,
        "solution_interest_id": report.solution_interest_id,
        "lead_id": report.lead_id,
        "change": report.change,
        "previous": _member(report.previous),
        "current": _member(report.current),
    }


def _progress(report: StageChanged | StatusChanged) -> Fields:
    return {
        "buying_group_id": report.buying_group_id,
        "solution_interest_id": report.solution_interest_id,
        "previous": report.previous,
        "current": report.current,
    }


def _outcome(report: DecisionAnswered) -> Fields:
    decision, outcome = report.decision, report.outcome
    return {
        "buying_group_id": decision.buying_group_id,
        "solution_interest_id": report.solution_interest_id,
        "decision_event_id": decision.event_id,
        **_decided(decision),
        "outcome": outcome.name,
        "overridden_by": outcome.overridden_by,
        "detail": outcome.detail,
    }


def _decided(decision: Decision | StageMove | StatusUpdate) -> Fields:
    match decision:
        case Decision():
            return {
                "lead_id": decision.lead_id,
                "source": decision.source,
                "operation": decision.operation,
            }
        case StageMove():
            return {"lead_id": None, "source": "journey", "operation": "update_stage"}
        case StatusUpdate():
            return {"lead_id": None, "source": "journey", "operation": "update_status"}


def _state(report: GroupState) -> Fields:
    return {
        "buying_group_id": report.buying_group_id,
        "solution_interest_id": report.solution_interest_id,
        "name": report.name,
        "completeness": report.completeness.completeness,
        **_roles(report.completeness),
        "score": report.score,
        "raw_score": report.raw,
        "baseline_version": report.baseline_version,
        "model_version": report.model_version,
        "as_of": report.as_of,
        "stage": report.stage,
        "status": report.status,
        "versions": report.versions,
    }


def _roles(completeness: Completeness) -> Fields:
    return {
        "roles": [
            {
                "role": role.role,
                "required": role.required,
                "assigned": role.assigned,
                "completeness": role.completeness,
            }
            for role in completeness.roles
        ],
        "missing_roles": [
            {"role": missing.role, "short_by": missing.short_by}
            for missing in completeness.missing_roles
        ],
    }


def _member(member: Member | None) -> Fields | None:
    return None if member is None else {"role": member.role, "source": member.source}
