"""Between the versions of a contract: what its compatibility promises holds.

Judged by Avro's own checker, which the schema registry's rules are modelled on.
"""

import copy
import json
from itertools import combinations
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from schemas.codec import CONTRACTS
from schemas.registry import committed_versions, current_version


def readable(reader: str, writer: str) -> bool:
    """Whether `reader` reads whatever `writer` wrote."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(avro.schema.parse(reader), avro.schema.parse(writer))
    return bool(result.compatibility is SchemaCompatibilityType.compatible)


def compatible(older: str, newer: str, compatibility: str) -> bool:
    """Whether `newer` may follow `older` under a `compatibility` of the schema registry."""
    backward = readable(reader=newer, writer=older)
    if compatibility == "BACKWARD_TRANSITIVE":
        return backward
    assert compatibility == "FULL_TRANSITIVE"
    return backward and readable(reader=older, writer=newer)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_version_goes_with_every_earlier_one(name: str) -> None:
    versions = sorted(
        (row for row in committed_versions() if row.name == name), key=lambda row: row.version
    )
    assert [row.version for row in versions] == list(range(1, len(versions) + 1))
    for row in versions:
        assert compatible(row.text, row.text, CONTRACTS[name].compatibility)
    for older, newer in combinations(versions, 2):
        assert compatible(older.text, newer.text, CONTRACTS[name].compatibility), (
            f"{name} version {newer.version} does not go with version {older.version}"
        )


def edited(name: str, edit: Any) -> tuple[str, str]:
    text = current_version(name).text
    schema = copy.deepcopy(json.loads(text))
    edit({field["name"]: field for field in schema["fields"]}, schema["fields"])
    return text, json.dumps(schema)


def test_a_new_field_needs_a_default() -> None:
    for name, row in CONTRACTS.items():
        field = {"name": "more", "type": "string"}
        bare = edited(name, lambda _, fields, field=field: fields.append(field))
        assert not compatible(*bare, row.compatibility)
        field = {**field, "default": ""}
        filled = edited(name, lambda _, fields, field=field: fields.append(field))
        assert compatible(*filled, row.compatibility)


def test_an_output_keeps_its_fields_without_default_and_an_input_need_not() -> None:
    for name, row in CONTRACTS.items():
        older, newer = edited(name, lambda _, fields: fields.pop(0))
        assert compatible(older, newer, row.compatibility) is (row.direction != "output")


def test_a_field_keeps_its_type() -> None:
    older, newer = edited("accounts", lambda named, _: named["account_id"].update(type="int"))
    assert not compatible(older, newer, "BACKWARD_TRANSITIVE")


def test_a_new_reason_is_allowed_because_older_subscribers_read_it_as_unknown() -> None:
    older, newer = edited(
        "score-updated", lambda named, _: named["reason"]["type"]["symbols"].append("merger")
    )
    assert compatible(older, newer, "FULL_TRANSITIVE")


def test_a_new_source_is_refused_because_older_subscribers_could_not_read_it() -> None:
    older, newer = edited(
        "assignment-outcome", lambda named, _: named["source"]["type"]["symbols"].append("import")
    )
    assert not compatible(older, newer, "FULL_TRANSITIVE")
