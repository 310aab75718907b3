"""What rows and states mean: without the counters of how often something was reported on the way."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

import orjson

from agents import rows
from streams.delivery import Delivery, Outgoing
from streams.tables import decode_key
from tests.agents.lane import Stored

Meaning = dict[tuple[str, str], Any]
Row = tuple[str, bytes, bytes | None]

_STATE_COUNTERS: Final = {
    "version",
    "event_id",
    "versions",
    "emitted_at",
    "cause_event_id",
    "replay",
    "baseline_version",
}


def settled(stored: Stored) -> Meaning:
    """Return rows by table and key; states that were sent again with the same content count once."""
    return _read(stored, lambda name: name == "state_version")


def meaning(stored: Stored) -> Meaning:
    """Return rows by table and key, whatever was reported before they came about."""
    return _read(stored, lambda name: name == "version" or name.endswith("_version"))


def said(states: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return groups' states by id, without what only tells how they came about."""
    return {group_id: state.model_dump(exclude=_STATE_COUNTERS) for group_id, state in states.items()}


def effect(deliveries: Iterable[Delivery]) -> list[tuple[list[Row], list[Outgoing]]]:
    """Return what deliveries write; the rows of one transaction have no order."""
    return [(sorted(one.rows, key=itemgetter(0, 1)), one.records) for one in deliveries]


def _read(stored: Stored, is_counter: Callable[[str], bool]) -> Meaning:
    found = {}
    for (table, key), row in stored.items():
        fields = orjson.loads(row)
        if table in {rows.GROUP, rows.PERSON}:
            fields = {name: value for name, value in fields.items() if not is_counter(name)}
        found[table, str(decode_key(key))] = fields
    return found
