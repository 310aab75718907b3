"""Lanes: one queue and one writer for each partition this worker owns.

All topics of a partition meet in its lane. While one batch is being delivered the next one gathers, so
batches grow with the load and a record is written once however many of a batch's events touched it.
What takes many steps, such as a day tick, does not hold them up: batches are processed between its
steps. A lane finishes a topic's ranges in the order they came; how far each topic is finished is what
Faust commits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol

import structlog

from streams import metrics
from streams.delivery import Delivery, DeliveryError, PartitionProducer
from streams.health import Failing, LaneFacts
from streams.ranges import FetchedRange
from streams.retries import Retries
from streams.settings import Settings
from streams.tables import EngineTable

log = structlog.get_logger(__name__)

_ROOM_IN_BATCHES: Final = 2
"""A lane takes records for so many batches before it stops fetching."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A fetched range and what an agent read from it; a long one may take many steps."""

    fetched: FetchedRange
    content: Any
    long: bool = False


class Processor(Protocol):
    """What a lane does with its batches: implemented by the agents."""

    def steps(self, batch: list[Any]) -> Iterator[Delivery]:
        """Process what was read from the batch's ranges; each delivery goes out before the next.

        While the steps of a long range are under way, those of other batches are taken from the first
        to the last between two of them. None goes on after :meth:`discard`.
        """

    def delivered(self, delivery: Delivery) -> None:
        """Take note that a delivery is on the broker."""

    def discard(self) -> None:
        """Forget everything that is not on the broker."""


ProcessorFactory = Callable[[int], Processor]


