"""A partition folded anew from its log, by the worker's own readings, rules and clock.

Only inputs are read. The control records give the partition's date, baseline and definitions: a worker's
processor follows them over empty tables. The other inputs give its accounts. What was reported of those
is another matter (``agents.told``).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from agents import rows
from agents.clock import Clock, clock_key, load_clock
from agents.control import check_usable
from agents.definitions import events_of, read_row
from agents.inputs import READINGS
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch, Reader
from domain.account import Account, Tenant
from domain.calendar import Day, Millis, day_of
from domain.definitions import Catalog, SolutionInterest
from domain.events import AccountEvent, LeadActivity
from domain.fold import Intake, take_in
from schemas.codec import Codec
from streams.delivery import Delivery
from streams.latest import Log
from streams.ranges import FetchedRange
from streams.topics import (
    ACCOUNTS,
    BUYING_GROUPS,
    CONTROL,
    JOURNEY_ACTIONS,
    LEAD_ACTIVITY,
    LEAD_PROFILES,
    MANUAL_EDITS,
    TABLES,
    Topic,
)

if TYPE_CHECKING:
    from streams.tables import EngineTable

FOLDED: Final = (ACCOUNTS, BUYING_GROUPS, LEAD_PROFILES, MANUAL_EDITS, JOURNEY_ACTIONS, LEAD_ACTIVITY)
"""The inputs in the order in which they are folded. Only that within a topic can matter (domain.md)."""

_CONCERNS_ALL: Final = frozenset({"definition", "baseline"})

Advanced = Callable[[int], None]
"""Told how many records were read since it was told last."""


class _Rows:
    """A table's rows while control records are followed: all belong to the partition itself."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}

    @property
    def stored(self) -> _Rows:
        """Return the store, as a worker's table has one."""
        return self

    def owners(self, partition: int) -> Iterator[object]:
        """Return nobody: no account is rescored here, and none has a group created."""
        del partition
        return iter(())

    def of(self, partition: int, owner: object) -> Mapping[bytes, bytes]:
        """Return the partition's rows."""
        return self.rows if owner == partition else {}


class Steering:
    """What the control records of a partition have led to: its clock and its definitions."""

    def __init__(self, partition: int, codec: Codec, partitions: int) -> None:
        self.partition = partition
        self._tables = {table: _Rows() for table in TABLES}
        tables = cast("Mapping[str, EngineTable]", self._tables)
        around = Surroundings(codec, tables, "/rebuild", partitions, lambda: 0)
        self._processor = PartitionProcessor(partition, around)
        self.defined: list[tuple[Millis, Catalog]] = []
        """The catalog after each definition, with the broker's time of it."""

    def follow(self, at: Millis, batch: Batch) -> None:
        """Follow the control records of a batch that was written at a time."""
        for delivery in self._processor.steps([batch]):
            self._tables_take(delivery)
        for record in batch.control:
            if record.kind == "definition":
                catalog = self.catalog
                for event in events_of(read_row(record.definition or "")):
                    catalog = catalog.take(event)
                self.defined.append((at, catalog))

    @property
    def catalog(self) -> Catalog:
        """Return the definitions that the partition knows."""
        return self.defined[-1][1] if self.defined else Catalog()

    @property
    def clock(self) -> Clock:
        """Return the partition's clock, but for the date of a tenant that was never ticked."""
        row = self._own(rows.CLOCK).get(clock_key(self.partition))
        return Clock() if row is None else load_clock(row)

    def rows(self) -> dict[tuple[str, bytes], bytes]:
        """Return the rows of the definitions."""
        return {(rows.DEFINED, key): row for key, row in self._own(rows.DEFINED).items()}

    def _own(self, table: str) -> Mapping[bytes, bytes]:
        return self._tables[table].rows

    def _tables_take(self, delivery: Delivery) -> None:
        for table, key, value in delivery.rows:
            if value is None:
                self._tables[table].rows.pop(key, None)
            else:
                self._tables[table].rows[key] = value


@dataclass(slots=True)
class Pending:
    """What stands in the log beyond the folded offsets: a worker may have taken in some of it."""

    events: dict[str, list[AccountEvent]] = field(default_factory=dict)
    everybody: bool = False
    """Whether a baseline or a definition is among it, which may change any account."""
    steered: bool = False
    """Whether any control record is among it, which may change the clock."""


