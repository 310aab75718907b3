"""What stands in ``dead-letters``, by its headers: refused records, and marks of what was redriven.

A worker writes a refused record in its original bytes, key and headers, and behind them headers of its
own: where the record stood, why it was refused. A worker that dies before it has committed its offset
refuses the same record again, so one place may stand several times.

A mark is written by ``buying-groups dead-letters redrive``, in one transaction with the redriven record.
It names the same place under the reason ``redriven``, has no key and no value, and stands in the same
partition behind what it marks: retention and a purge take the refused record first.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from domain.calendar import Millis
from streams.letter_headers import (
    ATTEMPTS,
    DETAIL,
    OFFSET,
    OWN_HEADERS,
    PARTITION,
    REASON,
    REDRIVEN,
    TIMESTAMP,
    TOPIC,
    letter_headers,
)
from streams.settings import Settings
from streams.topics import DEAD_LETTERS

_FIRST_ATTEMPT: Final = 1
_ANSWER_S: Final = 15.0
_SILENCE_S: Final = 30.0
_POLL_S: Final = 0.1
_BATCH: Final = 500

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]


class Unreadable(Exception):
    """Dead letters cannot be read or deleted; the message says why and what to do."""


class Place(NamedTuple):
    """Where a refused record stood: full topic name, partition, offset, the broker's time of it.

    The time tells a record from another one that had its place before the topic was made anew.
    """

    topic: str
    partition: int
    offset: int
    timestamp: Millis


@dataclass(frozen=True, slots=True)
class Standing:
    """A record of ``dead-letters``: where it stands, since when, and what its headers say.

    ``attempts`` counts how often workers were given the record; ``size`` is that of its value.
    """

    partition: int
    offset: int
    at: Millis
    place: Place
    reason: str
    detail: str
    attempts: int
    key: bytes | None
    size: int

    @property
    def marks(self) -> bool:
        """Return whether it says that the record at its place was redriven."""
        return self.reason == REDRIVEN


def standing_of(message: Message) -> Standing | None:
    """Return what a record of ``dead-letters`` is; None for one that no worker and no redrive wrote."""
    # A record may have had headers of these names before; those a worker added stand behind them.
    told = dict(headers_of(message))
    try:
        place = Place(
            sys.intern(_text(told[TOPIC])),
            int(_text(told[PARTITION])),
            int(_text(told[OFFSET])),
            int(_text(told.get(TIMESTAMP) or b"0")),
        )
        reason = sys.intern(_text(told[REASON]))
    except (KeyError, ValueError):
        return None
    _, at = message.timestamp()
    return Standing(
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        at=at,
        place=place,
        reason=reason,
        detail=sys.intern(_text(told.get(DETAIL) or b"")),
        attempts=_attempts(told.get(ATTEMPTS)),
        key=bytes_of(message.key()),
        size=len(message.value() or b""),
    )


def headers_of(message: Message) -> Headers:
    """Return a record's headers in their order."""
    found: Any = message.headers()
    return found or ()


def headers_to_redrive(headers: Headers, attempts: int) -> list[tuple[str, bytes | None]]:
    """Return the headers of a redriven record: its own, and how often workers were given it by then."""
    own = [(name, value) for name, value in headers if not name.startswith(OWN_HEADERS)]
    return [*own, (ATTEMPTS, str(attempts).encode())]


def headers_of_mark(place: Place, attempts: int) -> list[tuple[str, bytes]]:
    """Return the headers of the record that says that the one at ``place`` was redriven."""
    return [*letter_headers(*place, REDRIVEN, f"given to the workers again, attempt {attempts}")]


def records_at(
    settings: Settings, wanted: Mapping[int, Collection[int]], reads_as: str
) -> Iterator[Message]:
    """Yield the records of ``dead-letters`` at given offsets by partition, in each partition's order.

    Those that are gone by then are left out. Takes the memory of a fetch, however many are wanted and
    however long the caller takes over each.

    Raises:
        Unreadable: Kafka does not answer.
    """
    said: list[str] = []
    reader = Consumer(
        {
            **settings.reader_config(reads_as),
            "queued.max.messages.kbytes": 16_384,
            "error_cb": lambda error: said.append(error.str()),
        }
    )
    try:
        for partition, offsets in sorted(wanted.items()):
            yield from _in_partition(reader, _name(settings), partition, deque(sorted(offsets)))
    except KafkaException as error:
        raise _no_answer(error, said) from error
    finally:
        reader.close()


def _in_partition(reader: Consumer, name: str, partition: int, wanted: deque[int]) -> Iterator[Message]:
    if not wanted:
        return
    reader.assign([TopicPartition(name, partition, wanted[0])])
    heard = time.monotonic()
    while wanted:
        batch = reader.consume(_BATCH, _POLL_S)
        if not batch and time.monotonic() - heard > _SILENCE_S:
            raise Unreadable(f"Kafka went silent for {_SILENCE_S:.0f} s; try again.")
        for message in batch:
            offset = message.offset() or 0
            while wanted and wanted[0] < offset:
                wanted.popleft()
            error = message.error()
            if error is None:
                if wanted and wanted[0] == offset:
                    wanted.popleft()
                    yield message
            elif error.name() != "_PARTITION_EOF":
                raise KafkaException(error)
        if batch:
            # Afterwards: what the caller did in between is not Kafka's silence.
            heard = time.monotonic()


def delete_before(settings: Settings, offsets: Mapping[int, int]) -> dict[int, int]:
    """Delete what stands before an offset in each partition; return the first offsets there are then.

    Raises:
        Unreadable: Kafka does not answer or refuses; what it says is in the message.
    """
    said: list[str] = []
    config: dict[str, Any] = {
        **settings.client_config(),
        "client.id": f"{settings.app_id}-admin",
        "log_level": 0,
        "error_cb": lambda error: said.append(error.str()),
    }
    client = AdminClient(config)
    asked = [TopicPartition(_name(settings), number, offset) for number, offset in offsets.items()]
    first: dict[int, int] = {}
    try:
        answers = client.delete_records(asked, request_timeout=_ANSWER_S, operation_timeout=_ANSWER_S)
        for partition, answer in answers.items():
            first[partition.partition] = answer.result(2 * _ANSWER_S).low_watermark
    except (KafkaException, TimeoutError) as error:
        why = error.args[0].str() if isinstance(error, KafkaException) else "no answer"
        done = ", ".join(f"{number} before {offset}" for number, offset in sorted(first.items()))
        raise Unreadable(
            f"Kafka did not purge {_name(settings)}: {said[0] if said else why}."
            f" Done by then, by partition: {done or 'none'}. It takes the right to delete records there;"
            " the embedded Kafka cannot do it."
        ) from error
    return first


def bytes_of(key: str | bytes | None) -> bytes | None:
    """Return a key as bytes; the client's type allows text."""
    return key.encode() if isinstance(key, str) else key


def _name(settings: Settings) -> str:
    return DEAD_LETTERS.full_name(settings.namespace)


def _no_answer(error: KafkaException, said: list[str]) -> Unreadable:
    why = said[0] if said else error.args[0].str()
    return Unreadable(f"Kafka does not answer: {why}. Is KAFKA_BOOTSTRAP_SERVERS right?")


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


def _attempts(value: bytes | None) -> int:
    try:
        return max(int(value or b""), _FIRST_ATTEMPT)
    except ValueError:
        return _FIRST_ATTEMPT
