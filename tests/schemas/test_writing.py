"""What a schema's own function writes is what fastavro writes by the schema."""

from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts import CONTRACTS
from schemas.fields import INT64_MAX, INT64_MIN
from schemas.parsing import Schema, parse_plain
from schemas.registry import current_version
from schemas.writing import item_writer, long, part_writer, writer_of
from tests.schemas.events import LEGAL


def by_fastavro(schema: Schema, value: Any) -> bytes:
    sink = BytesIO()
    schemaless_writer(sink, schema, value)
    return sink.getvalue()


@pytest.mark.parametrize("name", CONTRACTS)
@given(data=st.data())
def test_an_event_is_written_as_fastavro_writes_it(name: str, data: st.DataObject) -> None:
    fields = data.draw(LEGAL[name]).model_dump()
    schema = current_version(name).schema
    assert writer_of(schema)(fields) == by_fastavro(schema, fields)


@pytest.mark.parametrize("name", CONTRACTS)
@given(data=st.data())
def test_a_record_is_its_parts_one_behind_the_other(name: str, data: st.DataObject) -> None:
    fields = data.draw(LEGAL[name]).model_dump()
    schema = current_version(name).schema
    names = [field["name"] for field in schema["fields"]]
    cut = data.draw(st.integers(1, len(names) - 1))
    head, tail = part_writer(schema, names[:cut]), part_writer(schema, names[cut:])
    assert head(fields) + tail(fields) == writer_of(schema)(fields)


def test_parts_in_another_order_are_a_programming_error() -> None:
    schema = current_version("score-updated").schema
    with pytest.raises(ValueError, match="do not stand in this order"):
        part_writer(schema, ["event_id", "account_id"])


@given(LEGAL["buying-group-state"])
def test_an_item_of_an_array_is_written_alone(state: Any) -> None:
    schema = current_version("buying-group-state").schema
    write = item_writer(schema, "members")
    member = next(field for field in schema["fields"] if field["name"] == "members")["type"]["items"]
    for one in state.model_dump()["members"]:
        assert write(one) == by_fastavro(member, one)


@given(st.integers(INT64_MIN, INT64_MAX))
def test_a_number_is_written_as_fastavro_writes_it(number: int) -> None:
    assert long(number) == by_fastavro("long", number)


@pytest.mark.parametrize("number", [INT64_MIN - 1, INT64_MAX + 1])
def test_a_number_beyond_64_bits_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        long(number)


@pytest.mark.parametrize("kind", ["bytes", ["null", "string", "long"]])
def test_a_type_that_no_contract_has_is_refused(kind: Any) -> None:
    fields = [{"name": "one", "type": kind}]
    with pytest.raises(TypeError, match="contract"):
        writer_of(parse_plain({"type": "record", "name": "Unknown", "fields": fields}))
