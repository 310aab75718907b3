"""Recovery of the tables from their changelogs, watched: it gets on, or it is told and given up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import structlog
from faust.tables.recovery import Recovery, ServiceStopped
from faust.types import TP
from mode import Service
from mode.utils.times import Seconds

from streams import metrics

log = structlog.get_logger(__name__)

TOLD_AFTER_S: Final = 15.0
"""So long without a recovered record, and every so long again, it is said that recovery is stuck."""

GIVE_UP_AFTER_S: Final = 120.0
"""So long without a recovered record, and the worker stops: another one may fare better."""

_LOOK_EVERY_S: Final = 1.0


class RecoveryStuck(Exception):
    """No changelog record came for too long; the message says what is missing."""


@dataclass(slots=True)
class Stall:
    """How long nothing has moved: ``since`` is when ``remaining`` last changed."""

    remaining: int
    since: float
    told: float

    @classmethod
    def begin(cls, remaining: int, now: float) -> Stall:
        """Return a stall that begins now."""
        return cls(remaining, now, now)

    def look(self, remaining: int, now: float) -> float:
        """Return for how many seconds nothing has moved."""
        if remaining != self.remaining:
            self.remaining, self.since, self.told = remaining, now, now
        return now - self.since

    def due(self, now: float) -> bool:
        """Return whether it is to be told now, which it then counts as."""
        if now - self.told < TOLD_AFTER_S:
            return False
        self.told = now
        return True


class EngineRecovery(Recovery):
    """Faust's recovery, which takes a broker that does not answer for a failure, not for the end."""

    stall: Stall | None = None
    """How it gets on; None where nothing is missing."""

    async def _wait(self, coro: Any, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - Faust's
        try:
            await super()._wait(coro, timeout)
        except ServiceStopped as stopped:
            if self.should_stop or self.crashed:
                raise
            # mode cannot tell a timeout from having been stopped, and recovery would end in silence:
            # a worker that holds its partitions and reads nothing.
            msg = "recovery got no answer from the broker in time"
            raise TimeoutError(msg) from stopped

    @Service.task
    async def _watch(self) -> None:
        async for _ in self.itertimer(_LOOK_EVERY_S, name="Recovery.watch"):
            missing = self._missing()
            metrics.RECOVERING.set(sum(missing.values()))
            if not missing:
                self.stall = None
                metrics.RECOVERY_STALLED.set(0)
                continue
            now = time.monotonic()
            stall = self.stall = self.stall or Stall.begin(sum(missing.values()), now)
            stuck_s = stall.look(sum(missing.values()), now)
            metrics.RECOVERY_STALLED.set(stuck_s)
            if stuck_s > GIVE_UP_AFTER_S:
                msg = f"no changelog record came for {stuck_s:.0f} s; missing: {_listed(missing)}"
                await self.app.crash(RecoveryStuck(msg))
                return
            if stall.due(now):
                log.warning(
                    "recovery does not get on; does the broker answer?",
                    seconds=round(stuck_s),
                    missing=_listed(missing),
                )

    def _missing(self) -> dict[TP, int]:
        """Return how many records of each changelog partition are still to come."""
        if not self.in_recovery:
            return {}
        return {tp: count for tp, count in self.active_remaining().items() if count > 0}


def _listed(missing: dict[TP, int]) -> str:
    return ", ".join(f"{tp.topic} [{tp.partition}]: {count}" for tp, count in sorted(missing.items()))
