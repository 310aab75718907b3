"""What was worth seeing: each claim is looked up in what was read from the topics, or is not made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from console.demo.board import Board, Sighting, rounded
from console.demo.records import Story
from console.demo.telling import Words
from domain.calendar import date_of
from schemas.outputs import AssignmentOutcome, MembershipChanged, ScoreUpdated
from streams.placement import partition_of
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    DEAD_LETTERS,
    LEAD_ACTIVITY,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
)

Receipts = Mapping[str, list[tuple[int, int]]]
"""(partition, offset) of each copy of an event that was published, by event id."""


class _Telling(NamedTuple):
    told: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth seeing: what it is, in a few words, what happened, and where that stands."""

    title: str
    told: str
    evidence: str


_DLQ: Final = ("partition", "offset", "reason", "detail")


class NotSeen(Exception):
    """The topics do not show what should have been there; the message says what is missing."""


class Findings:
    """Looks the story's scenes up on the board."""

    def __init__(self, story: Story, board: Board, receipts: Receipts, partitions: int) -> None:
        self._story = story
        self._scenes = story.scenes
        self._board = board
        self._receipts = receipts
        self._partitions = partitions
        self._words = Words(story)

    def all(self) -> tuple[list[Finding], list[str]]:
        """Return what was seen, and a line for each thing that was not."""
        claims: tuple[tuple[str, Callable[[], _Telling]], ...] = (
            ("A person's decision outlasts a journey", self._manual_stays),
            ("A duplicate does not count twice", self._duplicate),
            ("A late event counts for its own day", self._late),
            ("A broken record is kept, not lost", self._broken),
            ("A misplaced record finds its account", self._misplaced),
            ("Who leaves the account leaves the group", self._leaver),
            ("A role that does not exist is refused", self._void),
            ("Decay is never mistaken for activity", self._rescored),
        )
        seen: list[Finding] = []
        missing: list[str] = []
        for title, look in claims:
            try:
                told, evidence = look()
            except NotSeen as problem:
                missing.append(f"{title}: {problem}")
            else:
                seen.append(Finding(title, told, evidence))
        return seen, missing

    def _manual_stays(self) -> _Telling:
        scenes = self._scenes
        who = self._words.name(scenes.manual_lead)
        outcome, sighting = self._outcome(scenes.journey_removal, "overridden")
        state = self._board.states.get(scenes.manual_group)
        members = [] if state is None else state.members
        member = next((m for m in members if m.lead_id == scenes.manual_lead), None)
        if outcome.overridden_by != "manual":
            raise NotSeen(f"{scenes.journey_removal} was not overridden by manual")
        if state is None or member is None or member.source != "manual":
            raise NotSeen(f"the group's state does not have {who} as a manual member")
        if state.emitted_at < outcome.emitted_at:
            raise NotSeen("the group's state is older than the journey's removal")
        stands = self._board.state_places[scenes.manual_group]
        return _Telling(
            f"{who} was added by hand as {member.role}. A journey asked to remove {who}, was"
            f" overridden, and {who} is still a member.",
            f"{scenes.journey_removal} → {sighting.place}: overridden by manual; "
            f"member by {member.source} in {stands.place}, version {state.version}",
        )

    def _duplicate(self) -> _Telling:
        scenes = self._scenes
        who = self._words.name(scenes.duplicate_lead)
        copies = self._receipts.get(scenes.before_duplicate, [])
        first, where_first = self._person_score(scenes.before_duplicate)
        then, where_then = self._person_score(scenes.after_duplicate)
        behind = self._receipt(scenes.after_duplicate)
        moved = self._board.seen(SCORE_UPDATED.name, scenes.before_duplicate)
        if len(copies) != 2 or not copies[0] < copies[1] < behind:  # noqa: PLR2004 - twice
            raise NotSeen(f"{scenes.before_duplicate} is not twice in front of the next activity")
        if sum(self._is_person(one) for one in moved) != 1 or then.version != first.version + 1:
            raise NotSeen(f"{who}'s score moved more than once for {scenes.before_duplicate}")
        if then.previous != first.current:
            raise NotSeen(f"{who}'s score moved between the two activities")
        return _Telling(
            f"{who}'s form counted once: {first.previous:.2f} → {first.current:.2f}. Its copy moved"
            f" nothing: the next activity takes the score on from {then.previous:.2f}.",
            f"{scenes.before_duplicate} at {LEAD_ACTIVITY.name}/{copies[0][0]}@{copies[0][1]} and"
            f" @{copies[1][1]} → {where_first.place}, version {first.version}; the next at"
            f" @{behind[1]} → {where_then.place}, version {then.version}",
        )

    def _late(self) -> _Telling:
        scenes = self._scenes
        who = self._words.name(scenes.late_lead)
        counted, where = self._person_score(scenes.late_event)
        decay = next(
            (
                (sighting, sighting.value)
                for sighting in self._scores()
                if isinstance(sighting.value, ScoreUpdated)
                and sighting.value.lead_id == scenes.late_lead
                and sighting.value.reason == "decay"
            ),
            None,
        )
        if decay is None:
            raise NotSeen(f"{who}'s score did not decay when the day moved on")
        if decay[1].raw_current != counted.raw_previous:
            raise NotSeen(f"{who} did not return to the raw score of before the late event")
        return _Telling(
            f"{who}'s visit of {date_of(scenes.late_day):%-d %B} arrived today and counted: raw"
            f" {counted.raw_previous:.2f} → {counted.raw_current:.2f}. With the next day tick that"
            f" day left the window, and the visit with it: back to {decay[1].raw_current:.2f}.",
            f"{scenes.late_event} → {where.place} (activity); {decay[0].place} (decay)",
        )

    def _broken(self) -> _Telling:
        event_id = self._scenes.broken_event
        sent = next(r.raw for r in self._story.live if r.event_id == event_id)
        letters = self._board.seen(DEAD_LETTERS.name, event_id)
        if not letters:
            raise NotSeen(f"no dead letter for {event_id}")
        letter = letters[0]
        told = {name: letter.headers.get(f"dlq_{name}", b"").decode() for name in _DLQ}
        partition, offset = self._receipt(event_id)
        if letter.raw != sent or not told["reason"]:
            raise NotSeen(f"the dead letter of {event_id} has other bytes, or no reason")
        if (told["partition"], told["offset"]) != (str(partition), str(offset)):
            raise NotSeen(f"the dead letter of {event_id} names another place")
        return _Telling(
            f"JSON in an Avro topic went to dead-letters, all {len(sent)} bytes unchanged, with the"
            f" reason {told['reason']}: {told['detail']}. The records behind it were processed.",
            f"{LEAD_ACTIVITY.name}/{partition}@{offset} → {letter.place}",
        )

    def _misplaced(self) -> _Telling:
        scenes = self._scenes
        who = self._words.name(scenes.misplaced_lead)
        account = self._story.people[scenes.misplaced_lead].account_id
        home = partition_of(account, self._partitions)
        wrong, offset = self._receipt(scenes.misplaced_event)
        copies = self._board.seen(LEAD_ACTIVITY.name, scenes.misplaced_event)
        routed = next((copy for copy in copies if copy.partition == home), None)
        score, where = self._person_score(scenes.misplaced_event)
        if wrong == home or routed is None:
            raise NotSeen(f"{scenes.misplaced_event} was not routed to partition {home}")
        return _Telling(
            f"{who}'s registration was written to partition {wrong}, but the account lives in"
            f" {home}. It was routed there and counted: {score.previous:.2f} → {score.current:.2f}.",
            f"{LEAD_ACTIVITY.name}/{wrong}@{offset} → {routed.place} → {where.place}",
        )

    def _leaver(self) -> _Telling:
        scenes = self._scenes
        leaver, successor = self._words.name(scenes.leaver), self._words.name(scenes.successor)
        removed = self._membership(scenes.leaving, "removed")
        added = self._membership(scenes.succession, "added")
        state = self._board.states.get(scenes.leaver_group)
        members = set() if state is None else {member.lead_id for member in state.members}
        if state is None or scenes.leaver in members or scenes.successor not in members:
            raise NotSeen(f"the group does not have {successor} in place of {leaver}")
        return _Telling(
            f"{leaver}'s profile says left, so no decision keeps {leaver} in. {successor} took the"
            f" seat, and the group is back at {rounded(state.completeness)}.",
            f"{scenes.leaving} → {removed.place}; {scenes.succession} → {added.place}",
        )

    def _void(self) -> _Telling:
        scenes = self._scenes
        outcome, sighting = self._outcome(scenes.void_assign, "void")
        return _Telling(
            f"A journey's assign of {self._words.name(scenes.void_lead)} was void: {outcome.detail}.",
            f"{scenes.void_assign} → {sighting.place}",
        )

    def _rescored(self) -> _Telling:
        version = max((s.baseline_version for s in self._board.states.values()), default=0)
        places: dict[str, Sighting] = {}
        reasons: Counter[str] = Counter()
        for sighting in self._scores():
            score = sighting.value
            if (
                isinstance(score, ScoreUpdated)
                and score.baseline_version == version
                and score.cause_event_id not in self._receipts
            ):
                reasons[score.reason] += 1
                places.setdefault(score.reason, sighting)
        behind = [s for s in self._board.states.values() if s.baseline_version != version]
        if set(reasons) != {"decay", "baseline"} or behind:
            raise NotSeen(f"not every group was rescored by baseline {version}, for these two reasons")
        day = next(iter(self._board.states.values())).as_of
        return _Telling(
            f"The day moved on to {date_of(day):%-d %B}, measured by baseline {version}."
            f" {reasons['decay']} scores moved by decay, {reasons['baseline']} by the baseline; each"
            f" says which, none says activity.",
            f"{places['decay'].place} (decay), {places['baseline'].place} (baseline), and so on",
        )

    def _receipt(self, event_id: str) -> tuple[int, int]:
        for place in self._receipts.get(event_id, []):
            return place
        raise NotSeen(f"{event_id} was not published")

    def _person_score(self, event_id: str) -> tuple[ScoreUpdated, Sighting]:
        for sighting in self._board.seen(SCORE_UPDATED.name, event_id):
            score = sighting.value
            if isinstance(score, ScoreUpdated) and self._is_person(sighting):
                return score, sighting
        raise NotSeen(f"no person's score was moved by {event_id}")

    def _outcome(self, event_id: str, name: str) -> tuple[AssignmentOutcome, Sighting]:
        for sighting in self._board.seen(ASSIGNMENT_OUTCOME.name, event_id):
            outcome = sighting.value
            if isinstance(outcome, AssignmentOutcome) and outcome.outcome == name:
                return outcome, sighting
        raise NotSeen(f"no outcome says that {event_id} is {name}")

    def _membership(self, event_id: str, change: str) -> Sighting:
        for sighting in self._board.seen(MEMBERSHIP_CHANGED.name, event_id):
            if isinstance(sighting.value, MembershipChanged) and sighting.value.change == change:
                return sighting
        raise NotSeen(f"no member was {change} by {event_id}")

    def _scores(self) -> Iterable[Sighting]:
        for (topic, _), sightings in self._board.by_cause.items():
            if topic == SCORE_UPDATED.name:
                yield from sightings

    @staticmethod
    def _is_person(sighting: Sighting) -> bool:
        return isinstance(sighting.value, ScoreUpdated) and sighting.value.subject_type == "person"
