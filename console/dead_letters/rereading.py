"""What a worker of this release would do with a dead letter now: it is read as a worker reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agents import definitions
from agents.control import check_usable
from agents.inputs import READINGS
from agents.reading import Batch, Reader
from domain.calendar import Millis
from schemas.codec import Codec
from streams.dead_letters import Headers
from streams.letter_headers import DETAIL, REASON
from streams.ranges import FetchedRange
from streams.topics import CONTROL, DEAD_LETTERS, DEFINITIONS

READ_BY_WORKERS: Final = frozenset((*READINGS, DEFINITIONS.name, CONTROL.name))
"""The topics whose records can be judged, named without namespace."""

_ANY: Final = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record would be refused again."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Reread:
    offset: int
    timestamp: Millis
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Rereader:
    """Reads records as a worker would that got them at a given time, and decides nothing."""

    def __init__(self, codec: Codec) -> None:
        self._reader = Reader(codec, 1, None)

    def refusal_of(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        now: Millis,
    ) -> Refusal | None:
        """Return why a record of an input topic, named without namespace, would be refused; or None.

        Raises:
            RegistryUnavailable: the schema registry does not answer.
            UnknownSchema: the registry does not have the topic's own contract.
        """
        given = tuple((name, content or b"") for name, content in headers)
        record = _Reread(_ANY, now, key, value, given)
        batch = self._read(topic, FetchedRange(topic, _ANY, _ANY, _ANY + 1, (record,), _ANY))
        for outgoing in batch.onward:
            if outgoing.topic == DEAD_LETTERS.name:
                told = dict(outgoing.headers)
                return Refusal(told[REASON].decode(), told[DETAIL].decode())
        return None

    def _read(self, topic: str, fetched: FetchedRange) -> Batch:
        if topic == CONTROL.name:
            return self._reader.read_control(fetched, CONTROL, check_usable)
        if topic == DEFINITIONS.name:
            return self._reader.read_definitions(fetched, definitions.READING)
        return self._reader.read(fetched, READINGS[topic])
