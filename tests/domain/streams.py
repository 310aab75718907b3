"""Generated event streams of a small tenant in which everything collides.

Two accounts, three leads, two solution interests, a handful of instants: ties, late events,
repeats, unknown roles, late creations, deletions, erasures in the middle of a busy day all happen
in most streams.
"""

import random
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from hypothesis import strategies as st

from domain.calendar import MILLIS_PER_DAY, Day, Millis
from domain.engagement import MAX_PER_DAY
from domain.events import SOURCES, AccountEvent
from tests.domain.builders import (
    ATTENDED,
    EMAIL_OPENED,
    FORM,
    TODAY,
    account_profile,
    activities,
    activity,
    decide,
    group,
    moment,
    profile,
    role,
)

ACCOUNTS: Final = ("acme", "initech")
LEADS: Final = ("ada", "bob", "cem")
INTERESTS: Final = ("crm-suite", "erp")
ROLES: Final = ("Decision Maker", "Influencer", "Champion", "Nobody's Role")
TEMPLATES: Final = (
    (
        role("Decision Maker", weighting=100),
        role("Influencer", weighting=80, members_required=2),
        role("Champion", weighting=20, required=False),
    ),
    (role("Influencer", weighting=60), role("Decision Maker", weighting=40, members_required=3)),
    (role("Champion", required=False),),
)
TYPES: Final = (FORM, FORM.upper(), EMAIL_OPENED, ATTENDED, "web.unheardOf")

DAYS: Final = tuple(TODAY + offset for offset in (0, 1, 2, 29, 30, 31, 45))
"""Both edges of the window of each other, and a day between."""
MOMENTS_OF_DAY: Final = (0, 1, 43_200_000, 43_200_010, 43_200_015, MILLIS_PER_DAY - 1)
LAST_DAY: Final = DAYS[-1]

Part: TypeAlias = list[AccountEvent]

DAY: Final = st.sampled_from(DAYS)
ACCOUNT: Final = st.sampled_from(("acme", "acme", "acme", "initech"))
LEAD: Final = st.sampled_from(LEADS)
AT: Final[st.SearchStrategy[Millis]] = st.builds(
    lambda day, ms: moment(day, hour=0, ms=ms), DAY, st.sampled_from(MOMENTS_OF_DAY)
)
DECIDED_AT: Final[st.SearchStrategy[Millis]] = st.builds(
    lambda day, ms: moment(day, hour=0, ms=ms),
    st.sampled_from(DAYS[:2]),
    st.sampled_from((0, 0, 43_200_000, 43_200_010)),
)
TYPE: Final = st.sampled_from(TYPES)
TEMPLATE: Final = st.sampled_from((*[TEMPLATES[0]] * 3, *TEMPLATES))
ROLE: Final = st.sampled_from((*ROLES[:2], *ROLES))
EVENT_ID: Final = st.sampled_from("abcdefgh")
"""Placeholders for activities that share an id; every other event gets one of its own."""

SINGLE: Final[st.SearchStrategy[Part]] = st.builds(
    lambda lead, account, event_id, kind, at: [
        activity(lead, account=account, event_id=event_id, activity_type=kind, at=at)
    ],
    LEAD,
    ACCOUNT,
    EVENT_ID,
    TYPE,
    AT,
)
BURST: Final[st.SearchStrategy[Part]] = st.builds(
    lambda count, lead, account, named, kind, day, apart: list(
        activities(
            count,
            lead,
            named=named,
            account=account,
            activity_type=kind,
            at=moment(day, hour=12),
            apart=apart,
        )
    ),
    st.integers(MAX_PER_DAY - 2, MAX_PER_DAY + 6),
    LEAD,
    ACCOUNT,
    st.sampled_from("xy"),
    st.sampled_from((FORM, EMAIL_OPENED)),
    DAY,
    st.integers(0, 2),
)
"""Around the day's cap, from noon on, so that erasures of the same noon cut through it."""

