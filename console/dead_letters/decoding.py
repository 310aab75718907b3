"""A dead letter's bytes read as far as they go, and where and why the reading broke.

Workers read a record whole or not at all. Here its fields are read one by one by the schema it was
written with, so that what stands before the mistake can be seen.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import setitem
from typing import Any, Final

import orjson

from schemas.contracts import CONTRACTS
from schemas.parsing import Schema
from schemas.registry import Registry, UnknownSchema

_FRAME: Final = 5
_LONGEST_VARINT: Final = 10
_LEAST_PRINTABLE: Final = 0.9

_Put = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was made out: ``contract`` and ``schema_id`` of the schema that was used, what it gave.

    ``value`` is None where nothing could be read. ``problem`` is None where everything was, otherwise a
    sentence; ``at`` is the byte where the reading broke, None where it did not begin.
    """

    contract: str | None
    schema_id: int | None
    value: Any
    problem: str | None
    at: int | None = None


def decode(data: bytes | None, contract: str, registry: Registry) -> Decoded:
    """Return what the bytes of a record of a topic's contract say, as far as they can be read.

    An id that the contract does not have is looked for among all contracts.

    Raises:
        RegistryUnavailable: the schema registry does not answer.
    """
    if not data or data[0] != 0 or len(data) < _FRAME:
        return _without_frame(data or b"")
    schema_id = int.from_bytes(data[1:_FRAME], "big")
    found = _schema(contract, schema_id, registry)
    if found is None:
        return Decoded(None, schema_id, None, f"no schema with the id {schema_id} is known", _FRAME)
    name, schema = found
    walk = _Walk(data)
    try:
        walk.read(schema)
    except _Broke as broke:
        problem: str | None = f"{broke.why}, in {walk.path or 'its beginning'}"
        return Decoded(name, schema_id, walk.value, problem, broke.at)
    left = len(data) - walk.at
    if left:
        problem = f"{left} bytes are left over after the record"
        return Decoded(name, schema_id, walk.value, problem, walk.at)
    problem = None if name == contract else f"this is a record of {name}, in a topic for {contract}"
    return Decoded(name, schema_id, walk.value, problem)


def looks_like(data: bytes) -> str:
    """Return what bytes that are no Avro frame seem to be."""
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    else:
        return "it is JSON text"
    text = data.decode(errors="replace")
    printable = sum(letter.isprintable() and letter != "\ufffd" for letter in text)
    return "it is text" if printable >= _LEAST_PRINTABLE * len(text) else "it is not text either"


def _without_frame(data: bytes) -> Decoded:
    if not data:
        return Decoded(None, None, None, "the record has no value")
    if data[0] != 0:
        return Decoded(
            None, None, None, f"the first byte is not 0: no Avro frame; {looks_like(data)}", 0
        )
    return Decoded(None, None, None, "the record ends inside the schema id", len(data))


def _schema(contract: str, schema_id: int, registry: Registry) -> tuple[str, Schema] | None:
    for name in (contract, *(other for other in CONTRACTS if other != contract)):
        try:
            return name, registry.writer_schema(name, schema_id)
        except UnknownSchema:
            continue
    return None