@dataclass(slots=True)
class _Lane:
    partition: int
    producer: PartitionProducer
    processor: Processor
    batches: Retries
    long_steps: Retries
    queue: deque[Submission] = field(default_factory=deque)
    long: deque[Submission] = field(default_factory=deque)
    """The long ranges, one after the other; ``steps`` are those of the first, once it was begun."""
    steps: Iterator[Delivery] | None = None
    rests_until: float = 0.0
    """When the next of the steps may be taken."""
    records: int = 0
    waiting_since: float | None = None
    """Since when it has had work without getting on; a try that failed is getting on."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Lanes:
    """The lanes of a worker. They are opened at each assignment and closed at each revocation."""

    def __init__(
        self,
        settings: Settings,
        tables: Mapping[str, EngineTable],
        processors: ProcessorFactory,
        on_failure: Callable[[BaseException], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._tables = tables
        self._processors = processors
        self._on_failure = on_failure
        self._lanes: dict[int, _Lane] = {}
        self._finished: dict[tuple[str, int], int] = {}
        self._room = asyncio.Event()
        self._assigned = False
        self._closing = False
        self._generation = 0
        self._threads = ThreadPoolExecutor(
            max_workers=max(2, settings.partitions), thread_name_prefix="delivery"
        )
        self._changelogs = {name: table.changelog_topic_name for name, table in tables.items()}

    def submit(self, submission: Submission) -> None:
        """Queue a range for its partition's lane; a range of another generation is dropped.

        Whoever owns the partition now reads it again from the committed offset. That may be the same
        lane: ranges before this one may have been dropped when the lanes were closed, and finishing
        this one would commit past them.
        """
        fetched = submission.fetched
        lane = self._lanes.get(fetched.partition)
        if lane is None or self._closing or fetched.generation != self._generation:
            log.debug("range of a former assignment dropped", partition=fetched.partition)
            return
        (lane.long if submission.long else lane.queue).append(submission)
        lane.waiting_since = lane.waiting_since or monotonic()
        lane.records += len(fetched.records)
        lane.wake.set()

    def has_room(self, partition: int) -> bool:
        """Return whether more records of the partition may be fetched."""
        lane = self._lanes.get(partition)
        return lane is not None and lane.records < self._settings.batch_size * _ROOM_IN_BATCHES

    async def wait_for_room(self, at_most_s: float) -> None:
        """Return when a batch was finished, or after so many seconds."""
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), at_most_s)
        except TimeoutError:
            return

    @property
    def closing(self) -> bool:
        """Return whether the lanes take nothing more."""
        return self._closing

    def finished(self) -> Mapping[tuple[str, int], int]:
        """Return (topic, partition) → the offset after the last finished one."""
        return self._finished

    @property
    def assigned(self) -> bool:
        """Return whether an assignment has ever come, be it of no partition."""
        return self._assigned

    def owned(self) -> list[int]:
        """Return the partitions that have a lane."""
        return sorted(self._lanes)

    def facts(self) -> tuple[LaneFacts, ...]:
        """Return how each lane gets on."""
        return tuple(
            LaneFacts(lane.partition, lane.waiting_since, _failing(lane))
            for _, lane in sorted(self._lanes.items())
        )

    async def open(self, partitions: Iterable[int], generation: int) -> None:
        """Open lanes for exactly these partitions, fencing whoever wrote for them before.

        Called before recovery reads the changelogs: once a partition's earlier producers are fenced,
        what recovery finds is all there will ever be. ``generation`` is the consumer group's; ranges
        of another one are not taken.
        """
        await self.quiesce()
        await self.close()
        self._count_failing()
        self._finished.clear()
        self._generation = generation
        opened = await asyncio.gather(*(self._open(partition) for partition in sorted(partitions)))
        self._lanes = {lane.partition: lane for lane in opened}
        self._assigned, self._closing = True, False
        for lane in opened:
            lane.task = asyncio.create_task(self._run(lane), name=f"lane-{lane.partition}")
        metrics.OWNED_PARTITIONS.set(len(opened))

    async def quiesce(self) -> None:
        """Finish the batches in flight, drop the rest, and take nothing until opened again.

        Of a long range the step in flight is finished: whoever owns the partition next reads it again.
        """
        self._closing = True
        tasks = []
        for lane in self._lanes.values():
            lane.queue.clear()
            lane.records = 0
            lane.wake.set()
            if lane.task is not None:
                tasks.append(lane.task)
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Give up the producers of all lanes, and what was decoded for them."""
        lanes, self._lanes = list(self._lanes.values()), {}
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(self._threads, lane.producer.close) for lane in lanes)
        )
        # tenacity's objects of a batch are a cycle that holds its lane until the next full collection.
        for lane in lanes:
            self._discard(lane)

    async def _open(self, partition: int) -> _Lane:
        producer = PartitionProducer(
            self._settings.client_config(),
            f"{self._settings.app_id}-{partition}",
            self._settings.namespace,
        )
        await asyncio.get_running_loop().run_in_executor(self._threads, producer.open)
        batches, long_steps = (
            Retries(partition, lambda: self._closing, self._count_failing) for _ in range(2)
        )
        return _Lane(partition, producer, self._processors(partition), batches, long_steps)

    async def _run(self, lane: _Lane) -> None:
        try:
            while not self._closing:
                await self._wait_for_work(lane)
                if lane.queue and not self._closing:
                    await self._process(lane, self._take(lane))
                if self._is_due(lane):
                    await self._go_on(lane)
        except Exception as failure:
            if not (self._closing and isinstance(failure, DeliveryError)):
                log.exception("lane stopped", partition=lane.partition)
                await self._on_failure(failure)
        finally:
            lane.waiting_since = None

    async def _wait_for_work(self, lane: _Lane) -> None:
        """Return when there is a batch to process, or when the next step of a long range is due."""
        if not lane.queue:
            rest = max(0.0, lane.rests_until - monotonic()) if lane.long else None
            with suppress(TimeoutError):
                await asyncio.wait_for(lane.wake.wait(), rest)
        lane.wake.clear()

    def _is_due(self, lane: _Lane) -> bool:
        return bool(lane.long) and monotonic() >= lane.rests_until and not self._closing

    def _take(self, lane: _Lane) -> list[Submission]:
        batch = [lane.queue.popleft()]
        records = len(batch[0].fetched.records)
        while lane.queue:
            records += len(lane.queue[0].fetched.records)
            if records > self._settings.batch_size:
                break
            batch.append(lane.queue.popleft())
        return batch

    async def _process(self, lane: _Lane, batch: list[Submission]) -> None:
        started = lane.waiting_since = monotonic()
        await lane.batches.insist(partial(self._attempt, lane, batch))
        lane.batches.succeeded()
        self._finish(lane, batch)
        metrics.BATCHES.inc()
        metrics.BATCH_SECONDS.observe(monotonic() - started)

    async def _go_on(self, lane: _Lane) -> None:
        """Take the next step of the first long range; after the last one the range is finished."""
        if await lane.long_steps.insist(partial(self._step, lane)):
            lane.long_steps.succeeded()
            self._finish(lane, [lane.long.popleft()])

    def _finish(self, lane: _Lane, batch: list[Submission]) -> None:
        for submission in batch:
            fetched = submission.fetched
            lane.records = max(0, lane.records - len(fetched.records))
            self._finished[fetched.topic, fetched.partition] = fetched.next_offset
        lane.waiting_since = monotonic() if lane.queue or lane.long else None
        self._room.set()

    def _count_failing(self) -> None:
        metrics.FAILING.set(sum(_failing(lane) is not None for lane in self._lanes.values()))

    async def _attempt(self, lane: _Lane, batch: list[Submission]) -> None:
        try:
            for delivery in lane.processor.steps([submission.content for submission in batch]):
                await self._deliver(lane, delivery)
        except BaseException:
            self._discard(lane)
            raise

    async def _step(self, lane: _Lane) -> bool:
        """Take one step of the first long range; return whether there was none left."""
        try:
            if lane.steps is None:
                lane.steps = lane.processor.steps([lane.long[0].content])
            began = monotonic()
            delivery = next(lane.steps, None)
            # Lanes with long ranges share the event loop with each other and with whatever is short.
            busy = sum(bool(each.long) for each in self._lanes.values())
            lane.rests_until = monotonic() + (monotonic() - began) * busy
            if delivery is None:
                lane.steps = None
                return True
            await self._deliver(lane, delivery)
        except BaseException:
            self._discard(lane)
            raise
        if delivery:
            lane.long_steps.succeeded()
        return False

    async def _deliver(self, lane: _Lane, delivery: Delivery) -> None:
        if delivery:
            offsets = await asyncio.get_running_loop().run_in_executor(
                self._threads,
                lane.producer.deliver,
                lane.partition,
                delivery,
                self._changelogs.__getitem__,
            )
            self._store(lane.partition, delivery, offsets)
            lane.processor.delivered(delivery)
        else:
            await asyncio.sleep(0)
        lane.waiting_since = monotonic()

    def _discard(self, lane: _Lane) -> None:
        """Forget what is not on the broker; a long range begins anew."""
        lane.steps = None
        lane.processor.discard()
        lane.waiting_since = monotonic()

    def _store(self, partition: int, delivery: Delivery, offsets: Mapping[tuple[str, int], int]) -> None:
        for table, key, value in delivery.rows:
            self._tables[table].stored.put(partition, key, value)
        for table, topic in self._changelogs.items():
            offset = offsets.get((topic, partition))
            if offset is not None:
                self._tables[table].stored.note_written(topic, partition, offset)


def _failing(lane: _Lane) -> Failing | None:
    """Return what of a lane fails, the first to begin with it."""
    failing = [kind.failing for kind in (lane.batches, lane.long_steps) if kind.failing is not None]
    return min(failing, key=lambda one: one.since, default=None)
