"""UTC milliseconds and UTC calendar days, as plain integers.

Rules compare and group times; integers do both without time zones in the way (domain.md §5:
"Days are UTC calendar days").
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

Millis: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

Day: TypeAlias = int
"""Days since 1970-01-01, UTC."""

MILLIS_PER_DAY: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)


def day_of(at: Millis) -> Day:
    """Return the UTC calendar day of an instant."""
    return at // MILLIS_PER_DAY


def day_from_date(value: date) -> Day:
    """Return the day number of a calendar date."""
    return (value - _EPOCH).days


def date_of(day: Day) -> date:
    """Return the calendar date of a day number."""
    return _EPOCH + timedelta(days=day)


def iso_day(day: Day) -> str:
    """Return a day as ``YYYY-MM-DD``."""
    return date_of(day).isoformat()


@lru_cache(maxsize=1024)
def iso_instant(at: Millis) -> str:
    """Return an instant as RFC 3339 UTC with milliseconds, e.g. ``2026-11-21T07:30:00.000Z``."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"
