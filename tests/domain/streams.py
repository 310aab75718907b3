"""Generated event streams of a small tenant in which everything collides.

Two accounts, three leads, two solution interests, a handful of instants: ties, late events,
repeats, unknown roles, late creations, deletions, erasures in the middle of a busy day all happen
in most streams, and so do profiles and accounts that flip in and out of what conditions ask for.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from hypothesis import strategies as st

from domain.calendar import MILLIS_PER_DAY, Day, Millis
from domain.creation import MOST_RECORDS
from domain.engagement import MAX_PER_DAY
from domain.events import SOURCES, AccountEvent, AccountProfile
from domain.identity import buying_group_id
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
    move,
    profile,
    status,
)
from tests.domain.generated_definitions import (
    ALONE,
    FIRST_DAYS,
    MAINTAINED,
    MODELS,
    PLAIN,
    STAGE_MODELS,
    STAGES,
    TESTING,
    TOLD_AT,
    solution_interests,
)
from tests.domain.stream import Event, Stream

ACCOUNTS: Final = ("acme", "initech")
LEADS: Final = ("ada", "bob", "cem")
INTERESTS: Final = (ALONE, MAINTAINED)
ROLES: Final = ("Decision Maker", "Influencer", "Champion", "Nobody's Role")
TYPES: Final = (FORM, FORM.upper(), EMAIL_OPENED, ATTENDED, "web.unheardOf")
TITLES: Final = (None, "", "Chief Buyer", "chief of staff", "Buyer", "buys a lot", "Intern")

DAYS: Final = (*FIRST_DAYS, *(TODAY + offset for offset in (2, 29, 30, 31, 45)))
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
TYPE: Final = st.sampled_from(TYPES)
TEMPLATE: Final = st.sampled_from(
    (
        *((ALONE, one) for one in (PLAIN[0], PLAIN[0], *PLAIN, TESTING[0])),
        *((MAINTAINED, one) for one in (PLAIN[0], *TESTING, *TESTING[:3])),
    )
)
"""A solution interest, and a template for a group of it."""
INTEREST: Final = st.sampled_from(INTERESTS)
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
    lambda operation, lead, name, author, at, account: [
        decide(
            operation,
            lead,
            role=name,
            source=author[1],
            at=at,
            account=account,
            group=buying_group_id(author[0], account),
        )
    ],
    st.sampled_from(("assign", "assign", "remove", "release")),
    LEAD,
    ROLE,
    # In a maintained group the job alone speaks for the system.
    st.sampled_from((*((ALONE, one) for one in SOURCES), *((MAINTAINED, one) for one in SOURCES[:2]))),
    TOLD_AT,
    ACCOUNT,
)
PROFILE: Final[st.SearchStrategy[Part]] = st.builds(
    lambda told, lead, at, account, title, tier, invalid: [
        profile(
            told,
            lead,
            at=at,
            account=account,
            title=title,
            attributes={} if invalid is None else {"email_invalid": invalid},
            custom={} if tier is None else {"tier": tier},
        )
    ],
    st.sampled_from((*["active"] * 6, "left", "left", "erased")),
    LEAD,
    TOLD_AT,
    ACCOUNT,
    st.sampled_from(TITLES),
    st.sampled_from((None, "1", "2.5", "gold")),
    st.sampled_from((None, True, False)),
)
ALL_LEADS: Final[st.SearchStrategy[Part]] = st.builds(
    lambda at, account, titles: [
        profile("active", lead, at=at, account=account, title=title)
        for lead, title in zip(LEADS, titles, strict=True)
    ],
    TOLD_AT,
    ACCOUNT,
    st.tuples(*[st.sampled_from(TITLES)] * len(LEADS)),
)
MOVE: Final[st.SearchStrategy[Part]] = st.builds(
    lambda lead, at, old, title: [
        profile("left", lead, at=at, account=old),
        profile("active", lead, at=at, account=ACCOUNTS[old == ACCOUNTS[0]], title=title),
    ],
    LEAD,
    TOLD_AT,
    ACCOUNT,
    st.sampled_from(TITLES),
)
ERASURE: Final[st.SearchStrategy[Part]] = st.builds(
    lambda lead, day, ms, account: [
        profile("erased", lead, at=moment(day, hour=12, ms=ms), account=account)
    ],
    LEAD,
    st.sampled_from(FIRST_DAYS),
    st.integers(-1, 30),
    ACCOUNT,
)
GROUP: Final[st.SearchStrategy[Part]] = st.builds(
    lambda template, account, at, left_alone, stage_model, deleted: [
        group(
            template[1],
            interest=template[0],
            account=account,
            at=at,
            update=template[0] == MAINTAINED and not left_alone,
            stage_model=stage_model,
            deleted=deleted,
        )
    ],
    TEMPLATE,
    ACCOUNT,
    TOLD_AT,
    st.sampled_from((False, False, False, True)),
    st.sampled_from(STAGE_MODELS),
    st.sampled_from((*[False] * 15, True)),
)
CREATED_AND_DELETED: Final[st.SearchStrategy[Part]] = st.builds(
    lambda template, account, at: [
        group(
            template[1],
            interest=template[0],
            account=account,
            at=at,
            update=template[0] == MAINTAINED,
        ),
        group(template[1], interest=template[0], account=account, at=at, deleted=True),
    ],
    TEMPLATE,
    ACCOUNT,
    TOLD_AT,
)
ACCOUNT_RECORD: Final[st.SearchStrategy[Part]] = st.builds(
    lambda at, account, name, industry, opportunities, segment: [
        account_profile(
            at=at,
            account=account,
            name=name,
            attributes={
                **({} if industry is None else {"industry": industry}),
                **({} if opportunities is None else {"open_opportunities": opportunities}),
            },
            custom={} if segment is None else {"segment": segment},
        )
    ],
    TOLD_AT,
    ACCOUNT,
    st.sampled_from((None, "", "Acme", "Acme Corp.")),
    st.sampled_from((None, "tech", "TECH", "steel")),
    st.sampled_from((None, 0, 3)),
    st.sampled_from((None, "A", "b", "c")),
)
PROGRESS: Final[st.SearchStrategy[Part]] = st.builds(
    lambda names, at, account, interest: [
        move(name, at=at, account=account, group=buying_group_id(interest, account)) for name in names
    ],
    st.lists(st.sampled_from(STAGES), min_size=1, max_size=3),
    TOLD_AT,
    ACCOUNT,
    INTEREST,
)
STATUS: Final[st.SearchStrategy[Part]] = st.builds(
    lambda text, at, account, interest: [
        status(text, at=at, account=account, group=buying_group_id(interest, account))
    ],
    st.sampled_from(("hot", "cold", "")),
    TOLD_AT,
    ACCOUNT,
    INTEREST,
)

KINDS: Final = st.sampled_from(
    [
        *[DECISION] * 15,
        *[GROUP] * 4,
        *[SINGLE] * 5,
        *[BURST] * 4,
        *[PROFILE] * 6,
        *[ACCOUNT_RECORD] * 3,
        *[PROGRESS] * 2,
        STATUS,
        ALL_LEADS,
        MOVE,
        ERASURE,
        CREATED_AND_DELETED,
    ]
)
"""Decisions most often: with two groups of three leads they overrule each other all the time."""


def _named(events: Sequence[Event], seed: int) -> tuple[Event, ...]:
    """Give every event but activities an id of its own, unrelated to where it stands."""
    ids = [f"e{i:03d}" for i in range(len(events))]
    random.Random(seed).shuffle(ids)
    return tuple(
        event if hasattr(event, "activity_type") else replace(event, event_id=event_id)
        for event, event_id in zip(events, ids, strict=True)
    )


def _remembered(events: Iterable[Event]) -> list[Event]:
    """Return the events without the account records that would be too many to be kept."""
    seen: Counter[str] = Counter()
    kept: list[Event] = []
    for event in events:
        if isinstance(event, AccountProfile):
            seen[event.account_id] += 1
            if seen[event.account_id] > MOST_RECORDS:
                continue
        kept.append(event)
    return kept


@st.composite
def streams(draw: st.DrawFn, max_parts: int = 40) -> Stream:
    """Draw a stream of up to ``max_parts`` parts, short or long; a burst is one part."""
    seed = draw(st.integers(0, 2**16))
    size = draw(st.integers(0, max_parts))
    events: list[Event] = []
    for interest_id in INTERESTS:
        if draw(st.sampled_from((True, True, False))):
            events.extend(draw(solution_interests(interest_id)))
    events.extend(draw(st.lists(MODELS, max_size=3)))
    for often in (GROUP, ALL_LEADS):
        events.extend(event for _ in range(size // 8) for event in draw(often))
    events.extend(event for _ in range(size) for event in draw(draw(KINDS)))
    return Stream(_named(_remembered(events), seed), seed)


@st.composite
def dates(draw: st.DrawFn, max_size: int = 4) -> list[Day]:
    """Draw days that never move back."""
    return sorted(draw(st.lists(DAY, max_size=max_size)))
