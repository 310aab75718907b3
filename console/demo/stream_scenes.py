"""Scenes of the live part that show what a stream is like: late, twice, broken, in the wrong place."""

from __future__ import annotations

from console.demo.cast import DATA, DECISION_MAKER, EMAIL_CLICK, EVENT, FORM, INFLUENCER, REGISTRATION
from console.demo.records import Fact, GroupPlace, Person
from console.demo.scenes import Duplicate, Late, Misplaced
from console.demo.stage import Stage
from domain.calendar import MILLIS_PER_DAY, date_of
from domain.engagement import WINDOW_DAYS
from streams.topics import DEAD_LETTERS, MEMBERSHIP_CHANGED, SCORE_UPDATED


def record_comes_twice(stage: Stage) -> Duplicate:
    """The same record arrives again, as it does after a producer's retry."""
    place, person = _at(stage, "cobalt", DECISION_MAKER)
    first = stage.pen.activity(person, FORM, stage.now)
    stage.beat(
        f"{person.name} fills out a form.",
        place,
        [first],
        Fact(SCORE_UPDATED.name, first.event_id),
    )
    then = stage.pen.activity(person, EMAIL_CLICK, stage.now)
    stage.beat(
        f"The same record comes again; then {person.name} clicks a link.",
        place,
        [first, then],
        Fact(SCORE_UPDATED.name, then.event_id),
    )
    return Duplicate(person.lead_id, first.event_id, then.event_id)


def bytes_are_broken(stage: Stage) -> str:
    """A producer writes what is no Avro; what is behind it counts all the same."""
    place, person = _at(stage, "fairhaven", "Practitioner")
    broken = stage.pen.broken(person)
    boss = next(one for one in stage.setting.to_come["fairhaven"] if one.seat == DECISION_MAKER)
    good = stage.pen.profile(boss, stage.now)
    stage.beat(
        "Bytes that are no Avro come into lead-activity; the records behind them count.",
        place,
        [broken, *stage.acts(person, 2, special=False), good],
        Fact(DEAD_LETTERS.name, broken.event_id),
        Fact(MEMBERSHIP_CHANGED.name, good.event_id),
    )
    return broken.event_id


def event_comes_late(stage: Stage) -> Late:
    """An activity of the oldest day that counts arrives."""
    place, person = _at(stage, "elmstead", DECISION_MAKER)
    day = stage.pen.today - (WINDOW_DAYS - 1)
    late = stage.pen.activity(person, EVENT, day * MILLIS_PER_DAY + MILLIS_PER_DAY // 2)
    stage.beat(
        f"A badge scanner was offline: {person.name} at an event on {date_of(day):%-d %B}.",
        place,
        [late],
        Fact(SCORE_UPDATED.name, late.event_id),
    )
    return Late(person.lead_id, late.event_id, day)


def record_is_misplaced(stage: Stage) -> Misplaced:
    """A producer with another partitioner writes to a partition that is not the account's."""
    place, person = _at(stage, "granite-peak", INFLUENCER)
    misplaced = stage.pen.activity(person, REGISTRATION, stage.now, misplaced=True)
    stage.beat(
        f"A producer with another partitioner: {person.name}'s record is misplaced.",
        place,
        [misplaced],
        Fact(SCORE_UPDATED.name, misplaced.event_id),
    )
    return Misplaced(person.lead_id, misplaced.event_id)


def _at(stage: Stage, account_id: str, seat: str) -> tuple[GroupPlace, Person]:
    people = stage.setting.known[account_id]
    return stage.setting.group(account_id, DATA), next(one for one in people if one.seat == seat)
