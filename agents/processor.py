"""What a lane does with its batches: fold per account, write changed rows, emit what is reported.

One step is one transaction. A batch of events is one step; a new baseline takes a step for every few
hundred accounts, so that neither the transaction nor the pause grows with the partition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agents import control, rows
from agents.book import AccountBook
from agents.clock import REDUCING_PARTITION, Clock, dump_clock, load_clock
from agents.outputs import OutputWriter
from agents.reading import Batch, Origin
from domain.calendar import Day, Millis, day_of
from domain.engagement import DEFAULT_MODEL, TenantPart
from domain.events import AccountEvent, LeadActivity
from domain.fold import Changes
from domain.settle import fold, part_of, rescore
from schemas.codec import Codec
from schemas.control import ControlRecord
from streams import metrics
from streams.delivery import Delivery
from streams.tables import EngineTable, encode_key

_ACCOUNTS_PER_STEP: Final = 200


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a processor is given: codec, tables, deployment, and a clock for ``emitted_at``."""

    codec: Codec
    tables: Mapping[str, EngineTable]
    source: str
    partitions: int
    now: Callable[[], Millis]


class PartitionProcessor:
    """Processes the batches of one partition. It owns nothing that the tables do not have."""

    def __init__(self, partition: int, surroundings: Surroundings) -> None:
        self._partition = partition
        self._around = surroundings
        self._writer = OutputWriter(surroundings.codec, surroundings.source)
        self._book = AccountBook(partition, surroundings.tables)
        self._clock: Clock | None = None

    def steps(self, batch: list[Batch]) -> Iterator[Delivery]:
        """Fold a batch; each delivery must be on the broker before the next is asked for."""
        yield self._fold(batch)
        for read in batch:
            for record in read.control:
                yield from self._control(record)
        self._book.trim()

    def delivered(self, delivery: Delivery) -> None:
        """Count what is on the broker now; tables and book have it already."""
        for topic, records in Counter(record.topic for record in delivery.records).items():
            metrics.WRITTEN.labels(topic).inc(records)

    def discard(self) -> None:
        """Forget what was decoded or derived for a batch that did not go out."""
        self._book.forget()
        self._clock = None

    def _fold(self, batch: list[Batch]) -> Delivery:
        delivery = Delivery()
        by_account: dict[str, list[AccountEvent]] = {}
        origins: dict[str, Origin] = {}
        newest: Day = 0
        for read in batch:
            delivery.records.extend(read.onward)
            origins.update(read.origins)
            for event in read.events:
                known = by_account.get(event.account_id)
                if known is None:
                    by_account[event.account_id] = [event]
                else:
                    known.append(event)
                if type(event) is LeadActivity:
                    newest = max(newest, day_of(event.occurred_at))
        clock = self._now().seen(newest)
        if clock is not self._clock:
            self._set_clock(clock, delivery)
            self._book.forget()
        tenant = clock.tenant()
        for account_id, events in by_account.items():
            if not tenant.ticked and account_id not in self._book:
                self._catch_up(account_id, events[-1], delivery)
            account = self._book.open(account_id, tenant)
            changes = fold(account, events, tenant)
            self._book.write(account, changes, delivery)
            self._report(account_id, changes, delivery, origins)
        return delivery

    def _catch_up(self, account_id: str, event: AccountEvent, delivery: Delivery) -> None:
        """Report what an unticked tenant's moving date did to an account since it was last touched."""
        clock = self._now()
        account = self._book.open(account_id, clock.tenant_before())
        changes = rescore(account, clock.tenant(), event.event_id, self._around.now(), republish=False)
        self._book.write(account, changes, delivery)
        self._report(account_id, changes, delivery, {})

    def _control(self, record: ControlRecord) -> Iterator[Delivery]:
        match record.kind:
            case "day_tick":
                yield from self._tick(record)
            case "baseline_part":
                yield self._part(record)
            case "baseline":
                yield from self._baseline(record)

    def _tick(self, record: ControlRecord) -> Iterator[Delivery]:
        clock = self._now()
        if record.tick_id in clock.ticks:
            return
        as_of = max(record.as_of, clock.as_of) if clock.ticked else record.as_of
        tenant = clock.tenant()
        part = TenantPart()
        for some in _slices(self._book.account_ids()):
            for account_id in some:
                part = part.merge(part_of(self._book.open(account_id, tenant), as_of, DEFAULT_MODEL))
            self._book.trim()
            yield Delivery()
        delivery = Delivery()
        answer = control.baseline_part(record, as_of, part, REDUCING_PARTITION, self._around.now())
        delivery.records.append(control.outgoing(answer, self._around.codec, self._around.source))
        self._set_clock(clock.answered(record.tick_id), delivery)
        yield delivery

    def _part(self, record: ControlRecord) -> Delivery:
        delivery = Delivery()
        clock = self._now()
        tick_id = record.tick_id
        gathered = clock.gathered(tick_id, record.as_of, record.sender or 0, control.part_in(record))
        if gathered is clock:
            return delivery
        if gathered.complete(tick_id, self._around.partitions):
            as_of = gathered.underway[tick_id].as_of
            gathered, baseline = gathered.issue(tick_id)
            now = self._around.now()
            delivery.records.extend(
                control.outgoing(
                    control.baseline_set(tick_id, as_of, baseline, partition, now),
                    self._around.codec,
                    self._around.source,
                )
                for partition in range(self._around.partitions)
            )
        self._set_clock(gathered, delivery)
        return delivery

    def _baseline(self, record: ControlRecord) -> Iterator[Delivery]:
        clock = self._now()
        baseline = control.baseline_in(record)
        if baseline.version < clock.baseline.version:
            return
        moved = clock.moved(record.as_of, baseline)
        # The clock goes first. Should the worker die in between, the record is read again, and until
        # then nothing is measured by the old baseline that was already measured by the new one.
        delivery = Delivery()
        self._set_clock(moved, delivery)
        before, tenant = moved.tenant_before(), moved.tenant()
        self._book.forget()
        for some in _slices(self._book.account_ids()):
            for account_id in some:
                account = self._book.open(account_id, before)
                changes = rescore(account, tenant, record.event_id, record.issued_at)
                self._book.write(account, changes, delivery)
                self._report(account_id, changes, delivery, {})
            yield delivery
            delivery = Delivery()
            self._book.trim()
        if delivery:
            yield delivery

    def _report(
        self,
        account_id: str,
        changes: Changes,
        delivery: Delivery,
        origins: Mapping[str, Origin],
    ) -> None:
        if changes.reports:
            tenant, now = self._now().tenant(), self._around.now()
            delivery.records.extend(
                self._writer.write(report, account_id, tenant, origins, now)
                for report in changes.reports
            )
        if changes.too_old:
            metrics.TOO_OLD.inc(changes.too_old)
        if changes.erased:
            metrics.ERASED.inc(changes.erased)

    def _now(self) -> Clock:
        if self._clock is None:
            stored = self._around.tables[rows.CLOCK].stored.of(self._partition, self._partition)
            row = next(iter(stored.values()), None)
            self._clock = Clock() if row is None else load_clock(row)
        return self._clock

    def _set_clock(self, clock: Clock, delivery: Delivery) -> None:
        self._clock = clock
        delivery.rows.append((rows.CLOCK, encode_key((self._partition,)), dump_clock(clock)))


def _slices(account_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return account ids in slices of one step each."""
    for start in range(0, len(account_ids), _ACCOUNTS_PER_STEP):
        yield account_ids[start : start + _ACCOUNTS_PER_STEP]
