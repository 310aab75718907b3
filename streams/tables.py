"""The tables' store: rows of each assigned partition, grouped by account, as the changelog has them.

A Faust table with a store of its own. Rows stay bytes, so that recovery is cheap and an account that
nobody touches is never decoded, and are packed while nobody writes them (``packed_rows.py``). The store
is changed by recovery and after a delivered transaction, nothing else: it always equals the changelog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

import faust
import orjson
from faust.stores.base import Store
from faust.types import TP, AppT, EventT

from streams.holdings import Holdings
from streams.packed_rows import MARKS, Changes
from streams.ranges import FetchedRange, FetchedRecord
from streams.topics import TABLES, changelog_name

_RECOVERY_BUFFER: Final = 2
"""How many recovered ranges Faust may hold back before it applies them; each is up to 1 MiB.

By its own measure, 1,000 *records*, a large changelog would be in memory twice.
"""

_NO_BEGINNING: Final = b"no key begins like this"

RowKey = tuple[str | int, ...]
"""The parts of a row's key; the first is what it belongs to: an account id, or a partition number."""


def encode_key(key: RowKey) -> bytes:
    """Return a key as its changelog has it: a JSON array, readable with any Kafka tool."""
    return orjson.dumps(key)


def decode_key(key: bytes) -> list[Any]:
    """Return the parts of a stored key."""
    return cast("list[Any]", orjson.loads(key))


def owner_of(key: bytes) -> Any:
    """Return the first part of a stored key."""
    return orjson.loads(key)[0]


def runs(records: Iterable[FetchedRecord], mark: bytes) -> Iterator[tuple[Any, Changes]]:
    """Return each owner and what records in a row change of it, by marked key.

    A changelog is in the order of the batches that wrote it, so an account's rows are often neighbours.
    """
    beginning, owner = _NO_BEGINNING, None
    changes: Changes = {}
    for record in records:
        key = record.key
        if key is None:
            continue
        if not key.startswith(beginning):
            if changes:
                yield owner, changes
                changes = {}
            beginning, owner = _beginning(key)
        changes[mark + key] = record.value
    if changes:
        yield owner, changes


def _beginning(key: bytes) -> tuple[bytes, Any]:
    """Return what all keys of an owner begin with, and the owner."""
    if key.startswith(b'["'):
        end = key.index(b'"', 2) + 1
        if b"\\" not in key[:end]:
            return key[:end], key[2 : end - 1].decode()
    # A number, or a name with a quote in it.
    return key, owner_of(key)


