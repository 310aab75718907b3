"""Keeping workers away: the consumer group itself is the lock.

A group takes only members that can agree on how partitions are assigned. Workers know one way, the
member that is made here another. So the broker refuses it while a worker is in the group, and refuses
workers while it is. Nothing is left behind when this process dies: after its session the group is empty.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.settings import Settings
from streams.topics import CONTROL

_JOIN_WITHIN_S: Final = 60.0
_POLL_S: Final = 0.2


class GroupBusy(Exception):
    """Workers are in the group, or it could not be asked; the message says which."""


class WorkersActive(GroupBusy):
    """Workers are in the group."""


class GroupLock:
    """Holds the workers' consumer group for as long as the context lasts."""

    def __init__(self, settings: Settings) -> None:
        self._group = settings.app_id
        self._topic = CONTROL.full_name(settings.namespace)
        self._said: list[str] = []
        self._joined = threading.Event()
        self._stop = threading.Event()
        self._refused: GroupBusy | None = None
        config: dict[str, Any] = {
            **settings.client_config(),
            "client.id": f"{settings.app_id}-rebuild",
            "group.id": settings.app_id,
            "partition.assignment.strategy": "range",
            "session.timeout.ms": int(settings.session_timeout * 1000),
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "log_level": 0,
            "error_cb": lambda error: self._said.append(error.str()),
        }
        self._consumer = Consumer(config)
        self._thread = threading.Thread(target=self._hold, name="group-lock", daemon=True)

    def __enter__(self) -> Self:
        """Join the group.

        Raises:
            WorkersActive: workers are in it.
            GroupBusy: Kafka does not answer.
        """
        self._consumer.subscribe([self._topic], on_assign=self._assigned)
        self._thread.start()
        deadline = time.monotonic() + _JOIN_WITHIN_S
        while not self._joined.wait(_POLL_S):
            if self._refused is not None:
                self._leave()
                raise self._refused
            if time.monotonic() > deadline:
                self._leave()
                said = f": {self._said[-1]}" if self._said else ""
                raise GroupBusy(f"the consumer group {self._group} could not be joined{said}")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the group."""
        self._leave()

    def check(self) -> None:
        """Make sure that the group is still held.

        Raises:
            GroupBusy: it is not.
        """
        if self._refused is not None:
            raise self._refused

    def _assigned(self, consumer: Consumer, _: list[TopicPartition]) -> None:
        # Holding the group is all that is wanted: nothing is to be fetched.
        consumer.assign([])
        self._joined.set()

    def _hold(self) -> None:
        while not self._stop.is_set():
            try:
                message = self._consumer.poll(_POLL_S)
            except KafkaException as raised:
                self._refused = self._why(raised.args[0])
                return
            error = None if message is None else message.error()
            if error is not None and error.code() not in _PASSING:
                self._refused = self._why(error)
                return

    def _why(self, error: KafkaError) -> GroupBusy:
        if error.code() == KafkaError.INCONSISTENT_GROUP_PROTOCOL:
            return WorkersActive(
                f"Workers are active in the consumer group {self._group}. Stop all of them first;"
                " one that was killed counts until its session has passed."
            )
        return GroupBusy(f"the consumer group {self._group} cannot be held: {error.str()}")

    def _leave(self) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()


_PASSING: Final = frozenset(
    {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
