"""Activity at a steady rate, and when each event's score could be read.

An event counts if a score names it as its cause; others changed no score, or shared one with a later
event of the same batch. Times between the records' own stamps tell which part of the way took how long:

- appended: from sending until the broker has the event (its stamp)
- taken: from there until the worker stamps the score (fetching, waiting, folding)
- written: from there until the broker has the score (its stamp)
- read: from there until a reader of committed records has it (the commit, and fetching)

Stamps are whole milliseconds of one machine's clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from benchmarks.goals.stand import Deployment
from benchmarks.goals.telling import Row, percentile
from schemas.codec import Codec
from schemas.inputs import LeadActivity
from schemas.outputs import ScoreUpdated
from schemas.registry import CommittedRegistry
from streams.placement import PARTITIONER
from streams.topics import LEAD_ACTIVITY, SCORE_UPDATED

_POLL_S: Final = 0.01
_QUIET_S: Final = 2.0
PARTS: Final = ("appended", "taken", "written", "read")


@dataclass(frozen=True, slots=True)
class Way:
    """When an event was sent, and how many milliseconds each part of its way took."""

    sent: float
    total: float
    parts: tuple[float, float, float, float]


@dataclass(slots=True)
class _Seen:
    value: bytes
    stamp: float
    at: float


@dataclass(slots=True)
class Flow:
    """Sends at a rate in a thread of its own until it is stopped or the events are over."""

    deployment: Deployment
    events: Iterable[LeadActivity]
    rate: int
    sent: dict[str, float] = field(default_factory=dict)
    late: float = 0.0
    """By how many seconds an event was sent late at most: what the sender itself adds."""
    _seen: list[_Seen] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _codec: Codec = field(default_factory=lambda: Codec(CommittedRegistry()))

    def start(self) -> None:
        """Begin to read, then to send."""
        reading = threading.Event()
        reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        reader.start()
        reading.wait(30)
        sender = threading.Thread(target=self._send, daemon=True)
        sender.start()
        self._threads = [sender, reader]

    def stop(self) -> None:
        """Stop sending now."""
        self._stop.set()

    def ways(self, patience_s: float = 60.0) -> list[Way]:
        """Wait until all is sent and nothing more comes; return the way of each event that counts."""
        sender, reader = self._threads
        sender.join()
        deadline = time.monotonic() + patience_s
        count, since = len(self._seen), time.monotonic()
        while time.monotonic() - since < _QUIET_S and time.monotonic() < deadline:
            time.sleep(0.1)
            if len(self._seen) != count:
                count, since = len(self._seen), time.monotonic()
        self._over.set()
        reader.join()
        appended = self._appended()
        found: dict[str, Way] = {}
        for seen in self._seen:
            value = self._codec.decode(SCORE_UPDATED.name, seen.value)
            if not isinstance(value, ScoreUpdated):
                continue
            cause = value.cause_event_id
            sent, there = self.sent.get(cause), appended.get(cause)
            if sent is None or there is None or cause in found:
                continue
            taken = value.emitted_at / 1000
            stamps = (sent, there, taken, seen.stamp, seen.at)
            first, second, third, last = ((after - before) * 1000 for before, after in pairwise(stamps))
            found[cause] = Way(sent, (seen.at - sent) * 1000, (first, second, third, last))
        return list(found.values())

    def _send(self) -> None:
        producer = Producer(
            {
                **self.deployment.settings.client_config(),
                "partitioner": PARTITIONER,
                # As librdkafka and Kafka's own clients have it by default. It is part of the latency;
                # a request for each event would take half of the broker's core.
                "linger.ms": 5,
                # Five requests under way at most, as any careful sender has: without a bound events
                # queue up at a broker that is busy for a moment.
                "enable.idempotence": True,
            }
        )
        topic = LEAD_ACTIVITY.full_name(self.deployment.namespace)
        events = iter(self.events)
        # The first one is not counted: it waits for connections, and to be made may take long.
        first = next(events)
        producer.produce(topic, self._codec.encode(LEAD_ACTIVITY.name, first), first.account_id)
        producer.flush(60)
        started = time.monotonic()
        for number, event in enumerate(events):
            if self._stop.is_set():
                break
            value = self._codec.encode(LEAD_ACTIVITY.name, event)
            due = started + number / self.rate
            while (ahead := due - time.monotonic()) > 0:
                time.sleep(ahead)
            self.late = max(self.late, -ahead)
            # The first time: the stream has repeated events.
            self.sent.setdefault(event.event_id, time.time())
            producer.produce(topic, value, event.account_id)
            producer.poll(0)
        producer.flush(60)

    def _read(self, reading: threading.Event) -> None:
        consumer = self._consumer(SCORE_UPDATED.full_name(self.deployment.namespace), at_end=True)
        reading.set()
        while not self._over.is_set():
            records = consumer.consume(1_000, _POLL_S)
            at = time.time()
            for record in records:
                if record.error() is None:
                    self._seen.append(_Seen(record.value() or b"", record.timestamp()[1] / 1000, at))
        consumer.close()

    def _appended(self) -> dict[str, float]:
        """Return when the broker had each event."""
        consumer = self._consumer(LEAD_ACTIVITY.full_name(self.deployment.namespace), at_end=False)
        found: dict[str, float] = {}
        ended: set[int] = set()
        while len(ended) < self.deployment.settings.partitions:
            for record in consumer.consume(1_000, 1.0):
                error = record.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                        ended.add(record.partition() or 0)
                    continue
                event = self._codec.decode(LEAD_ACTIVITY.name, record.value() or b"")
                if isinstance(event, LeadActivity):
                    found.setdefault(event.event_id, record.timestamp()[1] / 1000)
        consumer.close()
        return found

    def _consumer(self, topic: str, *, at_end: bool) -> Consumer:
        consumer = Consumer(
            {
                **self.deployment.settings.client_config(),
                "group.id": "goal-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": not at_end,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 100,
            }
        )
        partitions = range(self.deployment.settings.partitions)
        places = [TopicPartition(topic, partition, 0) for partition in partitions]
        if at_end:
            for place in places:
                place.offset = consumer.get_watermark_offsets(place, timeout=30)[1]
        consumer.assign(places)
        return consumer


def row_of(ways: list[Way]) -> Row:
    """Return the percentiles of ways, and of each part of them."""
    totals = [way.total for way in ways]
    row: Row = {"scores": len(ways)}
    for percent in (50, 90, 99):
        row[f"p{percent} ms"] = percentile(totals, percent)
    row["most ms"] = max(totals, default=float("nan"))
    for place, part in enumerate(PARTS):
        parts = [way.parts[place] for way in ways]
        row[f"{part} p50"] = percentile(parts, 50)
        row[f"{part} p99"] = percentile(parts, 99)
    return row
