"""What the steps of one partition work on: its accounts, its date and baseline, its definitions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Final

from agents import control, rows
from agents.book import AccountBook, Decoded
from agents.clock import Clock, Move, clock_key, dump_clock, dump_move, load_clock, load_move, move_key
from agents.definitions import catalog_in, events_of, read_row
from agents.outputs import OutputWriter
from agents.reading import Origin
from domain.account import Account, Tenant
from domain.calendar import Millis
from domain.changes import Changes
from domain.definitions import Catalog
from domain.reports import DecisionAnswered
from domain.settle import rescore
from schemas.codec import Codec
from schemas.control import ControlRecord
from schemas.definitions import Definition
from streams import metrics
from streams.delivery import Delivery
from streams.tables import EngineTable, encode_key

STEP_S: Final = 0.01
"""How long a step over accounts computes. Nothing else gets the event loop in that time."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a processor is given: codec, tables, deployment, and a clock for ``emitted_at``."""

    codec: Codec
    tables: Mapping[str, EngineTable]
    source: str
    partitions: int
    now: Callable[[], Millis]
    step_s: float = STEP_S
    decoded: Decoded = field(default_factory=OrderedDict)


class Partition:
    """A partition's state as its steps see it. It owns nothing that the tables do not have."""

    def __init__(self, partition: int, surroundings: Surroundings) -> None:
        self.number = partition
        self.partitions = surroundings.partitions
        self.now = surroundings.now
        self.book = AccountBook(partition, surroundings.tables, surroundings.decoded)
        self._around = surroundings
        self._writer = OutputWriter(surroundings.codec, surroundings.source)
        self._time: tuple[Clock, Move | None] | None = None
        self._catalog: Catalog | None = None
        self._tenant: Tenant | None = None
        self._ahead: set[str] = set()
        """Accounts that were rescored before the move under way reached them."""

    def forget(self) -> None:
        """Forget what was decoded or derived for a batch that did not go out."""
        self.book.forget()
        self._time = None
        self._catalog = None
        self._tenant = None
        self._ahead.clear()

    @property
    def clock(self) -> Clock:
        """Return the partition's clock."""
        return self._times()[0]

    @property
    def move(self) -> Move | None:
        """Return the move to the clock's baseline, None once every account was rescored against it."""
        return self._times()[1]

    def set_clock(self, clock: Clock, delivery: Delivery) -> None:
        """Move the clock on."""
        self._time = (clock, self.move)
        self._tenant = None
        delivery.rows.append((rows.CLOCK, clock_key(self.number), dump_clock(clock)))

    def set_move(self, move: Move | None, delivery: Delivery) -> None:
        """Begin a move, note how far it got, or end it."""
        if move is None or not move.reached:
            self._ahead.clear()
        self._time = (self.clock, move)
        delivery.rows.append(
            (rows.CLOCK, move_key(self.number), None if move is None else dump_move(move))
        )

    @property
    def catalog(self) -> Catalog:
        """Return the definitions this partition knows."""
        if self._catalog is None:
            self._catalog = catalog_in(self._own_rows(rows.DEFINED).values())
        return self._catalog

    def known(self, definition: Definition) -> Definition | None:
        """Return the newest version of a definition that is known."""
        row = self._own_rows(rows.DEFINED).get(self._definition_key(definition))
        return None if row is None else read_row(row)

    def define(self, definition: Definition, delivery: Delivery) -> None:
        """Keep a definition and let it count."""
        catalog = self.catalog
        for event in events_of(definition):
            catalog = catalog.take(event)
        self._catalog = catalog
        self._tenant = None
        row = definition.model_dump_json().encode()
        delivery.rows.append((rows.DEFINED, self._definition_key(definition), row))

    @property
    def tenant(self) -> Tenant:
        """Return what the rules need to know of the tenant."""
        if self._tenant is None:
            self._tenant = self.clock.tenant(self.catalog.live_interests)
        return self._tenant

    @property
    def tenant_before(self) -> Tenant:
        """Return what the rules need to know of the time before the last move of the date."""
        return replace(self.tenant, as_of=self.clock.previous_as_of)

    def open(self, account_id: str, event_id: str, delivery: Delivery, *, keep: bool = True) -> Account:
        """Return an account as of the partition's date and baseline, also where they moved meanwhile.

        What the move did to the account is reported first: that of a tick as the tick does it when its
        turn comes, that of an unticked tenant's date as caused by the event. With ``keep`` the account
        stays decoded.
        """
        find = self.book.open if keep else self.book.look_at
        if self.clock.ticked:
            move = self.move
            if move is None or account_id <= move.reached or account_id in self._ahead:
                return find(account_id, self.tenant)
            account = find(account_id, self.tenant_before)
            self._rescore(account, move, delivery)
            self._ahead.add(account_id)
        else:
            if account_id in self.book:
                return find(account_id, self.tenant)
            account = find(account_id, self.tenant_before)
            changes = rescore(account, self.tenant, event_id, self.now(), republish=False)
            self.keep(account, changes, delivery)
        return account

    def move_next(self, account_ids: Iterable[str], delivery: Delivery) -> None:
        """Rescore the next accounts in order, but for those that were opened before their turn."""
        move, before = self.move, self.tenant_before
        if move is None:
            return
        reached = move.reached
        for reached in account_ids:
            if reached in self._ahead:
                self._ahead.remove(reached)
            else:
                self._rescore(self.book.look_at(reached, before), move, delivery)
        self.set_move(replace(move, reached=reached), delivery)

    def left_to_move(self) -> list[str]:
        """Return the accounts that the move under way has not reached, in their order."""
        reached = "" if self.move is None else self.move.reached
        return [account_id for account_id in self.book.account_ids() if account_id > reached]

    def slices(self, account_ids: Iterable[str]) -> Iterator[Iterator[str]]:
        """Return account ids in slices, each as many as there is time for in a step, at least one."""
        rest = iter(account_ids)
        for first in rest:
            yield self._slice(first, rest)

    def keep(
        self,
        account: Account,
        changes: Changes,
        delivery: Delivery,
        origins: Mapping[str, Origin] | None = None,
    ) -> None:
        """Write an account's changed rows and report what changed."""
        self.book.write(account, changes, delivery)
        if changes.reports:
            tenant, now = self.tenant, self.now()
            delivery.records.extend(
                self._writer.write(report, account.account_id, tenant, origins or {}, now)
                for report in changes.reports
            )
            for report in changes.reports:
                if type(report) is DecisionAnswered:
                    metrics.OUTCOMES.labels(report.outcome.name).inc()
        if changes.too_old:
            metrics.TOO_OLD.inc(changes.too_old)
        if changes.erased:
            metrics.ERASED.inc(changes.erased)

    def tell(self, record: ControlRecord, delivery: Delivery, traceparent: str | None = None) -> None:
        """Write a control record."""
        around = self._around
        delivery.records.append(control.outgoing(record, around.codec, around.source, traceparent))

    def _times(self) -> tuple[Clock, Move | None]:
        if self._time is None:
            stored = self._own_rows(rows.CLOCK)
            clock, move = stored.get(clock_key(self.number)), stored.get(move_key(self.number))
            self._time = (
                Clock() if clock is None else load_clock(clock),
                None if move is None else load_move(move),
            )
        return self._time

    def _rescore(self, account: Account, move: Move, delivery: Delivery) -> None:
        changes = rescore(account, self.tenant, move.event_id, move.at, remodelled=self.clock.remodelled)
        self.keep(account, changes, delivery)

    def _slice(self, first: str, rest: Iterator[str]) -> Iterator[str]:
        ends = perf_counter() + self._around.step_s
        yield first
        while perf_counter() < ends:
            following = next(rest, None)
            if following is None:
                return
            yield following

    def _definition_key(self, definition: Definition) -> bytes:
        return encode_key((self.number, definition.definition_id))

    def _own_rows(self, table: str) -> Mapping[bytes, bytes]:
        return self._around.tables[table].stored.of(self.number, self.number)
