"""How long a record that stands in a topic may stay there, by the settings the broker has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from domain.calendar import Millis

Ending: TypeAlias = Literal["retention", "compaction", "never", "process"]
"""What ends a record: its age; a newer record of its key; nothing; the end of an embedded Kafka."""

NO_LIMIT: Final = 2**63 - 1
"""What ``max.compaction.lag.ms`` is where nothing bounds it."""

_DAY_MS: Final = 86_400_000
_BY_AGE: Final = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * _DAY_MS),
    "segment.ms": str(7 * _DAY_MS),
}
_BY_KEY: Final = {
    "cleanup.policy": "compact",
    "segment.ms": str(7 * _DAY_MS),
    "min.cleanable.dirty.ratio": "0.5",
    "max.compaction.lag.ms": str(NO_LIMIT),
    "delete.retention.ms": str(_DAY_MS),
}
"""The settings that say so, and what Kafka takes where neither topic nor broker says anything."""


@dataclass(frozen=True, slots=True)
class Stay:
    """How long what a topic holds now may stay, and by which settings.

    ``until`` is the latest time: of its deletion, or with a compaction, of its becoming due for one.
    None: no setting limits it.
    """

    ending: Ending
    until: Millis | None
    settings: Mapping[str, str]


def stay_of(given: Mapping[str, str] | None, now: Millis) -> Stay:
    """Return how long a record that was published before ``now`` may stay.

    ``given`` are the topic's settings; None where an embedded Kafka keeps the topic.
    """
    if given is None:
        return Stay("process", None, {})
    policy = given.get("cleanup.policy", "delete").split(",")
    by_age, by_key = _BY_AGE | _known(_BY_AGE, given), _BY_KEY | _known(_BY_KEY, given)
    retention, segment = int(by_age["retention.ms"]), int(by_age["segment.ms"])
    if "delete" in policy and retention >= 0:
        # A segment goes as a whole, when its newest record is old enough; and it may have been begun
        # by the record in question, and be written to for as long as segment.ms.
        return Stay("retention", now + retention + segment, by_age)
    if "compact" in policy:
        lag = int(by_key["max.compaction.lag.ms"])
        return Stay("compaction", None if lag >= NO_LIMIT else now + lag, by_key)
    return Stay("never", None, by_age)


def span(millis: int) -> str:
    """Return a span of time for people: ``35 days``, ``12 hours``, ``not limited``."""
    if millis < 0 or millis >= NO_LIMIT:
        return "not limited"
    for unit, size in (("day", _DAY_MS), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000)):
        if millis >= size and millis % size == 0:
            number = millis // size
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return f"{millis} ms"


def _known(usual: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in usual if name in given}
