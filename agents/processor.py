"""What a lane does with its batches: fold per account, write changed rows, emit what is reported.

One step is one transaction. A batch of events is one step; a new baseline or a new solution interest
takes a step for every few hundred accounts, so that neither the transaction nor the pause grows with
the partition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from agents import ticks
from agents.control import definition_told
from agents.definitions import events_of, read_row
from agents.partition import Partition, Surroundings, slices
from agents.reading import Batch, Origin
from domain.calendar import Day, day_of
from domain.definitions import SolutionInterest
from domain.events import AccountEvent, LeadActivity
from domain.settle import create, fold, rescore
from schemas.control import ControlRecord
from schemas.definitions import Definition
from streams import metrics
from streams.delivery import Delivery


class PartitionProcessor:
    """Processes the batches of one partition. It owns nothing that the tables do not have."""

    def __init__(self, partition: int, surroundings: Surroundings) -> None:
        self._partition = Partition(partition, surroundings)

    def steps(self, batch: list[Batch]) -> Iterator[Delivery]:
        """Fold a batch; each delivery must be on the broker before the next is asked for."""
        yield self._fold(batch)
        for read in batch:
            for record in read.control:
                yield from self._control(record, read.origins)
                if not self._partition.clock.ticked:
                    # Opened by today's date; they are still to be caught up with when they are touched.
                    self._partition.book.forget()
        self._partition.book.trim()

    def delivered(self, delivery: Delivery) -> None:
        """Count what is on the broker now; tables and book have it already."""
        for topic, records in Counter(record.topic for record in delivery.records).items():
            metrics.WRITTEN.labels(topic).inc(records)

    def discard(self) -> None:
        """Forget what was decoded or derived for a batch that did not go out."""
        self._partition.forget()

    def _fold(self, batch: list[Batch]) -> Delivery:
        delivery = Delivery()
        by_account: dict[str, list[AccountEvent]] = {}
        origins: dict[str, Origin] = {}
        newest: Day = 0
        for read in batch:
            delivery.records.extend(read.onward)
            origins.update(read.origins)
            for definition in read.definitions:
                origin = read.origins.get(definition.event_id)
                self._tell_everybody(
                    definition, delivery, None if origin is None else origin.traceparent
                )
            for event in read.events:
                known = by_account.get(event.account_id)
                if known is None:
                    by_account[event.account_id] = [event]
                else:
                    known.append(event)
                if type(event) is LeadActivity:
                    newest = max(newest, day_of(event.occurred_at))
        if not by_account:
            return delivery
        partition = self._partition
        book = partition.book
        clock = partition.clock.seen(newest)
        if clock is not partition.clock:
            partition.set_clock(clock, delivery)
            book.forget()
        tenant = partition.tenant
        for account_id, events in by_account.items():
            if not tenant.ticked and account_id not in book:
                self._catch_up(account_id, events[-1], delivery)
            account = book.open(account_id, tenant)
            partition.keep(account, fold(account, events, tenant), delivery, origins)
        return delivery

    def _tell_everybody(
        self, definition: Definition, delivery: Delivery, traceparent: str | None
    ) -> None:
        partition = self._partition
        now = partition.now()
        for number in range(partition.partitions):
            partition.tell(definition_told(definition, number, now), delivery, traceparent)

    def _catch_up(self, account_id: str, event: AccountEvent, delivery: Delivery) -> None:
        """Report what an unticked tenant's moving date did to an account since it was last touched."""
        partition = self._partition
        account = partition.book.open(account_id, partition.tenant_before)
        changes = rescore(account, partition.tenant, event.event_id, partition.now(), republish=False)
        partition.keep(account, changes, delivery)

    def _control(self, record: ControlRecord, origins: Mapping[str, Origin]) -> Iterator[Delivery]:
        partition = self._partition
        match record.kind:
            case "day_tick":
                yield ticks.tick(partition, record)
            case "points_asked":
                yield from ticks.tell_points(partition, record)
            case "baseline_part":
                yield ticks.gather_points(partition, record)
            case "strength_asked":
                yield from ticks.tell_strength(partition, record)
            case "strength_part":
                yield ticks.gather_strength(partition, record)
            case "baseline":
                yield from ticks.move_on(partition, record)
            case "definition":
                yield from self._define(record, origins)

    def _define(self, record: ControlRecord, origins: Mapping[str, Origin]) -> Iterator[Delivery]:
        """Keep a definition; a solution interest creates its groups in every account (domain.md §3).

        The definition goes first: an account that changes from now on is judged by it. Should the worker
        die in between, the record is read again, and who has the group already is left as it is.
        """
        partition = self._partition
        definition = read_row(record.definition or "")
        if partition.knows_newer(definition):
            return
        delivery = Delivery()
        partition.define(definition, delivery)
        for interest in events_of(definition):
            if isinstance(interest, SolutionInterest):
                tenant = partition.tenant
                for some in slices(partition.book.recorded_ids()):
                    for account_id in some:
                        account = partition.book.open(account_id, tenant)
                        changes = create(account, interest, tenant)
                        partition.keep(account, changes, delivery, origins)
                    yield delivery
                    delivery = Delivery()
                    partition.book.trim()
        if delivery:
            yield delivery
