"""What is told first: definitions, accounts, profiles. The groups follow from them by rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from agents import definitions
from agents.inputs import READINGS
from agents.reading import Reading
from console.definitions.form import DefinitionsFile
from console.demo.cast import (
    COMPANIES,
    CRM,
    DATA,
    DECISION_MAKER,
    FIRST_NAMES,
    INFLUENCER,
    LAST_NAMES,
    NAMES,
    OUTSIDERS,
    PRACTITIONER,
    STEERING,
    TITLES,
)
from console.demo.defined import Defined, define
from console.demo.records import GroupPlace, Person, Record
from console.demo.writing import Pen
from domain.calendar import MILLIS_PER_DAY, Day
from domain.identity import buying_group_id
from domain.replay import fold_all

FOUNDED_DAYS: Final = 40
"""So many days before the demo the definitions were published."""

ENTERS_LATER: Final = "jasper-lane"
"""The account that enters the audience of the CRM interest in the live part."""

_DM, _INF, _PRAC, _ESC = DECISION_MAKER, INFLUENCER, PRACTITIONER, STEERING

_KNOWN: Final = {
    "alder-ridge": (_DM, _INF, _PRAC, _ESC),
    "bluewater": (_DM, _INF, _PRAC, _PRAC, _ESC),
    "dovetail": (_DM, _PRAC, _PRAC),
    "granite-peak": (_INF, _PRAC, _ESC),
    "kestrel": (_DM, _INF, _PRAC, _PRAC),
    "jasper-lane": (_DM, _INF, _PRAC, _ESC),
    "cobalt": (_DM, _INF),
    "elmstead": (_DM, _PRAC, _ESC),
    "fairhaven": (_PRAC, _PRAC),
    "harrowgate": (_DM, _INF, _PRAC, _ESC),
}
"""Whose profiles are known from the beginning, by the role that suits them."""

_TO_COME: Final = {
    "bluewater": (_INF,),
    "dovetail": (_INF, _ESC),
    "granite-peak": (_DM, _PRAC),
    "kestrel": (_ESC,),
    "cobalt": (_PRAC, _PRAC, _ESC),
    "elmstead": (_INF, _PRAC),
    "fairhaven": (_DM, _INF, _ESC),
    "harrowgate": (_PRAC,),
}
"""Who is heard of in the live part only."""

_OUTSIDERS: Final = 2


@dataclass(slots=True)
class Setting:
    """The people of each account, the groups there will be, and the records of the founding.

    ``first_members`` is what the rules make of these records: members by group.
    """

    defined: Defined
    known: dict[str, list[Person]] = field(default_factory=dict)
    to_come: dict[str, list[Person]] = field(default_factory=dict)
    outsiders: dict[str, list[Person]] = field(default_factory=dict)
    groups: dict[str, GroupPlace] = field(default_factory=dict)
    definitions: list[Record] = field(default_factory=list)
    cast: list[Record] = field(default_factory=list)
    first_members: dict[str, int] = field(default_factory=dict)

    def group(self, account_id: str, interest_id: str) -> GroupPlace:
        """Return the group of an account for an interest."""
        return self.groups[buying_group_id(interest_id, account_id)]

    def people(self) -> Iterator[Person]:
        """Return everybody."""
        for everybody in (self.known, self.to_come, self.outsiders):
            for people in everybody.values():
                yield from people


def found(rng: Random, pen: Pen, file: DefinitionsFile) -> Setting:
    """Write the beginning of the story.

    Raises:
        NotDefined: the file lacks what the story is about.
    """
    founded = pen.start - FOUNDED_DAYS * MILLIS_PER_DAY
    setting = Setting(define(file, founded, lambda: pen.new_id("definition")))
    setting.definitions.extend(map(pen.definition, setting.defined.definitions))
    names = iter(rng.sample([(first, last) for first in FIRST_NAMES for last in LAST_NAMES], 120))
    for number, company in enumerate(COMPANIES):
        account_id = company.account_id
        setting.cast.append(pen.account(company, founded))
        titles = [OUTSIDERS[(2 * number + one) % len(OUTSIDERS)] for one in range(_OUTSIDERS)]
        setting.known[account_id] = _seated(rng, account_id, names, _KNOWN[account_id])
        setting.outsiders[account_id] = [_person(account_id, names, title) for title in titles]
        setting.to_come[account_id] = _seated(rng, account_id, names, _TO_COME.get(account_id, ()))
        people = (*setting.known[account_id], *setting.outsiders[account_id])
        setting.cast.extend(pen.profile(person, founded) for person in people)
    setting.first_members = _members(setting, pen.today)
    for interest_id in (CRM, DATA):
        for company in COMPANIES:
            place = _place(setting.defined, company.account_id, interest_id)
            enters = (company.account_id, interest_id) == (ENTERS_LATER, CRM)
            if enters or place.buying_group_id in setting.first_members:
                setting.groups[place.buying_group_id] = place
    return setting


def events_of(records: Iterable[Record]) -> Iterator[Any]:
    """Return what records tell the rules."""
    for record in records:
        reading: Reading[Any] = READINGS.get(record.topic, definitions.READING)
        if record.event is not None:
            yield from reading.events_of(record.event)


def _members(setting: Setting, today: Day) -> dict[str, int]:
    states = fold_all(events_of((*setting.definitions, *setting.cast)), today)
    return {state.buying_group_id: len(state.members) for state in states}


def _seated(
    rng: Random, account_id: str, names: Iterator[tuple[str, str]], roles: Iterable[str]
) -> list[Person]:
    return [_person(account_id, names, rng.choice(TITLES[role]), role) for role in roles]


def _person(
    account_id: str, names: Iterator[tuple[str, str]], job_title: str, seat: str | None = None
) -> Person:
    first_name, last_name = next(names)
    lead_id = f"{first_name}-{last_name}".lower()
    return Person(lead_id, account_id, first_name, last_name, job_title, seat)


def _place(defined: Defined, account_id: str, interest_id: str) -> GroupPlace:
    interest = defined.interest(interest_id)
    return GroupPlace(
        buying_group_id(interest_id, account_id),
        account_id,
        NAMES[account_id],
        interest_id,
        interest.name,
        tuple(role.role for role in interest.roles),
    )
