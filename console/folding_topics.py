"""``fold --from-kafka``: the rules alone over what a deployment's input topics hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from agents import definitions
from agents.definitions import events_of
from agents.inputs import READINGS
from agents.outputs import state_contract
from agents.reading import Reader
from agents.rebuilding import FOLDED
from console.rebuild_plan import Part, missing_in
from domain.calendar import MILLIS_PER_DAY, Day, day_of
from domain.definitions import TenantEvent
from domain.engagement import window_start
from domain.events import AccountEvent, LeadActivity
from domain.replay import fold_all
from schemas.codec import Codec
from schemas.outputs import BuyingGroupState
from streams.partition_log import PartitionLog
from streams.settings import Settings
from streams.topics import DEFINITIONS, INPUTS


class TopicFold:
    """Folds the input topics up to the ends they have; ``refused`` counts what a worker would refuse.

    Holds all events in memory but activity outside the window.
    """

    def __init__(self, settings: Settings, codec: Codec, log: PartitionLog) -> None:
        self.refused = 0
        self._log = log
        self._partitions = range(settings.partitions)
        # Nobody has routed a misplaced record on, so each counts where it stands: in the only partition.
        self._reader = Reader(codec, 1, None)

    def missing(self, as_of: Day) -> list[str]:
        """Return what retention has taken of what is needed for a day, one line each."""
        parts = [
            Part(topic, partition, *self._log.bounds(topic, partition))
            for topic in INPUTS
            for partition in self._partitions
        ]
        return missing_in(self._log, parts, as_of)

    def fold(self, as_of: Day, defined: Iterable[TenantEvent]) -> list[BuyingGroupState]:
        """Return every group as it stands on a day."""
        states = fold_all(chain(defined, self._definitions(), self._events(as_of)), as_of)
        emitted_at = as_of * MILLIS_PER_DAY
        return [state_contract(state, emitted_at) for state in states]

    def _definitions(self) -> Iterator[TenantEvent]:
        for partition in self._partitions:
            _, end = self._log.bounds(DEFINITIONS, partition)
            for fetched in self._log.ranges(DEFINITIONS, partition, 0, end):
                batch = self._reader.read_definitions(fetched, definitions.READING)
                self.refused += len(batch.onward)
                for definition in batch.definitions:
                    yield from events_of(definition)

    def _events(self, as_of: Day) -> Iterator[AccountEvent]:
        first = window_start(as_of)
        for topic in FOLDED:
            for partition in self._partitions:
                _, end = self._log.bounds(topic, partition)
                for fetched in self._log.ranges(topic, partition, 0, end):
                    batch = self._reader.read(replace(fetched, partition=0), READINGS[topic.name])
                    self.refused += len(batch.onward)
                    for event in batch.events:
                        if type(event) is not LeadActivity or (
                            first <= day_of(event.occurred_at) <= as_of
                        ):
                            yield event
