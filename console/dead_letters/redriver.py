"""Sending dead letters back: one transaction for a batch of records and their marks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from console.dead_letters.letters import READS_AS, Letter
from console.dead_letters.redriving import (
    GONE,
    REFUSED_AGAIN,
    Item,
    Plan,
    batch_size,
    batches_of,
    item_of,
)
from streams.dead_letters import headers_of_mark, records_at
from streams.placement import PARTITIONER
from streams.settings import Settings
from streams.topics import DEAD_LETTERS

_LARGEST_MESSAGE: Final = 64 * 1024 * 1024
_OPEN_S: Final = 60.0
_SLICE_S: Final = 0.2
_COMMIT_S: Final = 60.0
_COMMIT_TRY_S: Final = 15.0
_TRIES: Final = 3


class NotRedriven(Exception):
    """The redrive cannot go on; the message says why and what to do."""


@dataclass(slots=True)
class Redriven:
    """What became of records: ``confirmed`` by topic, and what was left out on the way, with why."""

    confirmed: Counter[str] = field(default_factory=Counter)
    left_out: list[tuple[Letter, str]] = field(default_factory=list)
    interrupted: bool = False


class Redriver:
    """The one transactional producer of a deployment's redrives."""

    def __init__(self, settings: Settings) -> None:
        self._namespace = settings.namespace
        self._refusals: list[str] = []
        self._said = ""
        self._producer = Producer(
            {
                **settings.client_config(),
                "client.id": f"{settings.namespace}.{READS_AS}",
                "transactional.id": f"{settings.namespace}.{READS_AS}-redrive",
                "partitioner": PARTITIONER,
                "compression.type": "lz4",
                "linger.ms": 5,
                # The broker's limit counts packed bytes, the client's plain ones.
                "message.max.bytes": _LARGEST_MESSAGE,
                # What it would log is told once, by the command.
                "log_level": 0,
                "error_cb": self._note,
            }
        )

    def open(self) -> None:
        """End every redrive of this deployment that is under way, and what it left open.

        Raises:
            NotRedriven: Kafka does not answer or refuses.
        """
        try:
            self._producer.init_transactions(_OPEN_S)
        except KafkaException as error:
            raise NotRedriven(f"Kafka does not take transactions: {self._why(error)}") from error

    def send(self, items: Sequence[Item], tries: int = _TRIES) -> Iterator[Redriven]:
        """Write items and their marks in one transaction; yield what became of them.

        What the broker refuses takes its neighbours with it, so they are tried again in two halves, each
        in a transaction of its own, until the refused one is alone.

        Raises:
            NotRedriven: nothing of the rest was written, or its message says that it is not known.
        """
        try:
            self._transact(items)
        except KafkaException as error:
            self._undo(error)
            # What the broker said of each record may come after the transaction has failed of it.
            self._producer.poll(0)
            if not self._refusals:
                # The transaction after a refused record may fail of the gap that it left in the numbers.
                if tries == 1:
                    raise NotRedriven(self._why(error)) from error
                yield from self.send(items, tries - 1)
                return
        if not self._refusals:
            yield Redriven(Counter(item.letter.place.topic for item in items))
        elif len(items) == 1:
            yield Redriven(left_out=[(items[0].letter, self._refusals[0])])
        else:
            middle = len(items) // 2
            yield from self.send(items[:middle])
            yield from self.send(items[middle:])

    def _transact(self, items: Sequence[Item]) -> None:
        self._refusals = []
        self._producer.begin_transaction()
        for item in items:
            self._write(item)
            if self._refusals:
                break
        # Nothing is flushed before: what is behind a refused record stays in the queue until its time is
        # up, while a commit says at once that the transaction has failed.
        if self._refusals:
            self._producer.abort_transaction(_COMMIT_S)
        else:
            self._commit()

    def _write(self, item: Item) -> None:
        place = item.letter.place
        try:
            self._produce(place.topic, item.partition, item.key, item.value, item.headers, self._taken)
        except KafkaException as error:
            if error.args[0].name() not in _REFUSALS:
                raise
            self._refusals.append(error.args[0].str())
            return
        marks = headers_of_mark(place, item.letter.attempts + 1)
        for partition in sorted({partition for partition, _ in item.letter.copies}):
            self._produce(DEAD_LETTERS.full_name(self._namespace), partition, None, None, marks, None)

    def _produce(
        self,
        topic: str,
        partition: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Any,
        told: Any,
    ) -> None:
        options: dict[str, Any] = {} if partition is None else {"partition": partition}
        if told is not None:
            options["on_delivery"] = told
        while True:
            try:
                self._producer.produce(topic, value, key, headers=list(headers), **options)
            except BufferError:
                self._producer.poll(_SLICE_S)
            else:
                self._producer.poll(0)
                return

    def _commit(self) -> None:
        deadline = time.monotonic() + _COMMIT_S
        while True:
            try:
                self._producer.commit_transaction(_COMMIT_TRY_S)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                if time.monotonic() > deadline:
                    raise NotRedriven(
                        "Kafka does not say whether the last records were taken. Run the command again:"
                        " what was is marked and is not sent twice."
                    ) from error
            else:
                return

    def _undo(self, error: KafkaException) -> None:
        problem = error.args[0]
        if problem.name() in _FENCED or problem.fatal():
            raise NotRedriven(
                "Another redrive of this deployment was started and has ended this one"
                f" ({self._why(error)})."
            ) from error
        try:
            self._producer.abort_transaction(_COMMIT_S)
        except KafkaException as also:
            raise NotRedriven(f"{self._why(error)}; undoing it failed: {self._why(also)}") from error

    def _taken(self, error: KafkaError | None, _: Message) -> None:
        if error is not None and error.name() in _REFUSALS:
            self._refusals.append(error.str())

    def _note(self, error: KafkaError) -> None:
        self._said = error.str()

    def _why(self, error: KafkaException) -> str:
        said = error.args[0].str()
        return f"{said} ({self._said})" if self._said and self._said != said else str(said)


