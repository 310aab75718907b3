"""How far a worker is behind, by what its consumer knows: the broker is never asked for it.

The consumer notes each range it hands over, and every fetch tells it where the partition ends. Whoever
reads the metrics puts the two together, in a thread of its own.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from faust.types import TP
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from streams.ranges import FetchedRange


@dataclass(frozen=True, slots=True)
class _Handed:
    first_offset: int
    next_offset: int
    oldest_ms: int
    newest_ms: int


class Backlog:
    """The ranges that were handed over and may not be finished, oldest first, by partition.

    The consumer's thread writes, any thread reads. Times are the broker's, in ms; 0 where it tells none.
    """

    def __init__(self) -> None:
        self._ranges: dict[TP, deque[_Handed]] = {}
        self._newest_ms: dict[TP, int] = {}

    def note(self, tp: TP, fetched: FetchedRange, finished: int) -> None:
        """Remember a range that is handed over, and forget those before ``finished``."""
        ranges = self._ranges.setdefault(tp, deque())
        while ranges and ranges[0].next_offset <= finished:
            ranges.popleft()
        oldest, newest = (max(0, fetched.records[place].timestamp) for place in (0, -1))
        ranges.append(_Handed(fetched.first_offset, fetched.next_offset, oldest, newest))
        self._newest_ms[tp] = newest

    def forget(self) -> None:
        """Forget everything: what was not finished is handed over again."""
        self._ranges.clear()
        self._newest_ms.clear()

    def unfinished(self, tp: TP, finished: int) -> tuple[int, int] | None:
        """Return first offset and oldest time of what was handed over and is not finished."""
        for handed in tuple(self._ranges.get(tp, ())):
            if handed.next_offset > finished:
                return handed.first_offset, handed.oldest_ms
        return None

    def newest_ms(self, tp: TP) -> int:
        """Return the time of the last record that was handed over, 0 before the first."""
        return self._newest_ms.get(tp, 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a worker stands in a partition of an input topic.

    ``end`` is the offset after the last record a reader may see, as of the last fetch; ``done`` the
    offset after the last finished one. ``oldest_ms`` is the time of the oldest record that was fetched
    and is not finished, None where there is none; ``newest_ms`` that of the last one fetched.
    """

    topic: str
    partition: int
    end: int
    done: int
    oldest_ms: int | None
    newest_ms: int

    @property
    def records(self) -> int:
        """Return how many offsets are still to be finished."""
        return max(0, self.end - self.done)


def standings_of(
    places: Iterable[tuple[TP, Any]],
    finished: Callable[[TP], int | None],
    backlog: Backlog,
    namespace: str,
) -> list[Standing]:
    """Return where partitions stand, given aiokafka's state of each; those never fetched are left out.

    ``finished`` gives the offset after the last finished one, None until something was.
    """
    standings = []
    for tp, state in places:
        # Where transactions are unknown, as in the embedded Kafka, every record may be read at once.
        end = state.highwater if state.lso is None or state.lso < 0 else state.lso
        position = state._position
        if end is None or position is None:
            continue
        done = finished(tp)
        unfinished = backlog.unfinished(tp, -1 if done is None else done)
        if done is None:
            done = position if unfinished is None else unfinished[0]
        standings.append(
            Standing(
                tp.topic.removeprefix(f"{namespace}."),
                tp.partition,
                end,
                done,
                None if unfinished is None else unfinished[1],
                backlog.newest_ms(tp),
            )
        )
    return standings


class LagCollector(Collector):
    """Tells Prometheus for each input topic how many records, and how old, are still to be finished."""

    def __init__(
        self,
        standings: Callable[[], Iterable[Standing]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._standings = standings
        self._clock = clock
        self._at_end: dict[tuple[str, int], float] = {}
        self._looked: dict[tuple[str, int], float] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the lag of each topic as of now."""
        records = GaugeMetricFamily(
            "buying_groups_lag_records",
            "Input records still to be finished, as of the last fetch",
            labels=["topic"],
        )
        seconds = GaugeMetricFamily(
            "buying_groups_lag_seconds",
            "Age of the oldest input record that is not finished, 0 where there is none",
            labels=["topic"],
        )
        behind: dict[str, tuple[int, float]] = {}
        now = self._clock()
        for standing in self._standings():
            count, age = behind.get(standing.topic, (0, 0.0))
            behind[standing.topic] = count + standing.records, max(age, self._age(standing, now))
        for topic, (count, age) in sorted(behind.items()):
            records.add_metric([topic], count)
            seconds.add_metric([topic], age)
        yield records
        yield seconds

    def _age(self, standing: Standing, now: float) -> float:
        place = (standing.topic, standing.partition)
        if not standing.records:
            self._at_end[place] = now
            return 0.0
        if standing.oldest_ms:
            return max(0.0, now - standing.oldest_ms / 1000)
        # Not fetched yet: it is younger than what was fetched, and than the last time nothing was left.
        since = max(standing.newest_ms / 1000, self._at_end.get(place, 0.0))
        return max(0.0, now - (since or self._looked.setdefault(place, now)))
