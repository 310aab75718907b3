"""What was worth seeing of the rules: jobs, precedence, stages, status, completeness, decay."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

from console.demo.board import Sighting, rounded
from console.demo.cast import STAGE_TOO_FAR
from console.demo.evidence import Evidence, NotSeen, Telling
from domain.calendar import date_of
from schemas.fields import Contract
from schemas.outputs import (
    BuyingGroupState,
    CompletenessChanged,
    MembershipChanged,
    ScoreUpdated,
    StageChanged,
    StatusChanged,
)
from streams.topics import (
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
    STAGE_CHANGED,
    STATUS_CHANGED,
)

_Kind = TypeVar("_Kind", bound=Contract)


def group_was_created(seen: Evidence) -> Telling:
    """An account entered an audience, and its group was there, filled."""
    scene = seen.story.scenes.entry
    place = seen.story.groups[scene.group]
    for sighting in seen.board.seen(BUYING_GROUP_STATE.name, scene.account_event):
        state = sighting.value
        if isinstance(state, BuyingGroupState) and state.buying_group_id == scene.group:
            break
    else:
        raise NotSeen(f"{scene.account_event} created no group")
    by_title = all(
        member.source == "system" and member.role == seen.story.people[member.lead_id].seat
        for member in state.members
    )
    if state.version != 1 or not state.members or not by_title or seen.group_records:
        raise NotSeen("the group was not created and filled by the jobs alone")
    return Telling(
        f"{place.account} became a strategic account, whom the audience of {place.interest} takes."
        f" At once it had its group, and the job put {len(state.members)} people into it by their"
        f" titles. Nobody wrote a group: buying-groups holds {seen.group_records} records.",
        f"{scene.account_event} → {sighting.place}, version 1, each member by system",
    )


def title_was_enough(seen: Evidence) -> Telling:
    """A lead was assigned by the title in a first profile."""
    scene = seen.story.scenes.hire
    change, where = seen.membership(scene.profile, scene.group, scene.lead)
    if change.change != "added" or change.current is None or change.current.source != "system":
        raise NotSeen(f"{seen.name(scene.lead)} was not assigned by the job")
    return Telling(
        f"{seen.name(scene.lead)}, {seen.title(scene.lead)}, was heard of for the first time and was"
        f" {change.current.role} of {seen.story.groups[scene.group].account} at once. Nobody decided.",
        f"{scene.profile} → {where.place}: {change.change} by {change.current.source}",
    )


def engagement_was_enough(seen: Evidence) -> Telling:
    """A lead's score reached what a condition asks for."""
    scene = seen.story.scenes.rise
    who = seen.name(scene.lead)
    score, where = seen.person_score(scene.activity)
    change, joined = seen.membership(scene.activity, scene.group, scene.lead)
    if not score.previous < scene.bound <= score.current:
        raise NotSeen(f"{who}'s score did not cross {scene.bound}")
    if change.change != "added" or change.current is None or change.current.source != "system":
        raise NotSeen(f"{who} was not assigned by the job")
    return Telling(
        f"{who}'s title, {seen.title(scene.lead)}, fits no role. But the definitions take whoever"
        f" has an engagement of {scene.bound}: {score.previous:.2f} → {score.current:.2f}, and"
        f" {seen.first_name(scene.lead)} is {change.current.role}.",
        f"{scene.activity} → {where.place} (score), {joined.place} ({change.current.source})",
    )


def manual_beats_journey_beats_system(seen: Evidence) -> Telling:
    """The job and a journey could not bring back whom a person had removed."""
    scene = seen.story.scenes.tug
    who, first = seen.name(scene.lead), seen.first_name(scene.lead)
    removed, at_removal = seen.membership(scene.removal, scene.group, scene.lead)
    outcome, at_outcome = seen.outcome(scene.assign, "overridden")
    second, at_second = seen.membership(scene.manual_release, scene.group, scene.lead)
    third, at_third = seen.membership(scene.journey_release, scene.group, scene.lead)
    seen.receipt(scene.promotion)
    if any(
        _is_in(scene.group, one) for one in seen.board.seen(MEMBERSHIP_CHANGED.name, scene.promotion)
    ):
        raise NotSeen(f"the job brought {who} back by {scene.promotion}")
    if removed.previous is None or removed.previous.source != "system" or removed.current is not None:
        raise NotSeen(f"{who} was not removed by hand from where the job had put {first}")
    if outcome.overridden_by != "manual":
        raise NotSeen(f"{scene.assign} was not overridden by manual")
    if second.current is None or second.current.source != "journey" or second.previous is not None:
        raise NotSeen(f"{who} did not come back by the journey when the hand let go")
    if third.current is None or third.current.source != "system":
        raise NotSeen(f"{who} was not the job's when the journey let go")
    if [removed.version + 1, removed.version + 2] != [second.version, third.version]:
        raise NotSeen("members changed in between")
    return Telling(
        f"The job had {who} as {removed.previous.role}; a salesperson removed {first}. A promotion"
        f" made the job want {first} back and a journey assigned {first}: overridden by"
        f" {outcome.overridden_by}, no member changed. The hand let go: {second.current.role}, by"
        f" journey, whatever the job wanted. The journey let go: {third.current.role} again, by"
        f" system.",
        f"{scene.removal} → {at_removal.place}, version {removed.version};"
        f" {scene.promotion} → nothing; {scene.assign} → {at_outcome.place};"
        f" {scene.manual_release} → {at_second.place}, version {second.version};"
        f" {scene.journey_release} → {at_third.place}, version {third.version}",
    )