DECISION: Final[st.SearchStrategy[Part]] = st.builds(
    lambda operation, lead, name, source, at, account, interest: [
        decide(
            operation,
            lead,
            role=name,
            source=source,
            at=at,
            account=account,
            group=group(interest=interest, account=account).buying_group_id,
        )
    ],
    st.sampled_from(("assign", "assign", "remove", "release")),
    LEAD,
    ROLE,
    st.sampled_from(SOURCES),
    DECIDED_AT,
    ACCOUNT,
    st.sampled_from(INTERESTS),
)
PROFILE: Final[st.SearchStrategy[Part]] = st.builds(
    lambda status, lead, at, account: [profile(status, lead, at=at, account=account)],
    st.sampled_from(("active", "active", "active", "left", "left", "erased")),
    LEAD,
    DECIDED_AT,
    ACCOUNT,
)
MOVE: Final[st.SearchStrategy[Part]] = st.builds(
    lambda lead, at, old: [
        profile("left", lead, at=at, account=old),
        profile("active", lead, at=at, account=ACCOUNTS[old == ACCOUNTS[0]]),
    ],
    LEAD,
    DECIDED_AT,
    ACCOUNT,
)
ERASURE: Final[st.SearchStrategy[Part]] = st.builds(
    lambda lead, day, ms, account: [
        profile("erased", lead, at=moment(day, hour=12, ms=ms), account=account)
    ],
    LEAD,
    st.sampled_from(DAYS[:2]),
    st.integers(-1, 30),
    ACCOUNT,
)
GROUP: Final[st.SearchStrategy[Part]] = st.builds(
    lambda roles, interest, account, at, deleted: [
        group(roles, interest=interest, account=account, at=at, deleted=deleted)
    ],
    TEMPLATE,
    st.sampled_from(INTERESTS),
    ACCOUNT,
    DECIDED_AT,
    st.sampled_from((*[False] * 15, True)),
)
CREATED_AND_DELETED: Final[st.SearchStrategy[Part]] = st.builds(
    lambda roles, interest, account, at: [
        group(roles, interest=interest, account=account, at=at),
        group(roles, interest=interest, account=account, at=at, deleted=True),
    ],
    TEMPLATE,
    st.sampled_from(INTERESTS),
    ACCOUNT,
    DECIDED_AT,
)
ACCOUNT_RECORD: Final[st.SearchStrategy[Part]] = st.builds(
    lambda at, account, name: [account_profile(at=at, account=account, name=name)],
    DECIDED_AT,
    ACCOUNT,
    st.sampled_from(("Acme", "Acme Corp.")),
)

KINDS: Final = st.sampled_from(
    [
        *[DECISION] * 16,
        *[GROUP] * 6,
        *[SINGLE] * 5,
        *[BURST] * 4,
        *[PROFILE] * 2,
        MOVE,
        ERASURE,
        CREATED_AND_DELETED,
        ACCOUNT_RECORD,
    ]
)
"""Decisions most often: with two groups of three leads they overrule each other all the time."""


@dataclass(frozen=True)
class Stream:
    """Distinct events, and a seed for all that happens to them on their way."""

    events: tuple[AccountEvent, ...]
    seed: int

    def chance(self, salt: str = "") -> random.Random:
        """Return the stream's source of disorder, the same for the same salt."""
        return random.Random(f"{self.seed}/{salt}")

    def shuffled(self, salt: str = "") -> list[AccountEvent]:
        """Return the events in another order."""
        events = list(self.events)
        self.chance(salt).shuffle(events)
        return events

    def redelivered(self, salt: str = "") -> list[AccountEvent]:
        """Return the events in another order, about a third of them twice or more often."""
        chance = self.chance(salt)
        events = [event for event in self.events for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        chance.shuffle(events)
        return events

    def batches(self, salt: str = "") -> list[list[AccountEvent]]:
        """Return the redelivered events, cut into batches of very different sizes."""
        chance = self.chance(f"{salt}/cut")
        rest = self.redelivered(salt)
        found: list[list[AccountEvent]] = []
        while rest:
            size = chance.choice((1, 1, 2, 5, 15, 60))
            found.append(rest[:size])
            rest = rest[size:]
        return found


def _named(parts: list[Part], seed: int) -> tuple[AccountEvent, ...]:
    """Give every event but activities an id of its own, unrelated to where it stands."""
    events = [event for part in parts for event in part]
    ids = [f"e{i:03d}" for i in range(len(events))]
    random.Random(seed).shuffle(ids)
    return tuple(
        event if hasattr(event, "activity_type") else replace(event, event_id=event_id)
        for event, event_id in zip(events, ids, strict=True)
    )


@st.composite
def streams(draw: st.DrawFn, max_parts: int = 40) -> Stream:
    """Draw a stream of up to ``max_parts`` parts, short or long; a burst is one part."""
    seed = draw(st.integers(0, 2**16))
    size = draw(st.integers(0, max_parts))
    parts = [draw(GROUP) for _ in range(size // 8)]
    parts.extend(draw(draw(KINDS)) for _ in range(size))
    return Stream(_named(parts, seed), seed)


@st.composite
def dates(draw: st.DrawFn, max_size: int = 4) -> list[Day]:
    """Draw days that never move back."""
    return sorted(draw(st.lists(DAY, max_size=max_size)))
