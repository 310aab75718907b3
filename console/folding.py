"""``fold``: the rules alone over a file of events; what a worker must agree with."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.outputs import state_contract
from console.lines import Accepted
from domain.calendar import MILLIS_PER_DAY, Day, Millis
from domain.events import AccountEvent
from domain.replay import fold_all
from schemas.outputs import BuyingGroupState


def machine_clock() -> Millis:
    """Return this machine's time: the only clock there is without a broker."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Folded:
    """The groups of a file; ``stage_moves`` counts journey actions whose rules are not built yet."""

    states: list[BuyingGroupState]
    stage_moves: int


def fold_entries(entries: Iterable[Accepted], as_of: Day) -> Folded:
    """Return every group as it stands on a day, in the contract that the worker writes it in.

    Holds all events in memory.
    """
    moves = 0

    def events() -> Iterator[AccountEvent]:
        nonlocal moves
        for entry in entries:
            moves += not entry.events
            yield from entry.events

    states = fold_all(events(), as_of)
    emitted_at = as_of * MILLIS_PER_DAY
    return Folded([state_contract(state, emitted_at) for state in states], moves)
