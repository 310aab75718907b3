"""One look at a deployment: everything is asked at once, and the answers are put together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from confluent_kafka import Message

from agents.clock import Clock, clock_key, load_clock
from console import VERSION
from console.status import (
    BaselineSeen,
    DeadLettersSeen,
    Status,
    TopicLag,
    Waiting,
    WorkerSeen,
)
from console.status_pages import pages_of
from domain.calendar import Millis
from schemas.registry import committed_versions
from streams.acls import CLOCK_CHANGELOG
from streams.admin import ClusterError, check_topics
from streams.letter_headers import REASON, REDRIVEN
from streams.observing import NotSeen, Observed, Observer, Place
from streams.peeking import Peek
from streams.settings import Settings
from streams.topics import SOURCES

HOUR_MS: Final = 3_600_000
MOST_READ: Final = 10_000
"""So many dead letters are counted by reading them; of more, offsets must do."""

_TAIL: Final = 50
"""A partition's clock is among the last records of its changelog, but while a tick moves it."""


class Lookout:
    """Looks at a deployment, as often as wanted."""

    def __init__(self, settings: Settings, pages: Sequence[str], now: Callable[[], Millis]) -> None:
        self._settings = settings
        self._pages = pages
        self._now = now
        self._observer = Observer(settings)

    def look(self) -> Status:
        """Return how the deployment is doing now.

        Raises:
            NotSeen: Kafka does not answer, or does not allow it.
        """
        settings, at = self._settings, self._now()
        since = at - HOUR_MS
        with ThreadPoolExecutor(4, thread_name_prefix="look") as threads:
            pages = threads.submit(pages_of, self._pages)
            seen = self._observer.observe(since)
            wrong = threads.submit(check_topics, settings)
            baseline = threads.submit(self._baseline, seen)
            dead = threads.submit(self._dead_letters, seen, since)
            lag = self._lag(seen, at)
            try:
                differences = wrong.result()
            except ClusterError as error:
                raise NotSeen(str(error)) from error
            return Status(
                at=at,
                namespace=settings.namespace,
                brokers=settings.kafka_bootstrap_servers or "",
                group=settings.app_id,
                state=seen.state,
                stable=seen.stable,
                workers=_workers(seen),
                unowned=_unowned(seen, self._is_source),
                lag=lag,
                pages=pages.result(),
                dead_letters=dead.result(),
                baseline=baseline.result(),
                day_ticks=settings.day_ticks == "on",
                wrong_topics=[str(difference) for difference in differences],
                engine=VERSION,
                schemas=_schemas(),
                registry=settings.schema_registry_url,
            )

    def _is_source(self, place: Place) -> bool:
        return place[0] in {topic.full_name(self._settings.namespace) for topic in SOURCES}

    def _lag(self, seen: Observed, at: Millis) -> list[TopicLag]:
        unread: dict[Place, tuple[int, int]] = {}
        for place, end in seen.ends.items():
            # What retention has deleted is not waiting for anybody.
            start = max(seen.committed.get(place, 0), seen.first[place])
            if self._is_source(place) and start < end:
                unread[place] = start, end
        peek = Peek(self._settings, unread, first_only=True, undecided=True)
        stamped = {_place(message): message.timestamp()[1] for message in peek}
        waiting: dict[str, list[Waiting]] = defaultdict(list)
        for (name, partition), (start, end) in sorted(unread.items()):
            stamp = stamped.get((name, partition))
            seconds: float | None = None
            if stamp is not None:
                seconds = max(0.0, (at - stamp) / 1000)
            elif (name, partition) not in peek.unread:
                # Markers of transactions are all there is; nothing waits.
                seconds = 0.0
            waiting[name].append(Waiting(partition, end - start, seconds))
        partitions = Counter(name for name, _ in seen.ends)
        return [
            TopicLag(name, partitions[name], waiting[name])
            for topic in SOURCES
            if (name := topic.full_name(self._settings.namespace)) in partitions
        ]

    def _dead_letters(self, seen: Observed, since: Millis) -> DeadLettersSeen:
        spans = {place: (start, seen.ends[place]) for place, start in seen.dead_since.items()}
        most = sum(end - start for start, end in spans.values())
        if most > MOST_READ:
            return DeadLettersSeen(since, most, exact=False)
        peek = Peek(self._settings, spans)
        # Workers stamp what they write, so the order of stamps is not quite that of offsets.
        reasons = Counter(_reason(message) for message in peek if message.timestamp()[1] >= since)
        # A redrive's marks stand among them.
        del reasons[REDRIVEN]
        if peek.unread:
            return DeadLettersSeen(since, most, exact=False)
        return DeadLettersSeen(since, reasons.total(), reasons=dict(sorted(reasons.items())))

    def _baseline(self, seen: Observed) -> BaselineSeen | None:
        name = f"{self._settings.namespace}.{CLOCK_CHANGELOG}"
        whole = {place: (seen.first[place], end) for place, end in seen.ends.items() if place[0] == name}
        tails = {place: (max(start, end - _TAIL), end) for place, (start, end) in whole.items()}
        rows = self._clock_rows(tails)
        rest = {place: span for place, span in whole.items() if place not in rows and span[0] < span[1]}
        rows |= self._clock_rows({place: span for place, span in rest.items() if span != tails[place]})
        return baseline_of({partition: row for (_, partition), row in rows.items()})

    def _clock_rows(self, spans: Mapping[Place, tuple[int, int]]) -> dict[Place, tuple[Clock, Millis]]:
        """Return each partition's last clock in these spans, and when it was written."""
        rows: dict[Place, tuple[bytes, Millis]] = {}
        for message in Peek(self._settings, spans):
            value = message.value()
            if value is not None and message.key() == clock_key(message.partition() or 0):
                rows[_place(message)] = value, message.timestamp()[1]
        try:
            return {place: (load_clock(value), stamp) for place, (value, stamp) in rows.items()}
        except (ValueError, TypeError, LookupError) as error:
            raise NotSeen(
                "The partitions' clocks cannot be read: is this command of the workers' release?"
            ) from error


