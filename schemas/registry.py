"""Which schema a record was written with: the committed schemas, or a Confluent schema registry.

`CommittedRegistry` needs nothing but this package. `ConfluentRegistry` needs the
`confluent-kafka[schemaregistry]` extra, which brings its HTTP client.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from schemas.contracts import CONTRACTS
from schemas.parsing import Schema, canonical_sha256, parse_plain, reading_sha256


class UnknownSchema(LookupError):
    """No schema of this contract has this id, or it is not one that can be read."""


class RegistryUnavailable(RuntimeError):
    """The registry did not answer, or not usefully. The same call may succeed later."""


class SchemaRefused(RuntimeError):
    """The registry refused a schema: it is incompatible with a registered one, or malformed."""


class ReleasedSchemaEdited(RuntimeError):
    """A committed schema file is not what was released under its id."""


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a contract. `text` is the file; `schema` is parsed, without logical types."""

    id: int
    subject: str
    name: str
    version: int
    text: str = field(repr=False)
    schema: Schema = field(repr=False)


class Registry(Protocol):
    """Where ids and writer schemas come from. Calls may block on the network."""

    def id_of(self, name: str) -> int:
        """The id current writers of contract `name` use.

        Raises `UnknownSchema` when it is not registered, or `RegistryUnavailable`.
        """
        ...

    def writer_schema(self, name: str, schema_id: int) -> Schema:
        """The parsed schema `schema_id` of contract `name`.

        Raises `UnknownSchema`, or `RegistryUnavailable` when that cannot be told now.
        """
        ...


@cache
def committed_versions() -> tuple[SchemaVersion, ...]:
    """Every released version, by id. Raises `ReleasedSchemaEdited` when a file was edited."""
    folder = files("schemas")
    rows: list[dict[str, Any]] = json.loads((folder / "registry.json").read_text("utf-8"))
    return tuple(
        released_version(row, (folder / row["file"]).read_text("utf-8"))
        for row in sorted(rows, key=lambda row: int(row["id"]))
    )


def released_version(row: dict[str, Any], text: str) -> SchemaVersion:
    """The version a row of registry.json stands for, `text` being its file.

    Raises `ReleasedSchemaEdited` when a digest differs.
    """
    schema = json.loads(text)
    digests = {
        "sha256": canonical_sha256(schema),
        "reading_sha256": reading_sha256(schema),
    }
    if any(row[name] != digest for name, digest in digests.items()):
        raise ReleasedSchemaEdited(
            f"schemas/{row['file']} was released as id {row['id']} and has been edited since: "
            f"restore it and put the change into a new file of version {row['version'] + 1}"
        )
    return SchemaVersion(
        id=row["id"],
        subject=row["subject"],
        name=row["name"],
        version=row["version"],
        text=text,
        schema=parse_plain(schema),
    )


@cache
def current_version(name: str) -> SchemaVersion:
    """The highest committed version of contract `name`: what we write, and read everything as."""
    versions = [row for row in committed_versions() if row.name == name]
    if not versions:
        raise KeyError(f"no contract is called {name!r}; there are: {', '.join(CONTRACTS)}")
    return max(versions, key=lambda row: row.version)


class CommittedRegistry:
    """The committed schemas with their fixed ids: no network, the same everywhere."""

    def __init__(self) -> None:
        self._schemas = {(row.name, row.id): row.schema for row in committed_versions()}

    def id_of(self, name: str) -> int:
        """The id of the highest committed version."""
        return current_version(name).id

    def writer_schema(self, name: str, schema_id: int) -> Schema:
        """The committed schema `schema_id`. Raises `UnknownSchema`."""
        try:
            return self._schemas[name, schema_id]
        except KeyError:
            raise UnknownSchema(f"no schema of {name} has id {schema_id}") from None
