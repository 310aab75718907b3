"""The rows of one partition by owner, all tables together, in little memory: a store to come.

The worker does not use it yet: its dicts (streams/tables.py) recover faster, and the fault suite has not
been run on this. ``benchmarks.store`` measures the two beside each other.

An owner's rows are *open* while they are written: a dict of what changed, so a put costs what it costs a
dict. Rows that rest are *packed* into a log: bytes, compressed unless there are few. Recovery packs what
it has read after every fetch; in operation the owners that were opened longest ago make room for others.
The tables share a log because what they have of an account resembles each other, and because everything
that is kept for each owner would be kept ten times.

What is new goes to a log's end, and the last row of a key counts. Its newer pieces are merged with an
older one when they have become as long as that: a row is written again a few times at most, and rows
that do not count any more take no more than those that do. A log that gets long is cut in two by the
order of its keys, as a B-tree's leaf is: no pause grows with an account, but for reading it whole.

By ``python -m benchmarks.store --leads 50000 --rounds 1``, eleven rows a lead: a lead takes 825 bytes
where dicts take 3,525, and 1,285 where its rows come apart from each other. A put takes 0.62 to 0.85 µs
instead of 0.59, the first reading of an account 35 to 50 µs more, recovery 1.1 µs a row more, 5.8 where
the rows come apart.
"""

from __future__ import annotations

import marshal
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Any, Final, TypeAlias, cast

from cramjam import zstd

OPEN_OWNERS: Final = 20_000
"""As many as a partition keeps accounts decoded: each of them takes far more than its open rows."""

OPEN_ROWS: Final = 256
"""An owner that has so many rows open is packed without delay: no pause grows with an account."""

PLAIN_BYTES: Final = 2048
"""So much at a log's end is left plain; compressing less gains little."""

LOG_BYTES: Final = 256 * 1024
"""A log that is longer, uncompressed, is cut in two."""

_LEVEL: Final = 1
_HEADER: Final = Struct(">?HI")
"""What a piece begins with: whether it is compressed, bits of the tables in it, its length plain."""

_FORMAT: Final = 2
_BEGIN, _END = b"{", b"0"
"""What a dict in this format of marshal begins and ends with; the rows between can be put in a row.

Python reads them back into a dict four times faster than the same rows from lengths or separators.
"""

_MARKS: Final = [bytes((number,)) for number in range(16)]
"""What stands before a row's key: the number of its table."""

Rows: TypeAlias = "dict[bytes, bytes]"
"""By marked key."""

Changes: TypeAlias = "Mapping[bytes, bytes | None]"
"""Rows that were put, by marked key; None deletes."""

Log: TypeAlias = "bytes | tuple[bytes, ...]"
"""A piece, or pieces in the order they were written."""

Part: TypeAlias = "tuple[bytes, Log]"
"""A log and the least key that belongs into it."""

ByTable: TypeAlias = "dict[int, Rows]"
"""An owner's rows by key, unmarked, of each table's number."""


_NOTHING_READ: Final[tuple[Any, ByTable]] = (None, {})


class Parts:
    """A log that was cut, in the order of the keys."""

    __slots__ = ("_least", "_logs")

    def __init__(self, parts: Iterable[Part]) -> None:
        self._least: list[bytes] = []
        self._logs: list[Log] = []
        self._replace(0, 0, parts)

    def __bool__(self) -> bool:
        return bool(self._logs)

    def tables(self) -> int:
        """Return the bits of the tables that have rows here."""
        found = 0
        for log in self._logs:
            found |= tables_in(log)
        return found

    def rows(self) -> Rows:
        """Return all rows."""
        return {key: value for log in self._logs for key, value in read(log).items()}

    def add(self, changes: Changes) -> None:
        """Put changed rows into the parts they belong to."""
        placed: dict[int, dict[bytes, bytes | None]] = {}
        for key, value in changes.items():
            placed.setdefault(max(0, bisect_right(self._least, key) - 1), {})[key] = value
        for place in sorted(placed, reverse=True):
            least = self._least[place]
            parts = added(self._logs[place], placed[place])
            self._replace(place, place + 1, [(key or least, log) for key, log in parts])

    def _replace(self, start: int, end: int, parts: Iterable[Part]) -> None:
        new = list(parts)
        self._least[start:end] = [least for least, _ in new]
        self._logs[start:end] = [log for _, log in new]


