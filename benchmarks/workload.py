"""The events that are measured: one definition and six members per account, then activity."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from domain.calendar import MILLIS_PER_DAY, Millis
from domain.engagement import DEFAULT_MODEL
from domain.identity import buying_group_id
from schemas.inputs import BuyingGroup, JourneyAction, LeadActivity, Role, RoleTemplate

INTEREST: Final = "si-1"
LEADS: Final = 8
MEMBERS: Final = 6
ROLES: Final = ("Decision Maker", "Influencer", "Practitioner")


def setting_up(accounts: int, now: Millis) -> Iterator[tuple[str, str, BuyingGroup | JourneyAction]]:
    """Yield (topic, account id, event) that create a group of six members in each account."""
    template = RoleTemplate(
        id="template-1",
        version=1,
        name="Standard",
        roles=[
            Role(role="Decision Maker", weighting="Vital"),
            Role(role="Influencer", weighting="Important", members_required=2),
            Role(role="Practitioner"),
            Role(role="Champion", weighting="Minor"),
        ],
    )
    for number in range(accounts):
        account_id = f"acct-{number}"
        yield (
            "buying-groups",
            account_id,
            BuyingGroup(
                event_id=f"group-{number}",
                account_id=account_id,
                buying_group_id=buying_group_id(INTEREST, account_id),
                solution_interest_id=INTEREST,
                name=f"Threat Detection for {account_id}",
                created_at=now - MILLIS_PER_DAY,
                role_template=template,
            ),
        )
        for member in range(MEMBERS):
            yield (
                "journey-actions",
                account_id,
                JourneyAction(
                    event_id=f"assign-{number}-{member}",
                    account_id=account_id,
                    solution_interest_id=INTEREST,
                    journey_id="journey-1",
                    decided_at=now - MILLIS_PER_DAY,
                    action="assign",
                    lead_id=f"lead-{member}",
                    role=ROLES[member % len(ROLES)],
                ),
            )


def activity(events: int, accounts: int, now: Millis, seed: int) -> Iterator[LeadActivity]:
    """Yield activity of the last 30 days, spread evenly over accounts, leads and types."""
    chance = random.Random(seed)
    types = sorted(DEFAULT_MODEL.weights)
    for number in range(events):
        yield LeadActivity(
            event_id=f"018f6d3c-7b1e-7000-8000-{number:012d}",
            account_id=f"acct-{chance.randrange(accounts)}",
            lead_id=f"lead-{chance.randrange(LEADS)}",
            activity_type=chance.choice(types),
            occurred_at=now - chance.randrange(29 * MILLIS_PER_DAY),
            attributes={"url": "/products/threat-detection"},
        )
