"""Whatever stands in an input topic is taken, routed on or refused with its reason; nothing is lost."""

import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agents.control import check_usable
from agents.inputs import READINGS
from agents.manual_edits import MOST_EDITS
from agents.reading import FUTURE_ALLOWANCE_MS, LARGEST_VALUE, Batch, Origin, Reader
from domain import events
from schemas import inputs
from schemas.codec import Codec
from schemas.control import ControlRecord
from schemas.fields import INT64_MAX, INT64_MIN, Contract
from schemas.registry import CommittedRegistry
from streams.delivery import Outgoing
from streams.placement import partition_of
from streams.topics import CONTROL, DEAD_LETTERS, INPUTS
from tests.agents.defined import buying_group, role
from tests.schemas.events import EXAMPLES, LEGAL, MOMENT
from tests.streams.copying import Made, fetched

CODEC = Codec(CommittedRegistry())
PARTITIONS = 4
HOME = partition_of("acct-100", PARTITIONS)
ELSEWHERE = (HOME + 1) % PARTITIONS
HOUR_MS = 3_600_000
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

activity = EXAMPLES["lead-activity"]
edit = EXAMPLES["manual-edits"]
assert isinstance(activity, inputs.LeadActivity)
assert isinstance(edit, inputs.ManualEdit)
GROUP = buying_group()


def record(name: str, value: Contract | bytes | None, **more: Any) -> Made:
    encoded = CODEC.encode(name, value) if isinstance(value, Contract) else value
    return replace(Made(17, encoded, b"acct-100", MOMENT + HOUR_MS), **more)


def read(name: str, *records: Made, partition: int = HOME, replay_before: int | None = None) -> Batch:
    reader = Reader(CODEC, PARTITIONS, replay_before)
    one = fetched(17, *records, topic=f"bg.{name}", partition=partition)
    return reader.read(one, READINGS[name])


def headers(letter: Outgoing) -> dict[str, bytes]:
    return dict(letter.headers)


def test_a_good_record_is_taken_and_leaves_nothing_behind() -> None:
    batch = read("lead-activity", record("lead-activity", activity))
    assert batch == Batch(
        events=[
            events.LeadActivity("e-1", "acct-100", "5001", "web.formFilledOut", MOMENT),
        ]
    )


def edits(count: int) -> inputs.ManualEdit:
    named = [inputs.Edit(lead_id=str(n), operation="remove") for n in range(count)]
    assert isinstance(edit, inputs.ManualEdit)
    return edit.model_copy(update={"edits": named})


def extreme(millis: int) -> bytes:
    """An activity at a time no calendar has, written by someone who checks nothing."""
    return CODEC.encode_fields("lead-activity", {**activity.record(), "occurred_at": millis})


def wordy(size: int) -> Contract:
    """A good activity of many bytes."""
    return activity.model_copy(update={"attributes": {"page": "x" * size}})


BAD: list[tuple[str, str, Contract | bytes | None]] = [
    ("not_avro", "lead-activity", None),
    ("not_avro", "lead-activity", b""),
    ("not_avro", "lead-activity", b'{"event_id": "e-1"}'),
    ("not_avro", "lead-activity", b"\x00\x00"),
    ("not_avro", "lead-activity", CODEC.encode("lead-activity", activity)[:-1]),
    ("not_avro", "lead-activity", CODEC.encode("lead-activity", activity) + b"\x00"),
    ("unknown_schema", "lead-activity", b"\x00" + struct.pack(">I", 999_999) + b"rest"),
    ("unknown_schema", "lead-activity", CODEC.encode("accounts", EXAMPLES["accounts"])),
    ("breaks_contract", "lead-activity", extreme(-1)),
    ("breaks_contract", "lead-activity", extreme(INT64_MAX)),
    ("breaks_contract", "lead-activity", extreme(INT64_MIN)),
    ("too_large", "lead-activity", wordy(LARGEST_VALUE)),
    ("wrong_group_id", "buying-groups", GROUP.model_copy(update={"account_id": "acct-101"})),
    ("unusable_condition", "buying-groups", buying_group(role(auto_assign="{}"))),
    ("no_edits", "manual-edits", edits(0)),
    ("too_many_edits", "manual-edits", edits(MOST_EDITS + 1)),
]


@pytest.mark.parametrize(
    ("reason", "name", "value"), BAD, ids=[f"{row[0]}-{place}" for place, row in enumerate(BAD)]
)
def test_a_bad_record_goes_to_dead_letters_as_it_was_and_the_next_is_taken(
    reason: str, name: str, value: Contract | bytes | None
) -> None:
    good: Any = {"buying-groups": GROUP, "manual-edits": edits(MOST_EDITS)}.get(name, activity)
    bad = record(name, value, headers=(("traceparent", TRACE),))
    batch = read(name, bad, record(name, good, offset=18))

    (letter,) = batch.onward
    assert (letter.topic, letter.partition) == (DEAD_LETTERS.name, None)
    assert (letter.key, letter.value) == (bad.key, bad.value)
    assert letter.headers[0] == ("traceparent", TRACE)
    told = headers(letter)
    assert told.pop("dlq_detail").decode().isprintable()
    assert told == {
        "traceparent": TRACE,
        "dlq_topic": f"bg.{name}".encode(),
        "dlq_partition": str(HOME).encode(),
        "dlq_offset": b"17",
        "dlq_timestamp": str(bad.timestamp).encode(),
        "dlq_reason": reason.encode(),
    }
    assert {event.event_id for event in batch.events} == {good.event_id}


