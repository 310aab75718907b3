"""The tables' store: rows of each assigned partition, grouped by account, as the changelog has them.

A Faust table with a store of its own. Rows stay bytes, so that recovery is cheap and an account that
nobody touches is never decoded. The store is changed by recovery and after a delivered transaction, by
nothing else: it always equals the changelog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

import faust
import orjson
from faust.stores.base import Store
from faust.types import TP, AppT, EventT

from streams.ranges import FetchedRange
from streams.topics import TABLES, changelog_name

_RECOVERY_BUFFER: Final = 4
"""How many recovered ranges Faust may hold back before it applies them; each is up to 1 MiB.

By its own measure, 1,000 *records*, a large changelog would be in memory twice.
"""

RowKey = tuple[str | int, ...]
"""The parts of a row's key; the first is what it belongs to: an account id, or a partition number."""


def encode_key(key: RowKey) -> bytes:
    """Return a key as its changelog has it: a JSON array, readable with any Kafka tool."""
    return orjson.dumps(key)


def decode_key(key: bytes) -> list[Any]:
    """Return the parts of a stored key."""
    return cast("list[Any]", orjson.loads(key))


class PartitionedRows(Store[Any, Any]):
    """Rows by partition, owner (the key's first part) and key."""

    def __post_init__(self) -> None:
        self.rows: dict[int, dict[Any, dict[bytes, bytes]]] = {}
        self._offsets: dict[TP, int] = {}
        self._kept: set[TP] = set()

    def owners(self, partition: int) -> Iterator[Any]:
        """Return the owners that have rows in a partition."""
        return iter(self.rows.get(partition, {}))

    def of(self, partition: int, owner: Any) -> Mapping[bytes, bytes]:
        """Return an owner's rows, encoded."""
        return self.rows.get(partition, {}).get(owner, {})

    def put(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Take one delivered or recovered row; None deletes it."""
        owner = orjson.loads(key)[0]
        owners = self.rows.setdefault(partition, {})
        if value is not None:
            # What orjson returns keeps the 4 KiB it was written in; a copy takes what it needs.
            owners.setdefault(owner, {})[b"%b" % key] = b"%b" % value
            return
        rows = owners.get(owner)
        if rows is not None:
            rows.pop(key, None)
            if not rows:
                del owners[owner]

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
            for record in fetched.records:
                if record.key is not None:
                    self.put(fetched.partition, record.key, record.value)
            self.set_persisted_offset(event.message.tp, fetched.next_offset - 1)

    def persisted_offset(self, tp: TP) -> int | None:
        """Return the last changelog offset that the rows hold.

        After a rebalance recovery reads on from here. What it finds was written by another worker
        while this one was away; its own writes are already in.
        """
        return self._offsets.get(tp)

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Remember that the rows hold a changelog up to an offset."""
        self._offsets[tp] = max(offset, self._offsets.get(tp, -1))

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
        partitions = {tp.partition for tp in self._kept}
        for partition in [partition for partition in self.rows if partition not in partitions]:
            del self.rows[partition]
        for tp in [tp for tp in self._offsets if tp not in self._kept]:
            del self._offsets[tp]

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

    def _new_store(self) -> PartitionedRows:
        return PartitionedRows("memory://", self.app, self, table_name=self.name, loop=self.loop)

    @property
    def stored(self) -> PartitionedRows:
        """Return the store."""
        return cast("PartitionedRows", self.data)


def create_tables(app: faust.App, namespace: str, partitions: int) -> dict[str, EngineTable]:
    """Create every table of the engine with its changelog topic."""
    tables = {
        name: EngineTable(
            app,
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
