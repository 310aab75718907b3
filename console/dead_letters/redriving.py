"""``redrive``: dead letters are given to the workers again, each at most once until it is refused again.

The record goes back to its topic in its original bytes, with its key and its own headers, and a header
that counts its attempts. What was redriven is remembered in ``dead-letters`` itself: the same Kafka
transaction writes the record and a mark for its place, so a redrive that dies anywhere has written both
or neither, and the next one goes on where it ended. No letter is lost, for nothing is deleted. There is
one transactional id for a deployment: a second redrive ends the first, and reads its marks before it
begins, so that two of them never send the same letter.

Consumer-group offsets would not do: they say how far somebody has read, and a redrive picks by reason
and time. A header on the redriven record alone would not do either: to find it all inputs would have to
be read again.

A record that is refused again stands in ``dead-letters`` under its new place and its count of attempts,
and may be redriven again, until ``max_attempts`` ends the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Message

from console.dead_letters.letters import READS_AS, Letter
from console.topic_reading import Told, records_of
from domain.calendar import Millis
from streams.dead_letters import bytes_of, headers_of, headers_to_redrive
from streams.settings import Settings
from streams.topics import CONTROL, DEFINITIONS, SOURCES

_LARGEST_BATCH: Final = 500
_LARGEST_BATCH_BYTES: Final = 8 * 1024 * 1024

TOO_MANY_ATTEMPTS: Final = "attempts"
SUPERSEDED: Final = "superseded"
NOT_READ_BY_WORKERS: Final = "topic"
GONE: Final = "gone"
REFUSED_AGAIN: Final = "refused again"


@dataclass(slots=True)
class Plan:
    """What a redrive would do: ``to_send`` by (partition, offset) in ``dead-letters``, in order.

    ``done`` were redriven before and not refused again. ``left_out`` are those that must not go, with
    the reason of each.
    """

    to_send: dict[tuple[int, int], Letter] = field(default_factory=dict)
    done: int = 0
    left_out: list[tuple[Letter, str]] = field(default_factory=list)

    @property
    def offsets(self) -> dict[int, list[int]]:
        """Return what is to be read, by partition."""
        found: dict[int, list[int]] = {}
        for partition, offset in self.to_send:
            found.setdefault(partition, []).append(offset)
        return found

    def keep_only(self, earlier: Plan) -> None:
        """Send nothing that an earlier plan, which somebody has agreed to, did not name.

        What that plan left out stays left out, for its reason.
        """
        # Not by the place in dead-letters: another copy may be the first one that is read this time.
        agreed = {letter.place for letter in earlier.to_send.values()}
        reasons = {letter.place: why for letter, why in earlier.left_out}
        for at, letter in list(self.to_send.items()):
            if letter.place not in agreed:
                del self.to_send[at]
                if letter.place in reasons:
                    self.left_out.append((letter, reasons[letter.place]))


def plan_of(
    letters: Iterable[Letter],
    namespace: str,
    max_attempts: int,
    superseded: Callable[[Letter], bool] = lambda _: False,
    limit: int | None = None,
) -> Plan:
    """Return what is to be done with letters; ``limit`` counts those that would be sent."""
    sources = {topic.full_name(namespace) for topic in SOURCES}
    plan = Plan()
    for letter in letters:
        if not letter.waits:
            plan.done += 1
        elif letter.place.topic not in sources:
            plan.left_out.append((letter, NOT_READ_BY_WORKERS))
        elif letter.attempts >= max_attempts:
            plan.left_out.append((letter, TOO_MANY_ATTEMPTS))
        elif superseded(letter):
            plan.left_out.append((letter, SUPERSEDED))
        elif limit is None or len(plan.to_send) < limit:
            plan.to_send[letter.partition, letter.offset] = letter
    return plan


Newest = Mapping[bytes | None, list[tuple[int, int, Millis]]]
"""By key: partition, offset and time of the last record in each partition of a compacted topic."""


def is_superseded(letter: Letter, topic: str, newest: Newest) -> bool:
    """Return whether a newer record of its key stands on the compacted ``topic``.

    Kafka keeps the last record of a key there. Workers would leave an older definition out, and
    compaction would delete the newer one: a state that is built anew would not have it.
    """
    if letter.place.topic != topic:
        return False
    return any(
        offset > letter.place.offset
        if partition == letter.place.partition
        else at > letter.place.timestamp
        for partition, offset, at in newest.get(letter.key, ())
    )


def newest_definitions(settings: Settings, told: Told) -> Newest:
    """Return the last record of every key on the ``definitions`` topic.

    Raises:
        NotRead: Kafka does not answer, or the topic is missing.
    """
    newest: dict[bytes | None, dict[int, tuple[int, Millis]]] = {}
    for message in records_of(settings, DEFINITIONS, READS_AS, told):
        last = newest.setdefault(bytes_of(message.key()), {})
        last[message.partition() or 0] = (message.offset() or 0, message.timestamp()[1])
    return {
        key: [(partition, offset, at) for partition, (offset, at) in last.items()]
        for key, last in newest.items()
    }


@dataclass(frozen=True, slots=True)
class Item:
    """A record on its way back. ``partition`` None lets the key decide, as for any producer."""

    letter: Letter
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def item_of(letter: Letter, message: Message, namespace: str) -> Item:
    """Return a letter's record as it goes back to its topic.

    Its key decides on the partition, so that it gets where its account is even when its producer hashed
    otherwise. A record without a key goes where it was, and a control record too: it is addressed to a
    partition.
    """
    key = bytes_of(message.key())
    addressed = key is None or letter.place.topic == CONTROL.full_name(namespace)
    return Item(
        letter,
        letter.place.partition if addressed else None,
        key,
        bytes_of(message.value()),
        tuple(headers_to_redrive(headers_of(message), letter.attempts + 1)),
    )


def batches_of(items: Iterable[Item], largest: int = _LARGEST_BATCH) -> Iterator[list[Item]]:
    """Yield items in batches of one transaction each, small ones when the records are large."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and (len(batch) >= largest or size + item.letter.size > _LARGEST_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.letter.size
    if batch:
        yield batch


def batch_size(rate: float | None) -> int:
    """Return how many records go into a transaction at a rate: about a second's, at least one."""
    return _LARGEST_BATCH if rate is None else max(1, min(_LARGEST_BATCH, int(rate)))
