"""One account as the rules see it: its leads, its groups, and what was last reported of them.

An :class:`Account` is the fold's accumulator. It is filled from stored rows or from events, changed in
place by ``domain.fold``, and thrown away when what it led to could not be delivered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.calendar import Day, Millis
from domain.completeness import MissingRole
from domain.definitions import SolutionInterest
from domain.engagement import (
    MAX_PER_DAY,
    Baseline,
    WeightingModel,
    person_score,
    points_of,
    two_decimals,
    window_start,
)
from domain.events import AccountProfile, GroupDefinition, LeadProfile, LeadStatus
from domain.maintenance import Job, job_of
from domain.makeup import Makeup
from domain.membership import NO_DECISIONS, Decisions, Member, resolve, with_opinion
from domain.stages import NO_PROGRESS, Progress


@dataclass(frozen=True, slots=True)
class Tenant:
    """What all accounts share: the date, the baseline, the weighting model, the solution interests.

    ``ticked`` is False until the first day tick; until then ``as_of`` follows the newest activity and
    nothing is old enough to be dropped (domain.md §5, "as_of").
    """

    as_of: Day
    ticked: bool
    baseline: Baseline
    model: WeightingModel
    interests: tuple[SolutionInterest, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """What was last reported of a person's score."""

    version: int = 0
    score: float = 0.0
    raw: float = 0.0


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What was last reported of a group, and the version of each kind of report.

    ``completeness`` is None until the group was first defined.
    """

    score_version: int = 0
    completeness_version: int = 0
    membership_version: int = 0
    outcome_version: int = 0
    state_version: int = 0
    score: float = 0.0
    raw: float = 0.0
    completeness: float | None = None
    missing_roles: tuple[MissingRole, ...] = ()


@dataclass(slots=True)
class Lead:
    """A lead of the account. ``days`` maps day → type key → event id → occurred_at.

    ``erased_at`` is the time of the newest erasure, -1 if there was none: what is dated up to it does
    not count (domain.md §2.7). ``groups`` are the groups that any source has decided on for this lead.
    ``points`` count ``days`` as of a tenant's date and model at any time, ``score`` is up to date once a
    batch is settled, and ``shown`` is it in two decimals.
    """

    profile: LeadProfile | None = None
    erased_at: Millis = -1
    days: dict[Day, dict[str, dict[str, Millis]]] = field(default_factory=dict)
    figures: PersonFigures = PersonFigures()
    groups: set[str] = field(default_factory=set)
    points: int = 0
    score: float = 0.0
    shown: float = 0.0

    @property
    def status(self) -> LeadStatus | None:
        """Return the profile's status, None while there is no profile."""
        return None if self.profile is None else self.profile.status

    def count(self, tenant: Tenant) -> None:
        """Set the points from the kept activity, as of the tenant's date and model."""
        self.points = points_of(self.days, tenant.as_of, tenant.model) if self.days else 0

    def measure(self, baseline: Baseline) -> None:
        """Set the score that the points come to."""
        self.score = person_score(self.points, baseline) if self.points else 0.0
        self.shown = two_decimals(self.score)

    def remember(
        self, day: Day, type_key: str, event_id: str, occurred_at: Millis, tenant: Tenant
    ) -> bool:
        """Keep an activity, count it, and return whether anything changed.

        Of each type the newest 20 of a day are kept. Any 20 would give today's count; the newest ones
        also give the right count after an erasure at noon, in whatever order all of this arrives.
        Points are whole numbers, so counting one more is as exact as counting all again, and does not
        cost more the more activity is kept.
        """
        events = self.days.setdefault(day, {}).setdefault(type_key, {})
        known = events.get(event_id)
        if known is not None:
            if occurred_at <= known:
                return False
            events[event_id] = occurred_at
            return True
        if len(events) >= MAX_PER_DAY:
            oldest = min(events, key=lambda kept: (events[kept], kept))
            if (occurred_at, event_id) <= (events[oldest], oldest):
                return False
            del events[oldest]
        elif window_start(tenant.as_of) <= day <= tenant.as_of:
            self.points += tenant.model.weights.get(type_key, 0)
        events[event_id] = occurred_at
        return True


