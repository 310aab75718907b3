"""Control records: how they are made, and the topic's way into the lanes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import orjson

from agents import rows
from agents.clock import REDUCING_PARTITION
from agents.definitions import events_of, read_row
from agents.reading import Refused
from domain.calendar import Day, Millis, day_of, iso_day
from domain.engagement import DEFAULT_MODEL, Baseline, TenantPart, WeightingModel
from schemas.codec import Codec
from schemas.control import ControlKind, ControlRecord
from schemas.definitions import Definition
from streams.cloudevents import event_headers
from streams.delivery import Outgoing
from streams.topics import CONTROL

_WITH_MODEL: Final = frozenset({"points_asked", "strength_asked", "baseline"})

_MOST: Final = 100
_FIGURES: Final = ("greatest_weight", "greatest_points", "baseline_version", "model_version")

_LARGEST_FIGURE: Final = 2**53
"""Beyond it a double is not exact, and a version could not grow by one for ever."""

_DIVISORS: Final[Mapping[str, tuple[str, ...]]] = {
    "strength_asked": ("greatest_weight", "greatest_person_root"),
    "baseline": ("greatest_weight", "greatest_person_root", "greatest_group_root"),
}
"""What scores are divided by."""

DAILY: Final = "day-"
"""Ticks that workers issue by themselves are named by their date, so that a second one is known."""


def daily_tick_id(as_of: Day) -> str:
    """Return the id of a date's own tick."""
    return DAILY + iso_day(as_of)


def day_tick(tick_id: str, as_of: Day, now: Millis) -> ControlRecord:
    """Return a tick, addressed to the reducing partition."""
    return _record("day_tick", tick_id, as_of, REDUCING_PARTITION, now)


def points_asked(
    tick_id: str, as_of: Day, model: WeightingModel, partition: int, now: Millis
) -> ControlRecord:
    """Return the question for a partition's points on a date by a model."""
    return _record("points_asked", tick_id, as_of, partition, now, model=_model_text(model))


def baseline_part(asked: ControlRecord, part: TenantPart, now: Millis) -> ControlRecord:
    """Return a partition's answer to :func:`points_asked`."""
    return _record(
        "baseline_part",
        asked.tick_id,
        asked.as_of,
        REDUCING_PARTITION,
        now,
        sender=asked.partition,
        greatest_weight=part.greatest_weight,
        greatest_points=part.greatest_points,
    )


def strength_asked(
    tick_id: str,
    as_of: Day,
    model: WeightingModel,
    yardstick: Baseline,
    partition: int,
    now: Millis,
) -> ControlRecord:
    """Return the question for the strength of a partition's groups by the scores to come."""
    return _record(
        "strength_asked",
        tick_id,
        as_of,
        partition,
        now,
        model=_model_text(model),
        model_version=yardstick.model_version,
        greatest_weight=yardstick.greatest_weight,
        greatest_person_root=yardstick.person_root,
    )


def strength_part(asked: ControlRecord, part: TenantPart, now: Millis) -> ControlRecord:
    """Return a partition's answer to :func:`strength_asked`."""
    return _record(
        "strength_part",
        asked.tick_id,
        asked.as_of,
        REDUCING_PARTITION,
        now,
        sender=asked.partition,
        greatest_strength=part.greatest_strength,
    )


def baseline_set(
    tick_id: str, as_of: Day, model: WeightingModel, baseline: Baseline, partition: int, now: Millis
) -> ControlRecord:
    """Return the new baseline, addressed to one partition."""
    return _record(
        "baseline",
        tick_id,
        as_of,
        partition,
        now,
        model=_model_text(model),
        baseline_version=baseline.version,
        model_version=baseline.model_version,
        greatest_weight=baseline.greatest_weight,
        greatest_person_root=baseline.person_root,
        greatest_group_root=baseline.group_root,
    )


def definition_told(definition: Definition, partition: int, now: Millis) -> ControlRecord:
    """Return a definition, addressed to one partition."""
    return _record(
        "definition",
        definition.event_id,
        day_of(definition.updated_at),
        partition,
        now,
        definition=definition.model_dump_json(),
    )


def model_in(record: ControlRecord) -> WeightingModel:
    """Return the weighting model that a record carries."""
    if record.model is None:
        return DEFAULT_MODEL
    model = WeightingModel(**orjson.loads(record.model))
    weights: Collection[object] = model.weights.values()
    if not all(isinstance(weight, int) and 0 <= weight <= _MOST for weight in weights):
        msg = f"weights must be whole numbers from 0 to {_MOST}"
        raise ValueError(msg)
    return model


def part_in(record: ControlRecord) -> TenantPart:
    """Return the part that a record carries."""
    return TenantPart(
        record.greatest_weight or 0, record.greatest_points or 0, record.greatest_strength or 0.0
    )


def baseline_in(record: ControlRecord) -> Baseline:
    """Return the baseline that a record carries."""
    return Baseline(
        record.baseline_version or 0,
        record.model_version or 0,
        record.greatest_weight or 0,
        record.greatest_person_root or 0.0,
        record.greatest_group_root or 0.0,
    )


def check_usable(record: ControlRecord) -> None:
    """Refuse a record that no partition could follow.

    Raises:
        Refused: with the reason ``breaks_contract``, or the definition's own.
    """
    beyond = [name for name in _FIGURES if not 0 <= (getattr(record, name) or 0) <= _LARGEST_FIGURE]
    if beyond:
        msg = f"{record.kind}: {', '.join(beyond)} is not between 0 and {_LARGEST_FIGURE}"
        raise Refused("breaks_contract", msg)
    missing = [name for name in _DIVISORS.get(record.kind, ()) if not getattr(record, name)]
    if missing:
        raise Refused("breaks_contract", f"{record.kind}: needs {', '.join(missing)} above 0")
    try:
        if record.kind in _WITH_MODEL:
            model_in(record)
        if record.kind == "definition":
            events_of(read_row(record.definition or ""))
    except (ValueError, TypeError) as problem:
        msg = f"{record.kind}: its model or definition cannot be read"
        raise Refused("breaks_contract", msg) from problem


def outgoing(
    record: ControlRecord, codec: Codec, source: str, traceparent: str | None = None
) -> Outgoing:
    """Return the record as it is written to the control topic."""
    return Outgoing(
        CONTROL.name,
        str(record.partition).encode(),
        codec.encode(CONTROL.name, record),
        record.partition,
        event_headers(
            name=CONTROL.name,
            event_id=record.event_id,
            source=source,
            at=record.issued_at,
            subject=str(record.partition),
            traceparent=traceparent,
        ),
    )


def _record(
    kind: ControlKind, tick_id: str, as_of: Day, partition: int, now: Millis, **fields: Any
) -> ControlRecord:
    told_by = fields.get("sender", partition)
    return ControlRecord(
        kind=kind,
        event_id=str(uuid5(NAMESPACE_URL, f"buying-group-control:{tick_id}/{kind}/{told_by}")),
        issued_at=now,
        tick_id=tick_id,
        as_of=as_of,
        partition=partition,
        **fields,
    )


def _model_text(model: WeightingModel) -> str:
    return rows.dump(model).decode()
