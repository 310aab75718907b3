"""Reads the output topics while the demo runs, and lets it wait for what it wants to have read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from console.demo.board import Board, Sighting
from schemas.codec import BadRecord, Codec
from streams.settings import Settings
from streams.topics import DEAD_LETTERS, LEAD_ACTIVITY, OUTPUTS, Topic

_POLL_S: Final = 0.05
_AT_ONCE: Final = 500
_LOOK_AROUND_S: Final = 0.25
_ANSWER_S: Final = 10.0


class Watch:
    """A consumer of its own, in a thread, that fills a board. Hold ``changed`` to read the board."""

    def __init__(self, settings: Settings, codec: Codec, board: Board) -> None:
        self.board = board
        self.changed = threading.Condition()
        self._settings = settings
        self._codec = codec
        self._outputs = {topic.full_name(settings.namespace): topic.name for topic in OUTPUTS}
        self._inputs = {LEAD_ACTIVITY.full_name(settings.namespace): LEAD_ACTIVITY.name}
        self._wanted: set[str] = set()
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="demo-watch", daemon=True)

    def start(self) -> None:
        """Start reading from the beginning."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def look_for(self, event_id: str) -> None:
        """Note where an activity record with this id stands, each time it is met."""
        self._wanted.add(event_id)

    def wait_until(
        self, holds: Callable[[Board], bool], deadline: float, check: Callable[[], None]
    ) -> bool:
        """Wait until the board shows something; return whether it did before the deadline.

        ``check`` is called now and then and may raise; the deadline is on the monotonic clock.
        """
        while True:
            check()
            with self.changed:
                if self._failure is not None:
                    raise self._failure
                if holds(self.board):
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, _LOOK_AROUND_S))

    def _run(self) -> None:
        # No group is joined: the reader says itself what it reads, and commits nothing.
        consumer = Consumer(
            {
                **self._settings.client_config(),
                "group.id": f"{self._settings.app_id}-demo",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
                "log_level": 2,
            }
        )
        try:
            consumer.assign(
                [
                    TopicPartition(name, partition, OFFSET_BEGINNING)
                    for name in (*self._outputs, *self._inputs)
                    for partition in range(self._settings.partitions)
                ]
            )
            while not self._stop.is_set():
                # Waiting for many would hold the first one back, and its latency is told.
                first = consumer.poll(_POLL_S)
                if first is not None:
                    self._take([first, *consumer.consume(_AT_ONCE, 0)])
        except Exception as failure:  # noqa: BLE001 - told by the next wait, in the main thread
            with self.changed:
                self._failure = failure
                self.changed.notify_all()
        finally:
            consumer.close()

    def count(self, topic: Topic) -> int:
        """Return how many records stand in a topic."""
        consumer = Consumer({**self._settings.client_config(), "group.id": "demo-count", "log_level": 2})
        name = topic.full_name(self._settings.namespace)
        try:
            ends = [
                consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=_ANSWER_S)
                for partition in range(self._settings.partitions)
            ]
        finally:
            consumer.close()
        return sum(end - begin for begin, end in ends)

    def _take(self, messages: list[Message]) -> None:
        now = time.monotonic()
        found = [
            (sighting, sighting.topic != LEAD_ACTIVITY.name)
            for message in messages
            if message.error() is None and (sighting := self._read(message, now)) is not None
        ]
        if found:
            with self.changed:
                for sighting, output in found:
                    self.board.take(sighting, output=output)
                self.changed.notify_all()

    def _read(self, message: Message, now: float) -> Sighting | None:
        full_name = message.topic() or ""
        name = self._outputs.get(full_name) or self._inputs[full_name]
        headers = {
            key: value.encode() if isinstance(value, str) else value or b""
            for key, value in dict(message.headers() or []).items()
        }
        value = None
        if name == LEAD_ACTIVITY.name:
            if headers.get("ce_id", b"").decode("utf-8", "replace") not in self._wanted:
                return None
        elif name != DEAD_LETTERS.name:
            try:
                value = self._codec.decode(name, message.value())
            except BadRecord:
                return None
        return Sighting(
            name,
            message.partition() or 0,
            message.offset() or 0,
            message.key(),
            message.value(),
            headers,
            value,
            now,
        )