def baseline_of(clocks: Mapping[int, tuple[Clock, Millis]]) -> BaselineSeen | None:
    """Return the newest baseline, given each partition's clock and when that was written.

    It counts from the first moment at which a partition had it: the partition that gathers the answers
    of the next tick writes its clock again meanwhile.
    """
    if not clocks:
        return None
    version = max(clock.baseline.version for clock, _ in clocks.values())
    have = {
        partition: known for partition, known in clocks.items() if known[0].baseline.version == version
    }
    ticked = any(clock.ticked for clock, _ in clocks.values())
    return BaselineSeen(
        version,
        max(clock.as_of for clock, _ in have.values()),
        min(stamp for _, stamp in have.values()),
        ticked,
        sorted(clocks.keys() - have.keys()) if ticked else (),
    )


def _workers(seen: Observed) -> list[WorkerSeen] | None:
    if seen.members is None:
        return None
    return [
        WorkerSeen(member.host, member.client_id, member.member_id, member.partitions)
        for member in seen.members
    ]


def _unowned(seen: Observed, is_source: Callable[[Place], bool]) -> list[int]:
    if seen.members is None:
        return []
    owned = {place for member in seen.members for place in member.assigned}
    return sorted({place[1] for place in seen.ends if is_source(place) and place not in owned})


def _place(message: Message) -> Place:
    return message.topic() or "", message.partition() or 0


def _reason(message: Message) -> str:
    headers: Any = message.headers() or ()
    return next((value.decode(errors="replace") for name, value in headers if name == REASON), "unknown")


def _schemas() -> dict[str, int]:
    newest: dict[str, int] = {}
    for row in committed_versions():
        newest[row.name] = max(row.version, newest.get(row.name, 0))
    return newest
