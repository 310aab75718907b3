"""What a worker says of itself: whether it is alive, and whether it does its work.

Its event loop notes the facts once a second. Whoever asks does so from another thread and judges the
last note, so a loop that has stopped is seen by the age of what it noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from streams.recovery import GIVE_UP_AFTER_S as RECOVERY_GIVES_UP_AFTER_S

NOTE_EVERY_S: Final = 1.0

LOOP_STOPPED_S: Final = 10.0
"""So long without a note, and the event loop does not run."""

SLOW_S: Final = 30.0
"""So long without progress, and a partition's work is not being done."""

STUCK_S: Final = 240.0
"""So long without progress, and a worker is not alive.

Longer than a delivery may take by its own limits: a commit that is not answered, then the undoing.
"""

_GIVING_UP_S: Final = 60.0
"""How long a worker may take to stop once recovery has given up."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A delivery that is tried again; ``reason`` names no account."""

    since: float
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """A partition: since when it has had work without getting on, and what keeps it from it."""

    partition: int
    waiting_since: float | None = None
    failing: Failing | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the event loop noted ``at`` a moment; all times are of the monotonic clock."""

    at: float
    brokers: str = ""
    assigned: bool = False
    lanes: tuple[LaneFacts, ...] = ()
    rebalancing_since: float | None = None
    recovering: int = 0
    recovery_stuck_since: float | None = None
    coordinator_lost_since: float | None = None


def since(before: float | None, holds: bool, now: float) -> float | None:
    """Return since when something holds, given since when it did at the last look."""
    if not holds:
        return None
    return now if before is None else before


def not_alive(facts: Facts, now: float) -> list[str]:
    """Return why the worker should be started anew; nothing if it should not."""
    problems = []
    if now - facts.at > LOOP_STOPPED_S:
        problems.append(f"the event loop has not run for {_seconds(facts.at, now)}")
    problems += _standing(facts, now, STUCK_S)
    stuck = facts.recovery_stuck_since
    if stuck is not None and now - stuck > RECOVERY_GIVES_UP_AFTER_S + _GIVING_UP_S:
        problems.append(
            f"recovery has got no changelog record for {_seconds(stuck, now)}"
            f" and {facts.recovering} are missing"
        )
    return problems


def not_ready(facts: Facts, now: float) -> list[str]:
    """Return why the worker does not do all of its work; nothing if it does."""
    problems = []
    if now - facts.at > LOOP_STOPPED_S:
        problems.append(f"the event loop has not run for {_seconds(facts.at, now)}")
    if facts.coordinator_lost_since is not None:
        problems.append(
            f"no broker of {facts.brokers} is known as the consumer group's coordinator for"
            f" {_seconds(facts.coordinator_lost_since, now)}"
        )
    if facts.rebalancing_since is not None:
        what = (
            "partitions are being given up or assigned"
            if not facts.recovering
            else f"tables are being recovered, {facts.recovering} changelog records are to come"
        )
        problems.append(f"{what}, for {_seconds(facts.rebalancing_since, now)}")
    elif not facts.assigned:
        problems.append("the consumer group has not assigned partitions yet")
    problems += [
        f"partition {lane.partition}: delivery has been failing for {_seconds(failing.since, now)}"
        f" (attempt {failing.attempts}): {failing.reason}"
        for lane in facts.lanes
        if (failing := lane.failing) is not None
    ]
    return problems + _standing(facts, now, SLOW_S)


def _standing(facts: Facts, now: float, limit: float) -> list[str]:
    return [
        f"partition {lane.partition}: its records have not got on for {_seconds(waiting, now)}"
        for lane in facts.lanes
        if (waiting := lane.waiting_since) is not None and now - waiting > limit
    ]


def _seconds(earlier: float, now: float) -> str:
    return f"{max(0.0, now - earlier):.0f} s"


class Health:
    """The last facts of a worker. ``observe`` makes them from the ones before and the time."""

    def __init__(self, observe: Callable[[Facts, float], Facts]) -> None:
        self._observe = observe
        self._facts = Facts(monotonic())

    async def watch(self) -> None:
        """Note the facts again and again, on the event loop that they are about."""
        while True:
            self._facts = self._observe(self._facts, monotonic())
            await asyncio.sleep(NOTE_EVERY_S)

    def partitions(self) -> list[int]:
        """Return the partitions that the worker has."""
        return [lane.partition for lane in self._facts.lanes]

    def not_alive(self) -> list[str]:
        """Return why the worker should be started anew, as of now."""
        return not_alive(self._facts, monotonic())

    def not_ready(self) -> list[str]:
        """Return why the worker does not do all of its work, as of now."""
        return not_ready(self._facts, monotonic())
