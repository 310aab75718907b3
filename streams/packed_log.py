"""An owner's rows as a log: bytes, compressed unless there are few, that can be added to.

What is new goes to a log's plain end, and the last row of a key counts. An end that has become long is
compressed into a piece, together with the newest pieces that are no longer than what is added: a row is
written again a few times at most, and rows that do not count any more take no more than those that do. A
log that gets long is cut in two by the order of its keys, as a B-tree's leaf is: no pause grows with an
account, but for reading it whole.
"""

from __future__ import annotations

import marshal
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any, Final, TypeAlias, cast

from cramjam import zstd

PLAIN_BYTES: Final = 2048
"""So much at a log's end is left plain; compressing less gains little."""

LOG_BYTES: Final = 256 * 1024
"""A log that is longer, uncompressed, is cut in two."""

_LEVEL: Final = 1
"""Higher ones take longer and gain nothing with rows: most of them is event ids."""

_HEADER: Final = Struct(">?HI")
"""What a piece begins with: whether it is compressed, bits of the tables in it, its length plain."""

_FORMAT: Final = 2
_BEGIN, _END = b"{", b"0"
"""What a dict in this format of marshal begins and ends with; the rows between can be put in a row.

Python reads them back into a dict four times faster than the same rows from lengths or separators.
"""

Rows: TypeAlias = "dict[bytes, bytes]"
"""By key; the first byte of a key is the number of its table."""

Changes: TypeAlias = "Mapping[bytes, bytes | None]"
"""Rows that were put; None deletes."""

Log: TypeAlias = "bytes | tuple[bytes, ...]"
"""A piece, or pieces in the order they were written."""

Part: TypeAlias = "tuple[bytes, Log]"
"""A log and the least key that belongs into it."""


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
    return loaded(map(_body, log) if isinstance(log, tuple) else (_body(log),))


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
    body, tables = dumped(changes), _tables(changes)
    compressed, tables_before, _ = _HEADER.unpack_from(pieces[-1])
    if not compressed:
        body, tables = pieces.pop()[_HEADER.size :] + body, tables | tables_before
    if len(body) < PLAIN_BYTES:
        return [(b"", _joined(pieces, _HEADER.pack(False, tables, len(body)) + body))]
    newer, size = [body], len(body)
    while pieces and _HEADER.unpack_from(pieces[-1])[2] <= size:
        newer.append(_body(pieces.pop()))
        size += len(newer[-1])
    rows = loaded(reversed(newer))
    if not pieces:
        return written(rows)
    return [(b"", _joined(pieces, _piece(rows, dumped(rows))))]


def written(rows: Rows) -> list[Part]:
    """Return a new log: in parts if it is too long, in none if there are no rows."""
    if not rows:
        return []
    body = dumped(rows)
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


def _body(piece: bytes) -> Any:
    body = memoryview(piece)[_HEADER.size :]
    return zstd.decompress(body) if piece[0] else body


def _tables(rows: Iterable[bytes]) -> int:
    found = 0
    for number in {key[0] for key in rows}:
        found |= 1 << number
    return found


def dumped(rows: Any) -> bytes:
    """Return rows as bytes that may stand one behind the other."""
    return marshal.dumps(rows, _FORMAT)[len(_BEGIN) : -len(_END)]


def loaded(bodies: Iterable[Any]) -> Rows:
    """Return what :func:`dumped` made bytes of; what comes later counts."""
    whole = b"".join((_BEGIN, *bodies, _END))
    return cast("Rows", marshal.loads(whole))  # noqa: S302 - it never left this process