@dataclass(slots=True)
class Group:
    """A group of the account; ``decisions`` and ``members`` by lead id.

    It exists from the first decision on. ``record`` is its newest ``buying-groups`` record, ``created``
    what the creation job made it; the later of them is its ``definition``, None until there is one
    (domain.md §2.9). ``job`` is the maintenance job of that definition. ``makeup`` is None whenever
    members or definition changed since it was last asked for.
    """

    record: GroupDefinition | None = None
    created: GroupDefinition | None = None
    definition: GroupDefinition | None = None
    job: Job | None = None
    decisions: dict[str, Decisions] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    progress: Progress = NO_PROGRESS
    figures: GroupFigures = GroupFigures()
    makeup: Makeup | None = None

    def define(self) -> None:
        """Set the definition and its job from the record and the creation.

        A creation that was withdrawn stands for "never created": any record comes before it.
        """
        told = [one for one in (self.record, self.created) if one is not None]
        if self.record is not None and self.created is not None and self.created.deleted:
            told = [self.record]
        self.definition = max(told, key=lambda one: one.order, default=None)
        self.job = job_of(self.definition)
        self.makeup = None

    @property
    def stands(self) -> bool:
        """Return whether the group was created and not deleted."""
        return self.definition is not None and not self.definition.deleted


@dataclass(slots=True)
class Account:
    """An account: its newest records first, leads by id, groups by buying group id.

    ``entered`` says, by solution interest, what records that are not kept any more had told of when the
    account was first in its audience.
    """

    account_id: str
    records: tuple[AccountProfile, ...] = ()
    entered: dict[str, Millis] = field(default_factory=dict)
    leads: dict[str, Lead] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def profile(self) -> AccountProfile | None:
        """Return the account's newest record."""
        return self.records[0] if self.records else None

    @property
    def asks_for_scores(self) -> bool:
        """Return whether a condition of any of its groups asks for a person's score."""
        return any(group.job is not None and group.job.uses_score for group in self.groups.values())

    def lead(self, lead_id: str) -> Lead:
        """Return a lead, new if it was not known."""
        lead = self.leads.get(lead_id)
        if lead is None:
            lead = self.leads[lead_id] = Lead()
        return lead

    def group(self, buying_group_id: str) -> Group:
        """Return a group, new if it was not known."""
        group = self.groups.get(buying_group_id)
        if group is None:
            group = self.groups[buying_group_id] = Group()
        return group


def decisions_on(group: Group, lead_id: str, lead: Lead, score: float) -> Decisions:
    """Return all decisions on a lead in a group, the maintenance job's at a person score included."""
    known = group.decisions.get(lead_id, NO_DECISIONS)
    if group.job is None:
        return known
    return with_opinion(known, "system", group.job.opinion(lead.profile, two_decimals(score)))


def member_by(group: Group, decisions: Decisions | None, lead: Lead | None) -> Member | None:
    """Return the membership that decisions on a lead come to."""
    definition = group.definition
    if definition is None or definition.deleted or not decisions:
        return None
    return resolve(decisions, definition.role_names, None if lead is None else lead.status)


def resolve_member(account: Account, buying_group_id: str, lead_id: str) -> Member | None:
    """Return a lead's membership of a group as the account's decisions and profiles have it."""
    group = account.groups[buying_group_id]
    return member_by(group, group.decisions.get(lead_id), account.leads.get(lead_id))


def restore(account: Account, tenant: Tenant) -> None:
    """Derive what is not stored of an account: definitions, memberships, points, scores."""
    for lead in account.leads.values():
        lead.count(tenant)
        lead.measure(tenant.baseline)
    for buying_group_id, group in account.groups.items():
        group.define()
        for lead_id in group.decisions:
            account.lead(lead_id).groups.add(buying_group_id)
            member = resolve_member(account, buying_group_id, lead_id)
            if member is not None:
                group.members[lead_id] = member
