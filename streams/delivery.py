"""Delivery: what one batch wrote goes out in one Kafka transaction, or not at all.

Changelog rows and outputs of a partition leave through that partition's transactional producer. So
after any crash state and outputs agree, and inputs are acknowledged only after both are on the broker.
The broker also keeps zombies out: opening the producer of a partition fences every earlier one, and
whatever a paused worker still had queued is refused.

Why transactions and not "outputs follow the confirmed changelog": the latter needs the outputs' content
kept in the tables until they are confirmed, and has nothing against a zombie's changelog record that
survives compaction. The price was measured: docs/measurements.md.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams import metrics
from streams.placement import PARTITIONER
from streams.topics import BY_NAME

log = structlog.get_logger(__name__)

TRANSACTION_TIMEOUT_S: Final = 60.0
_OPEN_TIMEOUT_S: Final = 60.0
_CLOSE_TIMEOUT_S: Final = 5.0
_COMMIT_TRY_S: Final = 15.0
_COMMIT_GIVE_UP_S: Final = 120.0
_LARGEST_MESSAGE: Final = 64 * 1024 * 1024

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be written; ``partition`` None lets the key decide (murmur2)."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()


@dataclass(slots=True)
class Delivery:
    """What one step of a batch writes: rows of tables, and records to other topics.

    ``rows`` are (table name, encoded key, encoded value or None to delete).
    """

    rows: list[tuple[str, bytes, bytes | None]] = field(default_factory=list)
    records: list[Outgoing] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return whether there is anything to write."""
        return bool(self.rows or self.records)


class DeliveryError(Exception):
    """A transaction did not go through and was undone; it may be tried again.

    The message may name an account, ``cause`` never does; neither names a lead.
    """

    def __init__(self, message: str, cause: str | None = None) -> None:
        super().__init__(message)
        self.cause = message if cause is None else cause


class Fenced(Exception):
    """This producer may not write any more: another worker has the partition, or the broker is lost."""


