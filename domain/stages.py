"""Stages and status of a group (domain.md §6).

Moves apply in the order of their topic. They are kept, so that a group which is created after them
stands where it would stand had it been there before: its stage is the fold of its moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from domain.calendar import Millis, iso_instant
from domain.events import GroupDefinition, StageMove, StatusUpdate
from domain.reports import Outcome

MOST_MOVES: Final = 200
"""So many of a group's newest moves are kept, each recognised when it comes again."""


@dataclass(frozen=True, slots=True)
class StageModel:
    """The stages of a group: where it may enter, and where it may go from each stage."""

    entries: tuple[str, ...]
    transitions: Mapping[str, tuple[str, ...]]

    def refusal(self, current: str | None, stage: str) -> str | None:
        """Return why a group that is at ``current`` may not move to a stage; None if it may."""
        if stage not in self.transitions:
            return f"stage {stage!r} is not in the stage model, which has: {_listed(self.transitions)}"
        if current is None:
            if stage in self.entries:
                return None
            return f"a group enters at {_listed(self.entries)}, not at {stage!r}"
        allowed = self.transitions.get(current, ())
        if stage in allowed:
            return None
        return f"{current!r} does not lead to {stage!r}; it leads to: {_listed(allowed)}"

    def stage_after(self, stage: str | None, moves: Iterable[Move]) -> str | None:
        """Return the stage that moves lead to; those that are not allowed change nothing."""
        for move in moves:
            if self.refusal(stage, move.stage) is None:
                stage = move.stage
        return stage


@dataclass(frozen=True, slots=True)
class Move:
    """A stage move as it is remembered."""

    event_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class Status:
    """A status as it is remembered."""

    decided_at: Millis
    event_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ProgressFigures:
    """What was last reported of a group's stage and status, and the version of each report."""

    stage_version: int = 0
    status_version: int = 0
    stage: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What journeys told of a group: its kept moves in their order, its newest status.

    ``start`` is the stage that the moves which are not kept any more had led to; ``figures`` are what
    was last reported of all this. They are apart from the group's other figures, which are written with
    each activity.
    """

    moves: tuple[Move, ...] = ()
    start: str | None = None
    status: Status | None = None
    figures: ProgressFigures = ProgressFigures()

    def stage(self, definition: GroupDefinition | None) -> str | None:
        """Return the group's stage; None before it entered, or without a stage model."""
        model = model_of(definition)
        return None if model is None else model.stage_after(self.start, self.moves)

    def moved(self, event: StageMove, definition: GroupDefinition | None) -> Progress:
        """Return the progress with a move that was not received before."""
        moves = (*self.moves, Move(event.event_id, event.stage))
        if len(moves) <= MOST_MOVES:
            return replace(self, moves=moves)
        model = model_of(definition)
        start = self.start if model is None else model.stage_after(self.start, moves[:1])
        return replace(self, moves=moves[1:], start=start)

    def received(self, event_id: str) -> bool:
        """Return whether a move is one of those kept."""
        return any(move.event_id == event_id for move in self.moves)

    def named(self, event: StatusUpdate) -> Progress:
        """Return the progress with a status; the same object if a newer one stands."""
        status = Status(event.decided_at, event.event_id, event.status)
        known = self.status
        if known is not None and (known.decided_at, known.event_id) >= (
            status.decided_at,
            status.event_id,
        ):
            return self
        return replace(self, status=status)


NO_PROGRESS: Final = Progress()


def answer_move(before: Progress, event: StageMove, definition: GroupDefinition | None) -> Outcome:
    """Return what becomes of a move, given the group's progress before it."""
    if before.received(event.event_id):
        return Outcome("no_change", "this move was received before")
    unready = _unready(definition)
    if unready is not None:
        return unready
    model = model_of(definition)
    if model is None:
        return Outcome("void", "the group has no stage model")
    current = before.stage(definition)
    if current == event.stage:
        return Outcome("no_change", f"the group is at {current!r} already")
    refusal = model.refusal(current, event.stage)
    if refusal is not None:
        return Outcome("void", refusal)
    return Outcome("applied", f"the group is at {event.stage!r}")


def answer_status(before: Progress, event: StatusUpdate, definition: GroupDefinition | None) -> Outcome:
    """Return what becomes of a status, given the group's progress before it."""
    unready = _unready(definition)
    if unready is not None:
        return unready
    known = before.status
    if known is not None and known.event_id == event.event_id:
        return Outcome("no_change", "this status was received before")
    if before.named(event) is before and known is not None:
        return Outcome(
            "stale", f"a newer status stands: {known.event_id} of {iso_instant(known.decided_at)}"
        )
    if known is not None and known.text == event.status:
        return Outcome("no_change", f"the status is {event.status!r} already")
    return Outcome("applied", f"the status is {event.status!r}")


def model_of(definition: GroupDefinition | None) -> StageModel | None:
    """Return the stage model of a group, if it has one."""
    if definition is None or definition.stage_model is None:
        return None
    return _read(definition.stage_model)


@lru_cache(maxsize=1024)
def _read(text: str) -> StageModel:
    stages = json.loads(text)["stages"]
    return StageModel(
        entries=tuple(stage["name"] for stage in stages if stage["kind"] == "entry"),
        transitions={stage["name"]: tuple(stage["transitions"]) for stage in stages},
    )


def _unready(definition: GroupDefinition | None) -> Outcome | None:
    if definition is None:
        return Outcome("pending", "the group does not exist yet; kept until it is created")
    if definition.deleted:
        return Outcome("void", "the group was deleted; counts only if it is created again")
    return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none"
