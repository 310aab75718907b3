"""What a batch changed in one account, and what of it must be looked at again."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.calendar import Day
from domain.events import Decision, StageMove, StatusUpdate
from domain.membership import Member
from domain.reports import Cause, Outcome, Report


@dataclass(slots=True)
class Changes:
    """What a batch changed in one account: the keys of the rows to write, and the reports.

    ``days`` are (lead id, day), ``decisions`` (buying group id, lead id); the other sets hold lead ids
    or buying group ids. A row whose content is gone is to be deleted. ``too_old`` and ``erased`` count
    the activities that changed nothing because they are older than the window or than an erasure.
    """

    account: bool = False
    leads: set[str] = field(default_factory=set)
    days: set[tuple[str, Day]] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    definitions: set[str] = field(default_factory=set)
    decisions: set[tuple[str, str]] = field(default_factory=set)
    progress: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    reports: list[Report] = field(default_factory=list)
    too_old: int = 0
    erased: int = 0


@dataclass(slots=True)
class Touched:
    """What a batch touched and settlement must look at again, each with its last cause.

    ``before`` is the membership of (group, lead) as it was before the batch; ``staged`` and ``named``
    are the groups whose stage or status moved.
    """

    leads: dict[str, Cause] = field(default_factory=dict)
    before: dict[tuple[str, str], Member | None] = field(default_factory=dict)
    members: dict[tuple[str, str], Cause] = field(default_factory=dict)
    groups: dict[str, Cause] = field(default_factory=dict)
    redefined: dict[str, Cause] = field(default_factory=dict)
    staged: dict[str, Cause] = field(default_factory=dict)
    named: dict[str, Cause] = field(default_factory=dict)
    answers: list[tuple[Decision | StageMove | StatusUpdate, Outcome]] = field(default_factory=list)
