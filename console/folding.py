"""``fold``: the rules alone over a file of events; what a worker must agree with."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import chain
from uuid import uuid4

from agents.definitions import events_of
from agents.outputs import state_contract
from console.definitions.form import DefinitionsFile
from console.definitions.plan import plan_of
from console.lines import Accepted
from domain.calendar import MILLIS_PER_DAY, Day, Millis
from domain.definitions import TenantEvent
from domain.replay import fold_all
from schemas.outputs import BuyingGroupState


class NotLive(Exception):
    """A definitions file that cannot be live by itself; the message says what is missing."""


def machine_clock() -> Millis:
    """Return this machine's time: the only clock there is without a broker."""
    return time.time_ns() // 1_000_000


def fold_entries(
    entries: Iterable[Accepted], as_of: Day, defined: Iterable[TenantEvent] = ()
) -> list[BuyingGroupState]:
    """Return every group as it stands on a day, in the contract that the worker writes it in.

    ``defined`` counts beside the definitions among the entries. Holds all events in memory.
    """
    events = (event for entry in entries for event in entry.events)
    states = fold_all(chain(defined, events), as_of)
    emitted_at = as_of * MILLIS_PER_DAY
    return [state_contract(state, emitted_at) for state in states]


def always_live(file: DefinitionsFile) -> list[TenantEvent]:
    """Return what a definitions file tells the rules, as if it had been live from the beginning."""
    plan = plan_of(file, {}, 0, lambda: str(uuid4()))
    refused = [why for step in plan.of("refused") for why in step.refusals]
    if refused:
        raise NotLive("; ".join(refused))
    return [event for definition in plan.to_send for event in events_of(definition)]
