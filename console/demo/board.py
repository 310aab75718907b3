"""What came out of the engine so far, as the demo knows it: nothing that was not read from a topic."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

from schemas.fields import Contract
from schemas.outputs import BuyingGroupState, Output

KEPT_HAPPENINGS: Final = 60


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record that was read: where it stands, its bytes, and its value if it is in a contract.

    ``seen_at`` is on the monotonic clock, in seconds.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    raw: bytes | None
    headers: Mapping[str, bytes]
    value: Contract | None
    seen_at: float

    @property
    def place(self) -> str:
        """Return where the record stands, as the telling writes it."""
        return f"{self.topic}/{self.partition}@{self.offset}"

    @property
    def cause_id(self) -> str:
        """Return the id of the input event behind it; a dead letter keeps its own headers."""
        if isinstance(self.value, (Output, BuyingGroupState)):
            return self.value.cause_event_id
        return self.headers.get("ce_id", b"").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the ticker: ``kind`` chooses its colour, ``subject`` is a group's account.

    ``interest`` is empty where the account has one group only, or the same is told of all it has.
    """

    kind: str
    subject: str
    interest: str
    text: str


@dataclass(frozen=True, slots=True)
class Move:
    """When a figure of a group last moved on the screen, and whether up."""

    at: float
    up: bool


Teller = Callable[[Sighting], Happening | None]
"""Puts an output into words, None when it is not worth a line."""


@dataclass(slots=True)
class Board:
    """All sightings, the newest state of each group, and the newest happenings first."""

    tell: Teller
    states: dict[str, BuyingGroupState] = field(default_factory=dict)
    state_places: dict[str, Sighting] = field(default_factory=dict)
    by_cause: dict[tuple[str, str], list[Sighting]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    happenings: deque[Happening] = field(default_factory=lambda: deque(maxlen=KEPT_HAPPENINGS))
    moves: dict[tuple[str, str], Move] = field(default_factory=dict)
    published_at: dict[str, float] = field(default_factory=dict)
    latencies: dict[str, float] = field(default_factory=dict)

    def take(self, sighting: Sighting, *, output: bool = True) -> None:
        """Note a record; ``output`` is False for an input record that was looked up."""
        self.by_cause[sighting.topic, sighting.cause_id].append(sighting)
        if not output:
            return
        self.counts[sighting.topic] += 1
        self._measure(sighting)
        if isinstance(sighting.value, BuyingGroupState):
            self._take_state(sighting, sighting.value)
        happening = self.tell(sighting)
        if happening is not None:
            self._note(happening)

    def seen(self, topic: str, cause_id: str) -> list[Sighting]:
        """Return the records of a topic that an input event caused, in the order they were read."""
        return self.by_cause.get((topic, cause_id), [])

    def complete_groups(self) -> int:
        """Return how many groups miss nobody."""
        return sum(not state.missing_roles for state in self.states.values())

    def latency_s(self) -> float | None:
        """Return the median time from publishing an event to reading its first output, in seconds."""
        return median(self.latencies.values()) if self.latencies else None

    def _note(self, happening: Happening) -> None:
        newest = self.happenings[0] if self.happenings else None
        if newest is not None and replace(newest, interest="") == replace(happening, interest=""):
            # A profile moves all groups of its account alike: that is one thing that happened.
            self.happenings[0] = replace(happening, interest="")
        else:
            self.happenings.appendleft(happening)

    def _measure(self, sighting: Sighting) -> None:
        published = self.published_at.get(sighting.cause_id)
        if published is not None:
            self.latencies.setdefault(sighting.cause_id, sighting.seen_at - published)

    def _take_state(self, sighting: Sighting, state: BuyingGroupState) -> None:
        group_id = state.buying_group_id
        known = self.states.get(group_id)
        if known is not None and known.version >= state.version:
            return
        if known is not None:
            for figure, before, after in (
                ("completeness", known.completeness, state.completeness),
                ("score", known.score, state.score),
            ):
                if rounded(before) != rounded(after):
                    self.moves[group_id, figure] = Move(sighting.seen_at, after > before)
        self.states[group_id] = state
        self.state_places[group_id] = sighting


def rounded(figure: float) -> int:
    """Return a figure as it is displayed: a whole number, half-up (domain.md §4, §5)."""
    return int(figure + 0.5)
