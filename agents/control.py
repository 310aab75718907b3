"""Control records: how they are made, and the topic's way into the lanes."""

from __future__ import annotations

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from domain.calendar import Day, Millis, iso_day
from domain.engagement import Baseline, TenantPart
from schemas.codec import Codec
from schemas.control import ControlRecord
from streams.cloudevents import event_headers
from streams.delivery import Outgoing
from streams.topics import CONTROL

DAILY: Final = "day-"
"""Ticks that workers issue by themselves are named by their date, so that a second one is known."""


def daily_tick_id(as_of: Day) -> str:
    """Return the id of a date's own tick."""
    return DAILY + iso_day(as_of)


def day_tick(tick_id: str, as_of: Day, partition: int, now: Millis) -> ControlRecord:
    """Return a tick addressed to one partition."""
    return ControlRecord(
        kind="day_tick",
        event_id=_event_id(tick_id, "day_tick", partition),
        issued_at=now,
        tick_id=tick_id,
        as_of=as_of,
        partition=partition,
    )


def baseline_part(
    tick: ControlRecord, as_of: Day, part: TenantPart, to: int, now: Millis
) -> ControlRecord:
    """Return a partition's answer to a tick, addressed to the reducing partition."""
    return ControlRecord(
        kind="baseline_part",
        event_id=_event_id(tick.tick_id, "baseline_part", tick.partition),
        issued_at=now,
        tick_id=tick.tick_id,
        as_of=as_of,
        partition=to,
        sender=tick.partition,
        greatest_weight=part.greatest_weight,
        greatest_points=part.greatest_points,
        greatest_strength=part.greatest_strength,
    )


def baseline_set(
    tick_id: str, as_of: Day, baseline: Baseline, partition: int, now: Millis
) -> ControlRecord:
    """Return the new baseline, addressed to one partition."""
    return ControlRecord(
        kind="baseline",
        event_id=_event_id(tick_id, "baseline", partition),
        issued_at=now,
        tick_id=tick_id,
        as_of=as_of,
        partition=partition,
        baseline_version=baseline.version,
        model_version=baseline.model_version,
        greatest_weight=baseline.greatest_weight,
        greatest_person_root=baseline.person_root,
        greatest_group_root=baseline.group_root,
    )


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


def outgoing(record: ControlRecord, codec: Codec, source: str) -> Outgoing:
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
        ),
    )


def _event_id(tick_id: str, kind: str, partition: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"buying-group-control:{tick_id}/{kind}/{partition}"))