def group_moved(seen: Evidence) -> Telling:
    """A stage move and a status were applied."""
    scene = seen.story.scenes.course
    _, at_move = seen.outcome(scene.move, "applied")
    _, at_status = seen.outcome(scene.status, "applied")
    moved, where = _first(seen, STAGE_CHANGED.name, scene.move, StageChanged)
    named, there = _first(seen, STATUS_CHANGED.name, scene.status, StatusChanged)
    return Telling(
        f"A journey moved {seen.story.groups[scene.group].account} from {moved.previous} to"
        f' {moved.current} and named its status: "{named.current}". Both were answered: applied.',
        f"{scene.move} → {where.place}, {at_move.place};"
        f" {scene.status} → {there.place}, {at_status.place}",
    )


def move_was_refused(seen: Evidence) -> Telling:
    """A stage move that the stage model does not allow was refused, with its reason."""
    scene = seen.story.scenes.refusal
    outcome, where = seen.outcome(scene.move, "void")
    state, stands = seen.state(scene.group)
    if seen.board.seen(STAGE_CHANGED.name, scene.move):
        raise NotSeen(f"{scene.move} is void and moved the group all the same")
    return Telling(
        f"A journey wanted {seen.story.groups[scene.group].account} at {STAGE_TOO_FAR}. The answer was"
        f" void: {outcome.detail}. The group is at {state.stage} as before.",
        f"{scene.move} → {where.place}: {outcome.outcome}; stage in {stands.place}",
    )


def group_completed(seen: Evidence) -> Telling:
    """The last empty seat was filled."""
    scene = seen.story.scenes.last_seat
    change, joined = seen.membership(scene.edit, scene.group, scene.lead)
    completed, where = _first(seen, COMPLETENESS_CHANGED.name, scene.edit, CompletenessChanged)
    if completed.missing_roles or change.current is None:
        raise NotSeen(f"{scene.edit} did not complete the group")
    place = seen.story.groups[scene.group]
    return Telling(
        f"{seen.name(scene.lead)}, {seen.title(scene.lead)}, is no {change.current.role} by title; a"
        f" salesperson knew better. {place.interest} for {place.account} went from"
        f" {rounded(completed.previous)} to {rounded(completed.current)}: nobody is missing.",
        f"{scene.edit} → {joined.place} ({change.current.source}), {where.place}",
    )


def leaver_was_succeeded(seen: Evidence) -> Telling:
    """Who left the account left the group; the successor joined by title."""
    scene = seen.story.scenes.succession
    leaver, successor = seen.name(scene.leaver), seen.name(scene.successor)
    removed, gone = seen.membership(scene.leaving, scene.group, scene.leaver)
    added, came = seen.membership(scene.profile, scene.group, scene.successor)
    state, _ = seen.state(scene.group)
    members = {member.lead_id for member in state.members}
    if scene.leaver in members or scene.successor not in members:
        raise NotSeen(f"the group does not have {successor} in place of {leaver}")
    return Telling(
        f"{leaver}'s profile says left, so nobody's decision keeps {leaver} in. {successor},"
        f" {seen.title(scene.successor)}, took the seat, and the group is back at"
        f" {rounded(state.completeness)}.",
        f"{scene.leaving} → {gone.place} ({removed.change});"
        f" {scene.profile} → {came.place} ({added.change})",
    )


def engagement_decayed(seen: Evidence) -> Telling:
    """The day moved on: scores moved by decay or baseline, and who fell below a bound left."""
    scene = seen.story.scenes.fall
    version = max((state.baseline_version for state in seen.board.states.values()), default=0)
    places: dict[str, Sighting] = {}
    reasons: Counter[str] = Counter()
    for sighting in seen.of(SCORE_UPDATED.name):
        score = sighting.value
        if (
            isinstance(score, ScoreUpdated)
            and score.baseline_version == version
            and score.cause_event_id not in seen.receipts
        ):
            reasons[score.reason] += 1
            places.setdefault(score.reason, sighting)
    behind = [s for s in seen.board.states.values() if s.baseline_version != version]
    if set(reasons) != {"decay", "baseline"} or behind:
        raise NotSeen(f"not every group was rescored by baseline {version}, for these two reasons")
    fell, gone = seen.decayed_membership(scene.group, scene.lead)
    if fell.previous is None or fell.current is not None:
        raise NotSeen(f"{seen.name(scene.lead)} did not leave by decay")
    day = next(iter(seen.board.states.values())).as_of
    return Telling(
        f"The day moved on to {date_of(day):%-d %B}, measured by baseline {version}."
        f" {reasons['decay']} scores moved by decay, {reasons['baseline']} by the baseline; each says"
        f" which, none says activity. {seen.name(scene.lead)} fell below {scene.bound} and is no"
        f" {fell.previous.role} any more.",
        f"{places['decay'].place} (decay), {places['baseline'].place} (baseline), and so on;"
        f" {gone.place} (decay)",
    )


def _is_in(group_id: str, sighting: Sighting) -> bool:
    change = sighting.value
    return isinstance(change, MembershipChanged) and change.buying_group_id == group_id


def _first(seen: Evidence, topic: str, event_id: str, kind: type[_Kind]) -> tuple[_Kind, Sighting]:
    for sighting in seen.board.seen(topic, event_id):
        if isinstance(sighting.value, kind):
            return sighting.value, sighting
    raise NotSeen(f"{topic} has nothing of {event_id}")