def _named_types(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield every type that a schema gives a name: it may be used where its own place is passed over."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _named_types(branch)
    elif isinstance(schema, dict):
        if "name" in schema:
            yield schema["name"], schema
        parts = [field["type"] for field in schema.get("fields", ())]
        for part in (*parts, *(schema[name] for name in ("type", "items", "values") if name in schema)):
            yield from _named_types(part)


class _Broke(Exception):
    """The bytes cannot go on being what the schema says."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


class _Walk:
    """Reads Avro binary from the front. What was read stands in ``value`` even when it breaks.

    Any bytes are safe: no length is believed that the record does not have, and a schema of a registry
    has no type that holds itself.
    """

    def __init__(self, data: bytes) -> None:
        self.at = _FRAME
        self.value: Any = None
        self._data = data
        self._path: list[str] = []
        self._named: dict[str, Schema] = {}

    @property
    def path(self) -> str:
        """Return the field that is being read, such as ``edits.3.role``."""
        return ".".join(self._path)

    def read(self, schema: Schema) -> None:
        """Read one value into ``value``."""
        self._named = dict(_named_types(schema))
        self._read(schema, partial(setattr, self, "value"))

    def _read(self, schema: Schema, put: _Put) -> None:
        if isinstance(schema, list):
            self._union(schema, put)
        elif isinstance(schema, str):
            self._named_or_primitive(schema, put)
        else:
            self._complex(schema, put)

    def _named_or_primitive(self, name: str, put: _Put) -> None:
        primitive = _PRIMITIVES.get(name)
        if primitive is not None:
            put(primitive(self))
        else:
            self._read(self._named[name], put)

    def _complex(self, schema: dict[str, Any], put: _Put) -> None:
        match schema["type"]:
            case "record" | "error":
                self._record(schema["fields"], put)
            case "array":
                self._array(schema["items"], put)
            case "map":
                self._map(schema["values"], put)
            case "enum":
                put(self._symbol(schema["symbols"]))
            case "fixed":
                put(self._bytes(int(schema["size"])).hex())
            case inner:
                self._read(inner, put)

    def _record(self, fields: list[dict[str, Any]], put: _Put) -> None:
        value: dict[str, Any] = {}
        put(value)
        for field in fields:
            self._inside(field["name"], field["type"], partial(setitem, value, field["name"]))

    def _array(self, items: Schema, put: _Put) -> None:
        value: list[Any] = []
        put(value)
        while count := self._block():
            for _ in range(count):
                self._inside(str(len(value)), items, value.append)

    def _map(self, values: Schema, put: _Put) -> None:
        value: dict[str, Any] = {}
        put(value)
        while count := self._block():
            for _ in range(count):
                key = self.text()
                self._inside(key, values, partial(setitem, value, key))

    def _inside(self, name: str, schema: Schema, put: _Put) -> None:
        # Left as it is when the reading breaks: it then says where.
        self._path.append(name)
        self._read(schema, put)
        self._path.pop()

    def _union(self, branches: list[Schema], put: _Put) -> None:
        start = self.at
        branch = self.long()
        if not 0 <= branch < len(branches):
            raise _Broke(f"branch {branch} of a choice of {len(branches)}", start)
        self._read(branches[branch], put)

    def _symbol(self, symbols: list[str]) -> str:
        start = self.at
        symbol = self.long()
        if not 0 <= symbol < len(symbols):
            raise _Broke(f"symbol {symbol} of {len(symbols)}", start)
        return symbols[symbol]

    def _block(self) -> int:
        start = self.at
        count = self.long()
        if count < 0:
            # A block may say its size in bytes, so that readers can skip it.
            count = -count
            self.long()
        if count > len(self._data) - self.at:
            raise _Broke(f"{count} items where {len(self._data) - self.at} bytes are left", start)
        return count

    def _bytes(self, size: int) -> bytes:
        left = len(self._data) - self.at
        if size > left:
            raise _Broke(f"the record ends: {size} bytes are announced, {left} are left", self.at)
        start, self.at = self.at, self.at + size
        return self._data[start : self.at]

    def nothing(self) -> None:
        """Read a null."""

    def truth(self) -> bool:
        """Read a boolean."""
        start = self.at
        (byte,) = self._bytes(1)
        if byte > 1:
            raise _Broke(f"{byte} is neither true nor false", start)
        return byte == 1

    def long(self) -> int:
        """Read an int or a long."""
        start, number = self.at, 0
        for place in range(_LONGEST_VARINT):
            (byte,) = self._bytes(1)
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that another byte follows
                if number >> 64:
                    break
                return (number >> 1) ^ -(number & 1)
        raise _Broke("a number has more than 64 bits", start)

    def real(self, form: str) -> float:
        """Read a float or a double."""
        (number,) = struct.unpack(form, self._bytes(struct.calcsize(form)))
        return float(number)

    def hexed(self) -> str:
        """Read bytes."""
        return self._sized().hex()

    def text(self) -> str:
        """Read a string."""
        start = self.at
        try:
            return self._sized().decode()
        except UnicodeDecodeError as error:
            raise _Broke("a text is not UTF-8", start) from error

    def _sized(self) -> bytes:
        start = self.at
        size = self.long()
        if size < 0:
            raise _Broke(f"a length of {size}", start)
        return self._bytes(size)


_PRIMITIVES: Final[dict[str, Callable[[_Walk], Any]]] = {
    "null": _Walk.nothing,
    "boolean": _Walk.truth,
    "int": _Walk.long,
    "long": _Walk.long,
    "float": partial(_Walk.real, form="<f"),
    "double": partial(_Walk.real, form="<d"),
    "bytes": _Walk.hexed,
    "string": _Walk.text,
}
