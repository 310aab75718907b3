"""What became of a decision (domain.md §7, ``assignment-outcome``)."""

from __future__ import annotations

from domain.calendar import Millis, iso_instant
from domain.events import Decision, GroupDefinition, LeadStatus
from domain.membership import NO_DECISIONS, Decisions, Member, effective, ruling_of, standing
from domain.reports import Outcome


def answer(
    decision: Decision,
    definition: GroupDefinition | None,
    known: Decisions | None,
    current: Decisions | None,
    before: Member | None,
    after: Member | None,
    erased_at: Millis,
    status: LeadStatus | None,
) -> Outcome:
    """Return the outcome of a decision that was just taken in.

    ``known`` and ``current`` are the decisions on its lead before and after it, ``before`` and
    ``after`` the lead's membership; ``status`` is what the lead's profile says. In this order:
    ``void`` (dated before an erasure, group deleted, role outside the template), ``pending`` (group not
    there yet), ``stale`` (a newer decision of the same source stands), ``overridden``, ``applied``,
    ``no_change``.
    """
    if decision.decided_at <= erased_at:
        return Outcome("void", f"the lead was erased at {iso_instant(erased_at)}")
    if definition is None:
        return Outcome("pending", "the group does not exist yet; kept until it is created")
    if definition.deleted:
        return Outcome("void", "the group was deleted")
    roles = definition.role_names
    if decision.operation == "assign" and decision.role not in roles:
        offered = ", ".join(role.role for role in definition.roles)
        return Outcome(
            "void", f"role {decision.role!r} is not in the group's template, which has: {offered}"
        )
    stands = standing((current or NO_DECISIONS).of(decision.source), roles)
    ruling = ruling_of(decision)
    if stands is not None and stands.order > ruling.order:
        return Outcome(
            "stale",
            f"a newer decision of the same source stands: {stands.event_id}"
            f" of {iso_instant(stands.decided_at)}",
        )
    if known is not None and ruling in known.of(decision.source):
        return Outcome("no_change", "this decision was received before")
    chosen = effective(current or NO_DECISIONS, roles)
    if chosen is not None and chosen[0] != decision.source and chosen[1].operation != "release":
        source, winner = chosen
        if decision.operation != "release":
            return Outcome(
                "overridden",
                f"{source} decided {winner.operation} at {iso_instant(winner.decided_at)}"
                "; remembered until that is released",
                overridden_by=source,
            )
    if before != after:
        return Outcome("applied", _told(after))
    if status == "left" and decision.operation == "assign":
        return Outcome("no_change", "the lead has left the account; counts when it returns")
    return Outcome("no_change", _told(after))


def _told(member: Member | None) -> str:
    if member is None:
        return "the lead is not a member"
    return f"the lead is a member as {member.role}, by {member.source}"
