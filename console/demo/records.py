"""What a story consists of: people, groups, records to publish, and beats that publish them in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.demo.scenes import Scenes
from domain.calendar import Day, Millis
from schemas.fields import Contract


@dataclass(frozen=True, slots=True)
class Person:
    """A lead of one account. ``seat`` is the role that suits the title; outsiders' titles suit none."""

    lead_id: str
    account_id: str
    first_name: str
    last_name: str
    job_title: str
    seat: str | None = None

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """A buying group: which account it is of, what for, and the roles of its template in order."""

    buying_group_id: str
    account_id: str
    account: str
    interest_id: str
    interest: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish: ``event`` in its contract, or ``raw`` bytes that are in none.

    ``misplaced`` puts it into another partition than its key's.
    """

    topic: str
    event_id: str
    key: str
    event: Contract | None = None
    raw: bytes = b""
    misplaced: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """An output that must come: on ``topic``, caused by the input event ``cause_id``."""

    topic: str
    cause_id: str


@dataclass(frozen=True, slots=True)
class Beat:
    """One moment of the live part: after ``gap_s`` seconds its records are published.

    The next beat waits until ``facts`` came out. ``tick`` moves the day on instead of publishing.
    """

    gap_s: float
    caption: str
    focus: str
    records: tuple[Record, ...] = ()
    facts: tuple[Fact, ...] = ()
    tick: Day | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """What will be published, and who it is about: ``people`` by lead id, ``groups`` by their id.

    ``definitions`` go first, then ``cast``: accounts and profiles. ``first_members`` says how many
    members these two alone lead to, by group: the groups that the creation job makes at once.
    """

    start: Millis
    today: Day
    people: Mapping[str, Person]
    groups: Mapping[str, GroupPlace]
    definitions: tuple[Record, ...]
    cast: tuple[Record, ...]
    first_members: Mapping[str, int]
    history: tuple[Record, ...]
    beats: tuple[Beat, ...]
    scenes: Scenes

    @property
    def live(self) -> tuple[Record, ...]:
        """Return the records of all beats, in order."""
        return tuple(record for beat in self.beats for record in beat.records)

    @property
    def before(self) -> tuple[Record, ...]:
        """Return the records of everything before the live part, in order."""
        return (*self.definitions, *self.cast, *self.history)
