"""A partition's clock: its date, its baseline, and, in the reducing partition, the baselines underway.

A tick goes to partition 0. It settles the date and the weighting model, asks every partition for its
points, and, when all answered, for the strength of its groups by those points: who is in a group may
depend on the person scores to come. When all answered again it numbers the new baseline and sends it to
every partition, which moves its date on and rescores (architecture.md, "Ticks").
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, TypeAlias

import orjson

from agents import rows
from domain.account import Tenant
from domain.calendar import Day, Millis
from domain.definitions import SolutionInterest
from domain.engagement import (
    DEFAULT_MODEL,
    Baseline,
    TenantPart,
    WeightingModel,
    baseline_of,
    first_baseline,
)
from streams.tables import encode_key

REDUCING_PARTITION: Final = 0
_REMEMBERED_TICKS: Final = 100

Interests: TypeAlias = tuple[SolutionInterest, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """The greatest figures of the answers that came. ``senders`` has a bit for each partition heard."""

    senders: int = 0
    greatest: TenantPart = field(default_factory=TenantPart)

    def take(self, sender: int, part: TenantPart) -> Answers:
        """Return the answers with another one; one that comes again counts as the greater of both."""
        return Answers(self.senders | 1 << sender, self.greatest.merge(part))

    def complete(self, partitions: int) -> bool:
        """Return whether every partition has answered."""
        return self.senders.bit_count() == partitions


@dataclass(frozen=True, slots=True)
class Underway:
    """A baseline that is being gathered: its date, its model, and the partitions' answers.

    ``yardstick`` is the baseline without its group root, None until all points are there.
    """

    as_of: Day
    model: WeightingModel
    points: Answers = Answers()
    yardstick: Baseline | None = None
    strengths: Answers = Answers()

    def whole(self) -> TenantPart:
        """Return the greatest of all answers."""
        return self.points.greatest.merge(self.strengths.greatest)


@dataclass(frozen=True, slots=True)
class Move:
    """A move to another baseline that is under way: the record that told of it, and how far it got.

    Accounts are rescored in the order of their ids; ``reached`` is the last of them.
    """

    event_id: str
    at: Millis
    reached: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """What a partition knows of time and scale.

    ``previous_as_of`` is the date before its last move; ``remodelled`` says that the last baseline came
    with another weighting model. In partition 0 ``asked`` is the latest date of a tick that was begun,
    ``ticks`` are the last ticks taken, ``issued`` the last baselines sent, by tick.
    """

    as_of: Day = 0
    previous_as_of: Day = 0
    ticked: bool = False
    baseline: Baseline = field(default_factory=first_baseline)
    model: WeightingModel = DEFAULT_MODEL
    remodelled: bool = False
    asked: Day = 0
    ticks: tuple[str, ...] = ()
    underway: dict[str, Underway] = field(default_factory=dict)
    issued: dict[str, int] = field(default_factory=dict)

    def tenant(self, interests: Interests = ()) -> Tenant:
        """Return what the rules need to know."""
        return Tenant(self.as_of, self.ticked, self.baseline, self.model, interests)

    def seen(self, newest_activity: Day) -> Clock:
        """Return the clock after activity of a day: until the first tick the date follows it."""
        if self.ticked or newest_activity <= self.as_of:
            return self
        return replace(self, as_of=newest_activity, previous_as_of=self.as_of)

    def moved(self, as_of: Day, baseline: Baseline, model: WeightingModel) -> Clock:
        """Return the clock with a newer baseline; a date never moves back once ticked."""
        again = baseline.version == self.baseline.version
        return replace(
            self,
            as_of=max(self.as_of, as_of) if self.ticked else as_of,
            previous_as_of=self.previous_as_of if again else self.as_of,
            ticked=True,
            baseline=baseline,
            model=model,
            remodelled=self.remodelled if again else model != self.model,
        )

    def begun(self, tick_id: str, as_of: Day, model: WeightingModel) -> Clock:
        """Return the clock after a tick was taken; one that is known changes nothing."""
        if tick_id in self.ticks:
            return self
        date = max(as_of, self.asked, self.as_of if self.ticked else 0)
        return replace(
            self,
            asked=date,
            ticks=(*self.ticks, tick_id)[-_REMEMBERED_TICKS:],
            underway={**self.underway, tick_id: Underway(date, model)},
        )

    def pointed(self, tick_id: str, sender: int, part: TenantPart, partitions: int) -> Clock:
        """Return the clock after a partition told its points; the last one gives the yardstick."""
        known = self.underway.get(tick_id)
        if known is None or known.yardstick is not None or sender >= partitions:
            return self
        underway = replace(known, points=known.points.take(sender, part))
        if underway == known:
            return self
        if underway.points.complete(partitions):
            yardstick = baseline_of(underway.whole(), underway.model, self._next_version())
            underway = replace(underway, yardstick=yardstick)
        return replace(self, underway={**self.underway, tick_id: underway})

    def strengthened(self, tick_id: str, sender: int, part: TenantPart, partitions: int) -> Clock:
        """Return the clock after a partition told the strength of its groups."""
        known = self.underway.get(tick_id)
        if known is None or sender >= partitions:
            return self
        underway = replace(known, strengths=known.strengths.take(sender, part))
        if underway == known:
            return self
        return replace(self, underway={**self.underway, tick_id: underway})

    def complete(self, tick_id: str, partitions: int) -> bool:
        """Return whether every partition answered everything that a tick asked."""
        underway = self.underway.get(tick_id)
        return underway is not None and underway.strengths.complete(partitions)

    def issue(self, tick_id: str) -> tuple[Clock, Baseline]:
        """Return the clock after reducing a tick's answers, and the new baseline."""
        done = self.underway[tick_id]
        version = self._next_version()
        issued = dict(list({**self.issued, tick_id: version}.items())[-_REMEMBERED_TICKS:])
        underway = {known: parts for known, parts in self.underway.items() if known != tick_id}
        clock = replace(self, underway=underway, issued=issued)
        return clock, baseline_of(done.whole(), done.model, version)

    def _next_version(self) -> int:
        return max(self.baseline.version, *self.issued.values(), 0) + 1


