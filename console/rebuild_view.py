"""What a rebuild knows of one partition: its fold, its live rows, and what subscribers were told."""

from __future__ import annotations

from collections.abc import Iterator

from agents import rows
from agents.clock import Clock
from agents.rebuilding import Advanced, PartitionFold
from agents.told import REPORTED, Memory, Reports
from console.rebuild_plan import new_fold, parts_of
from domain.calendar import Millis
from schemas.codec import Codec
from streams.latest import ChangelogRows
from streams.partition_log import Offsets, PartitionLog
from streams.settings import Settings


class View:
    """One partition, in memory. All of it can be read on from where it was."""

    def __init__(self, settings: Settings, codec: Codec, log: PartitionLog, partition: int) -> None:
        self.partition = partition
        self.live = ChangelogRows(log, partition)
        self._log = log
        self._codec = codec
        self._settings = settings
        self.fold = self._anew()
        self._reports = Reports()
        self._reported: dict[str, int] = {}
        self._truncated: set[str] = set()

    def to_read(self, offsets: Offsets) -> int:
        """Return about how many records the fold has to read up to some offsets."""
        return sum(
            max(0, part.until - max(part.first, self.fold.offsets.get(part.topic.name, 0)))
            for part in parts_of(self._log, {self.partition: offsets})
        )

    def read_on(self, offsets: Offsets, advanced: Advanced) -> str | None:
        """Fold up to later offsets, and read the rows on.

        Return why everything was folded anew, where reading on may not come to the same.
        """
        self.fold.advance(offsets, advanced)
        doubt = self.fold.doubt
        if doubt is not None:
            self.fold = self._anew()
            self.fold.advance(offsets, advanced)
        self.live.advance(_unheard)
        return doubt

    def read_reports(self) -> None:
        """Read on what subscribers were told in the partition's outputs."""
        for kind, topic in REPORTED.items():
            start = self._reported.get(kind, 0)
            first, end = self._log.bounds(topic, self.partition)
            if first > start:
                self._truncated.add(kind)
            fetched = self._log.ranges(topic, self.partition, max(start, first), end)
            self._reports.take(kind, fetched, self._codec)
            self._reported[kind] = max(start, end)

    def told(self, now: Millis) -> tuple[Reports, Memory]:
        """Return what subscribers were told, and how far back that reaches.

        The clock's row is written last. Where it is missing, rows of people and groups may be those that
        a rebuild wrote before it was ended.
        """
        self.read_reports()
        whole = self.live.count(rows.CLOCK) > 0 or self.fold.clock == Clock()
        return self._reports, Memory(
            frozenset(self._truncated),
            whole and self.live.count(rows.PERSON) > 0,
            whole and self.live.count(rows.GROUP) > 0,
            now // 1000,
        )

    def _anew(self) -> PartitionFold:
        return new_fold(self._settings, self._codec, self._log, self.partition)

    def group_ids(self) -> Iterator[str]:
        """Return the groups of the fold's accounts."""
        for account in self.fold.accounts.values():
            yield from account.groups


def _unheard(_: int) -> None:
    return