class PackedRows:
    """Rows by owner, number of the table, and key."""

    __slots__ = ("_open", "_packed", "_read")

    def __init__(self) -> None:
        self._open: dict[Any, dict[bytes, bytes | None]] = {}
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
        for owner, changes in self._open.items():
            packed = self._packed.get(owner)
            if packed is not None and tables_in(packed) & bit:
                continue
            if any(key[0] == table and value is not None for key, value in changes.items()):
                yield owner

    def of(self, owner: Any, table: int) -> Mapping[bytes, bytes]:
        """Return an owner's rows in a table."""
        if self._read[0] != owner:
            self._read = (owner, self._by_table(owner))
        return self._read[1].get(table, {})

    def put(self, owner: Any, table: int, key: bytes, value: bytes | None) -> None:
        """Take a row; None deletes it."""
        self._read = _NOTHING_READ
        changes = self._open.get(owner)
        if changes is None:
            changes = self._open[owner] = {}
            if len(self._open) > OPEN_OWNERS:
                self._pack(next(iter(self._open)))
        if value is not None or owner in self._packed:
            changes[_MARKS[table] + key] = value
            if len(changes) >= OPEN_ROWS:
                self._pack(owner)
            return
        changes.pop(_MARKS[table] + key, None)
        if not changes:
            del self._open[owner]

    def pack(self) -> None:
        """Pack all that is open."""
        for owner in list(self._open):
            self._pack(owner)

    def _by_table(self, owner: Any) -> ByTable:
        log = self._packed.get(owner)
        rows: Rows = {}
        if log is not None:
            rows = log.rows() if isinstance(log, Parts) else read(log)
        found: ByTable = {}
        for key, value in changed(rows, self._open.get(owner, {})).items():
            found.setdefault(key[0], {})[key[1:]] = value
        return found

    def _pack(self, owner: Any) -> None:
        changes = self._open.pop(owner)
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


def tables_in(log: Log | Parts) -> int:
    """Return the bits of the tables that have rows in a log."""
    if isinstance(log, bytes):
        return cast("int", _HEADER.unpack_from(log)[1])
    if isinstance(log, Parts):
        return log.tables()
    found = 0
    for piece in log:
        found |= _HEADER.unpack_from(piece)[1]
    return found


def read(log: Log) -> Rows:
    """Return the rows of a log."""
    return _loaded(map(_body, log) if isinstance(log, tuple) else (_body(log),))


def changed(rows: Rows, changes: Changes) -> Rows:
    """Return rows after changes; they may be changed in place."""
    for key, value in changes.items():
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
    return rows


def added(log: Log, changes: Changes) -> list[Part]:
    """Return a log after changes: in parts if it has become too long, in none if it is empty."""
    if None in changes.values():
        # A deletion would have to be kept for as long as anything older is: the log is written anew.
        return written(changed(read(log), changes))
    pieces = [*log] if isinstance(log, tuple) else [log]
    body, tables = _dumped(changes), _tables(changes)
    compressed, tables_before, _ = _HEADER.unpack_from(pieces[-1])
    if not compressed:
        body, tables = pieces.pop()[_HEADER.size :] + body, tables | tables_before
    if len(body) < PLAIN_BYTES:
        return [(b"", _joined(pieces, _HEADER.pack(False, tables, len(body)) + body))]
    newer, size = [body], len(body)
    while pieces and _HEADER.unpack_from(pieces[-1])[2] <= size:
        newer.append(_body(pieces.pop()))
        size += len(newer[-1])
    rows = _loaded(reversed(newer))
    if not pieces:
        return written(rows)
    return [(b"", _joined(pieces, _piece(rows, _dumped(rows))))]


def written(rows: Rows) -> list[Part]:
    """Return a new log: in parts if it is too long, in none if there are no rows."""
    if not rows:
        return []
    body = _dumped(rows)
    if len(body) <= LOG_BYTES or len(rows) == 1:
        return [(b"", _piece(rows, body))]
    ordered = sorted(rows)
    half = ordered[len(ordered) // 2]
    lower = written({key: rows[key] for key in ordered if key < half})
    upper = written({key: rows[key] for key in ordered if key >= half})
    return [*lower, (half, upper[0][1]), *upper[1:]]


def _joined(pieces: list[bytes], last: bytes) -> Log:
    return (*pieces, last) if pieces else last


def _piece(rows: Rows, body: bytes) -> bytes:
    header = (_tables(rows), len(body))
    if len(body) < PLAIN_BYTES:
        return _HEADER.pack(False, *header) + body
    return b"".join((_HEADER.pack(True, *header), zstd.compress(body, _LEVEL)))


def _body(piece: bytes) -> bytes:
    body = memoryview(piece)[_HEADER.size :]
    return bytes(zstd.decompress(body) if _HEADER.unpack_from(piece)[0] else body)


def _tables(rows: Changes) -> int:
    found = 0
    for number in {key[0] for key in rows}:
        found |= 1 << number
    return found


def _dumped(rows: Any) -> bytes:
    return marshal.dumps(rows, _FORMAT)[len(_BEGIN) : -len(_END)]


def _loaded(bodies: Iterable[bytes]) -> Rows:
    whole = b"".join((_BEGIN, *bodies, _END))
    return cast("Rows", marshal.loads(whole))  # noqa: S302 - it never left this process
