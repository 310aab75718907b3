"""``rebuild``: state folded anew from the log, compared with the live one or written over it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import uuid4

from agents.comparing import Comparer, Comparison, Difference, read_state
from agents.mending import Mended, Voice
from agents.rebuilding import Pending
from console.rebuild_view import View
from console.rebuild_writing import Writing
from domain.calendar import Millis
from schemas.codec import BadRecord, Codec
from streams.group_lock import GroupLock
from streams.latest import ChangelogRows, LatestValues
from streams.partition_log import PartitionLog
from streams.placement import partition_of
from streams.settings import Settings
from streams.topics import BUYING_GROUP_STATE, CHANGELOGS

LOOKS: Final = 4
"""So often what differs, or was just changing, is looked at."""

_BETWEEN_LOOKS_S: Final = 2.0


class Meter(Protocol):
    """Where progress is shown."""

    def partition(self, number: int, done: int, of: int, records: int) -> None:
        """Begin with a partition, the ``done``-th of ``of``, which has about so many records."""

    def read(self, records: int) -> None:
        """Take note that so many records were read."""


@dataclass(slots=True)
class Outcome:
    """What became of a rebuild; ``written`` are the partitions that are done.

    ``anew`` says of partitions why they were folded once more from the beginning, ``held`` for how many
    seconds workers were kept away after the long part was done.
    """

    accounts: int = 0
    groups: int = 0
    records: int = 0
    seconds: float = 0.0
    differences: list[Difference] = field(default_factory=list)
    undecided: int = 0
    mended: Mended = field(default_factory=Mended)
    written: list[int] = field(default_factory=list)
    anew: list[tuple[int, str]] = field(default_factory=list)
    held: float | None = None


class Rebuild:
    """One run over some partitions of a deployment."""

    def __init__(self, settings: Settings, codec: Codec, log: PartitionLog, meter: Meter) -> None:
        self.outcome = Outcome()
        self._settings = settings
        self._codec = codec
        self._log = log
        self._meter = meter
        self._writing = Writing(settings, self.outcome.mended)
        self._states = LatestValues(log, BUYING_GROUP_STATE, settings.partitions)
        self._seen: set[str] = set()
        self._moving: set[str] = set()

    @property
    def began_writing(self) -> bool:
        """Return whether anything may have been written."""
        return self._writing.began

    def compare(self, partitions: list[int]) -> Outcome:
        """Compare partitions with what is live; change nothing."""
        with self._timed():
            self._states.advance(self._ignored)
            candidates = set(self._states.values)
            for done, partition in enumerate(partitions, start=1):
                view = self._folded(partition, done, len(partitions))
                self._add(self._looked(view))
                self._seen.update(view.group_ids())
            if len(partitions) == self._settings.partitions:
                self._tell_strays(candidates)
        return self.outcome

    def mend(self, partitions: list[int], now: Callable[[], Millis]) -> Outcome:
        """Write what is rebuilt over what is live, with no worker in the group.

        Raises:
            GroupBusy: workers are active, or the group could not be held to the end.
            Fenced: somebody else opened a partition's producer.
            DeliveryError: the broker does not take what is written.
        """
        with self._timed(), GroupLock(self._settings) as lock:
            self._write_over(partitions, now, lock)
        return self.outcome

    def _write_over(self, partitions: list[int], now: Callable[[], Millis], lock: GroupLock) -> None:
        event_id = f"rebuild-{uuid4()}"
        self._writing.fence()
        self._states.advance(self._ignored)
        for done, partition in enumerate(partitions, start=1):
            view = self._folded(partition, done, len(partitions))
            lock.check()
            pending = view.fold.pending(self._log.ends(partition))
            unsettled = self._comparer(view).unsettled(pending)
            voice = Voice(self._codec, f"/{self._settings.namespace}/engine", event_id, now())
            self._writing.write(view, self._states, voice, unsettled, lock)
            self.outcome.written.append(partition)
            self._seen.update(view.group_ids())
            # A transaction is committed a moment before all that it wrote can be read.
            for topic in CHANGELOGS:
                self._log.wait_decided(topic, [partition])
            self._log.wait_decided(BUYING_GROUP_STATE)
            self._add(self._checked(view, unsettled))
        if len(partitions) == self._settings.partitions:
            self._withdraw_strays(lock)

    def _checked(self, view: View, unsettled: set[str]) -> Comparison:
        """Compare with what was written; not all of it can be read at once."""
        for look in range(LOOKS):
            self._read_written(view)
            self._states.advance(self._ignored)
            comparer = self._comparer(view)
            found = comparer.compare(comparer.accounts() - unsettled, Pending())
            if not found.differences or look == LOOKS - 1:
                break
            time.sleep(_BETWEEN_LOOKS_S)
        return found

    def _view(self, partition: int) -> View:
        """Return a partition of which nothing is read yet: one at a time is in memory."""
        return View(self._settings, self._codec, self._log, partition)

    def _read_written(self, view: View) -> None:
        """Read the rows of a partition that was written: all of them anew."""
        view.live = ChangelogRows(self._log, view.partition)
        view.live.advance(self._ignored)

    def _folded(self, partition: int, done: int, of: int) -> View:
        view, offsets = self._view(partition), self._log.committed(partition)
        self._meter.partition(partition, done, of, view.to_read(offsets))
        doubt = view.read_on(offsets, self._counted)
        if doubt is not None:
            self.outcome.anew.append((partition, doubt))
        return view

    def _looked(self, view: View) -> Comparison:
        """Look again at what differs as long as workers change it; what differs then, does."""
        fold = view.fold
        self._states.advance(self._ignored)
        comparer = self._comparer(view)
        ends = self._log.ends(fold.partition)
        pending = fold.pending(ends)
        found = comparer.compare(comparer.accounts(), pending)
        accounts, groups = found.accounts, found.groups
        for _ in range(LOOKS - 1):
            if not (found.suspects or found.differences):
                break
            time.sleep(_BETWEEN_LOOKS_S)
            self._log.wait_decided(BUYING_GROUP_STATE)
            offsets, before = self._log.committed(fold.partition), ends
            nobody_works = offsets == fold.offsets
            fold.advance(offsets, self._ignored)
            view.live.advance(self._ignored)
            self._states.advance(self._ignored)
            ends = self._log.ends(fold.partition)
            pending = fold.pending(ends)
            found = comparer.compare(set(found.suspects), pending)
            if nobody_works and ends == before:
                break
        found.accounts, found.groups = accounts, groups
        self._moving |= pending.events.keys()
        return found

    def _comparer(self, view: View) -> Comparer:
        return Comparer(view.fold, view.live, self._states.values, self._codec)

    def _strays(self, candidates: Iterable[bytes]) -> Iterator[tuple[bytes, str, str]]:
        """Yield (key, account, name) of the states that belong to no group of the log."""
        for key in candidates:
            published = self._states.values.get(key)
            if published is None or key.decode(errors="replace") in self._seen:
                continue
            try:
                state = read_state(self._codec, published)
            except BadRecord:
                yield key, "", "unreadable"
            else:
                if state.account_id not in self._moving:
                    yield key, state.account_id, state.name

    def _tell_strays(self, candidates: Iterable[bytes]) -> None:
        for key, account_id, name in self._strays(candidates):
            self.outcome.differences.append(
                Difference(
                    partition_of(account_id, self._settings.partitions),
                    BUYING_GROUP_STATE.name,
                    "state",
                    name,
                    None,
                    account_id,
                    key.decode(errors="replace"),
                )
            )

    def _withdraw_strays(self, lock: GroupLock) -> None:
        by_partition: dict[int, list[bytes]] = {}
        for key, account_id, _ in self._strays(list(self._states.values)):
            home = partition_of(account_id, self._settings.partitions)
            by_partition.setdefault(home, []).append(key)
        for partition, keys in by_partition.items():
            self._writing.withdraw(partition, keys, lock)

    def _add(self, found: Comparison) -> None:
        self.outcome.accounts += found.accounts
        self.outcome.groups += found.groups
        self.outcome.undecided += found.undecided
        self.outcome.differences.extend(found.differences)

    def _counted(self, records: int) -> None:
        self.outcome.records += records
        self._meter.read(records)

    def _ignored(self, _: int) -> None:
        return

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.outcome.seconds = time.monotonic() - began
