"""What a worker holds of its partitions: the rows of all tables, and how far each changelog was read."""

from __future__ import annotations

import asyncio
import ctypes
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from faust.types import TP

from streams.packed_rows import PackedRows, Written

_SETTLED_AT_ONCE: Final = 100
"""So many owners are packed before others get their turn."""


@dataclass(slots=True, eq=False)
class Held:
    """What the worker holds of a partition: the rows of all tables, and how far each changelog was read.

    Together, so that neither is ever forgotten without the other.
    """

    rows: PackedRows
    offsets: dict[TP, int] = field(default_factory=dict)


class Holdings:
    """What the worker holds, by partition; all tables keep their rows here."""

    def __init__(self) -> None:
        self.partitions: dict[int, Held] = {}
        self._written: Written = deque()

    def of(self, partition: int) -> Held:
        """Return a partition's part, which is empty at first."""
        held = self.partitions.get(partition)
        if held is None:
            held = self.partitions[partition] = Held(PackedRows(self._written))
        return held

    def keep(self, partitions: set[int]) -> None:
        """Forget all other partitions."""
        for partition in self.partitions.keys() - partitions:
            # Its open owners are listed until their turn comes.
            self.partitions.pop(partition).rows.clear()

    async def settle(self) -> None:
        """Pack what recovery has left plain, and let others run meanwhile."""
        for held in list(self.partitions.values()):
            for number, _ in enumerate(held.rows.settle()):
                if number % _SETTLED_AT_ONCE == 0:
                    await asyncio.sleep(0)
        _give_back_memory()


def _give_back_memory() -> None:
    """Ask glibc for what recovery used and freed, which by itself it would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
