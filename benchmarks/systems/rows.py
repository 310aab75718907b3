"""Rows in memory, for the systems that keep them there and write each change to a topic."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.systems.scoring import (
    Activities,
    Figures,
    Moved,
    Reporter,
    add_points,
    decode,
    dump,
    remember,
    row_key,
)
from domain.calendar import Day

Record = tuple[str, bytes]
"""Key and value."""


class Rows:
    """The rows of all partitions of one process."""

    def __init__(self, as_of: Day) -> None:
        self._reporter = Reporter(as_of)
        self._activities: dict[tuple[str, str, Day], Activities] = {}
        self._figures: dict[str, Figures] = {}

    def take(self, values: Iterable[bytes]) -> tuple[list[Record], list[Record]]:
        """Take records in; return the changed rows and the scores, each row and subject once."""
        changed: set[tuple[str, str, Day]] = set()
        moved: dict[str, Moved] = {}
        for value in values:
            event = decode(value)
            key = row_key(event)
            points = remember(event, self._activities.setdefault(key, {}))
            if points is None:
                continue
            changed.add(key)
            if points:
                account = key[0]
                figures = self._figures.setdefault(account, {})
                add_points(event, points, figures, moved.setdefault(account, {}))
        rows = [
            (f"{account}/{lead_id}/{day}", dump(self._activities[account, lead_id, day]))
            for account, lead_id, day in changed
        ]
        scores: list[Record] = []
        for account, leads in moved.items():
            figures = self._figures[account]
            scores.extend((account, record) for record in self._reporter.report(account, leads, figures))
            rows.append((account, dump(figures)))
        return rows, scores
