"""The scenes that the ending tells of: the ids of their leads, groups and input events."""

from __future__ import annotations

from dataclasses import dataclass

from domain.calendar import Day


@dataclass(frozen=True, slots=True)
class Entry:
    """An account's new record brings it into an audience, so that ``group`` is created."""

    account_event: str
    group: str


@dataclass(frozen=True, slots=True)
class Hire:
    """A new lead's profile has a title that a role of ``group`` takes."""

    lead: str
    group: str
    profile: str


@dataclass(frozen=True, slots=True)
class Rise:
    """An activity takes a lead's engagement to ``bound``, which a condition of ``group`` asks for."""

    lead: str
    group: str
    activity: str
    bound: int


@dataclass(frozen=True, slots=True)
class Tug:
    """Whom the job had assigned a salesperson removes; job and journey pull, then both let go."""

    lead: str
    group: str
    removal: str
    promotion: str
    assign: str
    manual_release: str
    journey_release: str


@dataclass(frozen=True, slots=True)
class Course:
    """A journey moves ``group`` along a transition and names a status."""

    group: str
    move: str
    status: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A journey wants ``group`` at a stage that its present one does not lead to."""

    group: str
    move: str


@dataclass(frozen=True, slots=True)
class LastSeat:
    """A manual edit fills the last empty seat of ``group``."""

    lead: str
    group: str
    edit: str


@dataclass(frozen=True, slots=True)
class Succession:
    """A member's profile says left; a successor's profile brings the next one."""

    leaver: str
    successor: str
    group: str
    leaving: str
    profile: str


@dataclass(frozen=True, slots=True)
class Fall:
    """The day moves on, old activity leaves the window, and a lead falls below ``bound`` by it."""

    lead: str
    group: str
    bound: int


@dataclass(frozen=True, slots=True)
class Late:
    """An activity of ``day``, the oldest that counts, arrives today."""

    lead: str
    activity: str
    day: Day


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An activity is published twice; another activity of the lead comes after it."""

    lead: str
    twice: str
    after: str


@dataclass(frozen=True, slots=True)
class Misplaced:
    """An activity is written to a partition that is not the account's."""

    lead: str
    activity: str


@dataclass(frozen=True, slots=True)
class Scenes:
    """Every scene of a story; ``broken`` is the id of bytes that are no event."""

    entry: Entry
    hire: Hire
    rise: Rise
    tug: Tug
    course: Course
    refusal: Refusal
    last_seat: LastSeat
    succession: Succession
    fall: Fall
    late: Late
    duplicate: Duplicate
    misplaced: Misplaced
    broken: str
