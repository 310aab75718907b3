"""A tenant in memory: partitions that fold batches, tables that hold what a batch said it changed.

It stands for what a worker does around the rules and nothing more: accounts are filled from rows,
restored for the tenant's date and baseline, folded into, and the named rows are written back.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace

from domain.account import Account, GroupFigures, PersonFigures, Tenant, restore
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_of
from domain.changes import Changes
from domain.definitions import Catalog, ModelDefinition, SolutionInterest, TenantEvent
from domain.engagement import (
    DEFAULT_MODEL,
    Baseline,
    TenantPart,
    WeightingModel,
    baseline_of,
    first_baseline,
)
from domain.events import (
    AccountEvent,
    AccountProfile,
    GroupDefinition,
    LeadActivity,
    LeadProfile,
)
from domain.membership import Decisions
from domain.reports import Report
from domain.settle import create, fold, points_part, rescore, strength_part
from domain.stages import Progress

DayRow = dict[str, dict[str, Millis]]


@dataclass
class Rows:
    """What is stored of one account. A row is written only when a batch names it."""

    account: tuple[tuple[AccountProfile, ...], dict[str, Millis]] | None = None
    leads: dict[str, tuple[LeadProfile | None, Millis]] = field(default_factory=dict)
    days: dict[tuple[str, Day], DayRow] = field(default_factory=dict)
    persons: dict[str, PersonFigures] = field(default_factory=dict)
    definitions: dict[str, tuple[GroupDefinition | None, GroupDefinition | None]] = field(
        default_factory=dict
    )
    decisions: dict[tuple[str, str], Decisions] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    groups: dict[str, GroupFigures] = field(default_factory=dict)

    def write(self, account: Account, changes: Changes) -> None:
        """Write the rows that a batch named; delete those whose content is gone."""
        if changes.account:
            self.account = (account.records, dict(account.entered))
        for lead_id in changes.leads:
            lead = account.leads[lead_id]
            self.leads[lead_id] = (lead.profile, lead.erased_at)
        for lead_id, day in changes.days:
            kept = account.leads[lead_id].days.get(day)
            if kept:
                self.days[lead_id, day] = deepcopy(kept)
            else:
                self.days.pop((lead_id, day), None)
        for lead_id in changes.persons:
            self.persons[lead_id] = account.leads[lead_id].figures
        self._write_groups(account, changes)

    def _write_groups(self, account: Account, changes: Changes) -> None:
        for group_id in changes.definitions:
            group = account.groups[group_id]
            self.definitions[group_id] = (group.record, group.created)
        for group_id, lead_id in changes.decisions:
            decisions = account.groups[group_id].decisions.get(lead_id)
            if decisions:
                self.decisions[group_id, lead_id] = decisions
            else:
                self.decisions.pop((group_id, lead_id), None)
        for group_id in changes.progress:
            self.progress[group_id] = account.groups[group_id].progress
        for group_id in changes.groups:
            self.groups[group_id] = account.groups[group_id].figures

    def read(self, account_id: str, tenant: Tenant) -> Account:
        """Return the account as a worker that has only the rows would have it."""
        account = Account(account_id)
        if self.account is not None:
            account.records, entered = self.account
            account.entered = dict(entered)
        for lead_id, (profile, erased_at) in self.leads.items():
            lead = account.lead(lead_id)
            lead.profile, lead.erased_at = profile, erased_at
        for (lead_id, day), kept in self.days.items():
            account.lead(lead_id).days[day] = deepcopy(kept)
        for lead_id, person in self.persons.items():
            account.lead(lead_id).figures = person
        for group_id, (record, created) in self.definitions.items():
            group = account.group(group_id)
            group.record, group.created = record, created
        for (group_id, lead_id), decisions in self.decisions.items():
            account.group(group_id).decisions[lead_id] = decisions
        for group_id, progress in self.progress.items():
            account.group(group_id).progress = progress
        for group_id, figures in self.groups.items():
            account.group(group_id).figures = figures
        restore(account, tenant)
        return account


class Partition:
    """Some accounts of a tenant, its definitions, and the date as far as this partition can know it.

    ``accounts`` are those in memory; every account has rows. ``before`` is the tenant before its date
    last moved.
    """

    def __init__(self) -> None:
        self.tenant = Tenant(0, ticked=False, baseline=first_baseline(), model=DEFAULT_MODEL)
        self.before = self.tenant
        self.catalog = Catalog()
        self.accounts: dict[str, Account] = {}
        self.rows: dict[str, Rows] = defaultdict(Rows)
        self.reports: list[tuple[str, Report]] = []

    def fold(self, batch: Iterable[AccountEvent]) -> list[Changes]:
        """Fold one fetched batch: each account's events together."""
        by_account: dict[str, list[AccountEvent]] = {}
        for event in batch:
            by_account.setdefault(event.account_id, []).append(event)
        self._follow(event for events in by_account.values() for event in events)
        found: list[Changes] = []
        for account_id, events in by_account.items():
            account = self.open(account_id)
            found.append(self._keep(account, fold(account, events, self.tenant)))
        return found

    def define(self, event: TenantEvent) -> list[Changes]:
        """Take in a definition; a solution interest runs the creation job in every account (§3)."""
        if isinstance(event, ModelDefinition):
            self.catalog = self.catalog.take(event)
            return []
        known = self.catalog.interests.get(event.interest_id)
        if known is not None and (known.updated_at, known.event_id) > (event.updated_at, event.event_id):
            return []
        self.catalog = self.catalog.take(event)
        self.tenant = replace(self.tenant, interests=self.catalog.live_interests)
        recorded = [account_id for account_id, rows in self.rows.items() if rows.account is not None]
        accounts = [self.open(account_id) for account_id in recorded]
        return [self._keep(one, create(one, event, self.tenant)) for one in accounts]

    def points(self, as_of: Day, model: WeightingModel) -> TenantPart:
        """Return what this partition's leads contribute to the baseline of a date."""
        part = TenantPart()
        for account in self.all_accounts():
            part = part.merge(points_part(account, as_of, model))
        return part

    def strength(self, as_of: Day, model: WeightingModel, yardstick: Baseline) -> TenantPart:
        """Return what this partition's groups contribute to the baseline of a date."""
        part = TenantPart()
        for account in self.all_accounts():
            part = part.merge(strength_part(account, as_of, model, yardstick))
        return part

    def rescore(self, as_of: Day, baseline: Baseline, model: WeightingModel) -> list[Changes]:
        """Take over a new date and baseline."""
        accounts = list(self.all_accounts())
        remodelled = model != self.tenant.model
        self.tenant = replace(self.tenant, as_of=as_of, ticked=True, baseline=baseline, model=model)
        at = as_of * MILLIS_PER_DAY
        return [
            self._keep(one, rescore(one, self.tenant, "tick", at, remodelled=remodelled))
            for one in accounts
        ]

    def open(self, account_id: str) -> Account:
        """Return an account, from memory or from its rows.

        Until the first tick an account is caught up with the date when it is touched (domain.md §5).
        """
        account = self.accounts.get(account_id)
        if account is not None:
            return account
        rows = self.rows[account_id]
        account = rows.read(account_id, self.tenant if self.tenant.ticked else self.before)
        self.accounts[account_id] = account
        if not self.tenant.ticked:
            self._keep(account, rescore(account, self.tenant, "date", 0, republish=False))
        return account

    def all_accounts(self) -> Iterator[Account]:
        """Yield every account that has rows."""
        for account_id in list(self.rows):
            yield self.open(account_id)

    def restart(self) -> None:
        """Drop everything that lives in memory; it is read back from the rows."""
        self.accounts.clear()

    def _follow(self, events: Iterable[AccountEvent]) -> None:
        """Until the first tick the date is the day of the newest activity (domain.md §5)."""
        if self.tenant.ticked:
            return
        days = [day_of(event.occurred_at) for event in events if isinstance(event, LeadActivity)]
        as_of = max([self.tenant.as_of, *days])
        if as_of != self.tenant.as_of:
            self.before = self.tenant
            self.tenant = replace(self.tenant, as_of=as_of)
            self.restart()

    def _keep(self, account: Account, changes: Changes) -> Changes:
        self.rows[account.account_id].write(account, changes)
        self.reports.extend((account.account_id, report) for report in changes.reports)
        return changes


