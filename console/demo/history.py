"""The thirty days before the demo: what people did, and what journeys and salespeople decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Final

from console.demo.cast import (
    CRM,
    DATA,
    EDITORS,
    EMAIL_CLICK,
    EVENT,
    EVERYDAY,
    INFLUENCER,
    PAGE_VIEW,
    PRACTITIONER,
    SPECIAL,
    STAGE_LOST,
    STAGES,
    STEERING,
)
from console.demo.defined import Defined, bound_of
from console.demo.founding import Setting
from console.demo.records import Person, Record
from console.demo.writing import Pen
from domain.calendar import MILLIS_PER_DAY, Day, day_of
from domain.engagement import MAX_PER_DAY, WINDOW_DAYS
from schemas.inputs import LeadActivity

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE

STAR: Final = "harrowgate"
"""The account of the tenant's most engaged person, whom all others are measured by."""

RISES: Final = "dovetail"
FALLS: Final = "kestrel"
"""Accounts with an outsider just below the score that a role asks for, and one above it for a day."""

_DECIDED: Final = (
    ("bluewater", 0, CRM, "Other", "journey"),
    ("dovetail", 1, CRM, INFLUENCER, "journey"),
    ("granite-peak", 0, DATA, INFLUENCER, EDITORS[1]),
    ("kestrel", 1, DATA, STEERING, "journey"),
    ("jasper-lane", 0, DATA, PRACTITIONER, EDITORS[0]),
    ("cobalt", 0, DATA, PRACTITIONER, "journey"),
    ("elmstead", 0, DATA, INFLUENCER, EDITORS[1]),
    ("fairhaven", 0, DATA, INFLUENCER, "journey"),
    ("harrowgate", 0, DATA, PRACTITIONER, "journey"),
)
"""Outsiders who were put into groups: account, which one, interest, role, by whom."""

_STAGES: Final = {
    "alder-ridge": STAGES[:2],
    "bluewater": STAGES[:2],
    "dovetail": STAGES[:1],
    "granite-peak": STAGES[:1],
    "kestrel": (STAGES[0], STAGE_LOST),
}
LAST_STEPS: Final = (EMAIL_CLICK, PAGE_VIEW, EVENT)
"""What the rising outsider does in the live part."""

_SPECIAL: Final = 0.5
_SAFE_LEAD: Final = 1.1
_USUAL: Final = ((2, 2, 3), 7)
_VERY_ACTIVE: Final = ((4,), 16)
"""How often people of an account come back, one of these, and how much they do then at most."""
_FALLS_BY: Final = 60


def write_history(rng: Random, pen: Pen, setting: Setting) -> list[Record]:
    """Write the past of the story, in the order in which it is published."""
    records: list[Record] = []
    for account_id, number, interest_id, role, by in _DECIDED:
        place, person = setting.group(account_id, interest_id), setting.outsiders[account_id][number]
        at = pen.start - rng.randint(2 * MILLIS_PER_DAY, 30 * MILLIS_PER_DAY)
        records.append(
            pen.assign(place, person, role, at)
            if by == "journey"
            else pen.edit(place, person, "assign", at, role=role, editor=by)
        )
    for account_id, stages in _STAGES.items():
        for days_ago, stage in zip((20, 5), stages, strict=False):
            at = pen.start - days_ago * MILLIS_PER_DAY
            records.append(pen.move(setting.group(account_id, CRM), stage, at))
    records.extend(_everyday(rng, pen, setting))
    best = _points(setting.defined, records).most_common(1)[0][1]
    star = setting.known[STAR][0]
    while _points(setting.defined, records)[star.lead_id] < best * _SAFE_LEAD:
        records.extend(burst(rng, pen, star, _some_time(rng, pen), 18, special=True))
    most = _points(setting.defined, records)[star.lead_id]
    for account_id in (RISES, FALLS):
        person = setting.outsiders[account_id][0]
        bound = bound_points(setting, account_id, most)
        records.extend(_almost(rng, pen, setting.defined, person, bound))
    records.extend(_oldest_day(rng, pen, setting, bound_points(setting, FALLS, most), records))
    return records


