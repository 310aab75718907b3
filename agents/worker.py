"""The worker: the app with its lanes' processors, and one Faust agent for each input topic."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import faust
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_random_exponential

from agents import definitions
from agents.control import check_usable
from agents.inputs import READINGS
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch, Reader
from domain.calendar import Millis
from schemas.codec import Codec
from schemas.registry import RegistryUnavailable
from streams.app import EngineApp, build_app
from streams.lanes import ProcessorFactory, Submission
from streams.ranges import FetchedRange
from streams.retries import GIVE_UP_AFTER_S
from streams.settings import Settings
from streams.topics import CONTROL, DEFINITIONS, INPUTS, Topic

log = structlog.get_logger(__name__)


def system_clock() -> Millis:
    """Return the machine's time; rules never ask it, it only stamps what is emitted."""
    return time.time_ns() // 1_000_000


def collect_seldom() -> None:
    """Let Python look for reference cycles after 50,000 new objects instead of 700.

    What a batch makes has none, and decoded accounts are many to look through: looking took a quarter of
    the CPU time of a stream over 20,000 accounts.
    """
    gc.set_threshold(50_000, 20, 20)


def build_worker(
    settings: Settings, codec: Codec, now: Callable[[], Millis] = system_clock
) -> EngineApp:
    """Build the engine's app: nothing is connected or started yet.

    Raises:
        SettingsError: no brokers are set.
    """

    def processors(app: EngineApp) -> ProcessorFactory:
        surroundings = Surroundings(
            codec, app.stored, f"/{settings.namespace}/engine", settings.partitions, now
        )
        return lambda partition: PartitionProcessor(partition, surroundings)

    app = build_app(settings, processors)
    reader = Reader(codec, settings.partitions, now() if settings.replay else None)
    for topic in INPUTS:
        _declare(app, topic, partial(reader.read, reading=READINGS[topic.name]))
    _declare(app, DEFINITIONS, partial(reader.read_definitions, reading=definitions.READING))
    _declare(app, CONTROL, partial(reader.read_control, topic=CONTROL, check=check_usable), long=True)
    return app


def _declare(
    app: EngineApp, topic: Topic, read: Callable[[FetchedRange], Batch], *, long: bool = False
) -> None:
    async def agent(ranges: faust.StreamT[Any]) -> None:
        async for fetched in ranges:
            try:
                for part in fetched.singly() if long else (fetched,):
                    app.lanes.submit(Submission(part, await _patiently(read, part), long))
            except Exception as failure:
                log.exception("records could not be read", topic=topic.name)
                await app.crash(failure)
                return

    app.agent(app.source(topic), name=f"{app.settings.namespace}.{topic.name}")(agent)


async def _patiently(read: Callable[[FetchedRange], Batch], fetched: FetchedRange) -> Batch:
    """Read a range, waiting for a schema registry that does not answer."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(RegistryUnavailable),
        stop=stop_after_delay(GIVE_UP_AFTER_S),
        wait=wait_random_exponential(multiplier=0.2, max=10.0),
        reraise=True,
    ):
        with attempt:
            return read(fetched)
    raise AssertionError  # pragma: no cover - AsyncRetrying returns or raises
