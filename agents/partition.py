"""What the steps of one partition work on: its accounts, its date and baseline, its definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agents import control, rows
from agents.book import AccountBook
from agents.clock import Clock, dump_clock, load_clock
from agents.definitions import catalog_in, events_of, read_row
from agents.outputs import OutputWriter
from agents.reading import Origin
from domain.account import Account, Tenant
from domain.calendar import Millis
from domain.changes import Changes
from domain.definitions import Catalog
from schemas.codec import Codec
from schemas.control import ControlRecord
from schemas.definitions import Definition
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


class Partition:
    """A partition's state as its steps see it. It owns nothing that the tables do not have."""

    def __init__(self, partition: int, surroundings: Surroundings) -> None:
        self.number = partition
        self.partitions = surroundings.partitions
        self.now = surroundings.now
        self.book = AccountBook(partition, surroundings.tables)
        self._around = surroundings
        self._writer = OutputWriter(surroundings.codec, surroundings.source)
        self._clock: Clock | None = None
        self._catalog: Catalog | None = None
        self._tenant: Tenant | None = None

    def forget(self) -> None:
        """Forget what was decoded or derived for a batch that did not go out."""
        self.book.forget()
        self._clock = None
        self._catalog = None
        self._tenant = None

    @property
    def clock(self) -> Clock:
        """Return the partition's clock."""
        if self._clock is None:
            row = self._own_rows(rows.CLOCK).get(encode_key((self.number,)))
            self._clock = Clock() if row is None else load_clock(row)
        return self._clock

    def set_clock(self, clock: Clock, delivery: Delivery) -> None:
        """Move the clock on."""
        self._clock = clock
        self._tenant = None
        delivery.rows.append((rows.CLOCK, encode_key((self.number,)), dump_clock(clock)))

    @property
    def catalog(self) -> Catalog:
        """Return the definitions this partition knows."""
        if self._catalog is None:
            self._catalog = catalog_in(self._own_rows(rows.DEFINED).values())
        return self._catalog

    def knows_newer(self, definition: Definition) -> bool:
        """Return whether a newer version of a definition is known."""
        row = self._own_rows(rows.DEFINED).get(self._definition_key(definition))
        if row is None:
            return False
        known = read_row(row)
        return (known.updated_at, known.event_id) > (definition.updated_at, definition.event_id)

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
        if changes.too_old:
            metrics.TOO_OLD.inc(changes.too_old)
        if changes.erased:
            metrics.ERASED.inc(changes.erased)

    def tell(self, record: ControlRecord, delivery: Delivery, traceparent: str | None = None) -> None:
        """Write a control record."""
        around = self._around
        delivery.records.append(control.outgoing(record, around.codec, around.source, traceparent))

    def _definition_key(self, definition: Definition) -> bytes:
        return encode_key((self.number, definition.definition_id))

    def _own_rows(self, table: str) -> Mapping[bytes, bytes]:
        return self._around.tables[table].stored.of(self.number, self.number)


def slices(account_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return account ids in slices of one step each."""
    for start in range(0, len(account_ids), _ACCOUNTS_PER_STEP):
        yield account_ids[start : start + _ACCOUNTS_PER_STEP]
