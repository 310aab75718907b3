"""``lead-profiles``: who a lead is, and whether it left or was erased (domain.md §2.6, §2.7)."""

from __future__ import annotations

from typing import Final

from agents.reading import Reading, known_of
from domain import events
from schemas.inputs import LeadProfile
from streams.topics import LEAD_PROFILES

ATTRIBUTES: Final = (
    "first_name",
    "last_name",
    "job_title",
    "email",
    "phone",
    "mobile_phone",
    "city",
    "state",
    "country",
    "postal_code",
    "inferred_state_region",
    "email_invalid",
    "email_suspended",
)


def events_of(value: LeadProfile) -> tuple[events.LeadProfile]:
    """Return the profile with the attributes that are known."""
    return (
        events.LeadProfile(
            event_id=value.event_id,
            account_id=value.account_id,
            lead_id=value.lead_id,
            updated_at=value.updated_at,
            status=value.status,
            attributes=known_of(value, ATTRIBUTES),
            custom=dict(value.custom),
        ),
    )


def dated(value: LeadProfile) -> int:
    """Return when it was updated."""
    return value.updated_at


READING = Reading(LEAD_PROFILES, dated, events_of)
