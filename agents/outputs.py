"""From reports to output records: contract, wire format, CloudEvents headers, key (events.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agents.reading import Origin
from domain.account import Tenant
from domain.calendar import Millis
from domain.completeness import Completeness
from domain.engagement import window_start
from domain.identity import report_id
from domain.membership import Member
from domain.reports import (
    Cause,
    CompletenessChanged,
    DecisionAnswered,
    GroupGone,
    GroupState,
    MembershipChanged,
    Report,
    ScoreUpdated,
)
from schemas import outputs as contracts
from schemas.codec import Codec
from schemas.fields import Contract
from streams import metrics
from streams.cloudevents import event_headers
from streams.delivery import Outgoing
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
    Topic,
)

_NO_ORIGIN: Final = Origin(None, replay=False)


class OutputWriter:
    """Turns the reports of one partition into records. ``source`` names the deployment."""

    def __init__(self, codec: Codec, source: str) -> None:
        self._codec = codec
        self._source = source

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
            metrics.OUTPUTS.labels(BUYING_GROUP_STATE.name).inc()
            return Outgoing(BUYING_GROUP_STATE.name, report.buying_group_id.encode(), None)
        cause_id = (
            report.decision.event_id
            if isinstance(report, DecisionAnswered)
            else report.cause.event_id
        )
        origin = origins.get(cause_id, _NO_ORIGIN)
        topic, subject, value = _contract(report, account_id, tenant, origin, now)
        metrics.OUTPUTS.labels(topic.name).inc()
        by_group = topic is BUYING_GROUP_STATE
        return Outgoing(
            topic.name,
            (subject if by_group else account_id).encode(),
            self._codec.encode(topic.name, value),
            None,
            event_headers(
                name=topic.name,
                event_id=report_id(topic.name, subject, report.version),
                source=self._source,
                at=now,
                subject=subject,
                traceparent=origin.traceparent,
            ),
        )


def _contract(
    report: ScoreUpdated | CompletenessChanged | MembershipChanged | DecisionAnswered | GroupState,
    account_id: str,
    tenant: Tenant,
    origin: Origin,
    now: Millis,
) -> tuple[Topic, str, Contract]:
    match report:
        case ScoreUpdated():
            return _score(report, account_id, tenant, origin, now)
        case GroupState():
            return _state(report, origin, now)
        case CompletenessChanged():
            return _completeness(report, account_id, origin, now)
        case MembershipChanged():
            return _membership(report, account_id, origin, now)
        case DecisionAnswered():
            return _outcome(report, account_id, origin, now)


def _common(
    topic: Topic, subject: str, version: int, cause: Cause, origin: Origin, now: Millis
) -> dict[str, Any]:
    return {
        "event_id": report_id(topic.name, subject, version),
        "version": version,
        "occurred_at": cause.occurred_at,
        "emitted_at": now,
        "reason": cause.reason,
        "cause_event_id": cause.event_id,
        "replay": origin.replay,
    }


def _score(
    report: ScoreUpdated, account_id: str, tenant: Tenant, origin: Origin, now: Millis
) -> tuple[Topic, str, Contract]:
    # A lead id is only unique within its account; a group id is unique everywhere.
    subject = report.buying_group_id or f"{account_id}/{report.lead_id}"
    return (
        SCORE_UPDATED,
        subject,
        contracts.ScoreUpdated(
            **_common(SCORE_UPDATED, subject, report.version, report.cause, origin, now),
            account_id=account_id,
            buying_group_id=report.buying_group_id,
            lead_id=report.lead_id,
            solution_interest_id=report.solution_interest_id,
            subject_type="person" if report.buying_group_id is None else "group",
            previous=report.previous,
            current=report.current,
            raw_previous=report.raw_previous,
            raw_current=report.raw_current,
            baseline_version=tenant.baseline.version,
            model_version=tenant.model.version,
            window_start=window_start(tenant.as_of),
            window_end=tenant.as_of,
        ),
    )


def _completeness(
    report: CompletenessChanged, account_id: str, origin: Origin, now: Millis
) -> tuple[Topic, str, Contract]:
    subject = report.buying_group_id
    return (
        COMPLETENESS_CHANGED,
        subject,
        contracts.CompletenessChanged(
            **_common(COMPLETENESS_CHANGED, subject, report.version, report.cause, origin, now),
            account_id=account_id,
            buying_group_id=subject,
            solution_interest_id=report.solution_interest_id,
            previous=report.previous,
            current=report.current.completeness,
            **_roles(report.current),
        ),
    )


def _membership(
    report: MembershipChanged, account_id: str, origin: Origin, now: Millis
) -> tuple[Topic, str, Contract]:
    subject = report.buying_group_id
    return (
        MEMBERSHIP_CHANGED,
        subject,
        contracts.MembershipChanged(
            **_common(MEMBERSHIP_CHANGED, subject, report.version, report.cause, origin, now),
            account_id=account_id,
            buying_group_id=subject,
            solution_interest_id=report.solution_interest_id,
            lead_id=report.lead_id,
            change=report.change,
            previous=_member(report.previous),
            current=_member(report.current),
        ),
    )


def _outcome(
    report: DecisionAnswered, account_id: str, origin: Origin, now: Millis
) -> tuple[Topic, str, Contract]:
    decision = report.decision
    subject = decision.buying_group_id
    cause = Cause(decision.event_id, decision.decided_at, "membership")
    return (
        ASSIGNMENT_OUTCOME,
        subject,
        contracts.AssignmentOutcome(
            **_common(ASSIGNMENT_OUTCOME, subject, report.version, cause, origin, now),
            account_id=account_id,
            buying_group_id=subject,
            solution_interest_id=report.solution_interest_id,
            lead_id=decision.lead_id,
            decision_event_id=decision.event_id,
            source=decision.source,
            operation=decision.operation,
            outcome=report.outcome.name,
            overridden_by=report.outcome.overridden_by,
            detail=report.outcome.detail,
        ),
    )


def _state(report: GroupState, origin: Origin, now: Millis) -> tuple[Topic, str, Contract]:
    return BUYING_GROUP_STATE, report.buying_group_id, state_contract(report, origin, now)


def state_contract(report: GroupState, origin: Origin, now: Millis) -> contracts.BuyingGroupState:
    """Return a group's state as its contract."""
    subject = report.buying_group_id
    return contracts.BuyingGroupState(
        event_id=report_id(BUYING_GROUP_STATE.name, subject, report.version),
        version=report.version,
        account_id=report.account_id,
        buying_group_id=subject,
        solution_interest_id=report.solution_interest_id,
        name=report.name,
        members=[
            contracts.Member(
                lead_id=member.lead_id,
                role=member.role,
                source=member.source,
                added_at=member.added_at,
                score=member.score,
            )
            for member in report.members
        ],
        completeness=report.completeness.completeness,
        **_roles(report.completeness),
        score=report.score,
        raw_score=report.raw,
        baseline_version=report.baseline_version,
        model_version=report.model_version,
        as_of=report.as_of,
        stage=None,
        status=None,
        versions=report.versions,
        emitted_at=now,
        cause_event_id=report.cause.event_id,
        replay=origin.replay,
    )


def _roles(completeness: Completeness) -> dict[str, Any]:
    return {
        "roles": [
            contracts.RoleCompleteness(
                role=role.role,
                required=role.required,
                assigned=role.assigned,
                completeness=role.completeness,
            )
            for role in completeness.roles
        ],
        "missing_roles": [
            contracts.MissingRole(role=missing.role, short_by=missing.short_by)
            for missing in completeness.missing_roles
        ],
    }


def _member(member: Member | None) -> contracts.Membership | None:
    return None if member is None else contracts.Membership(role=member.role, source=member.source)
