"""What is said of refused entries: the first at once, all of them into a file, a count at the end."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Final, Self

import orjson

from console.lines import RefusedEntry

SHOWN: Final = 20


class Refusals:
    """Counts and tells refused entries. ``unit`` is what places count: ``line`` or ``activity``."""

    def __init__(self, tell: Callable[[str], None], file: BinaryIO | None, unit: str) -> None:
        self.count = 0
        self._tell = tell
        self._file = file
        self._unit = unit

    def add(self, entry: RefusedEntry) -> None:
        """Tell one refused entry, unless enough were shown already."""
        self.count += 1
        if self.count <= SHOWN:
            topic = "" if entry.topic is None else f"{entry.topic}: "
            self._tell(f"{self._unit} {entry.at}: {topic}{entry.detail}")
        if self._file is not None:
            row = {
                self._unit: entry.at,
                "topic": entry.topic,
                "reason": entry.reason,
                "detail": entry.detail,
            }
            self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say how many were not shown, however the reading ended."""
        if self.count > SHOWN:
            self._tell(f"… and {self.count - SHOWN:,} more")
        if self._file is not None:
            self._file.close()


def count_of(number: int, unit: str) -> str:
    """Return a number with its unit: ``1 line``, ``2,000 lines``, ``3 activities``."""
    plural = f"{unit[:-1]}ies" if unit.endswith("y") else f"{unit}s"
    return f"{number:,} {unit if number == 1 else plural}"
