"""The accounts of a partition: decoded when first touched, kept while they are worth it.

The tables are the truth; an account in this book is a decoded copy that the fold works on. What was
decoded for a batch that could not be delivered is thrown away and decoded anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from agents import rows
from domain.account import Account, Tenant, restore
from domain.changes import Changes
from streams.delivery import Delivery
from streams.tables import EngineTable, RowKey, decode_key, encode_key

KEPT_ACCOUNTS: Final = 20_000
"""So many a worker keeps decoded, of all its partitions: a lead takes about 10 kB then, packed 1 kB."""

Decoded: TypeAlias = "OrderedDict[tuple[int, str], Account]"
"""By partition and account id, those touched longest ago first; the books of a worker share it."""


class AccountBook:
    """The decoded accounts of one partition."""

    def __init__(
        self, partition: int, tables: Mapping[str, EngineTable], decoded: Decoded | None = None
    ) -> None:
        self._partition = partition
        self._tables = tables
        self._decoded: Decoded = OrderedDict() if decoded is None else decoded

    def open(self, account_id: str, tenant: Tenant) -> Account:
        """Return an account, from memory or from its rows; a new one if it has none."""
        place = (self._partition, account_id)
        account = self._decoded.get(place)
        if account is None:
            account = self._decoded[place] = self._load(account_id)
            restore(account, tenant)
        else:
            self._decoded.move_to_end(place)
        return account

    def look_at(self, account_id: str, tenant: Tenant) -> Account:
        """Return an account as :meth:`open` does, but without keeping it.

        Whoever looks at every account must not push out those in use.
        """
        account = self._decoded.get((self._partition, account_id))
        if account is None:
            account = self._load(account_id)
            restore(account, tenant)
        return account

    def activity_of(self, account_id: str) -> Account:
        """Return an account of which only the kept activity is sure to be there, without keeping it."""
        account = self._decoded.get((self._partition, account_id))
        if account is None:
            account = Account(account_id)
            self._load_days(account)
        return account

    def __contains__(self, account_id: str) -> bool:
        """Return whether an account is in memory."""
        return (self._partition, account_id) in self._decoded

    def account_ids(self) -> list[str]:
        """Return every account that has rows, sorted."""
        ids: set[str] = set()
        for name in (rows.ACCOUNT, rows.LEAD, rows.DAY, rows.DEFINITION, rows.DECISIONS, rows.PROGRESS):
            ids.update(self._tables[name].stored.owners(self._partition))
        return sorted(ids)

    def recorded_ids(self) -> list[str]:
        """Return every account that has a record of its own, sorted."""
        return sorted(self._tables[rows.ACCOUNT].stored.owners(self._partition))

    def forget(self) -> None:
        """Throw every decoded account of the partition away."""
        for place in [place for place in self._decoded if place[0] == self._partition]:
            del self._decoded[place]

    def trim(self) -> None:
        """Let go of the accounts that were not touched for longest. Only between steps.

        They may be another partition's: what its last step changed is a delivery by now, and it opens
        nothing before that is in the tables, or was thrown away.
        """
        while len(self._decoded) > KEPT_ACCOUNTS:
            self._decoded.popitem(last=False)

    def write(self, account: Account, changes: Changes, delivery: Delivery) -> None:
        """Add the changed rows of an account to a delivery."""
        account_id = account.account_id

        def put(table: str, key: RowKey, value: bytes | None) -> None:
            delivery.rows.append((table, encode_key((account_id, *key)), value))

        if changes.account:
            put(rows.ACCOUNT, (), rows.dump_account(account))
        for lead_id in changes.leads:
            lead = account.leads[lead_id]
            put(rows.LEAD, (lead_id,), rows.dump_lead(lead.profile, lead.erased_at))
        for lead_id, day in changes.days:
            types = account.leads[lead_id].days.get(day)
            put(rows.DAY, (lead_id, day), rows.dump(types) if types else None)
        for lead_id in changes.persons:
            put(rows.PERSON, (lead_id,), rows.dump(account.leads[lead_id].figures))
        for buying_group_id in changes.definitions:
            group = account.groups[buying_group_id]
            put(rows.DEFINITION, (buying_group_id,), rows.dump_definition(group))
        for buying_group_id, lead_id in changes.decisions:
            decisions = account.groups[buying_group_id].decisions.get(lead_id)
            put(
                rows.DECISIONS,
                (buying_group_id, lead_id),
                rows.dump_decisions(decisions) if decisions else None,
            )
        for buying_group_id in changes.progress:
            progress = account.groups[buying_group_id].progress
            put(rows.PROGRESS, (buying_group_id,), rows.dump(progress))
        for buying_group_id in changes.groups:
            put(rows.GROUP, (buying_group_id,), rows.dump(account.groups[buying_group_id].figures))

    def _load(self, account_id: str) -> Account:
        account = Account(account_id)
        for _, row in self._rows(rows.ACCOUNT, account_id):
            account.records, account.entered = rows.load_account(row)
        for (_, lead_id), row in self._rows(rows.LEAD, account_id):
            lead = account.lead(lead_id)
            lead.profile, lead.erased_at = rows.load_lead(row)
        self._load_days(account)
        for (_, lead_id), row in self._rows(rows.PERSON, account_id):
            account.lead(lead_id).figures = rows.load_person(row)
        for (_, buying_group_id), row in self._rows(rows.DEFINITION, account_id):
            group = account.group(buying_group_id)
            group.record, group.created = rows.load_definition(row)
        for (_, buying_group_id, lead_id), row in self._rows(rows.DECISIONS, account_id):
            account.group(buying_group_id).decisions[lead_id] = rows.load_decisions(row)
        for (_, buying_group_id), row in self._rows(rows.PROGRESS, account_id):
            account.group(buying_group_id).progress = rows.load_progress(row)
        for (_, buying_group_id), row in self._rows(rows.GROUP, account_id):
            account.group(buying_group_id).figures = rows.load_group(row)
        return account

    def _load_days(self, account: Account) -> None:
        for (_, lead_id, day), row in self._rows(rows.DAY, account.account_id):
            account.lead(lead_id).days[day] = rows.load_day(row)

    def _rows(self, table: str, account_id: str) -> Iterator[tuple[list[Any], bytes]]:
        stored = self._tables[table].stored.of(self._partition, account_id)
        for key, row in stored.items():
            yield decode_key(key), row
