"""Avro binary, written by functions made from the schemas when a contract is first used.

fastavro looks at the schema again for every field of every record. A function made for one schema has
its fields in order, the bytes of its enums, and one call for neighbouring doubles: `score-updated` takes
2 to 3 µs instead of 8, and parts of a record can be written on their own and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from struct import Struct
from typing import Any, Final, TypeAlias

from schemas.fields import INT64_MAX, INT64_MIN
from schemas.parsing import Schema

Write: TypeAlias = Callable[[Any], bytes]
"""Writes one value: a record as a mapping of its fields, anything else as it is."""

_DOUBLE: Final = Struct("<d")
_END: Final = b"\0"
_MORE: Final = 0x80
"""The bit that says that another seven bits follow."""


@lru_cache(maxsize=16_384)
def long(number: int) -> bytes:
    """Return a number as an Avro int or long; versions, lengths and the time of a batch come often."""
    if not INT64_MIN <= number <= INT64_MAX:
        raise OverflowError("not a 64-bit number")
    rest = (number << 1) ^ (number >> 63)
    written = bytearray()
    while rest >= _MORE:
        written.append(rest % _MORE | _MORE)
        rest >>= 7
    written.append(rest)
    return bytes(written)


def string(text: str) -> bytes:
    """Return a text as an Avro string."""
    data = text.encode()
    return long(len(data)) + data


def items(written: Sequence[bytes]) -> bytes:
    """Return the items of an array, or the entries of a map, as one block and the end."""
    return b"".join((long(len(written)), *written, _END)) if written else _END


def writer_of(schema: Schema) -> Write:
    """Return what writes the values of a parsed schema."""
    making = _Making(schema)
    return making.function(making.expression(schema, "value", 0))


def part_writer(schema: Schema, names: Sequence[str]) -> Write:
    """Return what writes some fields of a record that stand one behind the other."""
    fields = schema["fields"]
    first = [field["name"] for field in fields].index(names[0])
    part = fields[first : first + len(names)]
    if [field["name"] for field in part] != list(names):
        raise ValueError(f"{', '.join(names)} do not stand in this order in {schema['name']}")
    making = _Making(schema)
    return making.function(making.record(part, "value", 0))


def item_writer(schema: Schema, name: str) -> Write:
    """Return what writes one item of a record's array."""
    types = {field["name"]: field["type"] for field in schema["fields"]}
    making = _Making(schema)
    return making.function(making.expression(types[name]["items"], "value", 0))


class _Making:
    """Puts the expression together that writes a value, with the constants it needs."""

    def __init__(self, schema: Schema) -> None:
        self._named: dict[str, Schema] = {}
        self._constants: dict[str, Any] = {
            "long": long,
            "string": string,
            "items": items,
            "boolean": {False: b"\0", True: b"\1"},
            "double": _DOUBLE.pack,
        }
        self._note_names(schema)

    def function(self, expression: str) -> Write:
        write: Write = eval(f"lambda value: {expression}", self._constants)  # noqa: S307 - our own text
        return write

    def expression(self, schema: Schema, value: str, depth: int) -> str:
        if isinstance(schema, list):
            return self._union(schema, value, depth)
        if isinstance(schema, str) and schema in self._named:
            schema = self._named[schema]
        kind = schema if isinstance(schema, str) else schema["type"]
        item, deeper = f"item{depth}", depth + 1
        match kind:
            case "string" | "long" | "double":
                written = f"{kind}({value})"
            case "int":
                written = f"long({value})"
            case "boolean":
                written = f"boolean[{value}]"
            case "enum":
                codes = {symbol: long(place) for place, symbol in enumerate(schema["symbols"])}
                written = f"{self._constant(codes)}[{value}]"
            case "array":
                one = self.expression(schema["items"], item, deeper)
                written = f"items([{one} for {item} in {value}])"
            case "map":
                one = self.expression(schema["values"], item, deeper)
                written = (
                    f"items([string(key{depth}) + {one} for key{depth}, {item} in {value}.items()])"
                )
            case "record":
                written = self.record(schema["fields"], value, depth)
            case _:
                raise TypeError(f"no contract has a {kind}")
        return written

    def record(self, fields: Sequence[Any], value: str, depth: int) -> str:
        parts: list[str] = []
        for is_double, run in groupby(fields, lambda field: field["type"] == "double"):
            values = [(field["type"], self._field(field, value)) for field in run]
            if is_double:
                pack = self._constant(Struct(f"<{len(values)}d").pack)
                parts.append(f"{pack}({', '.join(one for _, one in values)})")
            else:
                parts += [self.expression(schema, one, depth) for schema, one in values]
        return f"b''.join(({', '.join(parts)},))"

    def _field(self, field: Mapping[str, Any], record: str) -> str:
        name = field["name"]
        if "default" not in field:
            return f"{record}[{name!r}]"
        return f"{record}.get({name!r}, {self._constant(field['default'])})"

    def _union(self, branches: Sequence[Schema], value: str, depth: int) -> str:
        null, *others = branches
        if null != "null" or len(others) != 1:
            raise TypeError("the unions of our contracts are null or one type")
        written = self.expression(others[0], value, depth)
        return (
            f"({self._constant(long(0))} if {value} is None else {self._constant(long(1))} + {written})"
        )

    def _constant(self, constant: Any) -> str:
        name = f"constant{len(self._constants)}"
        self._constants[name] = constant
        return name

    def _note_names(self, schema: Schema) -> None:
        if isinstance(schema, list):
            for branch in schema:
                self._note_names(branch)
        elif isinstance(schema, dict):
            if schema["type"] in {"record", "enum"}:
                self._named[schema["name"]] = schema
            for field in schema.get("fields", ()):
                self._note_names(field["type"])
            for inner in ("items", "values"):
                self._note_names(schema.get(inner))
