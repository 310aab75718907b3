"""What is reported of a change (domain.md §7): plain values, versioned, each with its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.calendar import Day, Millis
from domain.completeness import Completeness
from domain.events import Decision, Source, StageMove, StatusUpdate
from domain.makeup import Roster
from domain.membership import Member

Reason: TypeAlias = Literal[
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
"""Why a figure moved. ``move`` is a journey's stage move or status *(ours)*."""

OutcomeName: TypeAlias = Literal["applied", "no_change", "overridden", "stale", "void", "pending"]
MembershipChange: TypeAlias = Literal["added", "removed", "role_changed", "source_changed"]


@dataclass(frozen=True, slots=True)
class Cause:
    """The event behind a change: its id, its own time, and why the figure moved."""

    event_id: str
    occurred_at: Millis
    reason: Reason


@dataclass(frozen=True, slots=True)
class ScoreUpdated:
    """A person's or a group's two-decimal score changed; exactly one of the two ids is set."""

    version: int
    cause: Cause
    lead_id: str | None
    buying_group_id: str | None
    solution_interest_id: str | None
    previous: float
    current: float
    raw_previous: float
    raw_current: float


@dataclass(frozen=True, slots=True)
class CompletenessChanged:
    """A group's completeness, or the set of its missing roles, changed."""

    version: int
    cause: Cause
    buying_group_id: str
    solution_interest_id: str
    previous: float
    current: Completeness


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """A lead became a member, stopped being one, or changed role or source."""

    version: int
    cause: Cause
    buying_group_id: str
    solution_interest_id: str
    lead_id: str
    change: MembershipChange
    previous: Member | None
    current: Member | None


@dataclass(frozen=True, slots=True)
class StageChanged:
    """A group's stage changed; None stands for not having entered."""

    version: int
    cause: Cause
    buying_group_id: str
    solution_interest_id: str
    previous: str | None
    current: str | None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A group's status changed."""

    version: int
    cause: Cause
    buying_group_id: str
    solution_interest_id: str
    previous: str | None
    current: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one decision; ``overridden_by`` is set for ``overridden`` only."""

    name: OutcomeName
    detail: str
    overridden_by: Source | None = None


@dataclass(frozen=True, slots=True)
class DecisionAnswered:
    """The answer to one received decision, stage move or status."""

    version: int
    decision: Decision | StageMove | StatusUpdate
    solution_interest_id: str | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class MemberState:
    """A member as it leaves: ``score`` is its person score in two decimals."""

    lead_id: str
    role: str
    source: Source
    added_at: Millis
    score: float


@dataclass(frozen=True, slots=True)
class GroupState:
    """A group as it now stands. Scores in two decimals, ``raw`` as it is.

    ``scores`` are the members' person scores, in the roster's order.
    """

    version: int
    cause: Cause
    account_id: str
    buying_group_id: str
    solution_interest_id: str
    name: str
    roster: Roster
    scores: tuple[float, ...]
    completeness: Completeness
    score: float
    raw: float
    baseline_version: int
    model_version: int
    as_of: Day
    stage: str | None
    status: str | None
    versions: dict[str, int]

    @property
    def members(self) -> tuple[MemberState, ...]:
        """Return the members with their scores, sorted by lead id."""
        return tuple(
            MemberState(lead_id, member.role, member.source, member.added_at, score)
            for (lead_id, member), score in zip(self.roster, self.scores, strict=True)
        )


@dataclass(frozen=True, slots=True)
class GroupGone:
    """A group was deleted: its state is withdrawn."""

    buying_group_id: str


VersionedReport: TypeAlias = (
    ScoreUpdated
    | CompletenessChanged
    | MembershipChanged
    | StageChanged
    | StatusChanged
    | DecisionAnswered
    | GroupState
)
"""What leaves as an event, numbered by subject and kind."""

Report: TypeAlias = VersionedReport | GroupGone
