"""What a batch writes is all there is: from its rows the next worker goes on as this one would have."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from agents import control, rows
from agents.processor import PartitionProcessor, Surroundings
from agents.reading import Batch, Origin
from domain.calendar import Day, Millis
from domain.engagement import TenantPart
from domain.events import AccountEvent
from schemas.codec import Codec
from schemas.control import ControlRecord
from schemas.registry import CommittedRegistry
from streams.delivery import Delivery, Outgoing
from streams.tables import EngineTable, decode_key, encode_key
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    CONTROL,
    DEAD_LETTERS,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
)
from tests.domain.builders import (
    ACCOUNT,
    DECISION_MAKER,
    GROUP,
    LEAD,
    TODAY,
    account_profile,
    activities,
    activity,
    decide,
    group,
    moment,
    profile,
)
from tests.domain.streams import Stream, streams
from tests.streams.copying import copying, settings_of

CODEC = Codec(CommittedRegistry())
NOW: Millis = moment(TODAY, hour=13)
PARTITIONS = 2

Tables = dict[str, EngineTable]


def empty_tables() -> Tables:
    return copying(settings_of("localhost:1", "processor")).stored


class Lane:
    """Processes batches as a lane does, with a broker that takes everything; keeps what was written."""

    def __init__(self, tables: Tables | None = None, partition: int = 0) -> None:
        self.tables = empty_tables() if tables is None else tables
        self.partition = partition
        self.processor = PartitionProcessor(
            partition, Surroundings(CODEC, self.tables, "/test/engine", PARTITIONS, lambda: NOW)
        )

    def process(self, *batches: Batch) -> list[Delivery]:
        """Process batches that came together; return what was delivered."""
        delivered = []
        for delivery in self.processor.steps(list(batches)):
            if delivery:
                self.store(delivery)
                self.processor.delivered(delivery)
                delivered.append(delivery)
        return delivered

    def store(self, delivery: Delivery) -> None:
        """Store what a broker has taken."""
        for table, key, value in delivery.rows:
            self.tables[table].stored.put(self.partition, key, value)

    def fold(self, *events: AccountEvent) -> Delivery:
        """Process events; return the one delivery."""
        (delivery,) = self.process(Batch(events=list(events)))
        return delivery

    def follow(self, record: ControlRecord) -> list[Delivery]:
        """Process a control record."""
        return self.process(Batch(control=[record]))

    def rows(self) -> dict[tuple[str, bytes], bytes]:
        """Return every stored row but the clock's."""
        return {
            (name, key): value
            for name, table in self.tables.items()
            for owned in table.stored.rows.get(self.partition, {}).values()
            for key, value in owned.items()
            if name != rows.CLOCK
        }


def written(delivery: Delivery) -> set[tuple[str, tuple[Any, ...]]]:
    return {(table, tuple(decode_key(key))) for table, key, _ in delivery.rows}


def topics(delivery: Delivery) -> list[str]:
    return [record.topic for record in delivery.records]


def controls(deliveries: Iterable[Delivery]) -> Iterator[ControlRecord]:
    for delivery in deliveries:
        for record in delivery.records:
            if record.topic == CONTROL.name:
                value = CODEC.decode(CONTROL.name, record.value)
                assert isinstance(value, ControlRecord)
                yield value


def tick(as_of: Day = TODAY, tick_id: str = "tick-1", partition: int = 0) -> ControlRecord:
    return control.day_tick(tick_id, as_of, partition, NOW)


def ticked(*lanes: Lane, as_of: Day = TODAY, tick_id: str = "tick-1") -> list[Delivery]:
    """Take a tick round all partitions; return what the baselines caused."""
    parts = [
        part for lane in lanes for part in controls(lane.follow(tick(as_of, tick_id, lane.partition)))
    ]
    baselines = [made for part in parts for made in controls(lanes[0].follow(part))]
    return [
        delivery for lane, made in zip(lanes, baselines, strict=True) for delivery in lane.follow(made)
    ]


