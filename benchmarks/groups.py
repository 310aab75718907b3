"""Who is in which group in the job: a function of two numbers, so no system needs a topic for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from domain.events import TemplateRole
from domain.identity import buying_group_id

PARTITIONS: Final = 8

LEADS: Final = 5
"""Leads of an account, ``lead-0`` to ``lead-4``; each is in one group or in two."""

INTERESTS: Final = ("si-1", "si-2")
TEMPLATE: Final = (
    TemplateRole("Decision Maker", 100, required=True, members_required=1),
    TemplateRole("Influencer", 80, required=True, members_required=2),
    TemplateRole("Practitioner", 60, required=True, members_required=1),
)


@dataclass(frozen=True, slots=True)
class Membership:
    """A group of an account: its id, its solution interest, and its members' roles by lead id."""

    group_id: str
    interest: str
    roles: dict[str, str]


def account_id(number: int) -> str:
    """Return the id of the account of a number."""
    return f"acct-{number}"


def roles_of(account: int, lead: int) -> tuple[str | None, str | None]:
    """Return a lead's role in the group of each of the two interests, None where it is no member."""
    second = TEMPLATE[(lead + 1) % len(TEMPLATE)].role if (account + lead) % 2 == 0 else None
    return TEMPLATE[lead % len(TEMPLATE)].role, second


@lru_cache(maxsize=65_536)
def memberships(of_account: str) -> tuple[Membership, ...]:
    """Return the groups of an account."""
    number = int(of_account.removeprefix("acct-"))
    return tuple(
        Membership(
            buying_group_id(interest, of_account),
            interest,
            {
                f"lead-{lead}": role
                for lead in range(LEADS)
                if (role := roles_of(number, lead)[place]) is not None
            },
        )
        for place, interest in enumerate(INTERESTS)
    )
