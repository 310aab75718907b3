"""What a lane does with its batches: fold per account, write changed rows, emit what is reported.

One step is one transaction. A batch of events is one step. A new baseline or a new solution interest
takes a step for as many accounts as there is time for in some milliseconds, so that neither the
transaction nor the pause grows with the partition; between its steps batches of events are folded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from agents import ticks
from agents.control import definition_told
from agents.definitions import events_of, read_row
from agents.partition import Partition, Surroundings
from agents.reading import Batch, Origin
from domain.calendar import Day, Millis, day_of
from domain.definitions import SolutionInterest
from domain.events import AccountEvent, LeadActivity
from domain.settle import create, fold
from schemas.control import ControlRecord
from schemas.definitions import Definition
from streams import metrics, tracing
from streams.delivery import Delivery


class PartitionProcessor:
    """Processes the batches of one partition. It owns nothing that the tables do not have."""

    def __init__(self, partition: int, surroundings: Surroundings) -> None:
        self._partition = Partition(partition, surroundings)

    @tracing.batches
    def steps(self, batch: list[Batch]) -> Iterator[Delivery]:
        """Fold a batch; each delivery must be on the broker before the next is asked for.

        Between the steps of control records a batch of events may be taken from its first step to its
        last: what is decoded is up to date at every step's end, and no step relies on the one before.
        After :meth:`discard` no step is asked for of what was under way.
        """
        yield self._fold(batch)
        for read in batch:
            for record in read.control:
                yield from self._control(record, read.origins)
        self._partition.book.trim()

    def delivered(self, delivery: Delivery) -> None:
        """Count what is on the broker now; tables and book have it already."""
        for topic, records in Counter(record.topic for record in delivery.records).items():
            metrics.WRITTEN.labels(topic).inc(records)
        written: Counter[str] = Counter()
        for table, key, value in delivery.rows:
            written[table] += len(key) + len(value or b"")
        for table, size in written.items():
            metrics.CHANGELOG_BYTES.labels(table).inc(size)

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
        clock = partition.clock.seen(newest)
        if clock is not partition.clock:
            partition.set_clock(clock, delivery)
            partition.book.forget()
        tenant = partition.tenant
        for account_id, events in by_account.items():
            account = partition.open(account_id, events[-1].event_id, delivery)
            partition.keep(account, fold(account, events, tenant), delivery, origins)
        return delivery

    def _tell_everybody(
        self, definition: Definition, delivery: Delivery, traceparent: str | None
    ) -> None:
        partition = self._partition
        now = partition.now()
        for number in range(partition.partitions):
            partition.tell(definition_told(definition, number, now), delivery, traceparent)

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
        known = partition.known(definition)
        if known is not None and _order(known) > _order(definition):
            return
        delivery = Delivery()
        if known != definition:
            partition.define(definition, delivery)
        for interest in events_of(definition):
            if isinstance(interest, SolutionInterest):
                for some in partition.slices(partition.book.recorded_ids()):
                    for account_id in some:
                        account = partition.open(account_id, definition.event_id, delivery, keep=False)
                        changes = create(account, interest, partition.tenant)
                        partition.keep(account, changes, delivery, origins)
                    yield delivery
                    delivery = Delivery()
        if delivery:
            yield delivery


def _order(definition: Definition) -> tuple[Millis, str]:
    return definition.updated_at, definition.event_id