def test_a_batch_writes_one_row_for_each_thing_it_touched_and_reports_once() -> None:
    delivery = Lane().fold(
        group(), decide(), profile(), account_profile(), *activities(3), *activities(2, named="more")
    )
    assert written(delivery) == {
        (rows.CLOCK, (0,)),
        (rows.ACCOUNT, (ACCOUNT,)),
        (rows.LEAD, (ACCOUNT, LEAD)),
        (rows.DAY, (ACCOUNT, LEAD, TODAY)),
        (rows.PERSON, (ACCOUNT, LEAD)),
        (rows.DEFINITION, (ACCOUNT, GROUP)),
        (rows.DECISIONS, (ACCOUNT, GROUP, LEAD)),
        (rows.GROUP, (ACCOUNT, GROUP)),
    }
    assert len(delivery.rows) == len(written(delivery))
    assert sorted(topics(delivery)) == sorted(
        [
            SCORE_UPDATED.name,
            SCORE_UPDATED.name,
            COMPLETENESS_CHANGED.name,
            MEMBERSHIP_CHANGED.name,
            ASSIGNMENT_OUTCOME.name,
            BUYING_GROUP_STATE.name,
        ]
    )


def test_ranges_of_several_topics_are_one_batch() -> None:
    lane = Lane()
    (delivery,) = lane.process(
        Batch(events=[activity()]), Batch(events=[group()]), Batch(events=[decide()])
    )
    (state,) = [one for one in delivery.records if one.topic == BUYING_GROUP_STATE.name]
    decoded: Any = CODEC.decode(state.topic, state.value)
    assert [(member.lead_id, member.role) for member in decoded.members] == [(LEAD, DECISION_MAKER)]
    assert decoded.score > 0


def test_what_must_go_on_goes_on_with_the_batch_it_came_with() -> None:
    letter = Outgoing(DEAD_LETTERS.name, b"key", b"garbage")
    (delivery,) = Lane().process(Batch(onward=[letter]))
    assert delivery.records == [letter]
    assert delivery.rows == []


def test_a_batch_that_says_nothing_writes_nothing() -> None:
    assert Lane().process(Batch(), Batch()) == []


def test_a_batch_that_comes_twice_writes_no_row_and_answers_its_decisions_again() -> None:
    lane = Lane()
    answered = decide()
    batch: list[AccountEvent] = [group(), answered, profile(), account_profile(), *activities(3)]
    lane.fold(*batch)
    before = lane.rows()
    without_decisions = Batch(events=[event for event in batch if event is not answered])
    assert lane.process(without_decisions) == []

    again = lane.fold(*batch)
    assert set(topics(again)) == {ASSIGNMENT_OUTCOME.name}
    assert written(again) == {(rows.GROUP, (ACCOUNT, GROUP))}
    after = lane.rows()
    key = (rows.GROUP, encode_key((ACCOUNT, GROUP)))
    assert {name: row for name, row in after.items() if name != key} == {
        name: row for name, row in before.items() if name != key
    }


def test_what_was_not_delivered_is_forgotten_and_comes_out_the_same_again() -> None:
    lane = Lane()
    lane.fold(group(), activity(event_id="before"))
    batch = [Batch(events=[decide(), activity()])]
    (refused,) = lane.processor.steps(batch)
    lane.processor.discard()
    (again,) = lane.processor.steps(batch)
    assert again == refused
    assert len(again.records) == 6


def test_outputs_carry_on_the_trace_of_what_caused_them() -> None:
    batch = Batch(events=[activity()], origins={"activity": Origin("00-trace", replay=True)})
    (delivery,) = Lane().process(batch)
    (score,) = delivery.records
    decoded: Any = CODEC.decode(score.topic, score.value)
    assert dict(score.headers)["traceparent"] == b"00-trace"
    assert decoded.replay is True


@given(streams(max_parts=20))
@settings(max_examples=40)
def test_a_worker_that_starts_from_the_rows_goes_on_as_the_one_before_would_have(
    stream: Stream,
) -> None:
    """Rows and outputs of every later batch are the same, whichever of them processes it."""
    staying, tables = Lane(), empty_tables()
    for events in stream.batches():
        expected = staying.process(Batch(events=events))
        assert Lane(tables).process(Batch(events=events)) == expected
    assert Lane(tables).rows() == staying.rows()


def test_a_tick_is_answered_with_this_partitions_part_and_only_once() -> None:
    lane = Lane(partition=1)
    lane.fold(group(), decide(), *activities(3))
    (delivery,) = lane.follow(tick(partition=1))
    (part,) = controls([delivery])
    assert (part.kind, part.partition, part.sender, part.tick_id) == ("baseline_part", 0, 1, "tick-1")
    assert control.part_in(part).greatest_points == 3 * 40
    assert delivery.records[0].partition == 0
    assert lane.follow(tick(partition=1)) == []
    assert Lane(lane.tables, partition=1).follow(tick(partition=1)) == []


