"""Lanes that take a control record step by step, as a worker does, with batches in between."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from agents.reading import Batch
from schemas.control import ControlRecord
from streams.delivery import Delivery
from streams.topics import CONTROL
from tests.agents.lane import CODEC, Engine, controls


class Interleaved(Engine):
    """An engine in which the first control record that waits in a partition may be under way."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: dict[int, Iterator[Delivery]] = {}

    def under_way(self, number: int = 0) -> bool:
        """Return whether a control record of a partition is not finished."""
        return bool(self.waiting[number])

    def follow(self, record: ControlRecord) -> None:
        """Let a control record wait in its partition."""
        self.waiting[record.partition].append(record)

    def go_on(self, number: int = 0, *, refused: bool = False) -> None:
        """Take a step of the first control record of a partition; what is ``refused`` is not written."""
        delivery = next(self._begun(number), None)
        if delivery is None:
            self.waiting[number].popleft()
            del self._steps[number]
        elif refused:
            self.discard(number)
        else:
            self._write(number, delivery)

    def discard(self, number: int = 0) -> None:
        """Let a delivery of a partition fail: what was under way begins anew."""
        self.lanes[number].processor.discard()
        self._steps.pop(number, None)

    def crash(self, number: int = 0) -> None:
        """Let another worker take a partition over."""
        self.lanes[number] = self.lanes[number].restarted()
        self._steps.pop(number, None)

    def refuse(self, number: int, batch: Batch) -> None:
        """Process a batch whose delivery fails."""
        for _ in self.lanes[number].processor.steps([batch]):
            break
        self.discard(number)

    def carry(self, times: int = 1) -> list[Delivery]:  # noqa: ARG002 - the engine's signature
        """Carry control records until none is left; partitions take turns at their steps."""
        before = len(self.written)
        while any(self.waiting):
            for number in range(len(self.lanes)):
                if self.under_way(number):
                    self.go_on(number)
        return self.written[before:]

    def _begun(self, number: int) -> Iterator[Delivery]:
        if number not in self._steps:
            batch = Batch(control=[self.waiting[number][0]])
            self._steps[number] = self.lanes[number].processor.steps([batch])
        return self._steps[number]

    def _write(self, number: int, delivery: Delivery) -> None:
        lane = self.lanes[number]
        lane.store(delivery)
        lane.processor.delivered(delivery)
        self.written.append(delivery)
        for record in controls([delivery]):
            self.follow(record)


def assert_gapless(deliveries: Iterable[Delivery]) -> None:
    """Check that each subject's versions of each kind grow by one from the first to the last."""
    versions: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    for delivery in deliveries:
        for record in delivery.records:
            if record.topic != CONTROL.name and record.value is not None:
                value: Any = CODEC.decode(record.topic, record.value)
                versions[record.topic, dict(record.headers)["ce_subject"]].append(value.version)
    for subject, numbers in versions.items():
        assert numbers == list(range(1, len(numbers) + 1)), subject