@pytest.mark.parametrize("name", [topic.name for topic in INPUTS])
def test_an_event_may_be_dated_five_minutes_ahead_of_the_brokers_clock_and_not_more(
    name: str,
) -> None:
    value = GROUP if name == "buying-groups" else EXAMPLES[name]
    on_the_edge = record(name, value, timestamp=MOMENT - FUTURE_ALLOWANCE_MS)
    ahead = record(name, value, timestamp=MOMENT - FUTURE_ALLOWANCE_MS - 1)
    assert read(name, on_the_edge).events
    (letter,) = read(name, ahead).onward
    assert headers(letter)["dlq_reason"] == b"from_the_future"


@pytest.mark.parametrize("key", [None, b"", b"someone else"])
@pytest.mark.parametrize("name", [topic.name for topic in INPUTS])
def test_a_misplaced_record_is_routed_on_as_it_was_with_its_account_as_key(
    name: str, key: bytes | None
) -> None:
    trace = (("traceparent", TRACE), ("anything", b"\xff"))
    value = GROUP if name == "buying-groups" else EXAMPLES[name]
    misplaced = record(name, value, key=key, headers=trace)
    assert read(name, misplaced, partition=ELSEWHERE) == Batch(
        onward=[Outgoing(name, b"acct-100", misplaced.value, HOME, trace)]
    )


def test_one_line_tells_what_of_a_range_was_refused_and_where_it_stands() -> None:
    good = record("lead-activity", activity, offset=18)
    future = replace(good, timestamp=MOMENT - HOUR_MS, offset=19)
    bad = [record("lead-activity", value, offset=20 + n) for n, value in enumerate((None, b"ada"))]
    with capture_logs() as lines:
        read("lead-activity", good, future, *bad)
    (line,) = lines
    assert line == {
        "log_level": "warning",
        "event": "records go to dead-letters, with the reasons in their headers",
        "topic": "bg.lead-activity",
        "partition": HOME,
        "records": 3,
        "first_offset": 19,
        "last_offset": 21,
        "reasons": {"from_the_future": 1, "not_avro": 2},
    }


def test_one_line_tells_what_of_a_range_was_misplaced_and_where_it_stands() -> None:
    records = [record("lead-activity", activity, offset=17 + n) for n in range(3)]
    with capture_logs() as lines:
        read("lead-activity", *records, partition=ELSEWHERE)
    (line,) = lines
    assert (line["topic"], line["partition"], line["records"]) == ("bg.lead-activity", ELSEWHERE, 3)
    assert (line["first_offset"], line["last_offset"]) == (17, 19)


def test_a_record_in_its_place_is_taken_whatever_its_key() -> None:
    assert read("lead-activity", record("lead-activity", activity, key=b"another")).events


def test_what_an_output_takes_over_is_noted_for_the_events_that_have_it() -> None:
    batch = read(
        "lead-activity",
        record("lead-activity", activity, headers=(("x", b"1"), ("traceparent", TRACE))),
        record("lead-activity", activity.model_copy(update={"event_id": "e-9"}), offset=18),
    )
    assert batch.origins == {"e-1": Origin(TRACE.decode(), replay=False)}


def test_while_replaying_what_is_older_than_the_worker_is_marked() -> None:
    old = record("lead-activity", activity)
    new = record(
        "lead-activity",
        activity.model_copy(update={"event_id": "e-9"}),
        offset=18,
        timestamp=old.timestamp + 1,
    )
    batch = read("lead-activity", old, new, replay_before=new.timestamp)
    assert batch.origins == {"e-1": Origin(None, replay=True)}


def read_control(*records: Made) -> Batch:
    one = fetched(17, *records, topic="bg.control", partition=2)
    return Reader(CODEC, PARTITIONS, None).read_control(one, CONTROL, check_usable)


def test_control_records_are_taken_in_whatever_partition_they_stand() -> None:
    known = EXAMPLES["control"]
    assert isinstance(known, ControlRecord)
    assert read_control(record("control", known), record("control", known, offset=18)) == Batch(
        control=[known, known]
    )


def test_a_bad_control_record_goes_to_dead_letters_too() -> None:
    (letter,) = read_control(record("control", b"garbage")).onward
    assert letter.value == b"garbage"
    assert headers(letter)["dlq_reason"] == b"not_avro"
    assert headers(letter)["dlq_topic"] == b"bg.control"


@pytest.mark.parametrize("field", ["baseline_version", "model_version", "greatest_points"])
@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1])
def test_a_control_record_that_leaves_no_room_to_count_on_is_a_dead_letter(
    field: str, value: int
) -> None:
    known = EXAMPLES["control"]
    assert isinstance(known, ControlRecord)
    (letter,) = read_control(record("control", known.model_copy(update={field: value}))).onward
    assert headers(letter)["dlq_reason"] == b"breaks_contract"
    assert field.encode() in headers(letter)["dlq_detail"]


@given(
    st.sampled_from(sorted(READINGS)),
    st.lists(
        st.none()
        | st.binary(max_size=60)
        | st.builds(bytes.__add__, st.just(b"\x00\x00\x00\x00\x01"), st.binary(max_size=60)),
        max_size=5,
    ),
)
def test_no_bytes_make_reading_fail(name: str, values: list[bytes | None]) -> None:
    records = [record(name, value, offset=17 + place) for place, value in enumerate(values)]
    batch = read(name, *records)
    assert len(batch.onward) + len({id(event) for event in batch.events}) >= len(records)


@given(st.data())
def test_every_legal_event_is_taken_routed_or_refused_once(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(READINGS)))
    value = data.draw(LEGAL[name])
    at = data.draw(st.integers(-1, MOMENT))
    batch = read(name, record(name, value, timestamp=at))
    assert len(batch.onward) <= 1
    assert not (batch.onward and batch.events)
