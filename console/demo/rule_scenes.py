"""Scenes of the live part that show the rules: jobs, precedence, stages, status, completeness."""

from __future__ import annotations

from typing import Final

from console.demo.cast import (
    COMPANIES,
    CRM,
    DECISION_MAKER,
    FRESH_TITLE,
    INFLUENCER,
    PRACTITIONER,
    STAGE_TOO_FAR,
    STAGES,
)
from console.demo.defined import bound_of
from console.demo.founding import ENTERS_LATER
from console.demo.history import FALLS, LAST_STEPS, RISES
from console.demo.records import Fact, GroupPlace, Person
from console.demo.scenes import Course, Entry, Fall, Hire, LastSeat, Refusal, Rise, Succession, Tug
from console.demo.stage import QUIET_GAP_S, Stage
from domain.calendar import date_of
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
    STAGE_CHANGED,
    STATUS_CHANGED,
)

_STATUS: Final = "Proposal sent"


def account_enters(stage: Stage) -> Entry:
    """An account becomes strategic, which the audience of the CRM interest asks for."""
    place = stage.setting.group(ENTERS_LATER, CRM)
    company = next(one for one in COMPANIES if one.account_id == ENTERS_LATER)
    record = stage.pen.account(company._replace(tier="strategic"), stage.now)
    stage.beat(
        f"{place.account} becomes a strategic account: {place.interest} is for it now.",
        place,
        [record],
        Fact(BUYING_GROUP_STATE.name, record.event_id),
        gap_s=QUIET_GAP_S,
    )
    return Entry(record.event_id, place.buying_group_id)


def title_joins(stage: Stage) -> Hire:
    """Somebody is heard of whose title a role takes."""
    place = stage.setting.group("granite-peak", CRM)
    person = _with_seat(stage.setting.to_come["granite-peak"], DECISION_MAKER)
    profile = stage.pen.profile(person, stage.now)
    stage.beat(
        f"A form brings {person.name}, {person.job_title}, to {place.account}.",
        place,
        [profile],
        Fact(MEMBERSHIP_CHANGED.name, profile.event_id),
    )
    return Hire(person.lead_id, place.buying_group_id, profile.event_id)


def engagement_joins(stage: Stage) -> Rise:
    """Somebody whose title no role takes does enough to be taken for that."""
    place = stage.setting.group(RISES, CRM)
    person = stage.setting.outsiders[RISES][0]
    bound = bound_of(stage.setting.defined.interest(CRM), person.job_title)
    records = [stage.pen.activity(person, one, stage.now) for one in LAST_STEPS]
    crossing = records[-1].event_id
    stage.beat(
        f"{person.name}, {person.job_title}, comes to an event and crosses {bound}.",
        place,
        records,
        Fact(MEMBERSHIP_CHANGED.name, crossing),
        Fact(SCORE_UPDATED.name, crossing),
    )
    return Rise(person.lead_id, place.buying_group_id, crossing, bound)


def tug_of_war(stage: Stage) -> Tug:
    """Whom the job assigned, a salesperson removes: manual beats journey beats system."""
    pen, place = stage.pen, stage.setting.group("alder-ridge", CRM)
    person = _with_seat(stage.setting.known["alder-ridge"], DECISION_MAKER)
    removal = pen.edit(place, person, "remove", stage.now)
    stage.beat(
        f"A salesperson takes {person.name} out, whom the job had put in.",
        place,
        [removal],
        Fact(MEMBERSHIP_CHANGED.name, removal.event_id),
    )
    promotion = pen.promotion(person, FRESH_TITLE, stage.now)
    assign = pen.assign(place, person, INFLUENCER, stage.now)
    stage.beat(
        f"{person.name} becomes {FRESH_TITLE}: the job wants {person.first_name} back, a journey too.",
        place,
        [promotion, assign],
        Fact(ASSIGNMENT_OUTCOME.name, assign.event_id),
        gap_s=QUIET_GAP_S,
    )
    by_hand = pen.edit(place, person, "release", stage.now)
    stage.beat(
        f"The salesperson lets go of {person.name}: now the journey decides.",
        place,
        [by_hand],
        Fact(MEMBERSHIP_CHANGED.name, by_hand.event_id),
        gap_s=QUIET_GAP_S,
    )
    by_journey = pen.release(place, person, stage.now)
    stage.beat(
        "The journey lets go as well: the job decides again.",
        place,
        [by_journey],
        Fact(MEMBERSHIP_CHANGED.name, by_journey.event_id),
    )
    return Tug(
        lead=person.lead_id,
        group=place.buying_group_id,
        removal=removal.event_id,
        promotion=promotion.event_id,
        assign=assign.event_id,
        manual_release=by_hand.event_id,
        journey_release=by_journey.event_id,
    )


