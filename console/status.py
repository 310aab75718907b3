"""How a deployment is doing: what was seen of it, and in words what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.calendar import Day, Millis

TICK_OVERDUE_S: Final = 26 * 3600.0
"""A day ticks at its beginning; two hours more are for workers that were away at midnight."""

_TOLD: Final = 5
_RANGES: Final = 8


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A member of the consumer group; ``partitions`` is empty where there was none left for it."""

    host: str
    client_id: str
    member_id: str
    partitions: Sequence[int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A partition with unread records, and for how long the first has waited; None: not known."""

    partition: int
    records: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class TopicLag:
    """What of a topic the workers have not consumed yet; ``waiting`` has the partitions where some is.

    Counted by offsets, so the markers of transactions count too.
    """

    topic: str
    partitions: int
    waiting: Sequence[Waiting] = ()

    @property
    def records(self) -> int:
        """Return how much is unread."""
        return sum(each.records for each in self.waiting)

    @property
    def worst(self) -> Waiting | None:
        """Return the partition whose first unread record has waited longest, one not known first."""
        return max(
            self.waiting, key=lambda each: (each.seconds is None, each.seconds or 0.0), default=None
        )


@dataclass(frozen=True, slots=True)
class DeadLettersSeen:
    """Dead letters since a moment. ``exact`` False: too many to read, so markers count too."""

    since: Millis
    records: int
    exact: bool = True
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BaselineSeen:
    """The newest baseline of any partition, and since when it has counted.

    ``behind`` are the partitions that have an older one; ``ticked`` False: there was no tick yet.
    """

    version: int
    as_of: Day
    set_at: Millis
    ticked: bool
    behind: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a worker says of itself over HTTP; ``unanswered`` is why it does not."""

    url: str
    unanswered: str | None = None
    problems: Sequence[str] = ()
    recovering: int = 0
    owned: int = 0
    failing: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a deployment. ``workers`` None: this Kafka does not tell who is in a group."""

    at: Millis
    namespace: str
    brokers: str
    group: str
    state: str | None
    stable: bool
    workers: Sequence[WorkerSeen] | None
    unowned: Sequence[int]
    lag: Sequence[TopicLag]
    pages: Sequence[Page]
    dead_letters: DeadLettersSeen
    baseline: BaselineSeen | None
    day_ticks: bool
    wrong_topics: Sequence[str]
    engine: str
    schemas: dict[str, int]
    registry: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a deployment is not healthy; ``dead_letters`` None: never by them."""

    lag_s: float = 60.0
    dead_letters: int | None = None


def what_is_wrong(status: Status, limits: Limits) -> list[str]:
    """Return why a deployment is not healthy, one line each; nothing if it is."""
    return [
        *_workers(status),
        *(line for topic in status.lag if (line := _late(topic, limits.lag_s)) is not None),
        *_day(status),
        *_pages(status.pages),
        *_dead(status.dead_letters, limits.dead_letters),
        *_topics(status.wrong_topics),
    ]


def _workers(status: Status) -> Iterator[str]:
    if status.workers is None:
        return
    if not status.workers:
        yield f"no workers: the consumer group {status.group} has no members (buying-groups worker)"
    elif not status.stable:
        yield f"the consumer group is {status.state}; nothing is read meanwhile"
    elif status.unowned:
        yield f"no worker has {_partitions(status.unowned)}"


def _late(topic: TopicLag, limit_s: float) -> str | None:
    worst = topic.worst
    if worst is None:
        return None
    if worst.seconds is None:
        return (
            f"{topic.topic}: how long {_partitions([worst.partition])} has waited could not be read in"
            f" time ({worst.records:,} unread)"
        )
    late = [each for each in topic.waiting if each.seconds is not None and each.seconds > limit_s]
    if not late:
        return None
    more = f", {counted(len(late) - 1, 'more partition')} late" if len(late) > 1 else ""
    return (
        f"{topic.topic}: the first unread record of partition {worst.partition} has waited"
        f" {worst.seconds:,.0f} s, more than {limit_s:g} s ({worst.records:,} unread{more})"
    )


def _day(status: Status) -> Iterator[str]:
    if not status.day_ticks:
        return
    baseline = status.baseline
    if baseline is None or not baseline.ticked:
        yield "the day has never moved on; a worker with DAY_TICKS=on does so when it starts"
        return
    age_s = (status.at - baseline.set_at) / 1000
    if age_s > TICK_OVERDUE_S:
        yield (
            f"the last tick is {age_s / 3600:.0f} h old, more than {TICK_OVERDUE_S / 3600:.0f} h,"
            " and day ticks are on"
        )


def _pages(pages: Sequence[Page]) -> Iterator[str]:
    for page in pages:
        if page.unanswered is not None:
            yield f"worker {page.url} does not answer: {page.unanswered}"
        for problem in page.problems:
            yield f"worker {page.url} is not ready: {problem}"


def _dead(dead: DeadLettersSeen, most: int | None) -> Iterator[str]:
    if most is not None and dead.records > most:
        about = "" if dead.exact else "up to "
        yield f"{about}{counted(dead.records, 'dead letter')} in the last hour, more than {most:,}"


def _topics(wrong: Sequence[str]) -> Iterator[str]:
    yield from wrong[:_TOLD]
    if len(wrong) > _TOLD:
        yield f"{counted(len(wrong) - _TOLD, 'more difference')} (buying-groups topics check)"


def _partitions(numbers: Sequence[int]) -> str:
    return f"partition{'s' if len(numbers) > 1 else ''} {ranges(numbers)}"


def counted(number: int, unit: str) -> str:
    """Return a number with its unit: ``1 record``, ``2,000 records``."""
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def ranges(numbers: Sequence[int]) -> str:
    """Return numbers in short: ``0-3, 7``; of many that are scattered the first, and how many in all."""
    told: list[str] = []
    first = last = None
    for number in [*sorted(numbers), None]:
        if number is not None and last is not None and number == last + 1:
            last = number
            continue
        if first is not None:
            told.append(str(first) if first == last else f"{first}-{last}")
        first = last = number
    if len(told) > _RANGES:
        return f"{', '.join(told[:_RANGES])}, … ({len(numbers)} in all)"
    return ", ".join(told)
