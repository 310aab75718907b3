"""What is written is read back, byte for byte, and only `BadRecord` answers anything else."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import avro.io
import avro.schema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import CONTRACTS, BadRecord, BreaksContract, Codec, NotAvro, UnknownWriterSchema
from schemas.registry import CommittedRegistry, committed_versions, current_version
from tests.schemas.events import EXAMPLES, LEGAL, MOMENT

CODEC: Final = Codec(CommittedRegistry())
GOLDEN: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "golden.json").read_text("utf-8")
)
by_contract = pytest.mark.parametrize("name", CONTRACTS)
by_golden = pytest.mark.parametrize(
    "golden", GOLDEN, ids=[f"{row['name']}.v{row['version']}" for row in GOLDEN]
)


def varint(number: int) -> bytes:
    """`number` as an Avro long."""
    rest = ((number << 1) ^ (number >> 63)) & (2**64 - 1)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


@by_contract
@given(data=st.data())
def test_an_event_comes_back_from_its_bytes_and_from_its_json(name: str, data: st.DataObject) -> None:
    event = data.draw(LEGAL[name])
    assert CODEC.decode(name, CODEC.encode(name, event)) == event
    assert CODEC.parse_json(name, json.loads(event.model_dump_json())) == event
    assert CODEC.parse_json(name, event.model_dump(mode="json")) == event
    assert CODEC.parse_json(name, event.record()) == event


@by_contract
@given(data=st.data())
def test_plain_fields_make_the_bytes_of_their_event_and_may_leave_out_what_has_a_default(
    name: str, data: st.DataObject
) -> None:
    event = data.draw(LEGAL[name])
    whole = CODEC.encode(name, event)
    assert CODEC.encode_fields(name, event.model_dump()) == whole
    assert CODEC.encode_fields(name, event.model_dump(exclude_defaults=True)) == whole


@by_golden
def test_the_golden_bytes_are_what_we_write_and_read(golden: dict[str, Any]) -> None:
    name, data = golden["name"], bytes.fromhex(golden["hex"])
    assert CODEC.decode(name, data).model_dump(mode="json") == golden["json"]
    if golden["version"] == current_version(name).version:
        event = CODEC.parse_json(name, golden["json"])
        assert CODEC.encode(name, event).hex() == golden["hex"]


@by_golden
def test_another_avro_implementation_reads_the_golden_bytes_alike(golden: dict[str, Any]) -> None:
    name, data = golden["name"], bytes.fromhex(golden["hex"])
    released = {(row.name, row.version): row for row in committed_versions()}
    version = released[name, golden["version"]]
    assert data[:5] == b"\0" + version.id.to_bytes(4, "big")
    # Its logical types would turn ints into datetimes, so it too reads the plain schema.
    plain = {key: part for key, part in version.schema.items() if not key.startswith("__")}
    source = BytesIO(data[5:])
    read = avro.io.DatumReader(avro.schema.parse(json.dumps(plain))).read(avro.io.BinaryDecoder(source))
    assert read == CODEC.decode(name, data).model_dump()
    assert source.read() == b""


def test_every_released_version_has_its_golden_bytes() -> None:
    assert {(row["name"], row["version"]) for row in GOLDEN} == {
        (row.name, row.version) for row in committed_versions()
    }


def test_times_are_ints_inside_and_text_outside() -> None:
    event = CODEC.decode("lead-activity", CODEC.encode("lead-activity", EXAMPLES["lead-activity"]))
    assert event.model_dump()["occurred_at"] == MOMENT
    assert event.model_dump(mode="json")["occurred_at"] == "2026-11-13T18:03:04.123Z"


def test_a_model_of_another_contract_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="lead-activity takes LeadActivity, not Account"):
        CODEC.encode("lead-activity", EXAMPLES["accounts"])


def test_a_name_that_is_no_contract_says_which_there_are() -> None:
    with pytest.raises(KeyError, match="there are: lead-activity"):
        CODEC.decode("leads", b"\0")


# --- what cannot be read


@by_contract
@given(data=st.binary(max_size=200), framed=st.booleans())
def test_any_bytes_are_an_event_or_a_bad_record(name: str, data: bytes, framed: bool) -> None:
    header = b"\0" + CommittedRegistry().id_of(name).to_bytes(4, "big")
    decode_or_bad(name, header + data if framed else data)


@by_contract
@given(data=st.data())
def test_a_damaged_event_is_an_event_or_a_bad_record(name: str, data: st.DataObject) -> None:
    good = bytearray(CODEC.encode(name, EXAMPLES[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(good) - 1))
        good[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=10))
        good = good or bytearray(1)
    decode_or_bad(name, bytes(good))


@by_contract
def test_an_event_cut_short_is_not_avro(name: str) -> None:
    whole = CODEC.encode(name, EXAMPLES[name])
    for length in range(len(whole)):
        with pytest.raises(NotAvro):
            CODEC.decode(name, whole[:length])


@by_contract
def test_bytes_after_the_event_are_not_avro(name: str) -> None:
    whole = CODEC.encode(name, EXAMPLES[name])
    with pytest.raises(NotAvro, match="1 bytes left over"):
        CODEC.decode(name, whole + b"\0")


@pytest.mark.parametrize("data", [None, b"", b"\0", b"\0\0\0\0", b'{"event_id":"e"}'])
def test_what_has_no_frame_is_not_avro(data: bytes | None) -> None:
    with pytest.raises(NotAvro) as caught:
        CODEC.decode("lead-activity", data)
    assert caught.value.reason == "not_avro"


def test_an_id_of_another_contract_or_of_none_is_an_unknown_schema() -> None:
    for schema_id in (CommittedRegistry().id_of("accounts"), 0, 999, 2**32 - 1):
        with pytest.raises(UnknownWriterSchema) as caught:
            CODEC.decode("lead-activity", b"\0" + schema_id.to_bytes(4, "big"))
        assert caught.value.reason == "unknown_schema"
        assert caught.value.detail == f"no schema of lead-activity has id {schema_id}"


def frame(name: str, body: bytes) -> bytes:
    return b"\0" + CommittedRegistry().id_of(name).to_bytes(4, "big") + body


def activity(attributes: bytes, lead: bytes = varint(1) + b"l") -> bytes:
    head = varint(1) + b"e" + varint(1) + b"a" + lead + varint(1) + b"t" + varint(0)
    return frame("lead-activity", head + attributes)


def test_a_map_may_come_in_blocks_that_tell_their_size() -> None:
    pair = varint(1) + b"k" + varint(1) + b"v"
    data = activity(varint(-1) + varint(len(pair)) + pair + varint(0))
    assert CODEC.decode("lead-activity", data).model_dump()["attributes"] == {"k": "v"}


@pytest.mark.parametrize("length", [2**31, 2**40, 2**62, -1, -5, -(2**62), -(2**63)])
def test_a_length_beyond_the_record_is_refused_and_reserves_nothing(length: int) -> None:
    edits = varint(1) + b"e" + varint(1) + b"a" + varint(1) + b"g" + varint(1) + b"u" + varint(0)
    for name, data in (
        ("lead-activity", activity(varint(0), lead=varint(length) + b"l")),
        ("lead-activity", activity(varint(length) + varint(1) + b"k")),
        ("lead-activity", activity(varint(length) + varint(2**62) + varint(1) + b"k")),
        ("manual-edits", frame("manual-edits", edits + varint(length))),
        ("manual-edits", frame("manual-edits", edits + varint(length) + varint(-(2**62)))),
    ):
        with pytest.raises(NotAvro):
            CODEC.decode(name, data)


def decode_or_bad(name: str, data: bytes) -> None:
    try:
        event = CODEC.decode(name, data)
    except BadRecord as refused:
        bad = refused
    else:
        assert CODEC.decode(name, CODEC.encode(name, event)) == event
        return
    assert bad.reason in {"not_avro", "unknown_schema", "breaks_contract"}
    assert bad.detail.isprintable()
    assert len(bad.detail) <= 2_500


# --- what breaks the contract


def changed(name: str, **fields: Any) -> dict[str, Any]:
    return {**EXAMPLES[name].model_dump(mode="json"), **fields}


@pytest.mark.parametrize(
    ("name", "fields", "detail"),
    [
        ("lead-activity", {"event_id": ""}, "event_id: should have at least 1 character"),
        ("lead-activity", {"lead_id": "x" * 129}, "lead_id: should have at most 128 characters"),
        ("lead-activity", {"lead_id": 5}, "lead_id: should be a valid string"),
        ("lead-activity", {"colour": 1}, "colour: is not a field of this event"),
        ("lead-activity", {"attributes": {"a": 1}}, "attributes.a: should be a valid string"),
        ("journey-actions", {"lead_id": None}, "assign needs lead_id"),
        ("journey-actions", {"role": None}, "assign needs role"),
        ("journey-actions", {"action": "remove"}, "remove takes no role"),
        ("journey-actions", {"action": "release"}, "release takes no role"),
        ("journey-actions", {"action": "update_stage"}, "update_stage needs stage"),
        ("journey-actions", {"action": "update_status"}, "update_status needs status"),
        ("journey-actions", {"status": "x" * 51}, "status: should have at most 50 characters"),
        (
            "manual-edits",
            {"edits": [{"lead_id": "l", "operation": "assign"}]},
            "edits.0: assign needs role",
        ),
        (
            "manual-edits",
            {"edits": [{"lead_id": "l", "operation": "remove", "role": "r"}]},
            "edits.0: remove takes no role",
        ),
        ("lead-profiles", {"status": "gone"}, "status: should be 'active', 'left' or 'erased'"),
        ("lead-profiles", {"email_invalid": "no"}, "email_invalid: should be a valid boolean"),
        ("accounts", {"open_opportunities": True}, "open_opportunities: should be a valid integer"),
        ("control", {"greatest_strength": float("nan")}, "greatest_strength: should be a finite"),
        ("control", {"kind": "tick"}, "kind: should be 'day_tick', 'points_asked', 'baseline_part',"),
        ("control", {"model": {}}, "model: should be a valid string"),
    ],
)
def test_a_wrong_field_is_named_in_words(name: str, fields: dict[str, Any], detail: str) -> None:
    with pytest.raises(BreaksContract) as caught:
        CODEC.parse_json(name, changed(name, **fields))
    assert caught.value.reason == "breaks_contract"
    assert caught.value.detail.startswith(detail)


def test_the_roles_of_a_template_are_1_to_20_and_differ() -> None:
    template = changed("buying-groups")["role_template"]
    role = template["roles"][0]
    for roles in ([], [role, role], [{**role, "role": str(number)} for number in range(21)]):
        with pytest.raises(BreaksContract):
            CODEC.parse_json(
                "buying-groups",
                changed("buying-groups", role_template={**template, "roles": roles}),
            )


def test_how_many_edits_there_are_is_not_the_contracts_business() -> None:
    edit = {"lead_id": "l", "operation": "remove"}
    for edits in ([], [edit] * 51):
        CODEC.parse_json("manual-edits", changed("manual-edits", edits=edits))


def test_a_missing_field_is_told_and_many_are_counted() -> None:
    with pytest.raises(BreaksContract) as caught:
        CODEC.parse_json("buying-groups", {})
    assert caught.value.detail.startswith("event_id: is missing; account_id: is missing")
    assert caught.value.detail.endswith("; and 2 more")


def test_a_value_that_breaks_the_contract_is_told_from_bytes_too() -> None:
    with pytest.raises(BreaksContract, match="lead_id: should have at least 1 character"):
        CODEC.decode("lead-activity", activity(varint(0), lead=varint(0)))


def test_no_wrong_value_is_quoted_because_it_may_be_a_persons() -> None:
    secret = "zoe@example.com" * 100
    fields = {"email": secret, "status": secret, "updated_at": secret, "email_invalid": secret}
    with pytest.raises(BreaksContract) as caught:
        CODEC.parse_json("lead-profiles", changed("lead-profiles", **fields))
    assert "zoe" not in caught.value.detail


def test_text_that_utf8_cannot_carry_is_a_wrong_field() -> None:
    for fields in ({"event_id": "\ud800"}, {"attributes": {"\ud800": "x"}}):
        with pytest.raises(BreaksContract):
            CODEC.parse_json("lead-activity", changed("lead-activity", **fields))


@pytest.mark.parametrize("value", [None, [], "text", 5])
def test_json_that_is_no_object_breaks_the_contract(value: object) -> None:
    with pytest.raises(BreaksContract, match="not a JSON object"):
        CODEC.parse_json("lead-activity", value)
