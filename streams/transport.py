"""Faust's Kafka transport, handing over whole fetched record lists instead of single messages.

Faust spends about fifteen times a record's work on moving it through its per-message path. Here each
list that a fetch brings for a partition travels that path as *one* message whose value is a
:class:`~streams.ranges.FetchedRange`. Group membership, the assignor, tables, recovery and the commit
loop stay Faust's. Six things change, each for a reason:

- **What may be committed.** Faust derives the committed offset from gaps between acknowledged messages,
  which cannot express "this list is finished, the next is not". The lanes say how far each partition is
  finished; nothing else is committed.
- **When a partition starts.** Recovery resumes the source partitions before it has put them to their
  committed offsets, and clears the agents' queues after it: what was fetched before the one would come
  twice, what before the other never. They are held until the flow is resumed, which is last.
- **Where a partition starts.** A fetch that outlived its assignment takes records of the next one that
  nobody wants; it gives them back. Partitions without a committed offset are sought too.
- **When heartbeats begin.** aiokafka sends none from the joining of a generation until the assignment
  was dealt with. Opening the lanes may take longer than the session, so they begin before it.
- **When it gives up.** aiokafka stops joining in silence when the group refuses the worker for good,
  as it does while a rebuild holds the group. The worker ends then.
- **What is read.** Only committed transactions, and the position after commit markers counts: without
  it a changelog that ends in a marker would never be read to its end.

Written against the exact faust-streaming and aiokafka versions pinned in pyproject.toml; it overrides
and sets private names of both. ``tests/streams/test_pins.py`` fails when the versions change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Protocol, cast

import aiokafka
from aiokafka import errors
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service

from streams.lag import Backlog, Standing, standings_of
from streams.ranges import FetchedRange

FAUST_VERSION: Final = "0.15.3"
AIOKAFKA_VERSION: Final = "0.14.0"
"""The versions whose internals this module was written for."""

FETCH_WAIT_MS: Final = 20
"""How long a broker may hold back a fetch that has nothing to return.

Faust's 1,500 ms would be the idle latency of every event.
"""

_POLL_WHEN_FULL_S: Final = 0.02
_LOOK_EVERY_S: Final = 1.0

_REFUSALS: Final = (
    errors.GroupAuthorizationFailedError,
    errors.InconsistentGroupProtocolError,
    errors.InvalidGroupIdError,
    errors.InvalidSessionTimeoutError,
)
"""Answers to joining a group that no waiting makes better."""


class Intake(Protocol):
    """Where fetched ranges go: says who has room and how far each partition is finished."""

    def has_room(self, partition: int) -> bool:
        """Return whether more records of the partition may be fetched."""

    async def wait_for_room(self, at_most_s: float) -> None:
        """Return when a partition may have room, or after so many seconds."""

    def finished(self) -> Mapping[tuple[str, int], int]:
        """Return (topic, partition) → the offset after the last one that was finished."""

    async def quiesce(self) -> None:
        """Finish what is in flight, drop what waits, take nothing more until opened again."""


class RangeConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to aiokafka: fetches lists and remembers how far it handed over."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._handed_over: dict[TP, int] = {}
        self.backlog = Backlog()

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        # An empty set means "all partitions" to aiokafka.
        if not active_partitions:
            return {}
        assignment = _assignment(consumer)
        fetched = await super()._fetch_records(
            consumer, active_partitions, timeout=timeout, max_records=max_records
        )
        if _assignment(consumer) is not assignment:
            # aiokafka lets a fetch wait through a rebalance and serves it from the new assignment.
            # The consumer drops what it brings: partitions start anew, and the generation is another.
            for tp, records in fetched.items():
                consumer.seek(tp, records[0].offset)
            return {}
        return self._as_ranges(consumer, active_partitions, fetched)

    def _as_ranges(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        fetched: Mapping[TP, list[Any]],
    ) -> dict[TP, list[Any]]:
        assignment = _assignment(consumer)
        generation = self.app.consumer_generation_id
        ranges: dict[TP, list[Any]] = {}
        for tp in active_partitions:
            if tp not in assignment.tps:
                continue
            state = assignment.state_value(tp)
            if not state.has_valid_position:
                continue
            records = tuple(fetched.get(tp, ()))
            next_offset = max(state.position, records[-1].offset + 1 if records else 0)
            first_offset = self._handed_over.get(tp, records[0].offset if records else 0)
            if records and records[0].offset < first_offset:
                first_offset = records[0].offset
                self._log_begins_anew(tp)
            if next_offset > first_offset or records:
                self._handed_over[tp] = next_offset
                fetched_range = FetchedRange(
                    tp.topic, tp.partition, first_offset, next_offset, records, generation
                )
                ranges[tp] = [fetched_range]
                if records and not self.consumer._is_changelog_tp(tp):
                    self.backlog.note(tp, fetched_range, self.finished(tp) or 0)
        return ranges

    def finished(self, tp: TP) -> int | None:
        """Return the offset after the last finished one, None before the first."""
        return cast("RangeConsumer", self.consumer).intake.finished().get((tp.topic, tp.partition))

    async def _seek_wait(
        self, consumer: aiokafka.AIOKafkaConsumer, partitions: Mapping[TP, int]
    ) -> None:
        await super()._seek_wait(consumer, partitions)
        self._handed_over.update(partitions)

    def _log_begins_anew(self, tp: TP) -> None:
        # The committed offset lay beyond the end of the log (the topic was deleted and made again, or
        # cut short by an unclean election), so aiokafka went to its beginning. Faust would drop
        # everything up to the offset it remembers, and commit nothing below it.
        self.log.warning("Partition %r is read from its beginning", tp)
        self.consumer._read_offset[tp] = None
        self.consumer._committed_offset[tp] = None

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every partition to its committed offset, sources without one to their beginning."""
        return cast(
            "Mapping[TP, int]",
            await self.call_thread(self._seek_to_committed, self._ensure_consumer()),
        )

    async def _seek_to_committed(self, consumer: aiokafka.AIOKafkaConsumer) -> Mapping[TP, int]:
        committed: Mapping[TP, int] = await consumer.seek_to_committed()
        self.backlog.forget()
        # aiokafka leaves a partition that has no committed offset, or 0, wherever it is by now.
        unread = []
        for tp, offset in committed.items():
            if offset:
                self._handed_over[tp] = offset
            elif not self.consumer._is_changelog_tp(tp):
                self._handed_over.pop(tp, None)
                unread.append(tp)
        if unread:
            await consumer.seek_to_beginning(*unread)
        return committed