def bound_points(setting: Setting, account_id: str, most: int) -> int:
    """Return how many points take an account's first outsider to the bound of a condition."""
    title = setting.outsiders[account_id][0].job_title
    return int(most * (bound_of(setting.defined.interest(CRM), title) / 100) ** 2) + 1


def burst(
    rng: Random, pen: Pen, person: Person, begins: int, size: int, *, special: bool
) -> list[Record]:
    """Return what a person does in one go, a few minutes apart; ``begins`` in UTC milliseconds."""
    types = [rng.choice(EVERYDAY) for _ in range(size)]
    if special:
        types[-1] = rng.choice(SPECIAL)
    at = begins
    records = []
    for activity_type in types:
        records.append(pen.activity(person, activity_type, at))
        at = min(at + rng.randint(20_000, 6 * _MINUTE), max(begins, pen.start))
    return records


def _everyday(rng: Random, pen: Pen, setting: Setting) -> list[Record]:
    records: list[Record] = []
    for account_id, known in setting.known.items():
        for person in known:
            times, size = _VERY_ACTIVE if account_id == STAR else _USUAL
            for _ in range(rng.choice(times)):
                begins = _some_time(rng, pen)
                some = rng.randint(3, size)
                records.extend(burst(rng, pen, person, begins, some, special=rng.random() < _SPECIAL))
        for person in setting.outsiders[account_id]:
            if (account_id, person) not in _candidates(setting):
                records.extend(burst(rng, pen, person, _some_time(rng, pen), 4, special=False))
        # Keeps the greatest weight that occurs in the window the same throughout.
        records.append(pen.activity(known[0], EVENT, pen.start - 3 * MILLIS_PER_DAY))
    return records


def _candidates(setting: Setting) -> list[tuple[str, Person]]:
    return [(account_id, setting.outsiders[account_id][0]) for account_id in (RISES, FALLS)]


def _almost(rng: Random, pen: Pen, defined: Defined, person: Person, bound: int) -> list[Record]:
    """Return activity after which the last of LAST_STEPS, and no earlier one, reaches a bound."""
    records: list[Record] = []
    points = sum(map(defined.weight, LAST_STEPS))
    while points <= bound:
        at = pen.start - rng.randint(2, WINDOW_DAYS - 3) * MILLIS_PER_DAY
        records.append(pen.activity(person, PAGE_VIEW, at))
        points += defined.weight(PAGE_VIEW)
    return records


def _oldest_day(
    rng: Random, pen: Pen, setting: Setting, bound: int, before: list[Record]
) -> list[Record]:
    """Return activity that leaves the window at the demo's day tick; it alone lifts a person above."""
    oldest = (pen.today - (WINDOW_DAYS - 1)) * MILLIS_PER_DAY + 9 * _HOUR
    falls = setting.outsiders[FALLS][0]
    points = _points(setting.defined, before)[falls.lead_id]
    records: list[Record] = []
    while points < bound + _FALLS_BY:
        records.append(pen.activity(falls, PAGE_VIEW, oldest + len(records) * _MINUTE))
        points += setting.defined.weight(PAGE_VIEW)
    for person in setting.known[FALLS][:2]:
        records.extend(burst(rng, pen, person, oldest, 6, special=False))
    return records


def _points(defined: Defined, records: Iterable[Record]) -> Counter[str]:
    counts: Counter[tuple[str, str, Day]] = Counter()
    for record in records:
        if isinstance(record.event, LeadActivity):
            done = record.event
            counts[done.lead_id, done.activity_type, day_of(done.occurred_at)] += 1
    points: Counter[str] = Counter()
    for (lead_id, activity_type, _), count in counts.items():
        points[lead_id] += min(count, MAX_PER_DAY) * defined.weight(activity_type)
    return points


def _some_time(rng: Random, pen: Pen) -> int:
    return pen.start - rng.randint(6 * _HOUR, (WINDOW_DAYS - 3) * 24 * _HOUR)
