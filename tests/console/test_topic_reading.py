"""A topic is read to its end however slow its reader is; a broker that goes silent ends it."""

from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message

from console.topic_reading import NotRead, messages_up_to

UNDECIDED_S = 5.0


class Answers:
    """A consumer with given answers, and the clock: asking for what is not there takes its time."""

    def __init__(self, *answers: Sequence[Message]) -> None:
        self.now = 1000.0
        self._answers = list(answers)

    def assign(self, _: object) -> None:
        """Take partitions."""

    def consume(self, _: int, within_s: float) -> Sequence[Message]:
        """Return the next answer."""
        batch = self._answers.pop(0) if self._answers else ()
        if not batch:
            self.now += within_s
        return batch


def record(offset: int) -> Message:
    return Message(topic="t", partition=0, offset=offset, value=b"")


def end(offset: int) -> Message:
    return Message(topic="t", partition=0, offset=offset, error=KafkaError(KafkaError._PARTITION_EOF))


def read(
    monkeypatch: pytest.MonkeyPatch, answers: Answers, told: list[str], taking_s: float = 0.0
) -> list[int | None]:
    """Read three records, taking so long over each."""
    monkeypatch.setattr("time.monotonic", lambda: answers.now)
    reader: Any = answers
    found = []
    for message in messages_up_to(reader, "t", {0: 3}, told.append, UNDECIDED_S):
        found.append(message.offset())
        answers.now += taking_s
    return found


def test_what_a_reader_takes_over_a_record_is_not_the_brokers_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    answers = Answers([record(0)], [], [record(1)], [], [record(2)])
    assert read(monkeypatch, answers, told, taking_s=3600) == [0, 1, 2]
    # Nor does it shorten the time that a transaction is given to be decided in.
    undecided = Answers([record(0), end(1)], [], [record(1), record(2)])
    assert read(monkeypatch, undecided, told, taking_s=3600) == [0, 1, 2]
    assert told == []


def test_a_broker_that_goes_silent_and_a_transaction_that_stays_open_end_the_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    with pytest.raises(NotRead, match="went silent for 30 s"):
        read(monkeypatch, Answers([record(0)]), told)
    assert read(monkeypatch, Answers([record(0), end(1)]), told) == [0]
    assert told == ["A worker is in the middle of a transaction; what it writes in it is left out."]
