"""The rows of one partition by owner, all tables together, in a third of the memory that dicts take.

An owner's rows are *open* while the worker writes them: a dict of what changed, so a put costs what it
costs a dict. Rows that rest are *packed* into a log (``packed_log.py``). The owners that were opened
longest ago make room for others. The tables share a log because what they have of an account resembles
each other, and because everything that is kept for each owner would be kept ten times.

By ``python -m benchmarks.store --leads 20000``, once on a loaded machine, eleven rows a lead: a lead
takes 1,151 bytes where dicts take 3,544, and 1,734 where its rows come apart from each other. A
recovered row takes 2.3 and 6.4 µs instead of 0.8, a put 1.6 instead of 1.1, the first
reading of an account 46 and 86.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

from streams.packed_log import Log, Parts, Rows, added, changed, dumped, loaded, read, tables_in, written

OPEN_OWNERS: Final = 20_000
"""So many owners a worker has open, of all partitions; it keeps as many accounts decoded."""

OPEN_ROWS: Final = 256
"""An owner that has so many rows open is packed without delay: no pause grows with an account."""

RECOVERED_BYTES: Final = 4096
"""So much of an owner is recovered before it is packed.

Recovery brings an account table by table, and one that is scattered over a changelog row by row. Packed
as they come, its rows would be compressed once for each.
"""

MARKS: Final = [bytes((number,)) for number in range(16)]
"""What stands before a row's key: the number of its table."""

Changes: TypeAlias = "dict[bytes, bytes | None]"
"""Rows that were put, by marked key; None deletes."""

Opened: TypeAlias = "Changes | bytearray"
"""What the worker put, or what was recovered: rows one behind the other."""

ByTable: TypeAlias = "dict[int, Rows]"
"""An owner's rows by key, unmarked, of each table's number."""

Written: TypeAlias = "deque[tuple[PackedRows, Any]]"
"""The owners that a worker opened to write, of all its partitions, in that order."""

_NOTHING_READ: Final[tuple[Any, ByTable]] = (None, {})


class PackedRows:
    """Rows by owner, number of the table, and key."""

    __slots__ = ("_open", "_packed", "_read", "_written")

    def __init__(self, written: Written) -> None:
        self._written = written
        self._open: dict[Any, Opened] = {}
        self._packed: dict[Any, Log | Parts] = {}
        # Who opens an account asks for it table by table.
        self._read = _NOTHING_READ

    def owners(self, table: int) -> Iterator[Any]:
        """Return the owners that have rows in a table.

        One whose packed rows were all deleted is among them until that has been packed, too.
        """
        bit = 1 << table
        for owner, log in self._packed.items():
            if tables_in(log) & bit:
                yield owner
        for owner, opened in self._open.items():
            packed = self._packed.get(owner)
            if packed is not None and tables_in(packed) & bit:
                continue
            if any(key[0] == table and value is not None for key, value in _changes(opened).items()):
                yield owner

    def of(self, owner: Any, table: int) -> Mapping[bytes, bytes]:
        """Return an owner's rows in a table."""
        if self._read[0] != owner:
            self._read = (owner, self._by_table(owner))
        return self._read[1].get(table, {})

    def put(self, owner: Any, table: int, key: bytes, value: bytes | None) -> None:
        """Take a row that the worker wrote; None deletes it."""
        self._read = _NOTHING_READ
        changes = self._open.get(owner)
        if not isinstance(changes, dict):
            changes = {} if changes is None else _changes(changes)
            while len(self._written) >= OPEN_OWNERS:
                rows, oldest = self._written.popleft()
                rows.pack(oldest)
            self._open[owner] = changes
            self._written.append((self, owner))
        if value is not None or owner in self._packed:
            changes[MARKS[table] + key] = value
            if len(changes) >= OPEN_ROWS:
                self.pack(owner)
            return
        changes.pop(MARKS[table] + key, None)
        if not changes:
            del self._open[owner]

    def recover(self, owner: Any, changes: Changes) -> None:
        """Take rows of an owner from the changelog; :meth:`settle` has to follow some time."""
        self._read = _NOTHING_READ
        opened = self._open.get(owner)
        if opened is None:
            opened = self._open[owner] = bytearray(dumped(changes))
        elif isinstance(opened, dict):
            opened.update(changes)
            if len(opened) >= OPEN_ROWS:
                self.pack(owner)
            return
        else:
            opened += dumped(changes)
        if len(opened) >= RECOVERED_BYTES:
            self.pack(owner)

    def settle(self) -> Iterator[None]:
        """Pack what was recovered and is still open, an owner at a time."""
        for owner, opened in list(self._open.items()):
            if isinstance(opened, bytearray):
                self.pack(owner)
                yield
        # A dict keeps the room of what it once held: 50 bytes for each owner.
        self._open = dict(self._open)

    def pack(self, owner: Any) -> None:
        """Pack the rows of an owner if they are open."""
        opened = self._open.pop(owner, None)
        if opened is None:
            return
        changes = _changes(opened)
        log = self._packed.get(owner)
        if isinstance(log, Parts):
            log.add(changes)
        else:
            parts = written(changed({}, changes)) if log is None else added(log, changes)
            log = parts[0][1] if len(parts) == 1 else Parts(parts)
        if log:
            self._packed[owner] = log
        else:
            self._packed.pop(owner, None)

    def clear(self) -> None:
        """Forget all rows."""
        self._open.clear()
        self._packed.clear()
        self._read = _NOTHING_READ

    def _by_table(self, owner: Any) -> ByTable:
        log = self._packed.get(owner)
        rows: Rows = {}
        if log is not None:
            rows = log.rows() if isinstance(log, Parts) else read(log)
        found: ByTable = {}
        for key, value in changed(rows, _changes(self._open.get(owner, {}))).items():
            found.setdefault(key[0], {})[key[1:]] = value
        return found


def _changes(opened: Opened) -> Changes:
    return opened if isinstance(opened, dict) else cast("Changes", loaded((opened,)))
