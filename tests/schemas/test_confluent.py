"""Ids and schemas from a registry over its REST API.

The registry is a local stand-in for the documented API; the client is the real one.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.codec import CONTRACTS, Codec, UnknownWriterSchema
from schemas.confluent import UNKNOWN_FOR_SECONDS, ConfluentRegistry, address_of
from schemas.registry import (
    RegistryUnavailable,
    SchemaRefused,
    UnknownSchema,
    current_version,
)
from tests.schemas.events import EXAMPLES
from tests.schemas.registry_server import RegistryState, registry_server

NAME = "lead-activity"
SUBJECT = "bg.lead-activity-value"


@pytest.fixture
def server() -> Iterator[RegistryState]:
    with registry_server() as state:
        yield state


@pytest.fixture
def registry(server: RegistryState) -> ConfluentRegistry:
    return ConfluentRegistry(server.url, "bg")


def changed(**field: Any) -> str:
    """The current lead-activity schema with one more field, as another writer may have it."""
    schema = json.loads(current_version(NAME).text)
    schema["fields"].append(field)
    return json.dumps(schema)


def test_every_contract_is_registered_under_its_topic_with_its_compatibility(
    server: RegistryState, registry: ConfluentRegistry
) -> None:
    ids = registry.register_all()
    assert {f"bg.{name}-value" for name in CONTRACTS} == set(server.subjects)
    for name, row in CONTRACTS.items():
        assert server.compatibility[f"bg.{name}-value"] == row.compatibility
        assert server.subjects[f"bg.{name}-value"] == [ids[name]] == [registry.id_of(name)]
    assert server.compatibility["bg.score-updated-value"] == "FULL_TRANSITIVE"
    assert server.compatibility[SUBJECT] == "BACKWARD_TRANSITIVE"


def test_a_login_in_the_url_is_sent_and_never_logged(
    server: RegistryState, caplog: pytest.LogCaptureFixture
) -> None:
    url = server.url.replace("http://", "http://ada:open%2Fsesame@")
    assert address_of(url) == server.url
    with caplog.at_level("DEBUG"):
        ConfluentRegistry(url, "bg").register_all()
    assert set(server.logins) == {"Basic " + b64encode(b"ada:open/sesame").decode()}
    assert "sesame" not in caplog.text
    assert server.url in caplog.text, "requests are logged, so this would have shown it"


def test_registering_again_changes_nothing(server: RegistryState, registry: ConfluentRegistry) -> None:
    first = registry.register_all()
    assert ConfluentRegistry(server.url, "bg").register_all() == first


def test_the_compatibility_is_set_before_the_schema_it_judges(
    server: RegistryState, registry: ConfluentRegistry
) -> None:
    registry.register_all()
    asked = server.asked
    assert asked.index(f"PUT /config/{SUBJECT}") < asked.index(f"POST /subjects/{SUBJECT}/versions")


def test_a_worker_that_registers_nothing_finds_the_id(
    server: RegistryState, registry: ConfluentRegistry
) -> None:
    ids = registry.register_all()
    other = ConfluentRegistry(server.url, "bg")
    assert other.id_of(NAME) == ids[NAME]
    asked = len(server.asked)
    assert other.id_of(NAME) == ids[NAME]
    assert len(server.asked) == asked


def test_a_contract_that_is_not_registered_is_told(registry: ConfluentRegistry) -> None:
    with pytest.raises(UnknownSchema, match=f"not registered under {SUBJECT}"):
        registry.id_of(NAME)


def test_records_carry_the_registrys_ids(registry: ConfluentRegistry) -> None:
    ids = registry.register_all()
    codec = Codec(registry)
    for name, event in EXAMPLES.items():
        data = codec.encode(name, event)
        assert data[:5] == b"\0" + ids[name].to_bytes(4, "big")
        assert codec.decode(name, data) == event


def test_a_writer_with_more_fields_is_read_as_the_current_schema(
    server: RegistryState, registry: ConfluentRegistry
) -> None:
    registry.register_all()
    wider = server.add(SUBJECT, changed(name="colour", type={"type": "array", "items": "string"}))
    codec = Codec(registry)
    same = codec.encode(NAME, EXAMPLES[NAME])[5:]
    data = b"\0" + wider.to_bytes(4, "big") + same + b"\x02\x06red\x00"
    assert codec.decode(NAME, data) == EXAMPLES[NAME]
    asked = len(server.asked)
    assert codec.decode(NAME, data) == EXAMPLES[NAME]
    assert len(server.asked) == asked


def test_a_schema_of_another_subject_is_unknown(
    server: RegistryState, registry: ConfluentRegistry
) -> None:
    ids = registry.register_all()
    elsewhere = server.add("other.lead-activity-value", changed(name="x", type="string"))
    for schema_id in (ids["accounts"], elsewhere):
        with pytest.raises(UnknownSchema, match=f"no schema of {SUBJECT} has id {schema_id}"):
            registry.writer_schema(NAME, schema_id)


def test_an_unknown_id_is_asked_for_once_a_minute(server: RegistryState) -> None:
    now = [1000.0]
    registry = ConfluentRegistry(server.url, "bg", clock=lambda: now[0])
    registry.register_all()
    asked = len(server.asked)
    for _ in range(3):
        with pytest.raises(UnknownSchema):
            registry.writer_schema(NAME, 999)
    once = len(server.asked)
    assert once == asked + 1
    now[0] += UNKNOWN_FOR_SECONDS + 1
    with pytest.raises(UnknownSchema):
        registry.writer_schema(NAME, 999)
    assert len(server.asked) == once + 1


def test_an_id_registered_since_is_known_after_a_minute(server: RegistryState) -> None:
    now = [1000.0]
    registry = ConfluentRegistry(server.url, "bg", clock=lambda: now[0])
    registry.register_all()
    late = 100 + len(server.schemas)
    with pytest.raises(UnknownSchema):
        registry.writer_schema(NAME, late)
    assert server.add(SUBJECT, changed(name="x", type="string")) == late
    now[0] += UNKNOWN_FOR_SECONDS + 1
    assert registry.writer_schema(NAME, late)["name"] == "buying_groups.LeadActivity"


@pytest.mark.parametrize("schema_id", [0, 2**31, 2**32 - 1])
def test_an_id_no_registry_gives_is_unknown_without_asking(
    server: RegistryState, registry: ConfluentRegistry, schema_id: int
) -> None:
    with pytest.raises(UnknownSchema):
        registry.writer_schema(NAME, schema_id)
    assert server.asked == []


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"name": "x", "type": {"type": "array", "items": "null"}}, "take no bytes"),
        ({"name": "x", "type": ["null", "buying_groups.LeadActivity"]}, "holds itself"),
    ],
)
def test_a_schema_that_bytes_could_turn_against_us_is_unknown(
    server: RegistryState, registry: ConfluentRegistry, field: dict[str, Any], said: str
) -> None:
    registry.register_all()
    unsafe = server.add(SUBJECT, changed(**field))
    with pytest.raises(UnknownWriterSchema, match=said) as caught:
        Codec(registry).decode(NAME, b"\0" + unsafe.to_bytes(4, "big") + b"\x02" * 100)
    assert caught.value.reason == "unknown_schema"


def test_a_schema_of_another_language_is_unknown(
    server: RegistryState, registry: ConfluentRegistry
) -> None:
    other = server.add(SUBJECT, "{}", schemaType="JSON")
    with pytest.raises(UnknownSchema, match="not plain Avro"):
        registry.writer_schema(NAME, other)


@pytest.mark.parametrize(
    "reply",
    [
        (500, {"error_code": 50001, "message": "store"}),
        (503, "busy"),
        (401, {"error_code": 401, "message": "who"}),
        (404, {"error_code": 404, "message": "HTTP 404 Not Found"}),
    ],
)
def test_a_registry_that_answers_nothing_useful_is_unavailable_and_may_recover(
    server: RegistryState, registry: ConfluentRegistry, reply: tuple[int, Any]
) -> None:
    ids = registry.register_all()
    fresh = ConfluentRegistry(server.url, "bg")
    server.instead = reply
    codec = Codec(fresh)
    with pytest.raises(RegistryUnavailable):
        codec.decode(NAME, b"\0\0\0\0\1")
    with pytest.raises(RegistryUnavailable):
        fresh.writer_schema(NAME, ids[NAME])
    server.instead = None
    assert fresh.writer_schema(NAME, ids[NAME]) == current_version(NAME).schema
    assert codec.decode(NAME, codec.encode(NAME, EXAMPLES[NAME])) == EXAMPLES[NAME]


def test_a_registry_that_is_not_there_is_unavailable(server: RegistryState) -> None:
    with registry_server() as gone:
        url = gone.url
    with pytest.raises(RegistryUnavailable, match="did not answer"):
        ConfluentRegistry(url, "bg").id_of(NAME)


def test_a_refused_schema_is_told_in_the_registrys_words(
    server: RegistryState, registry: ConfluentRegistry
) -> None:
    server.instead = (409, {"error_code": 409, "message": "reader is missing a default"})
    with pytest.raises(SchemaRefused, match="reader is missing a default"):
        registry.register_all()
