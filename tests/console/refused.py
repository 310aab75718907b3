"""Dead letters as a worker writes them, standing where a test wants them."""

from typing import Any

from confluent_kafka import Message

from agents.inputs import READINGS
from agents.reading import Reader
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.dead_letters import Place, headers_of_mark
from streams.delivery import Outgoing
from streams.topics import DEAD_LETTERS
from tests.streams.copying import Made, fetched

CODEC = Codec(CommittedRegistry())
GARBAGE = b"\xffgarbage"
RECORDED = 1_794_592_000_000
REFUSED = RECORDED + 1_000
MINUTE = 60_000


def letter_of(
    record: Made, topic: str = "lead-activity", partition: int = 2, namespace: str = "bg"
) -> Outgoing:
    """What a worker writes of a record that it must refuse."""
    reader = Reader(CODEC, 4, None)
    batch = reader.read(
        fetched(record.offset, record, topic=f"{namespace}.{topic}", partition=partition),
        READINGS[topic],
    )
    (letter,) = batch.onward
    assert letter.topic == DEAD_LETTERS.name
    return letter


def standing(
    offset: int = 17,
    *,
    at: int = REFUSED,
    stands: tuple[int, int] = (0, 0),
    topic: str = "lead-activity",
    **record: Any,
) -> Message:
    """The dead letter of a record at ``offset``, at a place and time in the topic of dead letters."""
    made = Made(offset, **{"value": GARBAGE, "timestamp": RECORDED, **record})
    letter = letter_of(made, topic)
    return message_of(stands, at, letter.key, letter.value, list(letter.headers))


def mark(
    offset: int = 17,
    *,
    at: int = REFUSED + MINUTE,
    stands: tuple[int, int] = (0, 1),
    recorded: int = RECORDED,
    topic: str = "lead-activity",
) -> Message:
    """The mark of a redrive for a record at ``offset``."""
    place = Place(f"bg.{topic}", 2, offset, recorded)
    return message_of(stands, at, None, None, headers_of_mark(place, 2))


def message_of(
    stands: tuple[int, int], at: int, key: bytes | None, value: bytes | None, headers: Any
) -> Message:
    partition, offset = stands
    return Message(
        topic="bg.dead-letters",
        partition=partition,
        offset=offset,
        key=key,
        value=value,
        headers=headers,
        timestamp=(1, at),
    )
