"""``rebuild``: state folded anew from the log, compared with the live one or written over it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import uuid4

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from agents import rows
from agents.clock import Clock
from agents.comparing import Comparer, Comparison, Difference, read_state
from agents.mending import Found, Mended, Mender, Voice, withdrawals
from agents.rebuilding import PartitionFold, Pending
from agents.told import REPORTED, Memory, Reports
from console.rebuild_plan import new_fold, parts_of
from domain.calendar import Millis
from schemas.codec import BadRecord, Codec
from streams.delivery import Delivery, DeliveryError, PartitionProducer
from streams.group_lock import GroupLock
from streams.latest import ChangelogRows, LatestValues
from streams.partition_log import PartitionLog
from streams.placement import partition_of
from streams.settings import Settings
from streams.topics import BUYING_GROUP_STATE, CHANGELOGS, changelog_name

LOOKS: Final = 4
"""So often what differs, or was just changing, is looked at."""

_BETWEEN_LOOKS_S: Final = 2.0
_TRIES: Final = 3


class Meter(Protocol):
    """Where progress is shown."""

    def partition(self, number: int, done: int, of: int, records: int) -> None:
        """Begin with a partition, the ``done``-th of ``of``, which has about so many records."""

    def read(self, records: int) -> None:
        """Take note that so many records were read."""


@dataclass(slots=True)
class Outcome:
    """What became of a rebuild; ``written`` are the partitions that are done."""

    accounts: int = 0
    groups: int = 0
    records: int = 0
    seconds: float = 0.0
    differences: list[Difference] = field(default_factory=list)
    undecided: int = 0
    mended: Mended = field(default_factory=Mended)
    written: list[int] = field(default_factory=list)


class Rebuild:
    """One run over some partitions of a deployment."""

    def __init__(self, settings: Settings, codec: Codec, log: PartitionLog, meter: Meter) -> None:
        self.outcome = Outcome()
        self.began_writing = False
        self._settings = settings
        self._codec = codec
        self._log = log
        self._meter = meter
        self._states = LatestValues(log, BUYING_GROUP_STATE, settings.partitions)
        self._seen: set[str] = set()
        self._moving: set[str] = set()

    def compare(self, partitions: list[int]) -> Outcome:
        """Compare partitions with what is live; change nothing."""
        with self._timed():
            self._states.advance(self._ignored)
            candidates = set(self._states.values)
            for done, partition in enumerate(partitions, start=1):
                fold, live = self._folded(partition, done, len(partitions))
                self._add(self._looked(fold, live))
                self._note_groups(fold)
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
        event_id = f"rebuild-{uuid4()}"
        with self._timed(), GroupLock(self._settings) as lock:
            # What earlier writers left open would be read by nobody, and hide what comes after it.
            for partition in range(self._settings.partitions):
                self._producer(partition).close()
            self._states.advance(self._ignored)
            for done, partition in enumerate(partitions, start=1):
                fold, live = self._folded(partition, done, len(partitions))
                lock.check()
                voice = Voice(self._codec, f"/{self._settings.namespace}/engine", event_id, now())
                unsettled = self._write(fold, live, voice, lock)
                self.outcome.written.append(partition)
                self._note_groups(fold)
                # A transaction is committed a moment before all that it wrote can be read.
                for topic in CHANGELOGS:
                    self._log.wait_decided(topic, [partition])
                self._log.wait_decided(BUYING_GROUP_STATE)
                self._add(self._checked(fold, unsettled))
            if len(partitions) == self._settings.partitions:
                self._withdraw_strays(lock)
        return self.outcome

    def _checked(self, fold: PartitionFold, unsettled: set[str]) -> Comparison:
        """Compare with what is read anew; not all that was written can be read at once."""
        for look in range(LOOKS):
            live = ChangelogRows(self._log, fold.partition)
            live.advance(self._ignored)
            self._states.advance(self._ignored)
            comparer = self._comparer(fold, live)
            found = comparer.compare(comparer.accounts() - unsettled, Pending())
            if not found.differences or look == LOOKS - 1:
                break
            time.sleep(_BETWEEN_LOOKS_S)
        return found

    def _folded(self, partition: int, done: int, of: int) -> tuple[PartitionFold, ChangelogRows]:
        offsets = self._log.committed(partition)
        records = sum(part.records for part in parts_of(self._log, {partition: offsets}))
        self._meter.partition(partition, done, of, records)
        fold = new_fold(self._settings, self._codec, self._log, partition)
        fold.advance(offsets, self._counted)
        live = ChangelogRows(self._log, partition)
        live.advance(self._ignored)
        return fold, live

    def _looked(self, fold: PartitionFold, live: ChangelogRows) -> Comparison:
        """Look again at what differs as long as workers change it; what differs then, does."""
        self._states.advance(self._ignored)
        comparer = self._comparer(fold, live)
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
            live.advance(self._ignored)
            self._states.advance(self._ignored)
            ends = self._log.ends(fold.partition)
            pending = fold.pending(ends)
            found = comparer.compare(set(found.suspects), pending)
            if nobody_works and ends == before:
                break
        found.accounts, found.groups = accounts, groups
        self._moving |= pending.events.keys()
        return found

    def _comparer(self, fold: PartitionFold, live: ChangelogRows) -> Comparer:
        return Comparer(fold, live, self._states.values, self._codec)

    def _write(
        self, fold: PartitionFold, live: ChangelogRows, voice: Voice, lock: GroupLock
    ) -> set[str]:
        """Write what differs; return the accounts that were left alone."""
        reports, memory = self._told(fold, live, voice.now)
        pending = fold.pending(self._log.ends(fold.partition))
        unsettled = self._comparer(fold, live).unsettled(pending)
        mender = Mender(fold, Found(live, self._states, reports, memory, unsettled), voice)
        producer = self._producer(fold.partition)
        try:
            for delivery in mender.deliveries():
                lock.check()
                self.began_writing = True
                self._deliver(producer, fold.partition, delivery)
        finally:
            producer.close()
            self.outcome.mended.rows += mender.mended.rows
            self.outcome.mended.outputs += mender.mended.outputs
            self.outcome.mended.beyond += mender.mended.beyond
        return unsettled

    def _told(self, fold: PartitionFold, live: ChangelogRows, now: Millis) -> tuple[Reports, Memory]:
        """Read what subscribers were told in a partition's outputs.

        The clock's row is written last. Where it is missing, rows of people and groups may be those that
        a rebuild wrote before it was ended.
        """
        reports = Reports()
        truncated: set[str] = set()
        for kind, topic in REPORTED.items():
            first, end = self._log.bounds(topic, fold.partition)
            if first > 0:
                truncated.add(kind)
            reports.take(kind, self._log.ranges(topic, fold.partition, first, end), self._codec)
        whole = live.count(rows.CLOCK) > 0 or fold.clock == Clock()
        return reports, Memory(
            frozenset(truncated),
            whole and live.count(rows.PERSON) > 0,
            whole and live.count(rows.GROUP) > 0,
            now // 1000,
        )

    def _producer(self, partition: int) -> PartitionProducer:
        producer = PartitionProducer(
            self._settings.client_config(),
            f"{self._settings.app_id}-{partition}",
            self._settings.namespace,
        )
        producer.open()
        return producer

    def _deliver(self, producer: PartitionProducer, partition: int, delivery: Delivery) -> None:
        for attempt in Retrying(
            retry=retry_if_exception_type(DeliveryError),
            stop=stop_after_attempt(_TRIES),
            wait=wait_fixed(1.0),
            reraise=True,
        ):
            with attempt:
                producer.deliver(partition, delivery, self._changelog)

    def _changelog(self, table: str) -> str:
        return f"{self._settings.namespace}.{changelog_name(table)}"

    def _note_groups(self, fold: PartitionFold) -> None:
        for account in fold.accounts.values():
            self._seen.update(account.groups)

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
            lock.check()
            producer = self._producer(partition)
            try:
                self._deliver(producer, partition, withdrawals(keys))
            finally:
                producer.close()
            self.outcome.mended.outputs += len(keys)

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
