"""Who is a member, in which role, by whose word (domain.md §2).

Each source keeps an *opinion* on a lead in a group: the newest withdrawal (remove or release) and, for
each role, the newest assign after it. Merging is a join: commutative, associative and idempotent, so
any order and any duplication of the same decisions gives the same opinion.

Why an opinion holds more than one decision: an assign to a role outside the template never becomes
effective (§2.4), and the template may arrive after the decision (§2.9). Had the newest decision simply
replaced the others, a mistyped role would push a member out or not, depending on what arrived first.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from domain.calendar import Millis
from domain.events import SOURCES, Decision, LeadStatus, Operation, Source


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision as it is remembered: without group, lead and source, which are its key."""

    operation: Operation
    role: str | None
    decided_at: Millis
    event_id: str
    position: int = 0

    @property
    def order(self) -> tuple[Millis, str, int, str, str]:
        """Return the sort key of "newest": time, then event id (§2.1), then place in its edit.

        The last two only matter when a producer reuses an event id for another content.
        """
        return (self.decided_at, self.event_id, self.position, self.operation, self.role or "")


Opinion: TypeAlias = tuple[Ruling, ...]
"""A source's rulings that can still matter, newest first."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The opinions of all sources on one lead in one group."""

    manual: Opinion = ()
    journey: Opinion = ()
    system: Opinion = ()

    def of(self, source: Source) -> Opinion:
        """Return one source's opinion."""
        opinion: Opinion = getattr(self, source)
        return opinion

    def __bool__(self) -> bool:
        """Return whether any source has said anything."""
        return bool(self.manual or self.journey or self.system)


NO_DECISIONS: Final = Decisions()

MOST_ROLES: Final = 20
"""A source's opinion holds assigns to so many roles at most."""


@dataclass(frozen=True, slots=True)
class Member:
    """A lead that is in a group.

    ``added_at`` is the time of the effective assign. It is a function of the decisions that stand, so
    it does not depend on the order they arrived in.
    """

    role: str
    source: Source
    added_at: Millis


def ruling_of(decision: Decision) -> Ruling:
    """Return what is remembered of a decision."""
    return Ruling(
        operation=decision.operation,
        role=decision.role,
        decided_at=decision.decided_at,
        event_id=decision.event_id,
        position=decision.position,
    )


def merge(opinion: Opinion, ruling: Ruling) -> Opinion:
    """Return the opinion with a ruling taken in; the same object when it changes nothing (§2.1)."""
    order = ruling.order
    kept: list[Ruling] = []
    for known in opinion:
        covers = known.operation != "assign" or (
            ruling.operation == "assign" and known.role == ruling.role
        )
        if covers and known.order >= order:
            return opinion
        covered = ruling.operation != "assign" or (
            known.operation == "assign" and known.role == ruling.role
        )
        if not (covered and known.order < order):
            kept.append(known)
    kept.append(ruling)
    kept.sort(key=lambda known: known.order, reverse=True)
    if len(kept) <= MOST_ROLES:
        return tuple(kept)
    # A tenant has at most 20 roles (§1); more are mistakes, and the newest ones are kept of those too.
    assigns = [known for known in kept if known.operation == "assign"]
    dropped = set(assigns[MOST_ROLES:])
    return tuple(known for known in kept if known not in dropped)


def decide(decisions: Decisions, decision: Decision) -> Decisions:
    """Return the decisions with one more taken in; the same object when it changes nothing."""
    opinion = decisions.of(decision.source)
    merged = merge(opinion, ruling_of(decision))
    if merged is opinion:
        return decisions
    return with_opinion(decisions, decision.source, merged)


def with_opinion(decisions: Decisions, source: Source, opinion: Opinion) -> Decisions:
    """Return the decisions with one source's opinion replaced; the same object when it is the same."""
    if decisions.of(source) == opinion:
        return decisions
    match source:
        case "manual":
            return replace(decisions, manual=opinion)
        case "journey":
            return replace(decisions, journey=opinion)
        case "system":
            return replace(decisions, system=opinion)


def forget_until(decisions: Decisions, erased_at: Millis) -> Decisions:
    """Return the decisions without those dated up to an erasure (§2.7)."""
    if all(r.decided_at > erased_at for source in SOURCES for r in decisions.of(source)):
        return decisions
    return Decisions(
        *(tuple(r for r in decisions.of(source) if r.decided_at > erased_at) for source in SOURCES)
    )


def standing(opinion: Opinion, roles: Container[str]) -> Ruling | None:
    """Return the newest ruling that counts: a withdrawal, or an assign to one of the roles (§2.4)."""
    for ruling in opinion:
        if ruling.operation != "assign" or ruling.role in roles:
            return ruling
    return None


def effective(decisions: Decisions, roles: Container[str]) -> tuple[Source, Ruling] | None:
    """Return the ruling of the highest source that has one and has not released it (§2.2, §2.3)."""
    for source in SOURCES:
        ruling = standing(decisions.of(source), roles)
        if ruling is not None and ruling.operation != "release":
            return source, ruling
    return None


def resolve(decisions: Decisions, roles: Container[str], status: LeadStatus | None) -> Member | None:
    """Return the lead's membership, or None.

    ``roles`` are the group's template's. ``status`` is the lead's in the group's account, None while its
    profile is unknown, when an assignment counts (§2.6).
    """
    if status in {"left", "erased"}:
        return None
    chosen = effective(decisions, roles)
    if chosen is None:
        return None
    source, ruling = chosen
    if ruling.operation != "assign" or ruling.role is None:
        return None
    return Member(role=ruling.role, source=source, added_at=ruling.decided_at)