class Deployment:
    """A whole tenant in as many partitions as asked; an account's place is given by its name.

    Each partition hears of definitions at its own moments and in its own order: some batches later, by
    ``chance``, or with the batch that brought them if no chance is given.
    """

    def __init__(self, partitions: int = 1, chance: random.Random | None = None) -> None:
        self.partitions = [Partition() for _ in range(partitions)]
        self._chance = chance
        self._unheard: list[list[TenantEvent]] = [[] for _ in self.partitions]

    def fold(self, batch: Iterable[AccountEvent | TenantEvent]) -> list[Changes]:
        """Fold a batch, each event in its account's partition, and let each hear of definitions."""
        placed: dict[int, list[AccountEvent]] = {}
        for event in batch:
            if isinstance(event, SolutionInterest | ModelDefinition):
                for unheard in self._unheard:
                    unheard.append(event)
            else:
                place = sum(event.account_id.encode()) % len(self.partitions)
                placed.setdefault(place, []).append(event)
        found = [
            changes
            for place, events in placed.items()
            for changes in self.partitions[place].fold(events)
        ]
        return [*found, *self.hear(self._chance)]

    def hear(self, chance: random.Random | None = None) -> list[Changes]:
        """Let every partition hear of the definitions it has not heard of; about a third by chance."""
        found: list[Changes] = []
        for partition, unheard in zip(self.partitions, self._unheard, strict=True):
            heard = list(unheard)
            if chance is not None:
                heard = [event for event in unheard if chance.random() < 0.3]
                chance.shuffle(heard)
            for event in heard:
                unheard.remove(event)
                found.extend(partition.define(event))
        return found

    def tick(self, as_of: Day) -> list[Changes]:
        """Move the date on, and rescore everything by the baseline of the parts, in two rounds.

        The first partition's catalog names the model for all of them.
        """
        first = self.partitions[0]
        known, model = first.tenant, first.catalog.model
        as_of = max(as_of, known.as_of) if known.ticked else as_of
        version = known.baseline.version + 1
        part = TenantPart()
        for partition in self.partitions:
            part = part.merge(partition.points(as_of, model))
        yardstick = baseline_of(part, model, version)
        for partition in self.partitions:
            part = part.merge(partition.strength(as_of, model, yardstick))
        baseline = baseline_of(part, model, version)
        return [
            changes
            for partition in self.partitions
            for changes in partition.rescore(as_of, baseline, model)
        ]

    def restart(self) -> None:
        """Restart every partition."""
        for partition in self.partitions:
            partition.restart()

    def accounts(self) -> Iterator[tuple[Account, Partition]]:
        """Yield every account with its partition."""
        for partition in self.partitions:
            for account in partition.all_accounts():
                yield account, partition

    def reports(self) -> Iterator[tuple[str, Report]]:
        """Yield everything that was reported, with its account, in order for each account."""
        for partition in self.partitions:
            yield from partition.reports
