"""What a story consists of: people, groups, records to publish, and beats that publish them in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.calendar import Day, Millis
from schemas.fields import Contract


@dataclass(frozen=True, slots=True)
class Person:
    """A lead of one account. ``seat`` is the role that suits the person's job."""

    lead_id: str
    account_id: str
    first_name: str
    last_name: str
    job_title: str
    seat: str

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """A buying group: which account it is of, and what for."""

    buying_group_id: str
    account_id: str
    account: str
    interest_id: str
    interest: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish: ``event`` in its contract, or ``raw`` bytes that are in none.

    ``misplaced`` puts it into another partition than its account's.
    """

    topic: str
    event_id: str
    account_id: str
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
class Scenes:
    """The ids that the telling looks for in the outputs: leads, groups and input events."""

    manual_lead: str
    manual_group: str
    manual_edit: str
    journey_removal: str
    duplicate_lead: str
    before_duplicate: str
    after_duplicate: str
    late_lead: str
    late_event: str
    late_day: Day
    broken_event: str
    misplaced_event: str
    misplaced_lead: str
    leaver: str
    leaver_group: str
    leaving: str
    successor: str
    succession: str
    void_lead: str
    void_assign: str


@dataclass(frozen=True, slots=True)
class Story:
    """What will be published, and who it is about: ``people`` by lead id, ``groups`` by their id."""

    start: Millis
    today: Day
    people: Mapping[str, Person]
    groups: Mapping[str, GroupPlace]
    history: tuple[Record, ...]
    beats: tuple[Beat, ...]
    scenes: Scenes

    @property
    def live(self) -> tuple[Record, ...]:
        """Return the records of all beats, in order."""
        return tuple(record for beat in self.beats for record in beat.records)
