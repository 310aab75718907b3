"""The output events (events.md, "Outputs").

The worker builds these from figures it computed itself. The ordinary constructor validates in
compiled code and is the cheapest way to build one; `model_construct` is slower.
"""

from typing import Literal

from schemas.fields import Contract, Day, Int32, Int64, Millis, NestedContract, Version

Reason = Literal[
    "activity",
    "decay",
    "membership",
    "role_edit",
    "template",
    "model",
    "baseline",
    "erasure",
    "move",
]
Source = Literal["manual", "journey", "system"]


class Output(NestedContract):
    """What every reported change carries (domain.md §7). `version` counts by subject and kind."""

    event_id: str
    version: Version
    account_id: str
    buying_group_id: str | None = None
    lead_id: str | None = None
    solution_interest_id: str | None = None
    occurred_at: Millis
    emitted_at: Millis
    reason: Reason
    cause_event_id: str
    replay: bool


class ScoreUpdated(Output):
    """A group's or a person's two-decimal score changed (domain.md §5). Scores are 0 to 100."""

    subject_type: Literal["group", "person"]
    previous: float
    current: float
    raw_previous: float
    raw_current: float
    baseline_version: Int64
    model_version: Int64
    window_start: Day
    window_end: Day


class RoleCompleteness(Contract):
    """How full one role is; `completeness` is 0 to 100 (domain.md §4)."""

    role: str
    required: Int32
    assigned: Int32
    completeness: float


class MissingRole(Contract):
    """A required role below its threshold, and by how many members."""

    role: str
    short_by: Int32


class CompletenessChanged(Output):
    """A group's completeness, or its set of missing roles, changed (domain.md §4)."""

    previous: float
    current: float
    roles: list[RoleCompleteness]
    missing_roles: list[MissingRole]


class Membership(Contract):
    """The role a member holds and who decided it."""

    role: str
    source: Source


class MembershipChanged(Output):
    """A lead became a member, stopped being one, or changed role or source (domain.md §2)."""

    lead_id: str
    change: Literal["added", "removed", "role_changed", "source_changed"]
    previous: Membership | None = None
    current: Membership | None = None


class StageChanged(Output):
    """A group moved to another stage (domain.md §6)."""

    previous: str | None = None
    current: str | None = None


class StatusChanged(Output):
    """A group's status changed (domain.md §6)."""

    previous: str | None = None
    current: str | None = None


class AssignmentOutcome(Output):
    """What became of one decision; `detail` says why, in words (domain.md §7).

    `lead_id` is null when the decision moved the group's stage or status.
    """

    decision_event_id: str
    source: Source
    operation: Literal["assign", "remove", "release", "update_stage", "update_status"]
    outcome: Literal["applied", "no_change", "overridden", "stale", "void", "pending"]
    overridden_by: Source | None = None
    detail: str = ""


class Member(Contract):
    """A member of a group; `score` is the person's, 0 to 100."""

    lead_id: str
    role: str
    source: Source
    added_at: Millis
    score: float


class BuyingGroupState(NestedContract):
    """The group as it now stands. `versions` holds the last version of each kind of output."""

    version: Version
    event_id: str
    account_id: str
    buying_group_id: str
    solution_interest_id: str
    name: str
    members: list[Member]
    completeness: float
    roles: list[RoleCompleteness]
    missing_roles: list[MissingRole]
    score: float
    raw_score: float
    baseline_version: Int64
    model_version: Int64
    as_of: Day
    stage: str | None = None
    status: str | None = None
    versions: dict[str, Int64]
    emitted_at: Millis
    cause_event_id: str
    replay: bool
