"""A running deployment as Kafka tells of it from outside: members, offsets, ends. Nothing is joined.

All of it is asked for at once, in a few requests to each broker, however many partitions there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription, OffsetSpec
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from streams.acls import CLOCK_CHANGELOG
from streams.settings import Settings
from streams.topics import DEAD_LETTERS, SOURCES

_ANSWER_S: Final = 5.0
_PATIENCE_S: Final = 15.0
"""So long it is asked again while leaders or coordinators are being found, as where all is new."""

_PAUSE_S: Final = 0.3
_END: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_BEGINNING: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]

Place: TypeAlias = tuple[str, int]
"""A partition of a topic, by its full name."""


class NotSeen(Exception):
    """Kafka cannot be asked: it does not answer or does not allow it; the message says which."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the workers' group, and the partitions of the sources that it was assigned."""

    member_id: str
    client_id: str
    host: str
    assigned: frozenset[Place] = frozenset()

    @property
    def partitions(self) -> list[int]:
        """Return the numbers of its partitions."""
        return sorted({partition for _, partition in self.assigned})


@dataclass(frozen=True, slots=True)
class Observed:
    """What Kafka told. ``state`` and ``members`` are None where it does not tell who is in a group.

    ``first`` and ``ends`` hold the sources, dead letters and the clock's changelog, as far as they
    exist; ends count transactions that are not decided. ``committed`` has no entry where nothing is
    committed. Dead letters before ``dead_since`` are older than was asked for.
    """

    state: str | None
    members: tuple[Member, ...] | None
    first: Mapping[Place, int] = field(default_factory=dict)
    ends: Mapping[Place, int] = field(default_factory=dict)
    committed: Mapping[Place, int] = field(default_factory=dict)
    dead_since: Mapping[Place, int] = field(default_factory=dict)

    @property
    def stable(self) -> bool:
        """Return whether every member has its assignment."""
        return self.state in {None, _NAMES[ConsumerGroupState.STABLE]}


_NAMES: Final[Mapping[Enum, str]] = {
    ConsumerGroupState.STABLE: "stable",
    ConsumerGroupState.EMPTY: "empty",
    ConsumerGroupState.DEAD: "never joined",
    ConsumerGroupState.PREPARING_REBALANCING: "rebalancing: waiting for members to join",
    ConsumerGroupState.COMPLETING_REBALANCING: "rebalancing: partitions are being assigned",
}