def group_moves(stage: Stage) -> Course:
    """A journey moves a group along; the group that is new enters its stages meanwhile."""
    pen, place = stage.pen, stage.setting.group("bluewater", CRM)
    move = pen.move(place, STAGES[2], stage.now)
    stage.beat(
        f"A journey moves {place.account} on to the next stage.",
        place,
        [move],
        Fact(STAGE_CHANGED.name, move.event_id),
    )
    status = pen.status(place, _STATUS, stage.now)
    entering = pen.move(stage.setting.group(ENTERS_LATER, CRM), STAGES[0], stage.now)
    stage.beat(
        f'It names a status, too: "{_STATUS}".',
        place,
        [status, entering],
        Fact(STATUS_CHANGED.name, status.event_id),
        Fact(STAGE_CHANGED.name, entering.event_id),
    )
    return Course(place.buying_group_id, move.event_id, status.event_id)


def move_is_refused(stage: Stage) -> Refusal:
    """A journey wants a group at its goal at once."""
    place = stage.setting.group("granite-peak", CRM)
    move = stage.pen.move(place, STAGE_TOO_FAR, stage.now)
    stage.beat(
        f"A journey wants {place.account} at {STAGE_TOO_FAR} at once.",
        place,
        [move],
        Fact(ASSIGNMENT_OUTCOME.name, move.event_id),
        gap_s=QUIET_GAP_S,
    )
    return Refusal(place.buying_group_id, move.event_id)


def leaver_is_succeeded(stage: Stage) -> Succession:
    """A member leaves the company; the next one is heard of."""
    place = stage.setting.group("bluewater", CRM)
    person = _with_seat(stage.setting.known["bluewater"], INFLUENCER)
    leaving = stage.pen.profile(person, stage.now, "left")
    stage.beat(
        f"{person.name}, {person.job_title}, leaves {place.account}.",
        place,
        [leaving],
        Fact(MEMBERSHIP_CHANGED.name, leaving.event_id),
    )
    (successor,) = stage.setting.to_come["bluewater"]
    profile = stage.pen.profile(successor, stage.now)
    stage.beat(
        f"The successor fills out a form: {successor.name}, {successor.job_title}.",
        place,
        [profile, *stage.acts(successor, 3, special=True)],
        Fact(MEMBERSHIP_CHANGED.name, profile.event_id),
    )
    return Succession(
        person.lead_id,
        successor.lead_id,
        place.buying_group_id,
        leaving.event_id,
        profile.event_id,
    )


def last_seat_fills(stage: Stage) -> LastSeat:
    """A salesperson knows somebody whose title says nothing, and the group is complete."""
    place = stage.setting.group("alder-ridge", CRM)
    person = stage.setting.outsiders["alder-ridge"][0]
    edit = stage.pen.edit(place, person, "assign", stage.now, role=PRACTITIONER)
    stage.beat(
        f"The last empty seat at {place.account}: {person.name}, by hand.",
        place,
        [edit],
        Fact(MEMBERSHIP_CHANGED.name, edit.event_id),
        Fact(COMPLETENESS_CHANGED.name, edit.event_id),
    )
    return LastSeat(person.lead_id, place.buying_group_id, edit.event_id)


def day_moves_on(stage: Stage) -> Fall:
    """The oldest day leaves the window, and takes somebody's engagement along."""
    place = stage.setting.group(FALLS, CRM)
    person = stage.setting.outsiders[FALLS][0]
    tomorrow = stage.pen.today + 1
    stage.tick(
        f"Midnight, ahead of time: the date moves on to {date_of(tomorrow):%-d %B}.", place, tomorrow
    )
    bound = bound_of(stage.setting.defined.interest(CRM), person.job_title)
    return Fall(person.lead_id, place.buying_group_id, bound)


def comes_back(stage: Stage, place: GroupPlace, person: Person) -> None:
    """A member does several things at once."""
    records = stage.acts(person, 4, special=True)
    stage.beat(
        f"{person.name} of {place.account} is back: four activities at once.",
        place,
        records,
        Fact(SCORE_UPDATED.name, records[-1].event_id),
    )


def _with_seat(people: list[Person], seat: str) -> Person:
    return next(person for person in people if person.seat == seat)
