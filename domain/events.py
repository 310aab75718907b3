"""What the rules are told: one frozen value per fact, already checked against its contract.

Shapes follow events.md, "Inputs". Times are UTC milliseconds, days are UTC day numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from domain.calendar import Millis

Source: TypeAlias = Literal["manual", "journey", "system"]
Operation: TypeAlias = Literal["assign", "remove", "release"]
LeadStatus: TypeAlias = Literal["active", "left", "erased"]

SOURCES: Final[tuple[Source, ...]] = ("manual", "journey", "system")
"""Who may decide an assignment, highest precedence first (domain.md §2.2)."""


@dataclass(frozen=True, slots=True)
class LeadActivity:
    """A lead did something."""

    event_id: str
    account_id: str
    lead_id: str
    activity_type: str
    occurred_at: Millis


@dataclass(frozen=True, slots=True)
class Decision:
    """A source's opinion on one lead in one group (domain.md §2).

    ``position`` is the decision's place in a manual edit, which carries several under one event id.
    ``role`` is set for ``assign`` only.
    """

    event_id: str
    account_id: str
    buying_group_id: str
    lead_id: str
    source: Source
    operation: Operation
    role: str | None
    decided_at: Millis
    position: int = 0


@dataclass(frozen=True, slots=True)
class LeadProfile:
    """What is known of a lead in one account; the newest ``updated_at`` wins, ties by event id."""

    event_id: str
    account_id: str
    lead_id: str
    updated_at: Millis
    status: LeadStatus
    attributes: dict[str, str | bool] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountProfile:
    """What is known of an account; the newest ``updated_at`` wins, ties by event id."""

    event_id: str
    account_id: str
    updated_at: Millis
    attributes: dict[str, str | int] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplateRole:
    """A role of a template: ``weighting`` is 20 to 100 (domain.md §1)."""

    role: str
    weighting: int
    required: bool
    members_required: int
    auto_assign: str | None = None


@dataclass(frozen=True, slots=True)
class GroupDefinition:
    """A buying group as it was created or deleted; ``roles`` in priority order.

    It comes from a ``buying-groups`` record or from the creation job (domain.md §3). ``stage_model`` is
    the contract's JSON text, read by ``domain.stages``.
    """

    event_id: str
    account_id: str
    buying_group_id: str
    solution_interest_id: str
    name: str
    created_at: Millis
    update_existing_groups: bool
    template_id: str
    template_version: int
    roles: tuple[TemplateRole, ...]
    stage_model: str | None = None
    deleted: bool = False

    @property
    def role_names(self) -> frozenset[str]:
        """Return the names of the template's roles."""
        return frozenset(role.role for role in self.roles)

    @property
    def order(self) -> tuple[Millis, bool, str]:
        """Return what decides which of two records stands: the later creation, then a deletion.

        A deletion repeats the creation's time, so it must win that tie; a group created anew is later.
        """
        return (self.created_at, self.deleted, self.event_id)

    @property
    def maintained(self) -> bool:
        """Return whether the maintenance job assigns leads of the account (domain.md §3)."""
        return self.update_existing_groups and not self.deleted


@dataclass(frozen=True, slots=True)
class StageMove:
    """A journey moves a group to a stage; moves apply in the order of their topic (domain.md §6)."""

    event_id: str
    account_id: str
    buying_group_id: str
    stage: str
    decided_at: Millis


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A journey sets a group's status; the newest ``decided_at`` wins, ties by event id (§6)."""

    event_id: str
    account_id: str
    buying_group_id: str
    status: str
    decided_at: Millis


AccountEvent: TypeAlias = (
    LeadActivity | Decision | LeadProfile | AccountProfile | GroupDefinition | StageMove | StatusUpdate
)
"""Everything that is folded into one account."""