class PartitionedRows(Store[Any, Any]):
    """Rows of one table by partition, owner (the key's first part) and key."""

    def __post_init__(self) -> None:
        self._kept: set[TP] = set()

    def hold(self, holdings: Holdings, number: int) -> None:
        """Keep the rows with those of the other tables, as those of a table with this number."""
        self._holdings = holdings
        self._number = number

    def owners(self, partition: int) -> Iterator[Any]:
        """Return the owners that have rows in a partition."""
        held = self._holdings.partitions.get(partition)
        return iter(()) if held is None else held.rows.owners(self._number)

    def of(self, partition: int, owner: Any) -> Mapping[bytes, bytes]:
        """Return an owner's rows, encoded."""
        held = self._holdings.partitions.get(partition)
        return {} if held is None else held.rows.of(owner, self._number)

    @property
    def rows(self) -> dict[int, dict[Any, Mapping[bytes, bytes]]]:
        """Return all rows of every partition that has any: for whoever looks at a small store."""
        found = {
            partition: {
                owner: rows for owner in self.owners(partition) if (rows := self.of(partition, owner))
            }
            for partition in self._holdings.partitions
        }
        return {partition: owned for partition, owned in found.items() if owned}

    def put(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Take one delivered row; None deletes it."""
        if value is not None:
            # What orjson returns keeps the 4 KiB it was written in; a copy takes what it needs.
            value = b"%b" % value
        self._holdings.of(partition).rows.put(owner_of(key), self._number, key, value)

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], Any],  # noqa: ARG002 - Faust's signature
        to_value: Callable[[Any], Any],  # noqa: ARG002
    ) -> None:
        """Apply recovered ranges of the changelog, in their order.

        Faust may hand over what it buffered before a rebalance after it, also of a partition that has
        gone. Kept, it would pass for the whole partition when that comes back.
        """
        for event in batch:
            fetched = cast("FetchedRange", event.value)
            if event.message.tp not in self._kept:
                continue
            rows = self._holdings.of(fetched.partition).rows
            for owner, changes in runs(fetched.records, MARKS[self._number]):
                rows.recover(owner, changes)
            self.set_persisted_offset(event.message.tp, fetched.next_offset - 1)

    def persisted_offset(self, tp: TP) -> int | None:
        """Return the last changelog offset that the rows hold.

        After a rebalance recovery reads on from here. What it finds was written by another worker
        while this one was away; its own writes are already in.
        """
        held = self._holdings.partitions.get(tp.partition)
        return None if held is None else held.offsets.get(tp)

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Remember that the rows hold a changelog up to an offset."""
        offsets = self._holdings.of(tp.partition).offsets
        offsets[tp] = max(offset, offsets.get(tp, -1))

    def _changelog(self) -> str:
        return cast("EngineTable", self.table).changelog_topic_name

    def note_written(self, topic: str, partition: int, offset: int) -> None:
        """Remember that the worker's own writes up to an offset are in the rows."""
        self.set_persisted_offset(TP(topic, partition), offset)

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],  # noqa: ARG002 - Faust's signature
        newly_assigned: set[TP],  # noqa: ARG002
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Forget the partitions that are not assigned any more."""
        self._kept = {tp for tp in assigned if tp.topic == self._changelog()}
        self._holdings.keep({tp.partition for tp in self._kept})

    async def on_recovery_completed(
        self,
        active_tps: set[TP],  # noqa: ARG002 - Faust's signature
        standby_tps: set[TP],  # noqa: ARG002
    ) -> None:
        """Pack what was left plain. Every table is told; the first does it for all."""
        if self._number == 0:
            await self._holdings.settle()

    def reset_state(self) -> None:
        """Nothing is kept outside of memory."""

    async def backup_partition(
        self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1
    ) -> None:
        """Nothing to back up: the changelog is the copy."""

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """Nothing to restore: recovery reads the changelog."""


class RangeSchema(faust.Schema[Any, Any]):
    """Leaves keys and values as the transport handed them over."""

    def loads_key(self, app: AppT, message: Any, **_: Any) -> None:
        """Return no key: a range has many."""

    def loads_value(self, app: AppT, message: Any, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        """Return the range."""
        return message.value


class EngineTable(faust.Table[Any, Any]):
    """A table whose store is :class:`PartitionedRows`."""

    def __init__(self, app: faust.App, *, holdings: Holdings, **options: Any) -> None:
        self._holdings = holdings
        super().__init__(app, **options)

    def _new_store(self) -> PartitionedRows:
        store = PartitionedRows("memory://", self.app, self, table_name=self.name, loop=self.loop)
        store.hold(self._holdings, TABLES.index(self.name))
        return store

    @property
    def stored(self) -> PartitionedRows:
        """Return the store."""
        return cast("PartitionedRows", self.data)


def create_tables(app: faust.App, namespace: str, partitions: int) -> dict[str, EngineTable]:
    """Create every table of the engine with its changelog topic."""
    holdings = Holdings()
    tables = {
        name: EngineTable(
            app,
            holdings=holdings,
            name=name,
            partitions=partitions,
            recovery_buffer_size=_RECOVERY_BUFFER,
            changelog_topic=app.topic(
                f"{namespace}.{changelog_name(name)}",
                schema=RangeSchema(),
                partitions=partitions,
                compacting=True,
                acks=False,
                internal=True,
                allow_empty=True,
            ),
        )
        for name in TABLES
    }
    for table in tables.values():
        app.tables.add(table)
    return tables
