"""A tenant in memory: partitions that fold batches, tables that hold what a batch said it changed.

It stands for what a worker does around the rules and nothing more: accounts are filled from rows,
restored for the tenant's date and baseline, folded into, and the named rows are written back.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from domain.account import Account, GroupFigures, PersonFigures, Tenant, restore
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_of
from domain.engagement import (
    DEFAULT_MODEL,
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
from domain.fold import Changes
from domain.membership import Decisions
from domain.reports import Report
from domain.settle import fold, part_of, rescore

DayRow = dict[str, dict[str, Millis]]


@dataclass
class Rows:
    """What is stored of one account. A row is written only when a batch names it."""

    account: AccountProfile | None = None
    leads: dict[str, tuple[LeadProfile | None, Millis]] = field(default_factory=dict)
    days: dict[tuple[str, Day], DayRow] = field(default_factory=dict)
    persons: dict[str, PersonFigures] = field(default_factory=dict)
    definitions: dict[str, GroupDefinition] = field(default_factory=dict)
    decisions: dict[tuple[str, str], Decisions] = field(default_factory=dict)
    groups: dict[str, GroupFigures] = field(default_factory=dict)

    def write(self, account: Account, changes: Changes) -> None:
        """Write the rows that a batch named; delete those whose content is gone."""
        if changes.account:
            self.account = account.profile
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
        for group_id in changes.definitions:
            definition = account.groups[group_id].definition
            assert definition is not None
            self.definitions[group_id] = definition
        for group_id, lead_id in changes.decisions:
            decisions = account.groups[group_id].decisions.get(lead_id)
            if decisions:
                self.decisions[group_id, lead_id] = decisions
            else:
                self.decisions.pop((group_id, lead_id), None)
        for group_id in changes.groups:
            self.groups[group_id] = account.groups[group_id].figures

    def read(self, account_id: str, tenant: Tenant) -> Account:
        """Return the account as a worker that has only the rows would have it."""
        account = Account(account_id, self.account)
        for lead_id, (profile, erased_at) in self.leads.items():
            lead = account.lead(lead_id)
            lead.profile, lead.erased_at = profile, erased_at
        for (lead_id, day), kept in self.days.items():
            account.lead(lead_id).days[day] = deepcopy(kept)
        for lead_id, person in self.persons.items():
            account.lead(lead_id).figures = person
        for group_id, definition in self.definitions.items():
            account.group(group_id).definition = definition
        for (group_id, lead_id), decisions in self.decisions.items():
            account.group(group_id).decisions[lead_id] = decisions
        for group_id, figures in self.groups.items():
            account.group(group_id).figures = figures
        restore(account, tenant)
        return account


class Partition:
    """Some accounts of a tenant, and the date as far as this partition can know it."""

    def __init__(self, model: WeightingModel = DEFAULT_MODEL) -> None:
        self.tenant = Tenant(0, ticked=False, baseline=first_baseline(model), model=model)
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
            account = self.accounts.setdefault(account_id, Account(account_id))
            found.append(fold(account, events, self.tenant))
            self._keep(account, found[-1])
        return found

    def part(self, as_of: Day) -> TenantPart:
        """Return what this partition contributes to the baseline of a date."""
        part = TenantPart()
        for account in self.accounts.values():
            part = part.merge(part_of(account, as_of, self.tenant.model))
        return part

    def rescore(self, tenant: Tenant) -> list[Changes]:
        """Take over a new date and baseline."""
        self.tenant = tenant
        found: list[Changes] = []
        for account in self.accounts.values():
            found.append(rescore(account, tenant, "tick", tenant.as_of * MILLIS_PER_DAY))
            self._keep(account, found[-1])
        return found

    def restart(self) -> None:
        """Drop everything that lives in memory and read it back from the rows."""
        self.accounts = {
            account_id: rows.read(account_id, self.tenant) for account_id, rows in self.rows.items()
        }

    def _follow(self, events: Iterable[AccountEvent]) -> None:
        """Until the first tick the date is the day of the newest activity (domain.md §5)."""
        if self.tenant.ticked:
            return
        days = [day_of(event.occurred_at) for event in events if isinstance(event, LeadActivity)]
        as_of = max([self.tenant.as_of, *days])
        if as_of != self.tenant.as_of:
            self.tenant = Tenant(
                as_of, ticked=False, baseline=self.tenant.baseline, model=self.tenant.model
            )
            self.restart()

    def _keep(self, account: Account, changes: Changes) -> None:
        self.rows[account.account_id].write(account, changes)
        self.reports.extend((account.account_id, report) for report in changes.reports)


class Deployment:
    """A whole tenant in as many partitions as asked; an account's place is given by its name."""

    def __init__(self, partitions: int = 1, model: WeightingModel = DEFAULT_MODEL) -> None:
        self.partitions = [Partition(model) for _ in range(partitions)]

    def fold(self, batch: Iterable[AccountEvent]) -> list[Changes]:
        """Fold a batch, each event in its account's partition."""
        placed: dict[int, list[AccountEvent]] = {}
        for event in batch:
            placed.setdefault(sum(event.account_id.encode()) % len(self.partitions), []).append(event)
        return [
            changes
            for place, events in placed.items()
            for changes in self.partitions[place].fold(events)
        ]

    def tick(self, as_of: Day) -> list[Changes]:
        """Move the date on, and rescore everything by the baseline of the parts."""
        known = self.partitions[0].tenant
        as_of = max(as_of, known.as_of) if known.ticked else as_of
        part = TenantPart()
        for partition in self.partitions:
            part = part.merge(partition.part(as_of))
        measured_by = baseline_of(part, known.model, known.baseline.version + 1)
        tenant = Tenant(as_of, ticked=True, baseline=measured_by, model=known.model)
        return [changes for partition in self.partitions for changes in partition.rescore(tenant)]

    def restart(self) -> None:
        """Restart every partition."""
        for partition in self.partitions:
            partition.restart()

    def accounts(self) -> Iterator[tuple[Account, Partition]]:
        """Yield every account with its partition."""
        for partition in self.partitions:
            for account in partition.accounts.values():
                yield account, partition

    def reports(self) -> Iterator[tuple[str, Report]]:
        """Yield everything that was reported, with its account, in order for each account."""
        for partition in self.partitions:
            yield from partition.reports
