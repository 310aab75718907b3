"""The worker's own day tick: at midnight UTC the date moves on by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from agents.clock import REDUCING_PARTITION
from agents.control import daily_tick_id, day_tick, outgoing
from domain.calendar import Day, Millis, day_of, iso_day
from schemas.codec import Codec
from streams.app import EngineApp
from streams.sending import send_all
from streams.settings import Settings

log = structlog.get_logger(__name__)

_LOOK_EVERY_S: Final = 10.0


def send_tick(
    settings: Settings, codec: Codec, tick_id: str, as_of: Day, now: Millis, source: str
) -> int:
    """Send a tick to the reducing partition; return the offset it has there.

    Raises:
        TimeoutError: the broker did not confirm it in time.
    """
    ((_, offset),) = send_all(settings, [outgoing(day_tick(tick_id, as_of, now), codec, source)])
    return offset


class Ticker:
    """Sends the day's tick from whichever worker owns the reducing partition.

    A second tick of a day, by a worker that took over at midnight, is recognised by its id.
    """

    def __init__(self, app: EngineApp, codec: Codec, now: Callable[[], Millis]) -> None:
        self._app = app
        self._codec = codec
        self._now = now
        self._sent: Day | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start looking at the date."""
        self._task = asyncio.create_task(self._run(), name="ticker")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        settings = self._app.settings
        source = f"/{settings.namespace}/engine"
        while True:
            now = self._now()
            today = day_of(now)
            if self._sent != today and REDUCING_PARTITION in self._app.lanes.owned():
                try:
                    await asyncio.to_thread(
                        send_tick, settings, self._codec, daily_tick_id(today), today, now, source
                    )
                except Exception as problem:  # noqa: BLE001 - whatever it was, the day must still move on
                    log.warning("the day's tick is tried again", reason=str(problem))
                else:
                    self._sent = today
                    log.info("the day moved on", as_of=iso_day(today))
            await asyncio.sleep(_LOOK_EVERY_S)
