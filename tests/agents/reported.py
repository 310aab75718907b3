"""One report of each kind, and what its record must say."""

from typing import Any

from domain.account import Tenant
from domain.completeness import Completeness, MissingRole, RoleCompleteness
from domain.engagement import DEFAULT_MODEL
from domain.membership import Member
from domain.reports import (
    Cause,
    CompletenessChanged,
    DecisionAnswered,
    GroupState,
    MembershipChanged,
    Outcome,
    Report,
    ScoreUpdated,
    StageChanged,
    StatusChanged,
)
from tests.domain.builders import (
    ACCOUNT,
    GROUP,
    INTEREST,
    LEAD,
    TODAY,
    baseline,
    decide,
    moment,
    move,
    status,
)

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
    roster=((LEAD, Member("Champion", "manual", moment(TODAY - 3))),),
    scores=(52.5,),
    completeness=COMPLETENESS,
    score=14.25,
    raw=4.0,
    baseline_version=7,
    model_version=1,
    as_of=TODAY,
    stage="New",
    status="in talks",
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
MOVE = DecisionAnswered(3, move("Won", event_id="journey-2"), INTEREST, Outcome("void", "not from here"))
NAMED = DecisionAnswered(
    3, status("hot", event_id="journey-3"), None, Outcome("pending", "no group yet")
)
ENTERED = StageChanged(3, CAUSE, GROUP, INTEREST, None, "New")
LEFT = StageChanged(3, CAUSE, GROUP, INTEREST, "New", None)
STATUS = StatusChanged(3, CAUSE, GROUP, INTEREST, "cold", "")
FILLED = CompletenessChanged(3, CAUSE, GROUP, INTEREST, 0.0, COMPLETENESS)

OF_GROUP = {"buying_group_id": GROUP, "solution_interest_id": INTEREST, "lead_id": None}

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
    "stage": (ENTERED, GROUP, {**OF_GROUP, "previous": None, "current": "New"}),
    "no stage": (LEFT, GROUP, {**OF_GROUP, "previous": "New", "current": None}),
    "status": (STATUS, GROUP, {**OF_GROUP, "previous": "cold", "current": ""}),
    "move": (
        MOVE,
        GROUP,
        {
            **OF_GROUP,
            "decision_event_id": "journey-2",
            "source": "journey",
            "operation": "update_stage",
            "outcome": "void",
            "overridden_by": None,
            "detail": "not from here",
        },
    ),
    "named": (
        NAMED,
        GROUP,
        {
            **OF_GROUP,
            "solution_interest_id": None,
            "decision_event_id": "journey-3",
            "source": "journey",
            "operation": "update_status",
            "outcome": "pending",
            "overridden_by": None,
            "detail": "no group yet",
        },
    ),
}
TOPICS = {
    "person": "score-updated",
    "group": "score-updated",
    "completeness": "completeness-changed",
    "membership": "membership-changed",
    "outcome": "assignment-outcome",
    "stage": "stage-changed",
    "no stage": "stage-changed",
    "status": "status-changed",
    "move": "assignment-outcome",
    "named": "assignment-outcome",
}
