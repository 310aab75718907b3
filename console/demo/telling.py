"""Puts outputs into words: the lines of the ticker."""

from __future__ import annotations

from collections.abc import Mapping

from console.demo.board import Happening, Sighting, rounded
from console.demo.records import GroupPlace, Person, Story
from schemas.outputs import (
    AssignmentOutcome,
    CompletenessChanged,
    MembershipChanged,
    ScoreUpdated,
)
from streams.topics import DEAD_LETTERS

_WORTH_TELLING = frozenset({"overridden", "void"})


class Words:
    """Knows the names behind the ids. Rescoring at a tick is told once, not once a group."""

    def __init__(self, story: Story) -> None:
        self._people: Mapping[str, Person] = story.people
        self._groups: Mapping[str, GroupPlace] = story.groups
        self._rescored: set[int] = set()

    def tell(self, sighting: Sighting) -> Happening | None:
        """Return the line of an output, None when it is not worth one."""
        match sighting.value:
            case MembershipChanged() as change:
                return self._membership(change)
            case CompletenessChanged() as change:
                return self._completeness(change)
            case ScoreUpdated() as change:
                return self._score(change)
            case AssignmentOutcome() as outcome if outcome.outcome in _WORTH_TELLING:
                return self._outcome(outcome)
            case None if sighting.topic == DEAD_LETTERS.name:
                reason = sighting.headers.get("dlq_reason", b"").decode()
                at = sighting.headers.get("dlq_topic", b"").decode()
                return Happening("refused", at, "", f"a record went to dead-letters: {reason}")
            case _:
                return None

    def name(self, lead_id: str) -> str:
        """Return a person's name."""
        person = self._people.get(lead_id)
        return lead_id if person is None else person.name

    def title(self, lead_id: str) -> str:
        """Return a person's job title."""
        person = self._people.get(lead_id)
        return "" if person is None else person.job_title

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
        if change.change == "added":
            return Happening("joined", *where, f"{who} joined as {after.role} ({after.source})")
        return Happening("joined", *where, f"{who} is now {after.role} ({after.source})")

    def _completeness(self, change: CompletenessChanged) -> Happening | None:
        if not change.missing_roles:
            return Happening("complete", *self.group(change.buying_group_id), "complete: 100")
        text = f"completeness {rounded(change.previous)} → {rounded(change.current)}"
        if rounded(change.previous) == rounded(change.current):
            return None
        return Happening("completeness", *self.group(change.buying_group_id), text)

    def _score(self, change: ScoreUpdated) -> Happening | None:
        if change.reason in {"decay", "baseline"}:
            if change.baseline_version in self._rescored:
                return None
            self._rescored.add(change.baseline_version)
            text = f"all groups rescored by baseline {change.baseline_version}"
            return Happening("score", "day tick", "", text)
        before, after = rounded(change.previous), rounded(change.current)
        if change.subject_type == "person" or before == after:
            return None
        where = self.group(change.buying_group_id)
        return Happening("score", *where, f"score {before} → {after} ({change.reason})")

    def _outcome(self, outcome: AssignmentOutcome) -> Happening:
        who, where = self.name(outcome.lead_id), self.group(outcome.buying_group_id)
        if outcome.outcome == "overridden":
            text = f"{outcome.operation} of {who} overridden: {outcome.overridden_by} decides"
        else:
            text = f"{outcome.operation} of {who} is void: no such role in the template"
        return Happening("refused", *where, text)
