"""What a partition's control records lead to: a worker's processor follows them over empty tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from agents import rows
from agents.clock import Clock, clock_key, load_clock
from agents.definitions import events_of, read_row
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch
from domain.calendar import Millis
from domain.definitions import Catalog
from schemas.codec import Codec
from streams.delivery import Delivery
from streams.topics import TABLES

if TYPE_CHECKING:
    from streams.tables import EngineTable


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