class Observer:
    """Asks Kafka of one deployment, as often as wanted."""

    def __init__(self, settings: Settings) -> None:
        self._group = settings.app_id
        self._namespace = settings.namespace
        self._said: list[str] = []
        # What librdkafka would log again and again is told once, in the error's message.
        config: dict[str, Any] = {
            **settings.client_config(),
            "client.id": f"{settings.namespace}.status",
            "log_level": 0,
            "error_cb": lambda error: self._said.append(error.str()),
        }
        self._client = AdminClient(config)

    def observe(self, dead_letters_since: int) -> Observed:
        """Return what Kafka tells now; dead letters since a time in ms.

        Raises:
            NotSeen: it does not answer, or does not allow it.
        """
        try:
            for attempt in Retrying(
                retry=retry_if_exception(_passes),
                stop=stop_after_delay(_PATIENCE_S),
                wait=wait_fixed(_PAUSE_S),
                reraise=True,
            ):
                with attempt:
                    return self._observe(dead_letters_since)
            raise AssertionError  # pragma: no cover - Retrying returns or raises
        except KafkaException as error:
            self._client.poll(0)
            raise NotSeen(self._told(error.args[0])) from error
        except TimeoutError as error:
            raise NotSeen(f"Kafka did not answer in {_PATIENCE_S:.0f} s.") from error

    def _observe(self, dead_letters_since: int) -> Observed:
        self._said.clear()
        metadata = self._client.list_topics(timeout=_ANSWER_S)
        sources = _places(metadata, (topic.full_name(self._namespace) for topic in SOURCES))
        dead = _places(metadata, [DEAD_LETTERS.full_name(self._namespace)])
        clock = _places(metadata, [f"{self._namespace}.{CLOCK_CHANGELOG}"])
        everything = [*sources, *dead, *clock]
        # The embedded Kafka does not know who is in a group, nor what was written when.
        embedded = str(metadata.cluster_id).startswith("mockCluster")

        described = None if embedded else self._describe()
        ends = self._offsets(everything, _END)
        first = self._offsets(everything, _BEGINNING)
        since = _BEGINNING if embedded else OffsetSpec.for_timestamp(dead_letters_since)
        dead_since = self._offsets(dead, since)
        committed = self._committed(sources)

        ended = _results(ends)
        state, members = (None, None) if described is None else _group(described, frozenset(sources))
        return Observed(
            state,
            members,
            _results(first),
            ended,
            committed,
            # No record that young: the end.
            {place: ended[place] if at < 0 else at for place, at in _results(dead_since).items()},
        )

    def _describe(self) -> Future[ConsumerGroupDescription]:
        asked = self._client.describe_consumer_groups([self._group], request_timeout=_ANSWER_S)
        return asked[self._group]

    def _offsets(self, places: Iterable[Place], spec: OffsetSpec) -> dict[Place, Future[Any]]:
        asked = {TopicPartition(name, partition): spec for name, partition in places}
        if not asked:
            return {}
        told = self._client.list_offsets(asked, request_timeout=_ANSWER_S)
        return {(place.topic, place.partition): future for place, future in told.items()}

    def _committed(self, places: Iterable[Place]) -> dict[Place, int]:
        asked = [TopicPartition(name, partition) for name, partition in places]
        if not asked:
            return {}
        group = ConsumerGroupTopicPartitions(self._group, asked)
        future = self._client.list_consumer_group_offsets([group], request_timeout=_ANSWER_S)[
            self._group
        ]
        found: dict[Place, int] = {}
        for row in future.result(_ANSWER_S).topic_partitions or ():
            if row.error is not None:
                raise KafkaException(row.error)
            if row.offset >= 0:
                found[row.topic, row.partition] = row.offset
        return found

    def _told(self, error: KafkaError) -> str:
        if error.code() in _REFUSED:
            return (
                f"Kafka does not allow it: {error.str()}."
                " What status needs is printed by:"
                " buying-groups topics acls --principal TYPE:NAME --for status"
            )
        why = self._said[0] if self._said else error.str()
        return f"Kafka does not answer: {why}. Is KAFKA_BOOTSTRAP_SERVERS right?"


_PASSING: Final = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)


def _passes(error: BaseException) -> bool:
    if isinstance(error, KafkaException):
        return error.args[0].code() in _PASSING
    return isinstance(error, TimeoutError)


_REFUSED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


def _places(metadata: Any, names: Iterable[str]) -> list[Place]:
    """Return the partitions of those topics that exist."""
    return [
        (name, partition)
        for name in names
        if name in metadata.topics and metadata.topics[name].error is None
        for partition in metadata.topics[name].partitions
    ]


def _results(futures: Mapping[Place, Future[Any]]) -> dict[Place, int]:
    return {place: int(future.result(_ANSWER_S).offset) for place, future in futures.items()}


def _group(
    described: Future[ConsumerGroupDescription], sources: frozenset[Place]
) -> tuple[str, tuple[Member, ...]]:
    try:
        group = described.result(_ANSWER_S)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return _NAMES[ConsumerGroupState.DEAD], ()
        raise
    members = [
        Member(
            member.member_id,
            member.client_id,
            member.host.lstrip("/"),
            frozenset(
                place
                for row in member.assignment.topic_partitions
                if (place := (row.topic, row.partition)) in sources
            ),
        )
        for member in group.members
    ]
    members.sort(key=lambda member: (member.partitions or [1 << 31], member.host, member.member_id))
    return _NAMES.get(group.state, str(group.state)), tuple(members)
