"""What can be made out of a dead letter's bytes: as far as they go, and where they break."""

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_reader
from hypothesis import given
from hypothesis import strategies as st

from console.dead_letters.decoding import Decoded, decode
from console.dead_letters.letters import Ledger
from console.dead_letters.reasons import WHAT_TO_DO
from console.dead_letters.rereading import Refusal
from console.dead_letters.showing import DUMPED, Shown, hex_lines, lines_of, shown_object
from schemas.contracts import CONTRACTS
from schemas.parsing import parse_plain
from schemas.registry import CommittedRegistry, UnknownSchema, current_version
from streams.dead_letters import bytes_of, headers_of, standing_of
from tests.console.refused import CODEC, GARBAGE, standing
from tests.schemas.events import EXAMPLES, LEGAL

REGISTRY = CommittedRegistry()
NAMES = sorted(CONTRACTS)
ACTIVITY = CODEC.encode("lead-activity", EXAMPLES["lead-activity"])


def read_by_fastavro(name: str, data: bytes) -> Any:
    return schemaless_reader(BytesIO(data[5:]), current_version(name).schema, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_good_record_is_read_whole_as_any_avro_reader_does(name: str) -> None:
    data = CODEC.encode(name, EXAMPLES[name])
    found = decode(data, name, REGISTRY)
    assert (found.problem, found.at, found.contract) == (None, None, name)
    assert found.value == read_by_fastavro(name, data)


@given(st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), LEGAL[name])))
def test_every_legal_value_is_read_as_any_avro_reader_does(made: tuple[str, Any]) -> None:
    name, value = made
    data = CODEC.encode(name, value)
    assert decode(data, name, REGISTRY).value == read_by_fastavro(name, data)


@pytest.mark.parametrize("name", NAMES)
def test_a_record_that_ends_early_is_read_up_to_its_end(name: str) -> None:
    data = CODEC.encode(name, EXAMPLES[name])
    whole = read_by_fastavro(name, data)
    for end in range(5, len(data)):
        found = decode(data[:end], name, REGISTRY)
        assert found.problem is not None
        assert "are left" in found.problem
        assert found.at is not None
        assert found.at <= end
        assert list(found.value) == list(whole)[: len(found.value)]
        for field in list(found.value)[:-1]:
            assert found.value[field] == whole[field]


@given(st.binary(max_size=200), st.sampled_from(NAMES))
def test_any_bytes_behind_a_frame_are_read_or_say_where_they_break(junk: bytes, name: str) -> None:
    data = CODEC.encode(name, EXAMPLES[name])[:5] + junk
    found = decode(data, name, REGISTRY)
    assert (found.problem is None) is (found.at is None)
    json.dumps(found.value)


@given(st.binary(max_size=60))
def test_any_bytes_at_all_say_something(data: bytes) -> None:
    found = decode(data, "lead-activity", REGISTRY)
    assert found.problem is not None or found.value is not None


def test_the_field_in_which_the_reading_breaks_is_named() -> None:
    found = decode(ACTIVITY[:-2], "lead-activity", REGISTRY)
    assert found.problem is not None
    assert found.problem.endswith(", in attributes.utm.source") or ", in attributes" in found.problem
    assert found.value["event_id"] == EXAMPLES["lead-activity"].event_id  # type: ignore[attr-defined]


def test_bytes_that_are_left_over_are_told_with_the_value() -> None:
    found = decode(ACTIVITY + b"\0\1", "lead-activity", REGISTRY)
    assert found.problem == "2 bytes are left over after the record"
    assert found.at == len(ACTIVITY)
    assert found.value == read_by_fastavro("lead-activity", ACTIVITY)


def test_a_record_of_another_contract_is_read_and_told_to_be_in_the_wrong_topic() -> None:
    found = decode(ACTIVITY, "accounts", REGISTRY)
    assert found.contract == "lead-activity"
    assert found.problem == "this is a record of lead-activity, in a topic for accounts"
    assert found.value == read_by_fastavro("lead-activity", ACTIVITY)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "the record has no value"),
        (b"", "the record has no value"),
        (b'{"event_id": "e-1"}', "the first byte is not 0: no Avro frame; it is JSON text"),
        (b"lead,account\n1,2", "the first byte is not 0: no Avro frame; it is text"),
        (b"\xff\xfe\x01\x80", "the first byte is not 0: no Avro frame; it is not text either"),
        (b"\0\0", "the record ends inside the schema id"),
        (b"\0\xff\xff\xff\xff1", "no schema with the id 4294967295 is known"),
    ],
)
def test_what_cannot_be_read_at_all_is_told(data: bytes | None, problem: str) -> None:
    found = decode(data, "lead-activity", REGISTRY)
    assert (found.value, found.problem) == (None, problem)


class Foreign:
    """A registry of another team's schemas, with shapes that ours do not use."""

    def __init__(self, schema: Any) -> None:
        self._schema = parse_plain(schema)

    def id_of(self, name: str) -> int:
        raise UnknownSchema(name)

    def writer_schema(self, name: str, schema_id: int) -> Any:
        if (name, schema_id) != ("accounts", 7):
            raise UnknownSchema(name)
        return self._schema


