"""What became of a decision (domain.md §7, ``assignment-outcome``)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.calendar import Millis, iso_instant
from domain.events import Decision, GroupDefinition, LeadStatus, Source
from domain.membership import NO_DECISIONS, Decisions, Member, effective, ruling_of, standing
from domain.reports import Outcome


@dataclass(frozen=True, slots=True)
class Received:
    """A decision that was just taken in, with what stood before and after it.

    ``current`` are the decisions on its lead, ``before`` and ``after`` the lead's membership before and
    after this one; ``erased_at`` is the lead's newest erasure, -1 if none, ``status`` its profile's.
    """

    decision: Decision
    definition: GroupDefinition | None
    current: Decisions | None
    before: Member | None
    after: Member | None
    erased_at: Millis
    status: LeadStatus | None


def answer(received: Received) -> Outcome:
    """Return the outcome of a decision.

    The first that holds: ``void`` (dated before an erasure, group deleted, role outside the template),
    ``pending`` (group not there yet), ``stale`` (a newer decision of the same source stands),
    ``overridden``, ``applied``, ``no_change``.
    """
    definition = received.definition
    refused = _refused(received)
    if refused is not None:
        return refused
    if definition is None:
        return Outcome("pending", "the group does not exist yet; kept until it is created")
    return _superseded(received, definition) or _effect(received)


def _refused(received: Received) -> Outcome | None:
    decision, definition = received.decision, received.definition
    if decision.decided_at <= received.erased_at:
        return Outcome("void", f"the lead was erased at {iso_instant(received.erased_at)}")
    if definition is None:
        return None
    if definition.deleted:
        return Outcome("void", "the group was deleted; counts only if it is created again")
    if decision.operation == "assign" and decision.role not in definition.role_names:
        offered = ", ".join(role.role for role in definition.roles)
        return Outcome(
            "void", f"role {decision.role!r} is not in the group's template, which has: {offered}"
        )
    return None


def _superseded(received: Received, definition: GroupDefinition) -> Outcome | None:
    """Return the outcome of a decision that another stands above, newer or of a higher source."""
    decision, roles = received.decision, definition.role_names
    current = received.current or NO_DECISIONS
    ruling = ruling_of(decision)
    stands = standing(current.of(decision.source), roles)
    if stands is not None and stands.order > ruling.order:
        return Outcome(
            "stale",
            f"a newer decision of the same source stands: {stands.event_id}"
            f" of {iso_instant(stands.decided_at)}",
        )
    chosen = effective(current, roles)
    if chosen is None or chosen[0] == decision.source or decision.operation == "release":
        return None
    source, winner = chosen
    return Outcome(
        "overridden",
        f"{source} decided {winner.operation} at {iso_instant(winner.decided_at)}"
        "; remembered until that is released",
        overridden_by=source,
    )


def _effect(received: Received) -> Outcome:
    if _role_and_source(received.before) != _role_and_source(received.after):
        return Outcome("applied", _told(received.after))
    if received.status == "left" and received.decision.operation == "assign":
        return Outcome("no_change", "the lead has left the account; counts when it returns")
    return Outcome("no_change", _told(received.after))


def _role_and_source(member: Member | None) -> tuple[str, Source] | None:
    return None if member is None else (member.role, member.source)


def _told(member: Member | None) -> str:
    if member is None:
        return "the lead is not a member"
    return f"the lead is a member as {member.role}, by {member.source}"
