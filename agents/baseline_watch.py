"""What the metrics say of the worker's baselines: their version, and the day they are of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from math import nan
from typing import Final

from agents import rows
from agents.clock import Clock, clock_key, load_clock
from streams import metrics
from streams.app import EngineApp
from streams.tables import EngineTable

_LOOK_EVERY_S: Final = 10.0
_DAY_S: Final = 86_400


class BaselineWatch:
    """Looks at the clocks of a worker's partitions now and then; the hot path has no part in it."""

    def __init__(self, app: EngineApp) -> None:
        self._app = app

    async def watch(self) -> None:
        """Look again and again, on the event loop that owns the tables."""
        while True:
            lanes = self._app.lanes
            # Until recovery is through a clock may be missing or one of long ago.
            if not self._app.rebalancing and not lanes.closing:
                note_baselines(self._app.stored, lanes.owned())
            await asyncio.sleep(_LOOK_EVERY_S)


def note_baselines(tables: Mapping[str, EngineTable], partitions: Iterable[int]) -> None:
    """Set the metrics to the oldest baseline of some partitions."""
    clocks = []
    for number in partitions:
        row = tables[rows.CLOCK].stored.of(number, number).get(clock_key(number))
        clocks.append(Clock() if row is None else load_clock(row))
    versions = [clock.baseline.version for clock in clocks]
    days = [clock.as_of if clock.ticked else 0 for clock in clocks]
    metrics.BASELINE_VERSION.set(min(versions, default=nan))
    metrics.BASELINE_DAY.set(min(days, default=nan) * _DAY_S)
