"""The rules of the job over rows, for systems that keep their state in their own way.

An event touches two rows: what its lead did on its day (:data:`Activities`), and the figures of its
account (:data:`Figures`). The formulas are the engine's (``domain.engagement``); what the job does not
ask for is left out, such as decisions, conditions and completeness, and points are added up instead of
counted again, because the date never moves. Bytes are read without checking the values.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import Any, Final, TypeAlias

import orjson
from fastavro import schemaless_reader, schemaless_writer

from benchmarks.groups import TEMPLATE, Membership, memberships
from domain.calendar import Day, Millis, day_of
from domain.engagement import (
    DEFAULT_MODEL,
    MAX_PER_DAY,
    first_baseline,
    group_root,
    group_score,
    person_root,
    person_score,
    role_shares,
    two_decimals,
    type_key,
    window_start,
)
from domain.identity import report_id
from schemas.registry import current_version

Event: TypeAlias = dict[str, Any]
"""A decoded ``lead-activity``."""

Activities: TypeAlias = dict[str, dict[str, Millis]]
"""What a lead did on a day: type → event id → occurred_at."""

Figures: TypeAlias = dict[str, list[Any]]
"""Of each lead and group of an account: points, version, score and root as last reported."""

Moved: TypeAlias = dict[str, tuple[Event, int]]
"""Leads of an account whose points changed: the last event, and the points before the first."""

_BASELINE: Final = first_baseline()
_INPUT: Final = current_version("lead-activity")
_OUTPUT: Final = current_version("score-updated")
_FRAME: Final = b"\0" + _OUTPUT.id.to_bytes(4, "big")
_HEADER: Final = len(_FRAME)
_POINTS, _VERSION, _SCORE, _ROOT = range(4)


def decode(value: bytes) -> Event:
    """Return the event in a record."""
    source = BytesIO(value)
    source.seek(_HEADER)
    event: Event = schemaless_reader(source, _INPUT.schema, None)  # type: ignore[assignment]
    return event


def row_key(event: Event) -> tuple[str, str, Day]:
    """Return which row of activities an event belongs to: account, lead, day."""
    return event["account_id"], event["lead_id"], day_of(event["occurred_at"])


def remember(event: Event, activities: Activities) -> int | None:
    """Keep an event; return the points it adds, None when it changes nothing.

    The newest of a type are kept, as ``Lead.remember`` does.
    """
    key, event_id, at = type_key(event["activity_type"]), event["event_id"], event["occurred_at"]
    kept = activities.setdefault(key, {})
    known = kept.get(event_id)
    if known is not None:
        if at <= known:
            return None
        kept[event_id] = at
        return 0
    if len(kept) < MAX_PER_DAY:
        kept[event_id] = at
        return DEFAULT_MODEL.weights.get(key, 0)
    oldest = min(kept, key=lambda one: (kept[one], one))
    if (at, event_id) <= (kept[oldest], oldest):
        return None
    del kept[oldest]
    kept[event_id] = at
    return 0


def add_points(event: Event, points: int, figures: Figures, moved: Moved) -> None:
    """Add points to the event's lead, and note that it moved."""
    lead_id = event["lead_id"]
    known = figures.setdefault(lead_id, [0, 0, 0.0, 0.0])
    moved[lead_id] = event, moved[lead_id][1] if lead_id in moved else known[_POINTS]
    known[_POINTS] += points


def points_in(activities: Activities) -> int:
    """Return the points of what a lead did on a day, counted anew."""
    weights = DEFAULT_MODEL.weights
    return sum(len(kept) * weights.get(key, 0) for key, kept in activities.items())


def set_points(event: Event, points: int, figures: Figures) -> Moved:
    """Set the points of the event's lead, as if this event had moved it."""
    known = figures.setdefault(event["lead_id"], [0, 0, 0.0, 0.0])
    known[_POINTS] = points
    return {event["lead_id"]: (event, 0)}


class Reporter:
    """Measures people and groups whose points changed, and writes the records that say so."""

    def __init__(self, as_of: Day) -> None:
        self._window = {"window_start": window_start(as_of), "window_end": as_of}

    def report(
        self, account: str, moved: Moved, figures: Figures, *, again: bool = False
    ) -> list[bytes]:
        """Return the records for an account; ``again`` also those that tell nothing new."""
        now = time.time_ns() // 1_000_000
        records = []
        groups: dict[str, tuple[Membership, Event]] = {}
        for lead_id, (event, before) in moved.items():
            known = figures[lead_id]
            points = known[_POINTS]
            score = person_score(points, _BASELINE)
            if score == person_score(before, _BASELINE):
                continue
            root = person_root(points, _BASELINE)
            changed = _reported(known, root, two_decimals(score), again=again)
            if changed is not None:
                fields = {"lead_id": lead_id, "subject_type": "person", **changed}
                records.append(self._record(f"{account}/{lead_id}", account, event, now, fields))
            for group in memberships(account):
                if lead_id in group.roles:
                    groups[group.group_id] = group, event
        for group, event in groups.values():
            root = group_root(_shares(frozenset(group.roles.values())), _scores(group, figures))
            known = figures.setdefault(group.group_id, [0, 0, 0.0, 0.0])
            score = two_decimals(group_score(root, _BASELINE))
            changed = _reported(known, root, score, again=again)
            if changed is not None:
                fields = {
                    "buying_group_id": group.group_id,
                    "solution_interest_id": group.interest,
                    "subject_type": "group",
                    **changed,
                }
                records.append(self._record(group.group_id, account, event, now, fields))
        return records

    def _record(
        self, subject: str, account: str, event: Event, now: Millis, fields: dict[str, Any]
    ) -> bytes:
        sink = BytesIO()
        sink.write(_FRAME)
        schemaless_writer(
            sink,
            _OUTPUT.schema,
            {
                "event_id": report_id("score-updated", subject, fields["version"]),
                "account_id": account,
                "occurred_at": event["occurred_at"],
                "emitted_at": now,
                "reason": "activity",
                "cause_event_id": event["event_id"],
                "replay": False,
                "baseline_version": _BASELINE.version,
                "model_version": DEFAULT_MODEL.version,
                **self._window,
                **fields,
            },
        )
        return sink.getvalue()


def dump(row: Activities | Figures) -> bytes:
    """Return a row as JSON."""
    return orjson.dumps(row)


def _reported(known: list[Any], root: float, score: float, *, again: bool) -> dict[str, Any] | None:
    previous, raw_previous = known[_SCORE], known[_ROOT]
    if score != previous:
        known[_VERSION:] = known[_VERSION] + 1, score, root
    elif not again or not known[_VERSION]:
        return None
    return {
        "version": known[_VERSION],
        "previous": previous,
        "current": score,
        "raw_previous": raw_previous,
        "raw_current": root,
    }


def _scores(group: Membership, figures: Figures) -> Iterable[tuple[str, float]]:
    for lead_id, role in group.roles.items():
        known = figures.get(lead_id)
        if known is not None:
            yield role, person_score(known[_POINTS], _BASELINE)


@lru_cache
def _shares(held: frozenset[str]) -> dict[str, float]:
    return role_shares(TEMPLATE, held)
