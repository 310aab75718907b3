"""From reports to output records: contract, wire format, CloudEvents headers, key (events.md).

Fields are written as plain values: what the rules computed is not validated again on the hot path.
That they are what the contracts say is shown by reading every output back in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from agents.group_states import (
    Fields,
    StateWriter,
    figures_fields,
    head_fields,
    members_fields,
    roles_fields,
)
from agents.reading import Origin
from domain.account import Tenant
from domain.calendar import Millis
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

_Told: TypeAlias = (
    ScoreUpdated
    | CompletenessChanged
    | MembershipChanged
    | StageChanged
    | StatusChanged
    | DecisionAnswered
)

NO_ORIGIN: Final = Origin(None, replay=False)


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
        if isinstance(report, GroupState):
            key = subject
            value = self._states.write(report, event_id, now, replay=origin.replay)
        else:
            key = account_id
            fields: Fields = {
                "event_id": event_id,
                "version": report.version,
                "account_id": account_id,
                "occurred_at": cause.occurred_at,
                "emitted_at": now,
                "reason": cause.reason,
                "cause_event_id": cause.event_id,
                "replay": origin.replay,
            }
            fields |= _own(report, tenant)
            value = self._codec.encode_fields(topic.name, fields)
        return Outgoing(
            topic.name,
            key.encode(),
            value,
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
    fields: Fields = {
        "version": report.version,
        "event_id": report_id(BUYING_GROUP_STATE.name, report.buying_group_id, report.version),
        **head_fields(report),
        "members": members_fields(report),
        **roles_fields(report.completeness),
        **figures_fields(report, now, replay=False),
    }
    return BuyingGroupState(**fields)


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
    if isinstance(report, DecisionAnswered):
        return topic, report.decision.buying_group_id
    if report.buying_group_id is None:
        # A lead id is only unique within its account; a group id is unique everywhere.
        return topic, f"{account_id}/{report.lead_id}"
    return topic, report.buying_group_id


def _cause(report: VersionedReport) -> Cause:
    if isinstance(report, DecisionAnswered):
        decision = report.decision
        reason: Reason = "membership" if isinstance(decision, Decision) else "move"
        return Cause(decision.event_id, decision.decided_at, reason)
    return report.cause


def _own(report: _Told, tenant: Tenant) -> Fields:
    match report:
        case ScoreUpdated():
            return _score(report, tenant)
        case CompletenessChanged():
            return _completeness(report)
        case MembershipChanged():
            return _membership(report)
        case StageChanged() | StatusChanged():
            return _progress(report)
        case DecisionAnswered():
            return _outcome(report)


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
        **roles_fields(report.current),
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


def _member(member: Member | None) -> Fields | None:
    return None if member is None else {"role": member.role, "source": member.source}
