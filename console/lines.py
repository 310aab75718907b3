"""Events from a file, checked before anything is done with them; ``publish`` and ``fold`` share it.

A line is ``{"topic": "lead-activity", "value": {…}}``, the value in the JSON form of events.md. What a
worker would send to ``dead-letters`` is refused here, with the same reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeAlias

import orjson

from agents import definitions
from agents.inputs import READINGS
from agents.reading import Reading, Refused, check_not_ahead
from console import marketo
from domain.calendar import Millis, iso_instant
from domain.definitions import TenantEvent
from domain.events import AccountEvent
from schemas.codec import BadRecord, Codec
from schemas.registry import CommittedRegistry

LONGEST_LINE: Final = 900_000
"""Bytes; a record of one million, headers included, is the most that Kafka takes by default."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_FIELDS: Final = ("topic", "value")
_READINGS: Final[Mapping[str, Reading[AccountEvent | TenantEvent]]] = {
    **READINGS,
    definitions.READING.topic.name: definitions.READING,
}
# Reading JSON needs no ids, so no registry is asked.
_CODEC: Final = Codec(CommittedRegistry())

MachineClock: TypeAlias = Callable[[], Millis]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that may be taken: its 1-based place in the file, its value, what it tells the rules."""

    at: int
    reading: Reading[AccountEvent | TenantEvent]
    value: Any
    events: Sequence[AccountEvent | TenantEvent]

    @property
    def topic(self) -> str:
        """Return the input topic's name, without the namespace."""
        return self.reading.topic.name


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that is left out: its 1-based place in the file, the reason, and what is wrong.

    ``topic`` is None where the entry names no input topic.
    """

    at: int
    topic: str | None
    reason: str
    detail: str


Entry: TypeAlias = Accepted | RefusedEntry


def read_json_lines(
    file: BinaryIO, clock: MachineClock | None = None, meter: Callable[[int], None] | None = None
) -> Iterator[Entry]:
    """Yield each line's event or why it is refused; blank lines are skipped.

    ``clock`` set: an event dated more than 5 minutes ahead of it is refused. ``meter`` is told the size
    of each line in bytes. Takes the memory of one line, at most ``LONGEST_LINE``.
    """
    at = 0
    while raw := file.readline(LONGEST_LINE + 1):
        at += 1
        size = len(raw)
        if size > LONGEST_LINE:
            size += _skip_rest_of_line(file, raw)
            yield RefusedEntry(at, None, "too_long", f"longer than {LONGEST_LINE:,} bytes")
        elif not raw.isspace():
            yield _check_line(at, raw, clock)
        if meter is not None:
            meter(size)


def read_marketo(text: str, leads: Mapping[str, str]) -> Iterator[Entry]:
    """Yield each Marketo activity as a ``lead-activity`` event, or why it is refused.

    Places count activities, not lines. Raises MarketoError when the text holds no activity at all.
    """
    topic = "lead-activity"
    for activity in marketo.read_activities(text):
        form = (
            activity
            if isinstance(activity, marketo.Refused)
            else marketo.to_lead_activity(activity, leads)
        )
        if isinstance(form, marketo.Refused):
            yield RefusedEntry(form.position, topic, "not_usable", form.reason)
        else:
            yield check(activity.position, topic, form)


def check(at: int, topic: object, value: object, clock: MachineClock | None = None) -> Entry:
    """Return an event of an input topic, or why a worker would not take it (events.md)."""
    reading = _READINGS.get(topic) if isinstance(topic, str) else None
    if reading is None:
        known = ", ".join(_READINGS)
        return RefusedEntry(at, None, "unknown_topic", f"topic: should be one of {known}")
    name = reading.topic.name
    try:
        model: Any = _CODEC.parse_json(name, value)
        if clock is not None:
            _check_date(reading.dated(model), clock())
        events = reading.events_of(model)
    except (BadRecord, Refused) as problem:
        return RefusedEntry(at, name, problem.reason, problem.detail)
    return Accepted(at, reading, model, events)


def refused_in(entries: Iterable[Entry], told: Callable[[RefusedEntry], None]) -> Iterator[Accepted]:
    """Yield what is accepted; the rest is told."""
    for entry in entries:
        if isinstance(entry, RefusedEntry):
            told(entry)
        else:
            yield entry


def _check_date(at: Millis, clock: Millis) -> None:
    try:
        check_not_ahead(at, clock)
    except Refused as refused:
        msg = f"dated {iso_instant(at)}, more than 5 minutes ahead of this machine's clock"
        raise Refused(refused.reason, msg) from refused


def _check_line(at: int, raw: bytes, clock: MachineClock | None) -> Entry:
    if at == 1:
        raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        detail = f"not JSON: {error.msg} at column {error.colno}"
        return RefusedEntry(at, None, "not_json", detail)
    if not isinstance(line, dict):
        return RefusedEntry(at, None, "not_an_event", _SHAPE)
    for name in _FIELDS:
        if name not in line:
            return RefusedEntry(at, None, "not_an_event", f"{name}: is missing; {_SHAPE}")
    if len(line) > len(_FIELDS):
        extra = next(name for name in line if name not in _FIELDS)
        return RefusedEntry(at, None, "not_an_event", f"{extra!r:.64} is one field too many; {_SHAPE}")
    return check(at, line["topic"], line["value"], clock)


_SHAPE: Final = 'a line is {"topic": "…", "value": {…}}'


def _skip_rest_of_line(file: BinaryIO, start: bytes) -> int:
    skipped, part = 0, start
    while part and not part.endswith(b"\n"):
        part = file.readline(LONGEST_LINE)
        skipped += len(part)
    return skipped
