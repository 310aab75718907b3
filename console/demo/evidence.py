"""Where what is told at the end stands: lookups in what was read from the topics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from console.demo.board import Board, Sighting
from console.demo.records import Story
from console.demo.telling import Words
from schemas.outputs import AssignmentOutcome, BuyingGroupState, MembershipChanged, ScoreUpdated
from streams.topics import ASSIGNMENT_OUTCOME, MEMBERSHIP_CHANGED, SCORE_UPDATED

Receipts = Mapping[str, list[tuple[int, int]]]
"""(partition, offset) of each copy of an event that was published, by event id."""


class Telling(NamedTuple):
    """What happened, and where that stands."""

    told: str
    evidence: str


class NotSeen(Exception):
    """The topics do not show what should have been there; the message says what is missing."""


class Evidence:
    """What was published and read. ``group_records`` counts what stands in ``buying-groups``."""

    def __init__(
        self,
        story: Story,
        board: Board,
        receipts: Receipts,
        partitions: int,
        group_records: int,
    ) -> None:
        self.story = story
        self.board = board
        self.receipts = receipts
        self.partitions = partitions
        self.group_records = group_records
        self._words = Words(story)

    def name(self, lead_id: str) -> str:
        """Return a person's name."""
        return self._words.name(lead_id)

    def title(self, lead_id: str) -> str:
        """Return a person's job title at the beginning."""
        return self._words.title(lead_id)

    def first_name(self, lead_id: str) -> str:
        """Return a person's first name."""
        return self.story.people[lead_id].first_name

    def receipt(self, event_id: str) -> tuple[int, int]:
        """Return where an event was written first."""
        for place in self.receipts.get(event_id, []):
            return place
        raise NotSeen(f"{event_id} was not published")

    def state(self, group_id: str) -> tuple[BuyingGroupState, Sighting]:
        """Return a group as it now stands."""
        state = self.board.states.get(group_id)
        if state is None:
            raise NotSeen(f"the group {group_id} is not in buying-group-state")
        return state, self.board.state_places[group_id]

    def person_score(self, event_id: str) -> tuple[ScoreUpdated, Sighting]:
        """Return how an event moved a person's score."""
        for sighting in self.board.seen(SCORE_UPDATED.name, event_id):
            score = sighting.value
            if isinstance(score, ScoreUpdated) and score.subject_type == "person":
                return score, sighting
        raise NotSeen(f"no person's score was moved by {event_id}")

    def outcome(self, event_id: str, name: str) -> tuple[AssignmentOutcome, Sighting]:
        """Return the answer to a decision or move."""
        for sighting in self.board.seen(ASSIGNMENT_OUTCOME.name, event_id):
            outcome = sighting.value
            if isinstance(outcome, AssignmentOutcome) and outcome.outcome == name:
                return outcome, sighting
        raise NotSeen(f"no outcome says that {event_id} is {name}")

    def membership(
        self, event_id: str, group_id: str, lead_id: str
    ) -> tuple[MembershipChanged, Sighting]:
        """Return how an event changed a lead's membership of a group."""
        return self._membership(
            self.board.seen(MEMBERSHIP_CHANGED.name, event_id), event_id, group_id, lead_id
        )

    def decayed_membership(self, group_id: str, lead_id: str) -> tuple[MembershipChanged, Sighting]:
        """Return the change of a lead's membership that decay caused."""
        found = (
            sighting
            for sighting in self.of(MEMBERSHIP_CHANGED.name)
            if isinstance(sighting.value, MembershipChanged) and sighting.value.reason == "decay"
        )
        return self._membership(found, "decay", group_id, lead_id)

    def of(self, topic: str) -> Iterator[Sighting]:
        """Give everything that was read from a topic."""
        for (name, _), sightings in self.board.by_cause.items():
            if name == topic:
                yield from sightings

    def _membership(
        self, sightings: Iterable[Sighting], cause: str, group_id: str, lead_id: str
    ) -> tuple[MembershipChanged, Sighting]:
        for sighting in sightings:
            change = sighting.value
            if (
                isinstance(change, MembershipChanged)
                and change.buying_group_id == group_id
                and change.lead_id == lead_id
            ):
                return change, sighting
        raise NotSeen(f"{self.name(lead_id)}'s membership was not changed by {cause}")
