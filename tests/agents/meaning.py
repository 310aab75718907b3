"""What rows and states mean: without the counters of how often something was reported on the way."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from agents import rows
from streams.delivery import Delivery
from streams.tables import decode_key
from streams.topics import DEAD_LETTERS
from tests.agents.lane import CODEC, Stored

Meaning = dict[tuple[str, str], Any]

_STATE_COUNTERS: Final = {
    "version",
    "event_id",
    "versions",
    "emitted_at",
    "cause_event_id",
    "replay",
    "baseline_version",
}

_OF_THE_ORDER: Final = {"version", "event_id", "cause_event_id", "occurred_at", "reason"}


def settled(stored: Stored) -> Meaning:
    """Return rows by table and key; states that were sent again with the same content count once."""
    return _read(stored, lambda name: name == "state_version")


def meaning(stored: Stored) -> Meaning:
    """Return rows by table and key, whatever was reported before they came about."""
    return _read(stored, lambda name: name == "version" or name.endswith("_version"))


def said(states: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return groups' states by id, without what only tells how they came about."""
    return {group_id: state.model_dump(exclude=_STATE_COUNTERS) for group_id, state in states.items()}


def effect(deliveries: Iterable[Delivery]) -> tuple[list[str], list[str]]:
    """Return the rows and the records of deliveries in whatever order their leads were looked at.

    The order decides which of a batch's changes of membership is numbered first, which of several is
    named as the group's cause, and nothing else.
    """
    every = list(deliveries)
    found = [
        f"{one.topic} {one.key!r} {CODEC.decode(one.topic, one.value).model_dump(exclude=_OF_THE_ORDER)}"
        if one.value
        else f"{one.topic} {one.key!r} withdrawn"
        for delivery in every
        for one in delivery.records
        if one.topic != DEAD_LETTERS.name
    ]
    return sorted(str(row) for delivery in every for row in delivery.rows), sorted(found)


def _read(stored: Stored, is_counter: Callable[[str], bool]) -> Meaning:
    found = {}
    for (table, key), row in stored.items():
        fields = orjson.loads(row)
        if table in {rows.GROUP, rows.PERSON}:
            fields = {name: value for name, value in fields.items() if not is_counter(name)}
        found[table, str(decode_key(key))] = fields
    return found
