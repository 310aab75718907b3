"""A partition folded anew from its log, by the worker's own readings, rules and clock.

Only inputs are read. The control records give the partition's date, baseline and definitions
(``agents.steering``), the other inputs give its accounts. What was reported of those is another matter
(``agents.told``).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from agents.clock import Clock
from agents.control import check_usable
from agents.inputs import READINGS
from agents.reading import Batch, Reader
from agents.steering import Steering
from domain.account import Account, Tenant
from domain.calendar import Day, Millis, day_of
from domain.definitions import Catalog, SolutionInterest
from domain.events import AccountEvent, LeadActivity
from domain.fold import Intake, take_in
from domain.stages import MOST_MOVES
from schemas.codec import Codec
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
    Topic,
)

FOLDED: Final = (ACCOUNTS, BUYING_GROUPS, LEAD_PROFILES, MANUAL_EDITS, JOURNEY_ACTIONS, LEAD_ACTIVITY)
"""The inputs in the order in which they are folded. Only that within a topic can matter (domain.md)."""

_FOLDED_NAMES: Final = tuple(topic.name for topic in FOLDED)

_CONCERNS_ALL: Final = frozenset({"definition", "baseline"})

Advanced = Callable[[int], None]
"""Told how many records were read since it was told last."""


@dataclass(slots=True)
class Pending:
    """What stands in the log beyond the folded offsets: a worker may have taken in some of it."""

    events: dict[str, list[AccountEvent]] = field(default_factory=dict)
    everybody: bool = False
    """Whether a baseline or a definition is among it, which may change any account."""
    steered: bool = False
    """Whether any control record is among it, which may change the clock."""


class PartitionFold:
    """The accounts of one partition, folded from its log up to given offsets, all in memory.

    It can be read on. That comes to the same as folding anew as long as what was folded would have been
    taken in alike had the rest been known: topics are folded one after the other, and of a topic what
    comes later is folded later either way. Where it may not come to the same, ``doubt`` says why.
    """

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
        self.doubt: str | None = None
        self._log = log
        self._reader = Reader(codec, partitions, None)
        self._steering = Steering(partition, codec, partitions)
        self._newest: Day = 0
        self._defined_then = 0
        """How many definitions were there when the last account record came."""
        self._reshaped: set[str] = set()
        """Accounts whose groups were read on about: they may have been others before."""

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
        continued, folded = ACCOUNTS.name in self.offsets, self.offsets
        known, scale = len(self._steering.defined), self._scale()
        self.steer(offsets[CONTROL.name], advanced)
        recorded = self._accounts(offsets[ACCOUNTS.name], advanced)
        defined = len(self._steering.defined) > known
        self._create(self.accounts if defined else recorded)
        tenant = self.tenant
        for topic in FOLDED[1:]:
            for _, batch in self._batches(topic, offsets[topic.name], advanced):
                self._take(batch.events, tenant)
                if continued and topic is BUYING_GROUPS:
                    self._reshaped.update(event.account_id for event in batch.events)
        self.offsets = dict(offsets)
        if not continued:
            return
        self._reshaped |= recorded
        if any(offsets[name] < folded[name] for name in (CONTROL.name, *_FOLDED_NAMES)):
            self.doubt = "what is acknowledged was set back"
        elif defined:
            self.doubt = "a definition came"
        elif self._scale() != scale:
            self.doubt = "a tick came"
        elif self._forgets_moves():
            self.doubt = f"a group with {MOST_MOVES} stage moves or more may have changed"

    def steer(self, end: int, advanced: Advanced) -> Clock:
        """Follow the control records alone; return the clock they lead to."""
        for at, batch in self._control(end, advanced):
            self._steering.follow(at, batch)
        self.offsets = {**self.offsets, CONTROL.name: max(end, self.offsets.get(CONTROL.name, 0))}
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

    def _accounts(self, end: int, advanced: Advanced) -> set[str]:
        """Fold accounts' records, each by the definitions that were there when it came; return whose.

        That matters where records are so many that the oldest are forgotten: what they had led to is
        kept by the interests that were known then.
        """
        defined, recorded = self._steering.defined, set[str]()
        size = 1 if self._defined_then < len(defined) else None
        then = self._tenant_then()
        for at, batch in self._batches(ACCOUNTS, end, advanced, size):
            known = self._defined_then
            while self._defined_then < len(defined) and defined[self._defined_then][0] <= at:
                self._defined_then += 1
            if self._defined_then > known:
                then = self._tenant_then()
            self._take(batch.events, then)
            recorded.update(event.account_id for event in batch.events)
        return recorded

    def _tenant_then(self) -> Tenant:
        """Return the tenant with the interests that were known when the last account record came."""
        number = self._defined_then
        catalog = self._steering.defined[number - 1][1] if number else Catalog()
        return replace(self.tenant, interests=catalog.live_interests)

    def _create(self, account_ids: Collection[str]) -> None:
        """Let every interest count for some accounts: as when each was heard of (domain.md §3)."""
        tenant = self.tenant
        interests: Iterable[SolutionInterest] = self._steering.catalog.interests.values()
        for account_id in account_ids:
            account = self.accounts[account_id]
            if account.records:
                intake = Intake(account, tenant)
                for interest in interests:
                    intake.create(interest, interest.event_id, interest.updated_at)

    def _scale(self) -> tuple[object, ...]:
        """Return what of the clock has a say in how events are taken in."""
        clock = self._steering.clock
        return clock.ticked, clock.as_of, clock.baseline, clock.model

    def _forgets_moves(self) -> bool:
        """Return whether moves may have been forgotten by another stage model than they would be now."""
        return any(
            len(group.progress.moves) >= MOST_MOVES
            for account_id in self._reshaped
            for group in self.accounts[account_id].groups.values()
        )

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
