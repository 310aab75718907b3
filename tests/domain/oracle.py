"""The rules of domain.md once more, as slowly and literally as they are written there.

Everything is worked out from the set of all events and one date: no state, no batches. Shares no
code with ``domain`` but the events' shapes.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import fsum, sqrt
from typing import Final, TypeAlias

from domain.events import Decision, GroupDefinition, LeadActivity, LeadProfile, TemplateRole

WEIGHTS: Final = {
    "event.attended": 60,
    "event.registered": 60,
    "leadoperation.interestingmoment": 60,
    "web.formfilledout": 40,
    "web.webinteraction.linkclicks": 40,
    "web.webpagedetails.pageviews": 40,
    "directmarketing.emailclicked": 30,
    "directmarketing.emailopened": 30,
}
RANK: Final = ("manual", "journey", "system")

Person: TypeAlias = tuple[str, str]
"""Account id and lead id."""


@dataclass(frozen=True)
class Expected:
    """A group as domain.md has it; unrounded scores."""

    members: dict[str, tuple[str, str, int]]
    person_scores: dict[str, float]
    completeness: float
    missing_roles: list[tuple[str, int]]
    score: float
    raw: float


class Oracle:
    """All events of a tenant, and what they come to on a date."""

    def __init__(self, events: Iterable[object], as_of: int) -> None:
        told = list(events)
        self.as_of = as_of
        self.activities = {e for e in told if isinstance(e, LeadActivity)}
        self.decisions = {e for e in told if isinstance(e, Decision)}
        self.profiles = [e for e in told if isinstance(e, LeadProfile)]
        self.definitions = {e for e in told if isinstance(e, GroupDefinition)}
        self.erased_at: dict[Person, int] = {}
        for profile in self.profiles:
            if profile.status == "erased":
                who = (profile.account_id, profile.lead_id)
                self.erased_at[who] = max(self.erased_at.get(who, -1), profile.updated_at)

    def groups(self) -> dict[str, Expected]:
        """Return every group that stands, by id."""
        standing = [one for one in self._newest_definitions() if not one.deleted]
        persons = self._person_scores()
        members = {one.buying_group_id: self._members(one) for one in standing}
        raw: dict[str, float] = {}
        for one in standing:
            held = members[one.buying_group_id]
            occupied = {role for role, _, _ in held.values()}
            weightings = {r.role: r.weighting for r in one.roles if r.role in occupied}
            whole = sum(weightings.values())
            raw[one.buying_group_id] = sqrt(
                fsum(
                    persons.get((one.account_id, lead_id), 0.0) * weightings[role] / whole
                    for lead_id, (role, _, _) in held.items()
                )
            )
        greatest = max(raw.values(), default=0.0)
        return {
            one.buying_group_id: Expected(
                members[one.buying_group_id],
                {
                    lead_id: persons.get((one.account_id, lead_id), 0.0)
                    for lead_id in members[one.buying_group_id]
                },
                *_completeness(
                    one.roles, [role for role, _, _ in members[one.buying_group_id].values()]
                ),
                100 * raw[one.buying_group_id] / greatest if greatest else 0.0,
                raw[one.buying_group_id],
            )
            for one in standing
        }

    def _newest_definitions(self) -> list[GroupDefinition]:
        found: dict[str, list[GroupDefinition]] = defaultdict(list)
        for one in self.definitions:
            found[one.buying_group_id].append(one)
        # §2.9 and events.md: the later creation, a deletion before the creation it repeats.
        return [
            max(every, key=lambda one: (one.created_at, one.deleted, one.event_id))
            for every in found.values()
        ]

    def _members(self, group: GroupDefinition) -> dict[str, tuple[str, str, int]]:
        roles = {role.role for role in group.roles}
        said: dict[str, dict[str, list[Decision]]] = defaultdict(lambda: defaultdict(list))
        for one in self.decisions:
            erased_at = self.erased_at.get((one.account_id, one.lead_id), -1)
            void = one.operation == "assign" and one.role not in roles
            here = one.buying_group_id == group.buying_group_id
            if here and not void and one.decided_at > erased_at:
                said[one.lead_id][one.source].append(one)
        found: dict[str, tuple[str, str, int]] = {}
        for lead_id, by_source in said.items():
            newest = [
                max(by_source[source], key=lambda one: (one.decided_at, one.event_id))
                for source in RANK
                if by_source[source]
            ]
            deciding = [one for one in newest if one.operation != "release"]
            if not deciding or deciding[0].operation == "remove":
                continue
            if self._status(group.account_id, lead_id) == "left":
                continue
            found[lead_id] = (
                deciding[0].role or "",
                deciding[0].source,
                deciding[0].decided_at,
            )
        return found

    def _status(self, account_id: str, lead_id: str) -> str | None:
        known = [
            one
            for one in self.profiles
            if (one.account_id, one.lead_id) == (account_id, lead_id)
            and one.updated_at > self.erased_at.get((account_id, lead_id), -1)
        ]
        newest = max(known, key=lambda one: (one.updated_at, one.event_id), default=None)
        return None if newest is None else newest.status

    def _person_scores(self) -> dict[Person, float]:
        seen: dict[tuple[Person, str, int], set[str]] = defaultdict(set)
        for one in self.activities:
            who = (one.account_id, one.lead_id)
            day = one.occurred_at // 86_400_000
            if self.as_of - 29 <= day <= self.as_of and one.occurred_at > self.erased_at.get(who, -1):
                seen[who, one.activity_type.lower(), day].add(one.event_id)
        greatest_weight = max((WEIGHTS.get(kind, 0) for _, kind, _ in seen), default=0)
        if not greatest_weight:
            return {}
        raw: dict[Person, Fraction] = defaultdict(Fraction)
        for (who, kind, _), ids in seen.items():
            raw[who] += min(len(ids), 20) * Fraction(WEIGHTS.get(kind, 0), greatest_weight)
        greatest = max(sqrt(figure) for figure in raw.values())
        return {who: 100 * sqrt(figure) / greatest for who, figure in raw.items()}


def _completeness(roles: Iterable[TemplateRole], held: list[str]) -> tuple[float, list[tuple[str, int]]]:
    required = [role for role in roles if role.required]
    if not required:
        return 100.0, []
    parts = [
        min(Fraction(held.count(role.role), role.members_required), Fraction(1)) * 100
        for role in required
    ]
    mean = sum(parts, Fraction(0)) / len(parts)
    exact = Decimal(mean.numerator) / Decimal(mean.denominator)
    missing = [
        (role.role, role.members_required - held.count(role.role))
        for role in required
        if held.count(role.role) < role.members_required
    ]
    return float(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)), missing
