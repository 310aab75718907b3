"""``erase``: a lead's erasure is published, taken in by a worker, and what remains is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from agents.reading import FUTURE_ALLOWANCE_MS
from console.privacy import Remains, remains_object, remains_of
from domain.calendar import Millis, iso_instant
from schemas.codec import Codec
from schemas.inputs import LeadProfile
from streams.admin import settings_of_topics
from streams.cloudevents import event_headers
from streams.delivery import Outgoing
from streams.progress import committed
from streams.sending import send_all
from streams.settings import Settings
from streams.topics import LEAD_PROFILES

_ANSWER_S: Final = 15.0
_POLL_S: Final = 0.2
_CLOCKS_AGREE_MS: Final = 1_000

Clock = Callable[[], Millis]


class NotErased(Exception):
    """The erasure does not count, or not yet; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Erased:
    """An erasure that counts: what it is about, where its record stands, and what remains.

    ``behind`` are the milliseconds that this machine's clock was behind the broker's. ``consumed`` is
    how far workers had come in the account's partition of the topics that are kept for good.
    """

    account_id: str
    lead_id: str
    erased_at: Millis
    place: tuple[str, int, int]
    behind: Millis
    consumed: Mapping[str, int]
    remains: tuple[Remains, ...]

    def as_object(self) -> dict[str, Any]:
        """Return it as ``--output json`` prints it."""
        topic, partition, offset = self.place
        return {
            "account": self.account_id,
            "lead": self.lead_id,
            "erased_at": iso_instant(self.erased_at),
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "clock_behind_ms": self.behind,
            "remains": [
                {**remains_object(each), "consumed_to": self.consumed.get(each.name)}
                for each in self.remains
            ],
        }


def erase(
    settings: Settings, codec: Codec, erasure: LeadProfile, patience_s: float, now: Clock
) -> Erased:
    """Publish an erasure, wait until a worker has committed it, and return what remains.

    Raises:
        ClusterError: Kafka does not answer, or has no such deployment. Nothing was published.
        NotErased: the broker or the workers did not take it in.
        UnknownSchema: the schema registry does not have the contract.
        RegistryUnavailable: it does not answer.
    """
    given = settings_of_topics(settings)
    name = LEAD_PROFILES.full_name(settings.namespace)
    try:
        ((partition, offset),) = send_all(settings, [_record(settings, codec, erasure)])
    except (TimeoutError, KafkaException) as problem:
        raise NotErased(
            f"Kafka did not confirm the erasure: {_said(problem)}. Erase again; twice does no harm."
        ) from problem
    place = (name, partition, offset)
    watch = _Watch(settings)
    try:
        behind = _behind(erasure, watch.stamp_of(*place))
        watch.wait_until_consumed(*place, patience_s)
        remains = tuple(remains_of(settings.namespace, given, now()))
        kept = [each.name for each in remains if each.stay.ending == "never"]
        consumed = watch.consumed([TopicPartition(topic, partition) for topic in kept]) if kept else {}
    except KafkaException as problem:
        raise NotErased(
            f"The erasure is published ({_at(*place)}); whether a worker has taken it in is not known:"
            f" {_said(problem)}"
        ) from problem
    finally:
        watch.close()
    return Erased(
        erasure.account_id,
        erasure.lead_id,
        erasure.updated_at,
        place,
        behind,
        {topic: taken_in for (topic, _), taken_in in consumed.items()},
        remains,
    )


def erasure_of(codec: Codec, account_id: str, lead_id: str, at: Millis) -> LeadProfile:
    """Return the event that erases a lead of an account.

    Raises:
        BreaksContract: an id cannot be one.
    """
    value = codec.parse_json(
        LEAD_PROFILES.name,
        {
            "event_id": f"erasure-{uuid4()}",
            "account_id": account_id,
            "lead_id": lead_id,
            "updated_at": at,
            "status": "erased",
        },
    )
    if not isinstance(value, LeadProfile):
        raise TypeError(type(value))
    return value


def _record(settings: Settings, codec: Codec, erasure: LeadProfile) -> Outgoing:
    headers = event_headers(
        name=LEAD_PROFILES.name,
        event_id=erasure.event_id,
        source=f"/{settings.namespace}/erase",
        at=erasure.updated_at,
        subject=erasure.lead_id,
    )
    value = codec.encode(LEAD_PROFILES.name, erasure)
    return Outgoing(LEAD_PROFILES.name, erasure.account_id.encode(), value, headers=headers)


def _behind(erasure: LeadProfile, stamp: Millis) -> Millis:
    """Return how far this machine's clock is behind the broker's; nothing below a second.

    Raises:
        NotErased: it is so far ahead that workers refuse the erasure.
    """
    ahead = erasure.updated_at - stamp
    if ahead > FUTURE_ALLOWANCE_MS:
        raise NotErased(
            f"This machine's clock is {ahead / 60_000:.0f} minutes ahead of the broker's, and workers"
            " refuse what is dated more than 5 minutes ahead: the erasure goes to dead-letters."
            " Set the clock and erase again."
        )
    return -ahead if -ahead >= _CLOCKS_AGREE_MS else 0


class _Watch:
    """Looks at a record, and at offsets as the workers' consumer group commits them."""

    def __init__(self, settings: Settings) -> None:
        # Never subscribes: a reader that joined the workers' group would take partitions from them.
        self._group = Consumer(
            {
                **settings.client_config(),
                "group.id": settings.app_id,
                "enable.auto.commit": False,
                "isolation.level": "read_uncommitted",
                "log_level": 0,
            }
        )

    def close(self) -> None:
        self._group.close()

    def stamp_of(self, topic: str, partition: int, offset: int) -> Millis:
        """Return when the broker took a record in."""
        self._group.assign([TopicPartition(topic, partition, offset)])
        deadline = time.monotonic() + _ANSWER_S
        try:
            while True:
                message: Message | None = self._group.poll(_POLL_S)
                if message is not None and message.error() is None:
                    return message.timestamp()[1]
                if time.monotonic() > deadline:
                    raise NotErased(
                        f"The erasure is published ({_at(topic, partition, offset)}) and cannot be read"
                        " back; does Kafka answer?"
                    )
        finally:
            self._group.unassign()

    def consumed(self, places: list[TopicPartition]) -> Mapping[tuple[str, int], int]:
        """Return (topic, partition) → the offset up to which workers have consumed."""
        return committed(self._group, places)

    def wait_until_consumed(self, topic: str, partition: int, offset: int, patience_s: float) -> None:
        """Wait until a record is consumed, for as long as its partition gets on.

        Raises:
            NotErased: nothing moved for ``patience_s`` seconds.
        """
        seen, since = -1, time.monotonic()
        while True:
            (done,) = self.consumed([TopicPartition(topic, partition)]).values()
            if done > offset:
                return
            if done != seen:
                seen, since = done, time.monotonic()
            elif time.monotonic() - since > patience_s:
                raise NotErased(
                    f"The erasure is published ({_at(topic, partition, offset)}), and no worker has"
                    f" taken it in: nothing moved for {patience_s:.0f} s. It counts once a worker reads"
                    " it. Is one running (buying-groups worker)? Erase again to be told what remains."
                )
            time.sleep(_POLL_S)


def _at(topic: str, partition: int, offset: int) -> str:
    return f"{topic} [{partition}] at offset {offset}"


def _said(problem: Exception) -> str:
    return problem.args[0].str() if isinstance(problem, KafkaException) else str(problem)
