"""Events to bytes and back: the Confluent wire format, and the JSON form of the command line.

A record is a zero byte, the schema's id as four bytes (big-endian), then Avro binary. Reading is
safe on any bytes: a length beyond the end of the record ends the reading, it reserves no memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, ClassVar, Final, Literal

from fastavro import schemaless_reader
from fastavro.read import SchemaResolutionError
from pydantic import ValidationError

from schemas.contracts import CONTRACTS, ContractRow
from schemas.fields import Contract
from schemas.parsing import Schema, canonical_sha256
from schemas.registry import Registry, UnknownSchema, current_version
from schemas.writing import Write, item_writer, part_writer, writer_of

__all__ = [
    "CONTRACTS",
    "BadRecord",
    "BreaksContract",
    "Codec",
    "ContractRow",
    "NotAvro",
    "UnknownWriterSchema",
]

BadReason = Literal["not_avro", "unknown_schema", "breaks_contract"]

_HEADER: Final = 5
_MOST_PROBLEMS: Final = 5
_LONGEST_NAME: Final = 64


class BadRecord(ValueError):
    """A record that cannot be read. `detail` is one line for people, and quotes no value."""

    reason: ClassVar[BadReason]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotAvro(BadRecord):
    """The bytes are no Avro frame, or not one record of the schema they name."""

    reason = "not_avro"


class UnknownWriterSchema(BadRecord):
    """The frame names a schema the contract does not have."""

    reason = "unknown_schema"


class BreaksContract(BadRecord):
    """The value was read, and a field of it is wrong."""

    reason = "breaks_contract"


@dataclass(frozen=True, slots=True)
class _Opened:
    """What reading and writing one contract takes."""

    model: type[Contract]
    validate: Callable[[Any], Contract]
    header: bytes
    schema: Schema
    write: Write
    canonical: str
    writers: dict[int, Schema] = field(default_factory=dict)
    """Schemas other than the current one that were met, by id."""


class Codec:
    """Reads and writes the records of every contract, with ids and schemas from `registry`.

    Any method may raise `RegistryUnavailable` the first time a contract or a schema id is met; the
    record is then neither good nor bad, and the call is to be repeated.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._contracts: dict[str, _Opened] = {}

    def encode(self, name: str, model: Contract) -> bytes:
        """The record of contract `name` holding `model`. Raises `TypeError` for another model."""
        opened = self._contracts.get(name) or self._open(name)
        if type(model) is not opened.model:
            raise TypeError(f"{name} takes {opened.model.__name__}, not {type(model).__name__}")
        return opened.header + opened.write(model.record())

    def encode_fields(self, name: str, fields: Mapping[str, Any]) -> bytes:
        """The record of contract `name` with plain fields, nested ones as dicts.

        For values the worker computed itself: checking them a second time costs as much as writing
        them. Nothing but their Avro types is checked.
        """
        opened = self._contracts.get(name) or self._open(name)
        return opened.header + opened.write(fields)

    def header(self, name: str) -> bytes:
        """What every record of contract `name` begins with."""
        return (self._contracts.get(name) or self._open(name)).header

    def part_writer(self, name: str, fields: Sequence[str]) -> Write:
        """What writes these fields of contract `name`, which stand one behind the other.

        Avro writes a record as its fields in their order, so parts that did not change can be kept.
        """
        return part_writer((self._contracts.get(name) or self._open(name)).schema, fields)

    def item_writer(self, name: str, field: str) -> Write:
        """What writes one item of the array `field` of contract `name`."""
        return item_writer((self._contracts.get(name) or self._open(name)).schema, field)

    def decode(self, name: str, data: bytes | None) -> Contract:
        """The event of contract `name` in `data`. Raises `BadRecord`."""
        opened = self._contracts.get(name) or self._open(name)
        if not data:
            raise NotAvro("the record has no value")
        if data.startswith(opened.header):
            fields = _read(data, opened.schema, None)
        else:
            writer = self._writer(name, opened, data)
            fields = _read(data, writer, None if writer is opened.schema else opened.schema)
        try:
            return opened.validate(fields)
        except ValidationError as error:
            raise BreaksContract(_problems(error)) from error

    def parse_json(self, name: str, obj: object) -> Contract:
        """The event of contract `name` whose JSON form is `obj`. Raises `BreaksContract`."""
        if not isinstance(obj, Mapping):
            raise BreaksContract("the value is not a JSON object")
        try:
            return CONTRACTS[name].model.model_validate(obj)
        except ValidationError as error:
            raise BreaksContract(_problems(error)) from error

    def _writer(self, name: str, opened: _Opened, data: bytes) -> Schema:
        if data[0] != 0:
            raise NotAvro("the first byte is not 0: no Confluent wire format")
        if len(data) < _HEADER:
            raise NotAvro("the record ends inside the schema id")
        schema_id = int.from_bytes(data[1:_HEADER], "big")
        known = opened.writers.get(schema_id)
        if known is not None:
            return known
        try:
            writer = self._registry.writer_schema(name, schema_id)
        except UnknownSchema as unknown:
            raise UnknownWriterSchema(_one_line(str(unknown))) from unknown
        # Another team's registration often differs in its docs alone: the same bytes.
        if canonical_sha256(writer) == opened.canonical:
            writer = opened.schema
        opened.writers[schema_id] = writer
        return writer

    def _open(self, name: str) -> _Opened:
        version = current_version(name)
        model = CONTRACTS[name].model
        opened = _Opened(
            model=model,
            validate=model.model_validate,
            header=b"\0" + self._registry.id_of(name).to_bytes(4, "big"),
            schema=version.schema,
            write=writer_of(version.schema),
            canonical=canonical_sha256(version.schema),
        )
        self._contracts[name] = opened
        return opened


def _read(data: bytes, writer: Schema, reader: Schema | None) -> Any:
    source = BytesIO(data)
    source.seek(_HEADER)
    try:
        fields = schemaless_reader(source, writer, reader)
    except MemoryError:
        # The machine is short, the record is not to blame.
        raise
    except SchemaResolutionError as error:
        raise BreaksContract(_one_line(f"the writer's schema does not fit: {error}")) from error
    except Exception as error:
        # Broken bytes surface as whatever they happen to break: EOF, index, unicode, value.
        raise NotAvro(_one_line(f"not one Avro record: {type(error).__name__}")) from error
    left = len(data) - source.tell()
    if left:
        raise NotAvro(f"{left} bytes left over after the record")
    return fields


def _problems(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [_problem(".".join(map(str, each["loc"])), each["type"], each["msg"]) for each in found]
    more = len(lines) - _MOST_PROBLEMS
    return "; ".join(lines[:_MOST_PROBLEMS] + ([f"and {more} more"] if more > 0 else []))


def _problem(where: str, kind: str, message: str) -> str:
    match kind:
        case "missing":
            said = "is missing"
        case "extra_forbidden":
            said = "is not a field of this event"
        case _:
            said = message.removeprefix("Value error, ").replace("Input should", "should", 1)
            said = said.removeprefix("String ")
    name = _one_line(where)[:_LONGEST_NAME]
    return f"{name}: {said}" if name else said


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:400]
