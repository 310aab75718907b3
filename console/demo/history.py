"""What happened before the demo starts: companies, people, groups, and thirty days of activity."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from console.demo.cast import (
    COMPANIES,
    EVERYDAY,
    FIRST_NAMES,
    INFLUENCER,
    INTERESTS,
    LAST_NAMES,
    PRACTITIONER,
    SEATS,
    SPECIAL,
    TITLES,
)
from console.demo.records import GroupPlace, Person, Record
from console.demo.writing import EDITORS, Pen, place_of
from domain.calendar import MILLIS_PER_DAY
from domain.engagement import WINDOW_DAYS

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DM, _INF, _PRAC, _PRAC_2, _ESC = range(len(SEATS))

_SEATED: Final = {
    "alder-ridge": (_INF, _PRAC, _PRAC_2),
    "bluewater": (_DM, _INF, _PRAC, _PRAC_2, _ESC),
    "cobalt": (_DM, _INF),
    "dovetail": (_DM, _PRAC),
    "elmstead": (_DM, _PRAC, _ESC),
    "fairhaven": (_PRAC, _PRAC_2),
    "granite-peak": (_INF, _PRAC),
    "ironbridge": (_DM, _PRAC),
    "kestrel": (_DM, _INF, _PRAC, _PRAC_2),
}
"""Who sits in a group of these accounts when the live part begins; the others are drawn."""

STAGED: Final = {
    "alder-ridge": 9,
    "bluewater": 6,
    "cobalt": 3,
    "dovetail": 12,
    "elmstead": 4,
    "fairhaven": 3,
    "granite-peak": 8,
}
"""Accounts in which the live part plays a scene, who sits where is fixed; the size of their bursts."""

_TWO_INTERESTS: Final = frozenset({"harrowgate", "kestrel"})
_OLDEST_DAY: Final = ("ironbridge", "kestrel")
_BY_HAND: Final = 0.2
_SPECIAL: Final = 0.5


@dataclass(slots=True)
class Setting:
    """The people of each account, the groups in order, and the records of the past.

    ``open_seats`` are those of groups without a scene: (group, person, role).
    """

    people: dict[str, list[Person]] = field(default_factory=dict)
    groups: list[GroupPlace] = field(default_factory=list)
    open_seats: list[tuple[GroupPlace, Person, str]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def group(self, account_id: str) -> GroupPlace:
        """Return the account's first group."""
        return next(place for place in self.groups if place.account_id == account_id)


def write_history(rng: Random, pen: Pen) -> Setting:
    """Write the past of the story."""
    setting = Setting()
    founded = pen.start - 40 * MILLIS_PER_DAY
    names = _names(rng)
    for account_id, name, industry, region in COMPANIES:
        setting.records.append(pen.account(account_id, name, industry, region, founded))
        people = _people(rng, account_id, names, sum(map(len, setting.people.values())))
        setting.people[account_id] = people
        setting.records.extend(pen.profile(person, founded) for person in people)
        interests = list(INTERESTS) if account_id in _TWO_INTERESTS else list(INTERESTS)[:1]
        for interest_id in interests:
            place = place_of(account_id, name, interest_id)
            setting.groups.append(place)
            setting.records.append(pen.group(place, founded))
            _seat(rng, pen, setting, place, people)
        setting.records.extend(_activity(rng, pen, account_id, people))
    return setting


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


def _names(rng: Random) -> list[tuple[str, str]]:
    return rng.sample([(first, last) for first in FIRST_NAMES for last in LAST_NAMES], 120)


def _people(rng: Random, account_id: str, names: list[tuple[str, str]], known: int) -> list[Person]:
    spare = [INFLUENCER, *(rng.choice((INFLUENCER, PRACTITIONER)) for _ in range(3))]
    seats = [*SEATS, *spare[: rng.randint(1, 4) if account_id == "bluewater" else rng.randint(0, 4)]]
    return [
        Person(
            f"lead-{known + number + 1:03d}",
            account_id,
            *names[known + number],
            rng.choice(TITLES[seat]),
            seat,
        )
        for number, seat in enumerate(seats)
    ]


def _seat(rng: Random, pen: Pen, setting: Setting, place: GroupPlace, people: list[Person]) -> None:
    drawn = rng.sample(range(len(SEATS)), 1 + len(setting.groups) % 3)
    seated = _SEATED.get(place.account_id, tuple(drawn))
    if place is not setting.group(place.account_id):
        seated = tuple(drawn)
    for number, role in enumerate(SEATS):
        person = people[number]
        if number in seated:
            at = pen.start - rng.randint(2 * MILLIS_PER_DAY, 30 * MILLIS_PER_DAY)
            by_hand = rng.random() < _BY_HAND and place.account_id not in STAGED
            setting.records.append(
                pen.edit(place, person, role, rng.choice(EDITORS), at)
                if by_hand
                else pen.assign(place, person, role, at)
            )
        elif place.account_id not in STAGED:
            setting.open_seats.append((place, person, role))


def _activity(rng: Random, pen: Pen, account_id: str, people: list[Person]) -> list[Record]:
    records: list[Record] = []
    for number, person in enumerate(people):
        if account_id in STAGED:
            sizes = [rng.randint(3, STAGED[account_id]) for _ in range(2)]
        elif (account_id, number) == ("harrowgate", _DM):
            # The tenant's most engaged person, whom all others are measured by.
            sizes = [18, 18, 16]
        else:
            sizes = [rng.randint(3, 14) for _ in range(rng.choice((0, 1, 2, 2, 3, 4)))]
        for size in sizes:
            begins = pen.start - rng.randint(6 * _HOUR, (WINDOW_DAYS - 3) * 24 * _HOUR)
            records.extend(burst(rng, pen, person, begins, size, special=rng.random() < _SPECIAL))
        if account_id in _OLDEST_DAY and number in {_DM, _PRAC}:
            # Leaves the window at the demo's day tick.
            oldest = (pen.today - (WINDOW_DAYS - 1)) * MILLIS_PER_DAY + 9 * _HOUR
            records.extend(burst(rng, pen, person, oldest, 8, special=False))
    # Keeps the greatest weight that occurs in the window the same throughout.
    records.append(pen.activity(people[_ESC], "event.attended", pen.start - 3 * MILLIS_PER_DAY))
    return records
