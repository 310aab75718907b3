"""Where the live part is played: beats in the order they are added, and a crowd that joins meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from console.demo.cast import DATA, DECISION_MAKER
from console.demo.founding import Setting
from console.demo.history import burst
from console.demo.records import Beat, Fact, GroupPlace, Person, Record
from console.demo.writing import Pen
from domain.calendar import Day, Millis
from streams.topics import MEMBERSHIP_CHANGED

GAP_S: Final = 2.1
QUIET_GAP_S: Final = 2.6

_IN_SCENES: Final = frozenset({("granite-peak", DECISION_MAKER), ("fairhaven", DECISION_MAKER)})
"""Who of those to come has a scene, by account and seat; in Bluewater it is everybody."""

_BY_JOURNEY: Final = ("cobalt", "elmstead", "fairhaven", "harrowgate", "jasper-lane")
_PRIVACY: Final = "Data Protection Officer"


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody who joins: by the title in a first profile, or with a role that a journey gives."""

    place: GroupPlace
    person: Person
    role: str | None = None


class Stage:
    """Adds beats; ``clock`` is the story's time in seconds since it began."""

    def __init__(self, rng: Random, pen: Pen, setting: Setting) -> None:
        self.rng = rng
        self.pen = pen
        self.setting = setting
        self.clock = 0.0
        self.beats: list[Beat] = []
        self._crowd = _crowd(setting)
        rng.shuffle(self._crowd)

    @property
    def now(self) -> Millis:
        """Return the story's time."""
        return self.pen.now(self.clock)

    def beat(
        self,
        caption: str,
        place: GroupPlace,
        records: list[Record],
        *facts: Fact,
        gap_s: float = GAP_S,
        alone: bool = False,
    ) -> None:
        """Add a beat about a group; in every other one, unless it is to be alone, somebody joins too."""
        aside: list[Record] = []
        if not alone and len(self.beats) % 2:
            aside, fact = self._join(self._crowd.pop(), 3)
            facts = (*facts, fact)
        self.beats.append(Beat(gap_s, caption, place.buying_group_id, (*records, *aside), facts))
        self.clock += gap_s

    def tick(self, caption: str, place: GroupPlace, day: Day) -> None:
        """Add the beat that moves the day on."""
        self.beats.append(Beat(QUIET_GAP_S, caption, place.buying_group_id, tick=day))
        self.clock += QUIET_GAP_S

    def somebody_joins(self, account_id: str | None = None) -> None:
        """Give the floor to one of the crowd, by a title at an account if such a one is left."""
        mine = (one for one in self._crowd if one.place.account_id == account_id and one.role is None)
        joining = next(mine, self._crowd[0])
        self._crowd.remove(joining)
        records, fact = self._join(joining, 4)
        who, place = joining.person, joining.place
        how = (
            f"A form brings {who.name}, {who.job_title}, to {place.account}."
            if joining.role is None
            else f"A journey adds {who.name} to {place.interest} for {place.account}."
        )
        self.beat(how, place, records, fact, alone=True)

    def acts(self, person: Person, size: int, *, special: bool) -> list[Record]:
        """Return what a person does now."""
        return burst(self.rng, self.pen, person, self.now, size, special=special)

    def _join(self, joining: Joining, acts: int) -> tuple[list[Record], Fact]:
        person = joining.person
        if joining.role is None:
            record = self.pen.profile(person, self.now)
        else:
            record = self.pen.assign(joining.place, person, joining.role, self.now)
        fact = Fact(MEMBERSHIP_CHANGED.name, record.event_id)
        return [record, *self.acts(person, acts, special=False)], fact


def _crowd(setting: Setting) -> list[Joining]:
    crowd = [
        Joining(setting.group(account_id, DATA), person)
        for account_id, people in setting.to_come.items()
        for person in people
        if account_id != "bluewater" and (account_id, person.seat) not in _IN_SCENES
    ]
    crowd += [
        Joining(setting.group(account_id, DATA), setting.outsiders[account_id][1], _PRIVACY)
        for account_id in _BY_JOURNEY
    ]
    return crowd