def test_a_daily_tick_is_answered_also_where_another_tick_of_the_day_came_first() -> None:
    """Every partition answers every tick: the reducing one would wait for the missing part for ever."""
    lane, other = Lane(), Lane(partition=1)
    ticked(lane, other, as_of=TODAY)
    daily = control.daily_tick_id(TODAY)
    (answer,) = controls(lane.follow(tick(TODAY, daily)))
    assert (answer.kind, answer.tick_id, answer.as_of) == ("baseline_part", daily, TODAY)
    assert lane.follow(tick(TODAY, daily)) == []


def test_the_reducing_partition_sends_one_baseline_to_every_partition_when_all_parts_are_there() -> None:
    lane = Lane()
    parts = [
        control.baseline_part(tick(partition=sender), TODAY, part, 0, NOW)
        for sender, part in enumerate([TenantPart(30, 480, 2.0), TenantPart(60, 120, 3.0)])
    ]
    assert list(controls(lane.follow(parts[0]))) == []
    made = list(controls(Lane(lane.tables).follow(parts[1])))
    assert [(one.kind, one.partition) for one in made] == [("baseline", 0), ("baseline", 1)]
    assert {one.baseline_version for one in made} == {2}
    assert {one.greatest_weight for one in made} == {60}
    assert Lane(lane.tables).follow(parts[1]) == [], "a part that comes again"


def test_a_baseline_moves_the_date_on_and_rescores_every_account() -> None:
    lanes = [Lane(), Lane(partition=1)]
    for lane, account in zip(lanes, ("acme", "initech"), strict=True):
        lane.fold(group(account=account), decide(account=account), *activities(2, account=account))
    deliveries = ticked(*lanes)
    told: list[Any] = [CODEC.decode(one.topic, one.value) for one in scores(deliveries)]
    assert {score.account_id for score in told} == {"acme", "initech"}
    assert {score.current for score in told} == {100.0}
    assert {(score.reason, score.baseline_version) for score in told} == {("baseline", 2)}
    states: list[Any] = [
        CODEC.decode(record.topic, record.value)
        for delivery in deliveries
        for record in delivery.records
        if record.topic == BUYING_GROUP_STATE.name
    ]
    assert {(state.as_of, state.baseline_version) for state in states} == {(TODAY, 2)}


def test_a_baseline_older_than_the_known_one_is_passed_over() -> None:
    lane, other = Lane(), Lane(partition=1)
    ticked(lane, other)
    ticked(lane, other, as_of=TODAY + 1, tick_id="tick-2")
    late = control.baseline_set("tick-1", TODAY, control.baseline_in(_baseline(2)), 0, NOW)
    assert lane.follow(late) == []


def _baseline(version: int) -> ControlRecord:
    return ControlRecord(
        kind="baseline",
        event_id="b",
        issued_at=NOW,
        tick_id="tick-1",
        as_of=TODAY,
        partition=0,
        baseline_version=version,
        model_version=1,
        greatest_weight=60,
        greatest_person_root=1.0,
        greatest_group_root=10.0,
    )


def unversioned(lane: Lane) -> dict[tuple[str, bytes], Any]:
    found: dict[tuple[str, bytes], Any] = {}
    for (table, key), row in lane.rows().items():
        fields = orjson.loads(row)
        fields.pop("state_version", None)
        found[table, key] = fields
    return found


def scores(deliveries: Iterable[Delivery]) -> list[Outgoing]:
    return [
        record
        for delivery in deliveries
        for record in delivery.records
        if record.topic == SCORE_UPDATED.name
    ]


@pytest.mark.parametrize("steps_done", [0, 1, 2])
def test_a_baseline_interrupted_between_its_steps_ends_as_if_it_had_not_been(
    steps_done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.processor._ACCOUNTS_PER_STEP", 1)
    events: list[AccountEvent] = []
    for place, name in enumerate(("acme", "globex", "initech")):
        events.extend([group(account=name), decide(account=name)])
        events.extend(activities(1 + place, account=name))
    whole, interrupted = Lane(), Lane()
    for lane in (whole, interrupted):
        lane.process(Batch(events=events))
    expected = whole.follow(_baseline(2))
    assert len(expected) == 3

    steps = interrupted.processor.steps([Batch(control=[_baseline(2)])])
    done: list[Delivery] = []
    for delivery in steps:
        if len(done) == steps_done:
            break
        if delivery:
            interrupted.store(delivery)
            done.append(delivery)
    resumed = Lane(interrupted.tables)
    done.extend(resumed.follow(_baseline(2)))

    # States of accounts that were done are sent again, with the next version and the same content.
    assert unversioned(resumed) == unversioned(whole)
    assert scores(done) == scores(expected)
