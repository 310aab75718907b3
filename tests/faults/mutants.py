"""Builds that are broken on purpose: each must be caught by the verdict, or it would prove nothing.

A mutant replaces one method of the product when a worker starts. What it does wrong is one of the four
things that delivery is careful about.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from agents import reading
from streams import lanes
from streams.delivery import Delivery, PartitionProducer


def acknowledges_early() -> None:
    """Take a record for finished as soon as it is queued, before anything is on the broker."""
    submit = lanes.Lanes.submit

    def early(self: lanes.Lanes, submission: lanes.Submission) -> None:
        submit(self, submission)
        fetched = submission.fetched
        self._finished[fetched.topic, fetched.partition] = fetched.next_offset

    _replace(lanes.Lanes, "submit", early)


def loosens_outputs() -> None:
    """Write rows and outputs in a transaction each, so that one may be there without the other."""
    deliver = PartitionProducer.deliver

    def loose(
        self: PartitionProducer, partition: int, delivery: Delivery, changelog: Callable[[str], str]
    ) -> Mapping[tuple[str, int], int]:
        offsets = deliver(self, partition, Delivery(rows=delivery.rows), changelog)
        deliver(self, partition, Delivery(records=delivery.records), changelog)
        return offsets

    _replace(PartitionProducer, "deliver", loose)


def fences_nobody() -> None:
    """Name the transactions of each process differently: nobody's are ended by who comes after."""
    made = PartitionProducer.__init__

    def unfenced(
        self: PartitionProducer, client: Mapping[str, str], transactional_id: str, namespace: str
    ) -> None:
        made(self, client, f"{transactional_id}-{os.getpid()}", namespace)

    _replace(PartitionProducer, "__init__", unfenced)


def checks_no_placement() -> None:
    """Take every record as one of the partition it stands in."""

    class _Here(int):
        def __eq__(self, other: object) -> bool:
            return True

        def __ne__(self, other: object) -> bool:
            return False

        __hash__ = int.__hash__

    _replace(reading, "partition_of", lambda *_: _Here())


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


MUTANTS: Final[Mapping[str, Callable[[], None]]] = {
    "acknowledges_early": acknowledges_early,
    "loosens_outputs": loosens_outputs,
    "fences_nobody": fences_nobody,
    "checks_no_placement": checks_no_placement,
}
