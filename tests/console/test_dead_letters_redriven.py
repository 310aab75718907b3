"""Whatever is refused, redriven, killed and refused again: nothing is lost, doubled or goes round."""

from collections import Counter
from typing import Any

from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from console.dead_letters.letters import Ledger
from console.dead_letters.redriving import Plan, batches_of, item_of, plan_of
from streams.dead_letters import headers_of_mark, standing_of
from streams.letter_headers import ATTEMPTS
from tests.console.refused import GARBAGE, REFUSED, letter_of, message_of
from tests.streams.copying import Made

MOST = 3
PARTITIONS = 3

acts = st.one_of(
    st.tuples(st.just("produce"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("refuse"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("refuse all again"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("redrive"), st.integers(0, 4)),
)


class Kafka:
    """Two topics as their committed records: an input, and dead letters with their places in it."""

    def __init__(self) -> None:
        self.records: list[Made] = []
        self.read = 0
        self.dead: list[Message] = []
        self.sent: Counter[tuple[bytes, bytes]] = Counter()

    def produce(self, headers: Any = (), value: bytes | None = None) -> None:
        number = len(self.records)
        body = GARBAGE + b"%d" % number if value is None else value
        self.records.append(Made(number, body, headers=tuple(headers)))

    def refuse(self, partition: int, first: int) -> None:
        """A worker reads on from an offset; before what it had read when it died, or all of it."""
        for record in self.records[first:]:
            letter = letter_of(record)
            self._write(partition, letter.key, letter.value, letter.headers)
        self.read = len(self.records)

    def ledger(self) -> Ledger:
        ledger = Ledger()
        for message in sorted(self.dead, key=lambda each: each.partition() or 0):
            ledger.take(standing_of(message))
        return ledger

    def plan(self) -> Plan:
        return plan_of(self.ledger().letters(), "bg", MOST)

    def redrive(self, batches: int) -> None:
        """Redrive in transactions of two, and die after so many."""
        plan = self.plan()
        by_place = {(each.partition(), each.offset()): each for each in self.dead}
        items = [item_of(letter, by_place[at], "bg") for at, letter in plan.to_send.items()]
        for batch in list(batches_of(items, 2))[:batches]:
            for item in batch:
                letter = item.letter
                attempts = dict(item.headers)[ATTEMPTS] or b""
                self.sent[item.value or b"", attempts] += 1
                self.produce(item.headers, item.value)
                for partition in {partition for partition, _ in letter.copies}:
                    marks = headers_of_mark(letter.place, letter.attempts + 1)
                    self._write(partition, None, None, marks)

    def _write(self, partition: int, key: bytes | None, value: bytes | None, headers: Any) -> None:
        offset = sum(each.partition() == partition for each in self.dead)
        at = REFUSED + len(self.dead)
        self.dead.append(message_of((partition, offset), at, key, value, list(headers)))


@given(st.lists(acts, max_size=25))
def test_every_record_is_given_back_once_for_each_refusal_and_three_times_at_most(
    done: list[tuple[str, int]],
) -> None:
    kafka = Kafka()
    for act, number in done:
        match act:
            case "produce":
                kafka.produce()
            case "refuse":
                kafka.refuse(number, kafka.read)
            case "refuse all again":
                kafka.refuse(number, 0)
            case _:
                kafka.redrive(number)
        assert all(count == 1 for count in kafka.sent.values()), "sent twice for one refusal"
        assert {attempts for _, attempts in kafka.sent} <= {b"2", b"3"}

    produced = {record.value for record in kafka.records}
    for _ in range(MOST):
        kafka.refuse(0, kafka.read)
        kafka.redrive(len(kafka.records))
    assert kafka.plan().to_send == {}, "it went on and on"
    assert {value for value, attempts in kafka.sent if attempts == b"2"} == produced
    assert {value for value, attempts in kafka.sent if attempts == b"3"} == produced
    assert all(count == 1 for count in kafka.sent.values())