class LivingListener(driver.ConsumerRebalanceListener):
    """Keeps the worker in its group while it deals with an assignment."""

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Send heartbeats from now on; aiokafka would begin after this."""
        self._thread._ensure_consumer()._coordinator._start_heartbeat_task()
        await super().on_partitions_assigned(assigned)


class RangeConsumer(driver.Consumer):
    """Faust's consumer with the lanes as the judge of what is finished."""

    RebalanceListener: ClassVar[Any] = LivingListener
    intake: Intake

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.intake = cast("Any", self.app).lanes
        self._held: set[TP] = set()

    def _new_consumer_thread(self) -> RangeConsumerThread:
        return RangeConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @Service.task
    async def _watch_membership(self) -> None:
        """End the worker when the group refuses it for good: aiokafka only stops asking then."""
        async for _ in self.itertimer(_LOOK_EVERY_S, name="Consumer.membership"):
            consumer = self._thread._consumer
            coordinator = None if consumer is None else consumer._coordinator
            refusal = getattr(coordinator, "_pending_exception", None)
            if isinstance(refusal, _REFUSALS):
                await self.app.crash(refusal)
                return

    @property
    def knows_coordinator(self) -> bool:
        """Whether the group's coordinator is known; it is forgotten when it does not answer."""
        consumer = self._thread._consumer
        coordinator = None if consumer is None else consumer._coordinator
        return coordinator is not None and coordinator.coordinator_id is not None

    def standings(self, namespace: str) -> list[Standing]:
        """Return where each source partition stands. Any thread may ask."""
        thread = cast("RangeConsumerThread", self._thread)
        assignment = None if thread._consumer is None else _assignment(thread._consumer)
        if assignment is None:
            return []
        places = (
            (TP(tp.topic, tp.partition), assignment.state_value(tp))
            for tp in assignment.tps
            if not self._is_changelog_tp(tp)
        )
        return standings_of(places, thread.finished, thread.backlog, namespace)

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's signature
    ) -> Mapping[TP, list[Any]]:
        active = active_partitions or set()
        ready = {tp for tp in active if self._is_changelog_tp(tp) or self.intake.has_room(tp.partition)}
        if not ready:
            await self.intake.wait_for_room(timeout)
            return {}
        if len(ready) < len(active):
            # A partition that gets room meanwhile must not wait for a fetch that leaves it out.
            timeout = _POLL_WHEN_FULL_S
        return await super()._getmany(ready, timeout)

    def _to_message(self, tp: TP, record: FetchedRange) -> ConsumerMessage:
        return ConsumerMessage(
            record.topic,
            record.partition,
            record.next_offset - 1,
            record.records[-1].timestamp / 1000 if record.records else 0.0,
            1,
            {},
            None,
            cast("Any", record),
            None,
            0,
            0,
            tp,
            generation_id=record.generation,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps have no say in what is committed; recording them would only take memory."""

    def _filter_tps_with_pending_acks(self, topics: Iterable[TP | str] | None = None) -> Iterator[TP]:
        wanted = None if topics is None else set(topics)
        for topic, partition in list(self.intake.finished()):
            tp = TP(topic, partition)
            if wanted is None or tp in wanted or topic in wanted:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.intake.finished().get((tp.topic, tp.partition))

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Resume changelog partitions now, source partitions once the flow is resumed after them."""
        tps = set(tps)
        changelogs = {tp for tp in tps if self._is_changelog_tp(tp)}
        self._held |= tps - changelogs
        if changelogs:
            super().resume_partitions(changelogs)

    def resume_flow(self) -> None:
        """Resume the flow, and the source partitions that wait for it.

        Recovery's last step: the partitions were put to their offsets, the queues were cleared.
        """
        super().resume_flow()
        held, self._held = self._held, set()
        if held:
            super().resume_partitions(held)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget what was held, and fetch nothing until recovery says what may start.

        Faust leaves the flow on if nothing was assigned so far, and would fetch from the partitions
        of the next assignment before recovery has put them to their offsets.
        """
        self._held.clear()
        self.stop_flow()
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Let the lanes finish what is in flight, then commit how far they got."""
        await self.intake.quiesce()
        if self.crashed:
            # The consumer's thread ends by itself: a commit would wait for it in vain or find its
            # event loop closed. What is not committed is read again.
            return
        # A commit that runs already has not seen the last batches, and makes the next call do nothing.
        await self.maybe_wait_for_commit_to_finish()
        await self.commit_and_end_transactions()


class RangeTransport(driver.Transport):
    """The transport that uses :class:`RangeConsumer`; producers stay Faust's."""

    Consumer: ClassVar[Any] = RangeConsumer


def _assignment(consumer: aiokafka.AIOKafkaConsumer) -> Any:
    subscription = consumer._subscription.subscription
    return None if subscription is None else subscription.assignment