def foreign(kind: Any, body: bytes) -> Decoded:
    schema = {"type": "record", "name": "R", "fields": [{"name": "f", "type": kind}]}
    return decode(b"\0\0\0\0\7" + body, "accounts", Foreign(schema))


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("boolean", b"\1", True),
        ("float", b"\0\0\x80\x3f", 1.0),
        ("bytes", b"\4\xca\xfe", "cafe"),
        ({"type": "fixed", "name": "F", "size": 2}, b"\xca\xfe", "cafe"),
        ({"type": "array", "items": "int"}, b"\3\4\2\4\0", [1, 2]),
        ({"type": "map", "values": "long"}, b"\2\2a\1\0", {"a": -1}),
        ([{"type": "enum", "name": "E", "symbols": ["x", "y"]}, "null"], b"\0\2", "y"),
    ],
)
def test_every_shape_of_avro_is_read(kind: Any, body: bytes, expected: object) -> None:
    found = foreign(kind, body)
    assert (found.problem, found.value) == (None, {"f": expected})


@pytest.mark.parametrize(
    ("kind", "body", "problem", "at"),
    [
        ("boolean", b"\2", "2 is neither true nor false, in f", 5),
        ("long", b"\xff" * 12, "a number has more than 64 bits, in f", 5),
        ("string", b"\1", "a length of -1, in f", 5),
        ("string", b"\4\xc3\x28", "a text is not UTF-8, in f", 5),
        (["null", "string"], b"\6", "branch 3 of a choice of 2, in f", 5),
        ({"type": "enum", "name": "E", "symbols": ["x"]}, b"\4", "symbol 2 of 1, in f", 5),
        ({"type": "array", "items": "string"}, b"\xfe\xff\xff\xff\x0f", "items where 0 bytes", 5),
        ({"type": "array", "items": "string"}, b"\4\2a\x14b", "10 bytes are announced, 1 are", 9),
    ],
)
def test_what_breaks_the_reading_is_told_with_the_byte(
    kind: Any, body: bytes, problem: str, at: int
) -> None:
    found = foreign(kind, body)
    assert found.problem is not None
    assert problem in found.problem
    assert found.at == at


def shown(value: bytes | None = GARBAGE, **more: Any) -> Shown:
    message, ledger = standing(value=value, **more), Ledger()
    ledger.take(standing_of(message))
    (letter,) = ledger.letters()
    return Shown(
        letter,
        bytes_of(message.key()),
        value,
        headers_of(message),
        decode(value, "lead-activity", REGISTRY),
        Refusal("not_avro", "still"),
    )


def test_show_prints_what_a_person_on_call_asks_for() -> None:
    text = "\n".join(
        lines_of(shown(ACTIVITY[:-1], key=b"acct-9", headers=(("trace", b"\xff\0"),)), "bg", whole=False)
    )
    assert "record     lead-activity/2/17" in text
    assert "refused    2026-11-13 17:46:41 UTC" in text
    assert "reason     not_avro" in text
    assert "key        acct-9" in text
    assert "  trace: 0xff00" in text
    assert WHAT_TO_DO["not_avro"] in text
    assert "a worker of this release would refuse it: not_avro: still" in text
    assert '"lead_id": "5001"' in text
    assert "The reading broke at byte" in text
    assert "dlq_reason" not in text


def test_other_peoples_bytes_do_not_steer_the_terminal() -> None:
    steering = "\x1b[2J\x9b31m\r"
    text = "".join(
        lines_of(
            shown(steering.encode(), key=steering.encode(), headers=((steering, b"\x1b"),)),
            "bg",
            whole=False,
        )
    )
    assert text.isprintable()


def test_a_dump_is_hex_and_text_and_shows_where_the_reading_broke() -> None:
    assert list(hex_lines(b"0123456789abcdef\x00\xff", 32)) == [
        "  00000020  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
        f"  00000030  {'00 ff':<47}  ..",
    ]
    value = EXAMPLES["lead-activity"].model_copy(update={"attributes": {"page": "x" * 2000}})
    broken = CODEC.encode("lead-activity", value) + b"tail"
    lines = list(lines_of(shown(broken), "bg", whole=False))
    (announced,) = [line for line in lines if "bytes in all" in line]
    assert f"{len(broken):,}" in announced
    assert any("tail" in line for line in lines)
    assert sum(line.startswith("  000") for line in lines) <= DUMPED // 16 + 5
    whole = list(lines_of(shown(broken), "bg", whole=True))
    assert sum(line.startswith("  000") for line in whole) == -(-len(broken) // 16)


def test_a_program_gets_the_bytes_in_base64() -> None:
    found = shown_object(shown(b"\xff\0", key=b"\xff"), "bg")
    assert (found["value_base64"], found["key"]) == ("/wA=", {"base64": "/w=="})
    assert found["refused_now"] == {"reason": "not_avro", "detail": "still"}
    assert found["headers"][0] == {"name": "dlq_topic", "value": "bg.lead-activity"}
    assert shown_object(replace(shown(None), again=None), "bg")["refused_now"] is None
    json.dumps(found)