_FENCED: Final = frozenset(
    {
        "_FENCED",
        "_FATAL",
        "INVALID_PRODUCER_EPOCH",
        "PRODUCER_FENCED",
    }
)

_REFUSALS: Final = frozenset(
    {
        "MSG_SIZE_TOO_LARGE",
        "INVALID_MSG",
        "INVALID_RECORD",
        "TOPIC_AUTHORIZATION_FAILED",
        "UNKNOWN_TOPIC_OR_PART",
        "_UNKNOWN_PARTITION",
        "_UNKNOWN_TOPIC",
    }
)
"""What a broker says about one record, and would say again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a redrive goes: ``rate`` in records a second, None for what Kafka takes.

    ``stopping`` ends it after the batch that is under way; ``advanced`` hears how many were settled.
    """

    rate: float | None
    stopping: Event
    advanced: Callable[[int], None]

    def wait(self, begun: float, sent: int) -> None:
        """Wait until so many since ``begun`` are no more than the rate, or until it is to stop."""
        if self.rate is not None:
            self.stopping.wait(max(0.0, begun + sent / self.rate - time.monotonic()))


def carry_out(
    plan: Plan,
    settings: Settings,
    redriver: Redriver,
    outcome: Redriven,
    pace: Pace,
    unfit: Callable[[Item], bool],
) -> None:
    """Send what a plan says; ``outcome`` holds at any time what was confirmed.

    ``unfit`` says of a record that it shall stay.

    Raises:
        NotRedriven: Kafka does not go on.
        Unreadable: the letters cannot be read.
    """
    begun = time.monotonic()
    missing = dict(plan.to_send)

    def items() -> Iterator[Item]:
        for message in records_at(settings, plan.offsets, READS_AS):
            letter = missing.pop((message.partition() or 0, message.offset() or 0))
            item = item_of(letter, message, settings.namespace)
            if unfit(item):
                outcome.left_out.append((letter, REFUSED_AGAIN))
                pace.advanced(1)
            else:
                yield item

    for batch in batches_of(items(), batch_size(pace.rate)):
        pace.wait(begun, outcome.confirmed.total())
        if pace.stopping.is_set():
            outcome.interrupted = True
            return
        for part in redriver.send(batch):
            outcome.confirmed += part.confirmed
            outcome.left_out += part.left_out
        pace.advanced(len(batch))
    outcome.left_out += [(letter, GONE) for letter in missing.values()]
