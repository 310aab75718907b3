"""A partition's clock: its date, its baseline, and, in the reducing partition, the baselines underway.

A tick goes round once: every partition answers a ``day_tick`` with its part of the baseline, addressed
to partition 0; when all parts are there, partition 0 numbers the new baseline and sends it to every
partition, which moves its date on and rescores (architecture.md, "Ticks").
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Final

import orjson

from agents import rows
from domain.account import Tenant
from domain.calendar import Day
from domain.engagement import (
    DEFAULT_MODEL,
    Baseline,
    TenantPart,
    WeightingModel,
    baseline_of,
    first_baseline,
)

REDUCING_PARTITION: Final = 0
_REMEMBERED_TICKS: Final = 100


@dataclass(frozen=True, slots=True)
class Underway:
    """A tick whose parts are being gathered, by sending partition."""

    as_of: Day
    parts: dict[int, TenantPart]


@dataclass(frozen=True, slots=True)
class Clock:
    """What a partition knows of time and scale.

    ``previous_as_of`` is the date before its last move. ``ticks`` are the last ticks answered,
    ``issued`` the last baselines that partition 0 sent, by tick.
    """

    as_of: Day = 0
    previous_as_of: Day = 0
    ticked: bool = False
    baseline: Baseline = field(default_factory=first_baseline)
    ticks: tuple[str, ...] = ()
    underway: dict[str, Underway] = field(default_factory=dict)
    issued: dict[str, int] = field(default_factory=dict)

    def tenant(self, model: WeightingModel = DEFAULT_MODEL) -> Tenant:
        """Return what the rules need to know."""
        return Tenant(self.as_of, self.ticked, self.baseline, model)

    def seen(self, newest_activity: Day) -> Clock:
        """Return the clock after activity of a day: until the first tick the date follows it."""
        if self.ticked or newest_activity <= self.as_of:
            return self
        return replace(self, as_of=newest_activity, previous_as_of=self.as_of)

    def moved(self, as_of: Day, baseline: Baseline) -> Clock:
        """Return the clock with a newer baseline; a date never moves back once ticked."""
        date = max(self.as_of, as_of) if self.ticked else as_of
        before = self.previous_as_of if baseline.version == self.baseline.version else self.as_of
        return replace(self, as_of=date, previous_as_of=before, ticked=True, baseline=baseline)

    def tenant_before(self, model: WeightingModel = DEFAULT_MODEL) -> Tenant:
        """Return what the rules need to know of the time before the last move of the date."""
        return Tenant(self.previous_as_of, self.ticked, self.baseline, model)

    def answered(self, tick_id: str) -> Clock:
        """Return the clock after a tick was answered."""
        return replace(self, ticks=(*self.ticks, tick_id)[-_REMEMBERED_TICKS:])

    def gathered(self, tick_id: str, as_of: Day, sender: int, part: TenantPart) -> Clock:
        """Return the clock after a part came in; one that was reduced already changes nothing."""
        if tick_id in self.issued:
            return self
        known = self.underway.get(tick_id) or Underway(as_of, {})
        gathered = Underway(max(known.as_of, as_of), {**known.parts, sender: part})
        return replace(self, underway={**self.underway, tick_id: gathered})

    def complete(self, tick_id: str, partitions: int) -> bool:
        """Return whether every partition's part of a tick is there."""
        underway = self.underway.get(tick_id)
        return underway is not None and len(underway.parts) >= partitions

    def issue(self, tick_id: str, model: WeightingModel = DEFAULT_MODEL) -> tuple[Clock, Baseline]:
        """Return the clock after reducing a tick's parts, and the new baseline."""
        whole = TenantPart()
        for part in self.underway[tick_id].parts.values():
            whole = whole.merge(part)
        version = max(self.baseline.version, *self.issued.values(), 0) + 1
        issued = dict(list({**self.issued, tick_id: version}.items())[-_REMEMBERED_TICKS:])
        underway = {known: parts for known, parts in self.underway.items() if known != tick_id}
        clock = replace(self, underway=underway, issued=issued)
        return clock, baseline_of(whole, model, version)


def dump_clock(clock: Clock) -> bytes:
    """Return the clock's row."""
    return rows.dump(asdict(clock))


def load_clock(row: bytes) -> Clock:
    """Return what :func:`dump_clock` was given."""
    fields = orjson.loads(row)
    fields["baseline"] = Baseline(**fields["baseline"])
    fields["ticks"] = tuple(fields["ticks"])
    fields["underway"] = {
        tick_id: Underway(
            underway["as_of"],
            {int(sender): TenantPart(**part) for sender, part in underway["parts"].items()},
        )
        for tick_id, underway in fields["underway"].items()
    }
    return Clock(**fields)
