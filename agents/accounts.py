"""``accounts``: what is known of an account."""

from __future__ import annotations

from typing import Final

from agents.reading import Reading, known_of
from domain.events import AccountProfile
from schemas.inputs import Account
from streams.topics import ACCOUNTS

ATTRIBUTES: Final = ("name", "industry", "region", "parent_account_id", "open_opportunities")


def events_of(value: Account) -> tuple[AccountProfile]:
    """Return the account's record with the attributes that are known."""
    return (
        AccountProfile(
            event_id=value.event_id,
            account_id=value.account_id,
            updated_at=value.updated_at,
            attributes=known_of(value, ATTRIBUTES),
            custom=dict(value.custom),
        ),
    )


def dated(value: Account) -> int:
    """Return when it was updated."""
    return value.updated_at


READING = Reading(ACCOUNTS, dated, events_of)
