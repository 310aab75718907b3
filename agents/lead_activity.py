"""``lead-activity``: what leads did (domain.md §5)."""

from __future__ import annotations

from agents.reading import Reading
from domain import events
from schemas.inputs import LeadActivity
from schemas.plain import plain_activity
from streams.topics import LEAD_ACTIVITY


def events_of(value: LeadActivity) -> tuple[events.LeadActivity]:
    """Return the activity."""
    return (
        events.LeadActivity(
            value.event_id, value.account_id, value.lead_id, value.activity_type, value.occurred_at
        ),
    )


def dated(value: LeadActivity) -> int:
    """Return when it happened."""
    return value.occurred_at


def plain(header: bytes, data: bytes) -> events.LeadActivity | None:
    """Return the activity of a usual record."""
    fields = plain_activity(header, data)
    return None if fields is None else events.LeadActivity(*fields)


READING = Reading(LEAD_ACTIVITY, dated, events_of, plain=plain)
