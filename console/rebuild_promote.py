"""``rebuild --promote``: folded while workers run, who have to be away for tail and writing only."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle
from typing import Final, Protocol

from agents.mending import Mended
from console.rebuild import Meter, Outcome, Rebuild
from console.rebuild_view import View
from console.rebuild_writing import Writing
from domain.calendar import Millis
from schemas.codec import Codec
from streams.group_lock import GroupLock, WorkersActive
from streams.partition_log import PartitionLog
from streams.settings import Settings

_TRY_EVERY_S: Final = 1.0
_ROUND_S: Final = 0.5
"""All partitions are read on about so often."""

Say = Callable[[str], None]


class WaitingMeter(Meter, Protocol):
    """Where it is shown, too, how long workers are waited for."""

    def waiting(self, left: float, records: int) -> None:
        """Take note of the seconds that are left, and of the records folded since it began."""


class NotStopped(Exception):
    """Nobody has stopped the workers in time."""


class Promotion(Rebuild):
    """One run: first :meth:`compare` while workers run, then :meth:`promote`.

    Every partition stays in memory. Nothing else is used before the consumer group is held, so there is
    nothing to be discarded.
    """

    def __init__(
        self, settings: Settings, codec: Codec, log: PartitionLog, meter: WaitingMeter, say: Say
    ) -> None:
        super().__init__(settings, codec, log, meter)
        self._shown = meter
        self._say = say
        self._views: dict[int, View] = {}
        self._records = 0

    def promote(self, partitions: list[int], now: Callable[[], Millis], within_s: float) -> Outcome:
        """Wait until the workers are away, then write what is rebuilt over what is live.

        Raises:
            NotStopped: they are still there after so many seconds. Nothing was written.
            GroupBusy: the group could not be held to the end.
            Fenced: somebody else opened a partition's producer.
            DeliveryError: the broker does not take what is written.
        """
        self._start_over()
        for partition in partitions:
            self._catch_up(partition)
        self._say(
            "The rebuilt state is in memory. All workers may be stopped now:"
            f" {within_s:.0f} s are waited for it, nothing is written before."
        )
        with ExitStack() as stack:
            lock = self._lock(stack, partitions, within_s)
            began = time.monotonic()
            self._say("The consumer group is empty and held: the tail is folded and written.")
            with self._timed():
                self._write_over(partitions, now, lock)
        self.outcome.held = time.monotonic() - began
        return self.outcome

    def _start_over(self) -> None:
        """Forget what the comparison found: what is promoted is counted and looked for by itself."""
        self.outcome = Outcome(mended=Mended())
        self._writing = Writing(self._settings, self.outcome.mended)
        self._seen.clear()
        self._moving.clear()

    def _lock(self, stack: ExitStack, partitions: list[int], within_s: float) -> GroupLock:
        """Hold the group as soon as it is empty; until then what is acknowledged is folded."""
        deadline = time.monotonic() + within_s
        tried = float("-inf")
        following = cycle(partitions)
        while True:
            if time.monotonic() - tried >= _TRY_EVERY_S:
                try:
                    return stack.enter_context(GroupLock(self._settings))
                except WorkersActive as active:
                    tried = time.monotonic()
                    if tried >= deadline:
                        msg = f"{active} They were waited for, for {within_s:.0f} s."
                        raise NotStopped(msg) from active
                self._shown.waiting(deadline - tried, self._records)
            self._catch_up(next(following))
            time.sleep(_ROUND_S / len(partitions))

    def _catch_up(self, partition: int) -> None:
        """Read on what is acknowledged of a partition, its rows, and what subscribers were told."""
        view = self._view(partition)
        doubt = view.read_on(self._log.committed(partition), self._noted)
        if doubt is not None:
            self._say(f"Partition {partition} was folded anew: {doubt}.")
        view.read_reports()
        self._states.advance(self._ignored)

    def _noted(self, records: int) -> None:
        self._records += records

    def _view(self, partition: int) -> View:
        """Return a partition as far as it was read."""
        view = self._views.get(partition)
        if view is None:
            view = self._views[partition] = super()._view(partition)
        return view

    def _read_written(self, view: View) -> None:
        """Read what stands behind the rows that are known."""
        view.live.advance(self._ignored)