def clock_key(partition: int) -> bytes:
    """Return the key of a partition's clock row."""
    return encode_key((partition,))


def move_key(partition: int) -> bytes:
    """Return the key of the row of a move that is under way."""
    return encode_key((partition, "move"))


def dump_clock(clock: Clock) -> bytes:
    """Return the clock's row."""
    fields = asdict(clock)
    for underway in fields["underway"].values():
        for answers in (underway["points"], underway["strengths"]):
            answers["senders"] = f"{answers['senders']:x}"
    return rows.dump(fields)


def load_clock(row: bytes) -> Clock:
    """Return what :func:`dump_clock` was given."""
    fields = orjson.loads(row)
    fields["baseline"] = Baseline(**fields["baseline"])
    fields["model"] = WeightingModel(**fields["model"])
    fields["ticks"] = tuple(fields["ticks"])
    fields["underway"] = {
        tick_id: _underway(underway) for tick_id, underway in fields["underway"].items()
    }
    return Clock(**fields)


def dump_move(move: Move) -> bytes:
    """Return the row of a move that is under way."""
    return rows.dump(move)


def load_move(row: bytes) -> Move:
    """Return what :func:`dump_move` was given."""
    return Move(**orjson.loads(row))


def _underway(fields: dict[str, Any]) -> Underway:
    yardstick = fields["yardstick"]
    return Underway(
        fields["as_of"],
        WeightingModel(**fields["model"]),
        _answers(fields["points"]),
        None if yardstick is None else Baseline(**yardstick),
        _answers(fields["strengths"]),
    )


def _answers(fields: dict[str, Any]) -> Answers:
    if "senders" in fields:
        return Answers(int(fields["senders"], 16), TenantPart(**fields["greatest"]))
    # Rows of a tick that was under way when answers were still kept one by one.
    answers = Answers()
    for sender, part in fields.items():
        answers = answers.take(int(sender), TenantPart(**part))
    return answers
