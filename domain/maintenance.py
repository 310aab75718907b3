"""The maintenance job: whom the system assigns to a group, and in which role (domain.md §3).

The job's opinion is worked out from what is known, never from what it said before: the first role, in
priority order, whose auto-assign condition holds of the lead, or nothing. It is kept beside the opinions
of the other sources and is the lowest of them (domain.md §2.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.calendar import Millis
from domain.conditions import Compiled, compile_person
from domain.events import GroupDefinition, LeadProfile
from domain.membership import Opinion, Ruling


@dataclass(frozen=True, slots=True)
class Job:
    """The tests of one group's template: (role, compiled condition) in priority order.

    ``uses_score`` says whether a lead's activity, a new date or a new baseline can change its opinion.
    """

    created_at: Millis
    tests: tuple[tuple[str, Compiled], ...]
    uses_score: bool

    def opinion(self, profile: LeadProfile | None, score: float) -> Opinion:
        """Return the system's opinion on a lead.

        ``score`` is the person's in two decimals. A lead that is not known by an active profile is not
        tested: of somebody unknown every "is empty" and "is not" would hold *(ours)*. The decision is
        dated by the newest of the facts it rests on, so that it comes out the same in any order.
        """
        if profile is None or profile.status != "active":
            return ()
        for role, condition in self.tests:
            if condition.matches(profile.attributes, profile.custom, score):
                at = max(self.created_at, profile.updated_at)
                return (Ruling("assign", role, at, profile.event_id),)
        return ()


def job_of(definition: GroupDefinition | None) -> Job | None:
    """Return the maintenance job of a group, None if the group is left alone."""
    if definition is None or not definition.maintained:
        return None
    tests = tuple(
        (role.role, compile_person(role.auto_assign))
        for role in definition.roles
        if role.auto_assign is not None
    )
    if not tests:
        return None
    return Job(definition.created_at, tests, any(condition.uses_score for _, condition in tests))
