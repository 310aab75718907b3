"""``tick``: once what was published before is consumed, move the day on and wait until it counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from agents.ticker import send_tick
from domain.calendar import Day, Millis
from schemas.codec import BadRecord, Codec
from schemas.control import ControlRecord
from streams.progress import committed
from streams.settings import Settings
from streams.topics import CONTROL, DEFINITIONS, INPUTS, Topic

_POLL_S: Final = 0.2
_TIMEOUT_S: Final = 10.0

_LONGEST_RESCORING_S: Final = 1_800.0
"""So long a tick of a large tenant may be silent while there are workers: it rescores every account."""

Told = Callable[[str, int, int], None]
"""Told how far the waiting is: what is waited for, how much of it is done, how much there is."""


class NotConsumed(Exception):
    """The workers did not get there in time; the message says what is left."""


def move_day_on(
    settings: Settings, codec: Codec, as_of: Day, now: Millis, patience_s: float, told: Told
) -> int:
    """Tick to a date; return the number of the baseline that every partition now has.

    Raises:
        NotConsumed: no worker consumed for ``patience_s`` seconds.
        TimeoutError: the broker did not take the tick.
    """
    watch = _Watch(settings, patience_s, told)
    try:
        # What was in a wrong partition stands at the end of the right one once it was consumed, so the
        # ends are taken twice: after the second round nothing of what came before is left.
        inputs = (*INPUTS, DEFINITIONS)
        watch.wait_until_consumed("records", inputs)
        watch.wait_until_consumed("routed records", inputs)
        tick_id = f"tick-{uuid4()}"
        since = watch.ends_of((CONTROL,))
        send_tick(settings, codec, tick_id, as_of, now, f"/{settings.namespace}/console")
        baselines = watch.wait_for_baselines(codec, tick_id, since)
        control = CONTROL.full_name(settings.namespace)
        watch.wait_for_offsets(
            "control records",
            {(control, partition): at + 1 for partition, (at, _) in baselines.items()},
            rescoring=True,
        )
        return next(version for _, version in baselines.values())
    finally:
        watch.close()


class _Watch:
    """Looks at offsets as the workers' consumer group commits them."""

    def __init__(self, settings: Settings, patience_s: float, told: Told) -> None:
        self._settings = settings
        self._patience_s = patience_s
        self._told = told
        self._workers_seen = 0.0
        # Never subscribes: a reader that joined the workers' group would take partitions from them.
        self._group = Consumer({**settings.client_config(), "group.id": settings.app_id})
        self._reader = Consumer(
            {
                **settings.client_config(),
                "group.id": f"{settings.app_id}-tick",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
            }
        )

    def close(self) -> None:
        """Let go of the broker."""
        self._group.close()
        self._reader.close()

    def wait_until_consumed(self, what: str, topics: Iterable[Topic]) -> None:
        """Wait until the group has consumed what stands in the topics now."""
        ends = self.ends_of(topics)
        self.wait_for_offsets(what, {place: end for place, end in ends.items() if end > 0})

    def ends_of(self, topics: Iterable[Topic]) -> dict[tuple[str, int], int]:
        """Return (full topic name, partition) → the offset after the last record."""
        ends: dict[tuple[str, int], int] = {}
        for topic in topics:
            name = topic.full_name(self._settings.namespace)
            for partition in range(self._settings.partitions):
                place = TopicPartition(name, partition)
                _, ends[name, partition] = self._reader.get_watermark_offsets(place, timeout=_TIMEOUT_S)
        return ends

    def _given_up(self, since: float, *, rescoring: bool) -> bool:
        """Return whether it was silent for too long, as far as workers may be silent."""
        now = time.monotonic()
        if now - max(since, self._workers_seen) <= self._patience_s:
            return False
        if rescoring and now - since <= _LONGEST_RESCORING_S and self._has_workers():
            self._workers_seen = now
            return False
        return True

    def _has_workers(self) -> bool:
        asked = AdminClient({**self._settings.client_config(), "log_level": 0})
        group = self._settings.app_id
        try:
            told = asked.describe_consumer_groups([group], request_timeout=_TIMEOUT_S)[group].result()
        except KafkaException:
            return False
        return bool(told.members)

    def wait_for_offsets(
        self, what: str, ends: Mapping[tuple[str, int], int], *, rescoring: bool = False
    ) -> None:
        """Wait until the group has committed at least these offsets of (full topic name, partition)."""
        total = sum(ends.values())
        seen, since = -1, time.monotonic()
        while ends:
            there = committed(self._group, [TopicPartition(name, partition) for name, partition in ends])
            done = sum(min(there[place], end) for place, end in ends.items())
            self._told(what, done, total)
            if done >= total:
                return
            if done != seen:
                seen, since = done, time.monotonic()
            elif self._given_up(since, rescoring=rescoring):
                silent = time.monotonic() - since
                raise NotConsumed(_stuck(f"{total - done} {what} are not consumed", silent))
            time.sleep(_POLL_S)

    def wait_for_baselines(
        self, codec: Codec, tick_id: str, since: Mapping[tuple[str, int], int]
    ) -> dict[int, tuple[int, int]]:
        """Wait until the tick's baseline was sent everywhere: partition → (offset, version)."""
        self._reader.assign(
            [TopicPartition(name, partition, offset) for (name, partition), offset in since.items()]
        )
        found: dict[int, tuple[int, int]] = {}
        heard = time.monotonic()
        while len(found) < self._settings.partitions:
            self._told("baselines", len(found), self._settings.partitions)
            message = self._reader.poll(_POLL_S)
            if message is None or message.error() is not None:
                if self._given_up(heard, rescoring=True):
                    raise NotConsumed(_stuck("no new baseline was sent", time.monotonic() - heard))
                continue
            heard = time.monotonic()
            try:
                record = codec.decode(CONTROL.name, message.value())
            except BadRecord:
                continue
            if (
                isinstance(record, ControlRecord)
                and record.kind == "baseline"
                and record.tick_id == tick_id
            ):
                found[record.partition] = (message.offset() or 0, record.baseline_version or 0)
        self._told("baselines", len(found), self._settings.partitions)
        return found


def _stuck(what: str, silent_s: float) -> str:
    return f"{what}, and nothing moved for {silent_s:.0f} s. Is a worker running (buying-groups worker)?"
