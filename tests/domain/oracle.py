"""The rules of domain.md once more, as slowly and literally as they are written there.

Everything is worked out from the set of all events and one date: no state, no batches. Only the order of
stage moves counts. Shares no code with ``domain`` but the events' shapes.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import fsum, sqrt
from typing import Final, TypeAlias

from domain.definitions import ModelDefinition, SolutionInterest
from domain.events import (
    AccountProfile,
    Decision,
    GroupDefinition,
    LeadActivity,
    LeadProfile,
    StageMove,
    StatusUpdate,
    TemplateRole,
)
from tests.domain.oracle_conditions import holds

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

Said: TypeAlias = tuple[int, str, str, str]
"""A source's word on a lead: when, the event id, the operation, the role."""


@dataclass(frozen=True)
class Expected:
    """A group as domain.md has it; unrounded scores."""

    account: str
    interest: str
    name: str
    members: dict[str, tuple[str, str, int]]
    person_scores: dict[str, float]
    completeness: float
    missing_roles: list[tuple[str, int]]
    stage: str | None
    status: str | None
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
        self.records = [e for e in told if isinstance(e, AccountProfile)]
        self.definitions = {e for e in told if isinstance(e, GroupDefinition)}
        self.interests = [e for e in told if isinstance(e, SolutionInterest)]
        self.models = [e for e in told if isinstance(e, ModelDefinition)]
        self.moves = [e for e in told if isinstance(e, StageMove)]
        self.statuses = [e for e in told if isinstance(e, StatusUpdate)]
        self.erased_at: dict[Person, int] = {}
        for profile in self.profiles:
            if profile.status == "erased":
                who = (profile.account_id, profile.lead_id)
                self.erased_at[who] = max(self.erased_at.get(who, -1), profile.updated_at)

    def groups(self) -> dict[str, Expected]:
        """Return every group that stands, by id."""
        standing = [one for one in self._newest_definitions() if not one.deleted]
        persons = self._person_scores()
        members = {one.buying_group_id: self._members(one, persons) for one in standing}
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
                one.account_id,
                one.solution_interest_id,
                one.name,
                members[one.buying_group_id],
                {
                    lead_id: persons.get((one.account_id, lead_id), 0.0)
                    for lead_id in members[one.buying_group_id]
                },
                *_completeness(
                    one.roles, [role for role, _, _ in members[one.buying_group_id].values()]
                ),
                self._stage(one),
                self._status_text(one),
                100 * raw[one.buying_group_id] / greatest if greatest else 0.0,
                raw[one.buying_group_id],
            )
            for one in standing
        }

    def _newest_definitions(self) -> list[GroupDefinition]:
        found: dict[str, list[GroupDefinition]] = defaultdict(list)
        for one in [*self.definitions, *self._creations()]:
            found[one.buying_group_id].append(one)
        # §2.9 and events.md: the later creation, a deletion before the creation it repeats.
        return [
            max(every, key=lambda one: (one.created_at, one.deleted, one.event_id))
            for every in found.values()
        ]

    def _creations(self) -> list[GroupDefinition]:
        """Return what the creation job makes (§3): a group where an account was in an audience."""
        found: list[GroupDefinition] = []
        for interest_id in {one.interest_id for one in self.interests}:
            versions = [one for one in self.interests if one.interest_id == interest_id]
            interest = max(versions, key=lambda one: (one.updated_at, one.event_id))
            for account_id in {one.account_id for one in self.records}:
                at = self._entered(interest, account_id) if interest.live else None
                if at is None:
                    continue
                newest = self._record_at(account_id, 2**62)
                account_name = (newest and newest.attributes.get("name")) or account_id
                name = f"buying-group:{interest_id}/{account_id}"
                group_id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
                found.append(
                    GroupDefinition(
                        group_id,
                        account_id,
                        group_id,
                        interest_id,
                        f"{interest.name} for {account_name}",
                        at,
                        interest.update_existing_groups,
                        interest.template_id,
                        interest.template_version,
                        interest.roles,
                        interest.stage_model,
                    )
                )
        return found

    def _entered(self, interest: SolutionInterest, account_id: str) -> int | None:
        """Return the first moment at which the account was in the audience of that moment."""
        moments = {one.since for one in interest.audiences}
        moments |= {one.updated_at for one in self.records if one.account_id == account_id}
        for moment in sorted(moments):
            audiences = [one for one in interest.audiences if one.since <= moment]
            record = self._record_at(account_id, moment)
            if record is None or not audiences:
                continue
            text = max(audiences, key=lambda one: one.since).condition
            if text is None or holds(json.loads(text), record.attributes, record.custom):
                return moment
        return None

    def _record_at(self, account_id: str, moment: int) -> AccountProfile | None:
        known = [
            one for one in self.records if one.account_id == account_id and one.updated_at <= moment
        ]
        return max(known, key=lambda one: (one.updated_at, one.event_id), default=None)

    def _members(
        self, group: GroupDefinition, persons: dict[Person, float]
    ) -> dict[str, tuple[str, str, int]]:
        roles = {role.role for role in group.roles}
        said: dict[str, dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
        for one in self.decisions:
            erased_at = self.erased_at.get((one.account_id, one.lead_id), -1)
            void = one.operation == "assign" and one.role not in roles
            here = one.buying_group_id == group.buying_group_id
            if here and not void and one.decided_at > erased_at:
                word = (one.decided_at, one.event_id, one.operation, one.role or "")
                said[one.lead_id][one.source].append(word)
        if group.update_existing_groups and any(role.auto_assign for role in group.roles):
            for lead_id in {one.lead_id for one in self.profiles}:
                said[lead_id]["system"] = self._maintained(group, lead_id, persons)
        found: dict[str, tuple[str, str, int]] = {}
        for lead_id, by_source in said.items():
            newest = [
                (source, max(by_source[source], key=lambda word: word[:2]))
                for source in RANK
                if by_source[source]
            ]
            deciding = [(source, word) for source, word in newest if word[2] != "release"]
            if not deciding or deciding[0][1][2] == "remove":
                continue
            profile = self._profile(group.account_id, lead_id)
            if profile is not None and profile.status == "left":
                continue
            source, (decided_at, _, _, role) = deciding[0]
            found[lead_id] = (role, source, decided_at)
        return found

    def _maintained(
        self, group: GroupDefinition, lead_id: str, persons: dict[Person, float]
    ) -> list[Said]:
        """Return what the maintenance job says of a lead (§3): the first role whose condition holds."""
        profile = self._profile(group.account_id, lead_id)
        if profile is None or profile.status != "active":
            return []
        exact = Decimal(persons.get((group.account_id, lead_id), 0.0))
        score = float(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN))
        for role in group.roles:
            if role.auto_assign is not None and holds(
                json.loads(role.auto_assign), profile.attributes, profile.custom, score
            ):
                at = max(group.created_at, profile.updated_at)
                return [(at, profile.event_id, "assign", role.role)]
        return []

    def _profile(self, account_id: str, lead_id: str) -> LeadProfile | None:
        known = [
            one
            for one in self.profiles
            if (one.account_id, one.lead_id) == (account_id, lead_id)
            and one.updated_at > self.erased_at.get((account_id, lead_id), -1)
        ]
        return max(known, key=lambda one: (one.updated_at, one.event_id), default=None)

    def _stage(self, group: GroupDefinition) -> str | None:
        """Return where the moves lead that are allowed (§6)."""
        if group.stage_model is None:
            return None
        stages = {one["name"]: one for one in json.loads(group.stage_model)["stages"]}
        stage: str | None = None
        for move in self.moves:
            if move.buying_group_id != group.buying_group_id or move.stage not in stages:
                continue
            if stage is None:
                allowed = stages[move.stage]["kind"] == "entry"
            else:
                allowed = move.stage in stages[stage]["transitions"]
            if allowed:
                stage = move.stage
        return stage

    def _status_text(self, group: GroupDefinition) -> str | None:
        told = [one for one in self.statuses if one.buying_group_id == group.buying_group_id]
        newest = max(told, key=lambda one: (one.decided_at, one.event_id), default=None)
        return None if newest is None else newest.status

    def _weights(self) -> dict[str, int]:
        """Return the weights of the model in force (§5)."""
        newest: dict[str, ModelDefinition] = {}
        for one in sorted(self.models, key=lambda one: (one.updated_at, one.event_id)):
            newest[one.model.model_id] = one
        active = [one.model for one in newest.values() if one.active]
        if not active:
            return WEIGHTS
        return dict(max(active, key=lambda one: (one.version, one.model_id)).weights)

    def _person_scores(self) -> dict[Person, float]:
        weights = self._weights()
        seen: dict[tuple[Person, str, int], set[str]] = defaultdict(set)
        for one in self.activities:
            who = (one.account_id, one.lead_id)
            day = one.occurred_at // 86_400_000
            if self.as_of - 29 <= day <= self.as_of and one.occurred_at > self.erased_at.get(who, -1):
                seen[who, one.activity_type.lower(), day].add(one.event_id)
        greatest_weight = max((weights.get(kind, 0) for _, kind, _ in seen), default=0)
        if not greatest_weight:
            return {}
        raw: dict[Person, Fraction] = defaultdict(Fraction)
        for (who, kind, _), ids in seen.items():
            raw[who] += min(len(ids), 20) * Fraction(weights.get(kind, 0), greatest_weight)
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