class PartitionProducer:
    """The one writer of a partition's tables and outputs. Its methods block: call them in a thread."""

    def __init__(self, client: Mapping[str, str], transactional_id: str, namespace: str) -> None:
        self.transactional_id = transactional_id
        self._namespace = namespace
        self._offsets: dict[tuple[str, int], int] = {}
        self._refusal: str | None = None
        self._watching = False
        self._producer = Producer(
            {
                **client,
                "client.id": transactional_id,
                "transactional.id": transactional_id,
                "transaction.timeout.ms": int(TRANSACTION_TIMEOUT_S * 1000),
                "partitioner": PARTITIONER,
                "linger.ms": 1,
                "compression.type": "lz4",
                "queue.buffering.max.messages": 500_000,
                # The broker's limit counts compressed bytes, the client's plain ones: what came in
                # must also go out, as a dead letter or to the right partition.
                "message.max.bytes": _LARGEST_MESSAGE,
            },
            logger=_librdkafka_log,
        )

    def open(self) -> None:
        """Fence earlier producers of this partition and end what they left open.

        Raises:
            DeliveryError: the broker did not answer in time.
        """
        try:
            self._producer.init_transactions(_OPEN_TIMEOUT_S)
        except KafkaException as error:
            raise DeliveryError(_told(error)) from error

    def deliver(
        self,
        partition: int,
        delivery: Delivery,
        changelog: Callable[[str], str],
    ) -> Mapping[tuple[str, int], int]:
        """Write a delivery in one transaction; return the last offset per changelog partition.

        Raises:
            DeliveryError: nothing was written; try again. From the second time on the message names the
                record that the broker refuses, if it is one.
            Fenced: another worker owns the partition.
        """
        self._offsets = {}
        self._refusal = None
        # Who refused what is only told to those who ask for each record, which costs a call for every
        # output. So it is asked once something has failed.
        taken = self._taken if self._watching else None
        # A table's rows keep their order in its changelog: the last one's offset is the greatest.
        last = {table: number for number, (table, _, _) in enumerate(delivery.rows)}
        changelogs = {table: changelog(table) for table in last}
        started = time.monotonic()
        try:
            self._producer.begin_transaction()
            for number, (table, key, value) in enumerate(delivery.rows):
                told = self._written if number == last[table] else taken
                self._produce(changelogs[table], key, value, partition, None, told)
            for record in delivery.records:
                self._produce(
                    f"{self._namespace}.{record.topic}",
                    record.key,
                    record.value,
                    record.partition,
                    record.headers,
                    taken,
                )
            self._commit()
        except KafkaException as error:
            self._watching = True
            self._undo(error)
        self._watching = False
        metrics.COMMIT_SECONDS.observe(time.monotonic() - started)
        return self._offsets

    def close(self) -> None:
        """Give the producer up, once. An open transaction is left for the next owner to end."""
        self._producer.purge(in_flight=False)
        self._producer.flush(_CLOSE_TIMEOUT_S)
        # librdkafka ends its threads with the last reference, and something in a reference cycle may
        # still have the lane: without this they would live until Python's next full collection.
        del self._producer

    def _produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        headers: Headers | None,
        on_delivery: Callable[[KafkaError | None, Message], None] | None,
    ) -> None:
        options: dict[str, Any] = {}
        if partition is not None:
            options["partition"] = partition
        if headers:
            options["headers"] = list(headers)
        if on_delivery is not None:
            options["on_delivery"] = on_delivery
        while True:
            try:
                self._producer.produce(topic, value, key, **options)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _commit(self) -> None:
        deadline = time.monotonic() + _COMMIT_GIVE_UP_S
        while True:
            try:
                self._producer.commit_transaction(_COMMIT_TRY_S)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                if time.monotonic() > deadline:
                    # Whether it went through is only known to the broker. The partition's next owner
                    # ends the transaction either way and reads the outcome from the changelog.
                    msg = f"{self.transactional_id}: no answer to a commit: {_told(error)}"
                    raise Fenced(msg) from error
                log.warning("commit is being retried", reason=_told(error))
            else:
                return

    def _undo(self, error: KafkaException) -> None:
        problem = error.args[0]
        told = _told(error) if self._refusal is None else f"{self._refusal} ({_told(error)})"
        if problem.fatal() or problem.code() in _FENCED:
            msg = f"{self.transactional_id}: {told}"
            raise Fenced(msg) from error
        try:
            self._producer.abort_transaction(TRANSACTION_TIMEOUT_S)
        except KafkaException as also:
            if also.args[0].fatal() or also.args[0].code() in _FENCED:
                # Opening the producer anew would fence whoever owns the partition by now.
                msg = f"{self.transactional_id}: {told}; undoing it failed: {_told(also)}"
                raise Fenced(msg) from error
        raise DeliveryError(told, _told(error)) from error

    def _written(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            key = (message.topic() or "", message.partition() or 0)
            self._offsets[key] = message.offset() or 0
        else:
            self._taken(error, message)

    def _taken(self, error: KafkaError | None, message: Message) -> None:
        # What is purged or timed out is not refused: it only was in the same transaction.
        if error is None or self._refusal is not None or error.code() in _UNDECIDED:
            return
        topic = message.topic() or ""
        whose = _whose(topic.removeprefix(f"{self._namespace}."), message.key() or b"")
        self._refusal = (
            f"{topic} [{message.partition()}]: a record{whose} of {len(message.value() or b'')} bytes"
            f" is refused: {error.name()}: {error.str()}"
        )


_FENCED: Final = frozenset(
    {
        KafkaError._FENCED,
        KafkaError._FATAL,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
    }
)


_UNDECIDED: Final = frozenset(
    {
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._TIMED_OUT,
    }
)


_NO_LEADS: Final = frozenset({"account id", "buying group id", "partition number"})
"""Keys of topics that name no person."""


class _LibrdkafkaLog:
    """Sends librdkafka's own lines where ours go."""

    def log(self, level: int, message: str, *args: Any) -> None:
        tell = log.warning if level >= logging.WARNING else log.debug
        tell("librdkafka", said=message % args if args else message)


_librdkafka_log: Any = _LibrdkafkaLog()


def _whose(topic: str, key: bytes) -> str:
    """Return what a log may say of a record's key: whose record it is, never which lead's.

    A row's key begins with its account; a dead letter's may be anything.
    """
    kind = BY_NAME[topic].key if topic in BY_NAME else ""
    if kind == "row key":
        return f" of {json.loads(key)[0]!r}"
    return f" of {key.decode(errors='replace')!r}" if kind in _NO_LEADS else ""


def _told(error: KafkaException) -> str:
    problem = error.args[0]
    return f"{problem.name()}: {problem.str()}"