class PartitionFold:
    """The accounts of one partition, folded from its log up to given offsets, all in memory."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        codec: Codec,
        log: Log,
    ) -> None:
        self.partition = partition
        self.accounts: dict[str, Account] = {}
        self.offsets: dict[str, int] = {}
        self._log = log
        self._reader = Reader(codec, partitions, None)
        self._steering = Steering(partition, codec, partitions)
        self._newest: Day = 0

    @property
    def clock(self) -> Clock:
        """Return the partition's clock."""
        clock = self._steering.clock
        return clock.seen(self._newest)

    @property
    def tenant(self) -> Tenant:
        """Return what the rules need to know of the tenant."""
        return self.clock.tenant(self._steering.catalog.live_interests)

    def definition_rows(self) -> dict[tuple[str, bytes], bytes]:
        """Return the rows of the partition's definitions."""
        return self._steering.rows()

    def advance(self, offsets: Mapping[str, int], advanced: Advanced) -> None:
        """Fold what stands between the folded offsets and later ones.

        The control records come first: with the date known, no activity older than the window is kept.
        """
        known = len(self._steering.defined)
        self.steer(offsets[CONTROL.name], advanced)
        defined = self._steering.defined[known:]
        before = self._steering.defined[known - 1][1] if known else Catalog()
        self._accounts(offsets[ACCOUNTS.name], before, defined, advanced)
        if defined:
            self._create_everywhere()
        tenant = self.tenant
        for topic in FOLDED[1:]:
            for _, batch in self._batches(topic, offsets[topic.name], advanced):
                self._take(batch.events, tenant)
        self.offsets = dict(offsets)

    def steer(self, end: int, advanced: Advanced) -> Clock:
        """Follow the control records alone; return the clock they lead to."""
        for at, batch in self._control(end, advanced):
            self._steering.follow(at, batch)
        self.offsets[CONTROL.name] = max(end, self.offsets.get(CONTROL.name, 0))
        return self.clock

    def pending(self, ends: Mapping[str, int]) -> Pending:
        """Return what stands between the folded offsets and the ends, without folding it."""
        found = Pending()
        for _, batch in self._control(ends[CONTROL.name], _unheard):
            found.steered = True
            found.everybody |= any(record.kind in _CONCERNS_ALL for record in batch.control)
        for topic in FOLDED:
            for _, batch in self._batches(topic, ends[topic.name], _unheard):
                for event in batch.events:
                    found.events.setdefault(event.account_id, []).append(event)
        return found

    def with_pending(self, account_id: str, pending: Pending) -> Account:
        """Return a copy of an account with what is pending for it taken in."""
        account = copy.deepcopy(self.accounts.get(account_id) or Account(account_id))
        take_in(account, pending.events.get(account_id, ()), self.tenant)
        return account

    def _accounts(
        self,
        end: int,
        before: Catalog,
        defined: list[tuple[Millis, Catalog]],
        advanced: Advanced,
    ) -> None:
        """Fold accounts' records, each by the definitions that were there when it came.

        That matters where records are so many that the oldest are forgotten: what they had led to is
        kept by the interests that were known then.
        """
        waiting = list(reversed(defined))
        tenant = self.tenant
        then = replace(tenant, interests=before.live_interests)
        for at, batch in self._batches(ACCOUNTS, end, advanced, size=1 if waiting else None):
            while waiting and waiting[-1][0] <= at:
                then = replace(then, interests=waiting.pop()[1].live_interests)
            self._take(batch.events, then)

    def _create_everywhere(self) -> None:
        """Let every interest count for every account: as when each was heard of (domain.md §3)."""
        tenant = self.tenant
        interests: Iterable[SolutionInterest] = self._steering.catalog.interests.values()
        for account in self.accounts.values():
            if account.records:
                intake = Intake(account, tenant)
                for interest in interests:
                    intake.create(interest, interest.event_id, interest.updated_at)

    def _take(self, events: Iterable[AccountEvent], tenant: Tenant) -> None:
        by_account: dict[str, list[AccountEvent]] = {}
        for event in events:
            by_account.setdefault(event.account_id, []).append(event)
            if type(event) is LeadActivity:
                self._newest = max(self._newest, day_of(event.occurred_at))
        for account_id, theirs in by_account.items():
            account = self.accounts.get(account_id)
            if account is None:
                account = self.accounts[account_id] = Account(account_id)
            take_in(account, theirs, tenant)

    def _control(self, end: int, advanced: Advanced) -> Iterator[tuple[Millis, Batch]]:
        read = partial(self._reader.read_control, topic=CONTROL, check=check_usable)
        return self._read(CONTROL, end, advanced, read, size=1)

    def _batches(
        self, topic: Topic, end: int, advanced: Advanced, size: int | None = None
    ) -> Iterator[tuple[Millis, Batch]]:
        read = partial(self._reader.read, reading=READINGS[topic.name])
        return self._read(topic, end, advanced, read, size)

    def _read(
        self,
        topic: Topic,
        end: int,
        advanced: Advanced,
        read: Callable[[FetchedRange], Batch],
        size: int | None,
    ) -> Iterator[tuple[Millis, Batch]]:
        """Yield (broker's time, batch) of a topic; with ``size`` 1 of each record by itself."""
        start = self.offsets.get(topic.name, 0)
        for fetched in self._log.ranges(topic, self.partition, start, end):
            if size is None:
                yield fetched.records[-1].timestamp, read(fetched)
            else:
                for record in fetched.records:
                    yield record.timestamp, read(replace(fetched, records=(record,)))
            advanced(len(fetched.records))


def _unheard(_: int) -> None:
    return
