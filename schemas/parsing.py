"""Avro schemas: parsed for reading and writing, refused where unsafe, hashed to see changes."""

import hashlib
import json
from typing import Any, Final

import fastavro
from fastavro.schema import to_parsing_canonical_form

Schema = Any
"""A schema as fastavro parses it: a dict, a list (union) or a type's name."""

DEEPEST_SCHEMA: Final = 32

_PRIMITIVE_BYTES: Final = {
    "null": 0,
    "boolean": 1,
    "int": 1,
    "long": 1,
    "float": 4,
    "double": 8,
    "bytes": 1,
    "string": 1,
}


class UnusableSchema(ValueError):
    """Not an Avro schema, or one that hostile bytes could turn against the reader."""


def canonical_sha256(schema: Schema) -> str:
    """SHA-256 of the parsing canonical form: what decides the bytes of a record."""
    return hashlib.sha256(to_parsing_canonical_form(schema).encode()).hexdigest()


def reading_sha256(schema: Schema) -> str:
    """SHA-256 of the schema without its docs.

    Unlike the parsing canonical form it covers defaults, aliases and logical types, which decide
    how a record is read.
    """
    text = json.dumps(_without(schema, "doc"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def parse_plain(schema: Schema) -> Schema:
    """Parse `schema` without its logical types, so that times stay ints both ways.

    Raises `UnusableSchema`, also for two shapes that are legal Avro and none of our contracts
    needs: a type that holds itself, because the compiled reader does not count its depth and
    overflows the stack; and an array whose items take no bytes, because ten bytes could then ask
    for 2**62 items.
    """
    try:
        parsed = fastavro.parse_schema(_without(schema, "logicalType"))
        _least_bytes(parsed, {}, 0)
    except UnusableSchema:
        raise
    except Exception as error:
        # The parsers raise whatever the malformed part happens to break.
        raise UnusableSchema(f"not an Avro schema: {error}") from error
    return parsed


def _without(schema: Schema, key: str) -> Schema:
    if isinstance(schema, list):
        return [_without(part, key) for part in schema]
    if not isinstance(schema, dict):
        return schema
    # A field's default is a value, not a schema: a map's default may hold any key.
    return {
        name: value if name == "default" else _without(value, key)
        for name, value in schema.items()
        if name != key
    }


def _least_bytes(schema: Schema, named: dict[str, int | None], depth: int) -> int:
    """The fewest bytes a value takes; a named type still being read is None in `named`."""
    if depth > DEEPEST_SCHEMA:
        raise UnusableSchema(f"nested deeper than {DEEPEST_SCHEMA}")
    if isinstance(schema, list):
        return 1 + min((_least_bytes(part, named, depth + 1) for part in schema), default=0)
    if isinstance(schema, str):
        return _least_bytes_of_name(schema, named)
    match schema["type"]:
        case "record" | "error":
            named[schema["name"]] = None
            least = sum(_least_bytes(part["type"], named, depth + 1) for part in schema["fields"])
            named[schema["name"]] = least
        case "array":
            least = 1
            if _least_bytes(schema["items"], named, depth + 1) == 0:
                raise UnusableSchema("an array's items take no bytes")
        case "map":
            least = 1
            _least_bytes(schema["values"], named, depth + 1)
        case "fixed":
            least = named[schema["name"]] = int(schema["size"])
        case "enum":
            least = named[schema["name"]] = 1
        case inner:
            least = _least_bytes(inner, named, depth + 1)
    return least


def _least_bytes_of_name(name: str, named: dict[str, int | None]) -> int:
    if name in _PRIMITIVE_BYTES:
        return _PRIMITIVE_BYTES[name]
    least = named[name]
    if least is None:
        raise UnusableSchema(f"type {name} holds itself")
    return least
