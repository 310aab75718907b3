"""The committed schemas: unchanged since their release, and safe to read with."""

import json
from importlib.resources import files
from typing import Any

import pytest

from schemas.codec import CONTRACTS
from schemas.parsing import UnusableSchema, parse_plain
from schemas.registry import (
    CommittedRegistry,
    ReleasedSchemaEdited,
    UnknownSchema,
    committed_versions,
    current_version,
    released_version,
)

ROWS: list[dict[str, Any]] = json.loads((files("schemas") / "registry.json").read_text("utf-8"))
FIRST_IDS = {
    "lead-activity": 1,
    "journey-actions": 2,
    "manual-edits": 3,
    "lead-profiles": 4,
    "accounts": 5,
    "buying-groups": 6,
    "control": 7,
    "score-updated": 8,
    "completeness-changed": 9,
    "membership-changed": 10,
    "assignment-outcome": 11,
    "buying-group-state": 12,
    "definitions": 13,
    "stage-changed": 14,
    "status-changed": 15,
}


def test_the_ids_of_the_first_versions_are_fixed() -> None:
    assert {row.name: row.id for row in committed_versions() if row.version == 1} == FIRST_IDS
    assert set(FIRST_IDS) == set(CONTRACTS)


def test_an_id_is_given_once() -> None:
    ids = [row.id for row in committed_versions()]
    assert len(set(ids)) == len(ids)


def test_every_schema_file_has_its_row() -> None:
    found = {
        f"avro/{file.name}"
        for file in (files("schemas") / "avro").iterdir()
        if file.name.endswith(".avsc")
    }
    assert found == {row["file"] for row in ROWS}
    for row in ROWS:
        assert row["file"] == f"avro/{row['name']}.v{row['version']}.avsc"
        assert row["subject"] == f"{row['name']}-value"


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_released_schema_may_change_in_its_docs_alone(row: dict[str, Any]) -> None:
    text = (files("schemas") / row["file"]).read_text("utf-8")
    assert released_version(row, text).id == row["id"]
    reworded = json.loads(text)
    reworded["doc"] = "Other words."
    assert released_version(row, json.dumps(reworded)).id == row["id"]

    longer = json.loads(text)
    longer["fields"].append({"name": "more", "type": "string", "default": ""})
    renamed = json.loads(text)
    renamed["fields"][0]["name"] = "other"
    for edited in (longer, renamed):
        with pytest.raises(ReleasedSchemaEdited, match=r"restore it .* version 2"):
            released_version(row, json.dumps(edited))


def test_a_default_that_was_taken_away_is_an_edit() -> None:
    row = ROWS[0]
    schema = json.loads((files("schemas") / row["file"]).read_text("utf-8"))
    del schema["fields"][-1]["default"]
    with pytest.raises(ReleasedSchemaEdited):
        released_version(row, json.dumps(schema))


def test_a_schema_belongs_to_one_contract() -> None:
    registry = CommittedRegistry()
    for row in committed_versions():
        assert registry.writer_schema(row.name, row.id) == row.schema
    with pytest.raises(UnknownSchema):
        registry.writer_schema("accounts", 1)


def test_the_model_has_the_fields_of_the_current_schema() -> None:
    for name, row in CONTRACTS.items():
        fields = {field["name"] for field in current_version(name).schema["fields"]}
        assert fields == set(row.model.model_fields)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
        {"type": "array", "items": {"type": "record", "name": "R", "fields": []}},
        {"type": "record", "name": "R", "fields": [{"name": "r", "type": ["null", "R"]}]},
        {"type": "record", "name": "R", "fields": [{"name": "r", "type": "Missing"}]},
        {"type": "record"},
        "text",
        None,
        7,
    ],
)
def test_an_unusable_schema_is_refused(schema: object) -> None:
    with pytest.raises(UnusableSchema):
        parse_plain(schema)


def test_a_schema_nested_too_deep_is_refused() -> None:
    for depth in (40, 5000):
        schema: Any = "string"
        for _ in range(depth):
            schema = {"type": "array", "items": schema}
        with pytest.raises(UnusableSchema):
            parse_plain(schema)


def test_a_type_may_be_used_twice() -> None:
    fixed = {"type": "fixed", "name": "F", "size": 2}
    fields = [{"name": "a", "type": fixed}, {"name": "b", "type": {"type": "array", "items": "F"}}]
    assert parse_plain({"type": "record", "name": "R", "fields": fields})["name"] == "R"
