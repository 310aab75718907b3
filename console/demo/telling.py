"""Puts outputs into words: the lines of the ticker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from console.demo.board import Happening, Sighting, rounded
from console.demo.records import GroupPlace, Person, Record, Story
from schemas.inputs import LeadProfile
from schemas.outputs import (
    AssignmentOutcome,
    BuyingGroupState,
    CompletenessChanged,
    MembershipChanged,
    ScoreUpdated,
    StageChanged,
    StatusChanged,
)
from streams.letter_headers import REASON, TOPIC
from streams.topics import DEAD_LETTERS

_WORTH_TELLING = frozenset({"overridden", "void"})
_RESCORED = frozenset({"decay", "baseline", "model"})
DAY_TICK = "day tick"
"""What a happening that concerns all groups is about."""


class Words:
    """Knows the names behind the ids. Rescoring at a tick is told once, not once a group."""

    def __init__(self, story: Story) -> None:
        self._people: Mapping[str, Person] = story.people
        self._groups: Mapping[str, GroupPlace] = story.groups
        self._titles = {person.lead_id: person.job_title for person in story.people.values()}
        self._rescored: set[int] = set()
        self._tellers: Mapping[type, Callable[[Any], Happening | None]] = {
            MembershipChanged: self._membership,
            CompletenessChanged: self._completeness,
            ScoreUpdated: self._score,
            StageChanged: self._moved,
            StatusChanged: self._moved,
            AssignmentOutcome: self._outcome,
            BuyingGroupState: self._created,
        }

    def learn(self, records: Iterable[Record]) -> None:
        """Take new titles over from profiles."""
        for record in records:
            if isinstance(record.event, LeadProfile):
                self._titles[record.event.lead_id] = record.event.job_title or ""

    def tell(self, sighting: Sighting) -> Happening | None:
        """Return the line of an output, None when it is not worth one."""
        teller = self._tellers.get(type(sighting.value))
        if teller is not None:
            return teller(sighting.value)
        return _dead_letter(sighting) if sighting.topic == DEAD_LETTERS.name else None

    def tell_person(self, sighting: Sighting) -> str:
        """Return how a person's score moved, nothing if the output is about something else."""
        score = sighting.value
        if not isinstance(score, ScoreUpdated) or score.lead_id is None:
            return ""
        return f"{self.name(score.lead_id)}'s score {score.previous:.1f} → {score.current:.1f}"

    def name(self, lead_id: str) -> str:
        """Return a person's name."""
        person = self._people.get(lead_id)
        return lead_id if person is None else person.name

    def title(self, lead_id: str) -> str:
        """Return a person's job title."""
        return self._titles.get(lead_id, "")

    def group(self, buying_group_id: str | None) -> tuple[str, str]:
        """Return the account of a group, and the interest where the account has two."""
        place = self._groups.get(buying_group_id or "")
        if place is None:
            return buying_group_id or "", ""
        same = [other for other in self._groups.values() if other.account_id == place.account_id]
        return place.account, "" if len(same) == 1 else place.interest

    def _membership(self, change: MembershipChanged) -> Happening:
        who, where = self.name(change.lead_id), self.group(change.buying_group_id)
        before, after = change.previous, change.current
        if after is None:
            role = "" if before is None else f" ({before.role})"
            return Happening("left", *where, f"{who} is no longer a member{role}")
        verb = "joined as" if change.change == "added" else "is now"
        return Happening("joined", *where, f"{who} {verb} {after.role} ({after.source})")

    def _completeness(self, change: CompletenessChanged) -> Happening | None:
        if not change.missing_roles:
            return Happening("complete", *self.group(change.buying_group_id), "complete: 100")
        text = f"completeness {rounded(change.previous)} → {rounded(change.current)}"
        if rounded(change.previous) == rounded(change.current):
            return None
        return Happening("completeness", *self.group(change.buying_group_id), text)

    def _score(self, change: ScoreUpdated) -> Happening | None:
        if change.reason in _RESCORED:
            if change.baseline_version in self._rescored:
                return None
            self._rescored.add(change.baseline_version)
            text = f"all groups rescored by baseline {change.baseline_version}"
            return Happening("score", DAY_TICK, "", text)
        before, after = rounded(change.previous), rounded(change.current)
        # Who joined or left is told already; that the score moved by it would push that off the screen.
        if change.subject_type == "person" or change.reason == "membership" or before == after:
            return None
        where = self.group(change.buying_group_id)
        return Happening("score", *where, f"score {before} → {after} ({change.reason})")

    def _moved(self, change: StageChanged | StatusChanged) -> Happening:
        if isinstance(change, StatusChanged):
            text = f"status: {change.current}"
        else:
            text = f"stage: {change.previous or 'none'} → {change.current}"
        return Happening("moved", *self.group(change.buying_group_id), text)

    def _created(self, state: BuyingGroupState) -> Happening | None:
        if state.version > 1:
            return None
        where = self.group(state.buying_group_id)
        return Happening("created", *where, f"group created, members: {len(state.members)}")

    def _outcome(self, outcome: AssignmentOutcome) -> Happening | None:
        if outcome.outcome not in _WORTH_TELLING:
            return None
        where = self.group(outcome.buying_group_id)
        if outcome.lead_id is None:
            # A move of the group itself, not of somebody in it.
            return Happening("refused", *where, f"move refused: {outcome.detail}")
        who = self.name(outcome.lead_id)
        if outcome.outcome == "overridden":
            text = f"{outcome.operation} of {who} overridden: {outcome.overridden_by} decides"
        else:
            text = f"{outcome.operation} of {who} is void: {outcome.detail}"
        return Happening("refused", *where, text)


def _dead_letter(sighting: Sighting) -> Happening:
    reason = sighting.headers.get(REASON, b"").decode()
    at = sighting.headers.get(TOPIC, b"").decode()
    return Happening("refused", at, "", f"a record went to dead-letters: {reason}")
