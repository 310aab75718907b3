"""A Confluent-compatible schema registry (Confluent, Karapace, Redpanda) over its REST API."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote, urlsplit

from confluent_kafka.schema_registry import Schema as RegisteredSchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.contracts import CONTRACTS
from schemas.parsing import UnusableSchema, parse_plain
from schemas.registry import (
    RegistryUnavailable,
    SchemaRefused,
    UnknownSchema,
    current_version,
)

if TYPE_CHECKING:
    from schemas.parsing import Schema

UNKNOWN_FOR_SECONDS: Final = 60.0
UNKNOWN_IDS_KEPT: Final = 10_000
TIMEOUT_SECONDS: Final = 10
GREATEST_ID: Final = 2**31 - 1

# Error codes of the REST API. A plain 404 from a proxy has none of them and proves nothing.
_SUBJECT_NOT_FOUND: Final = 40401
_VERSION_NOT_FOUND: Final = 40402
_SCHEMA_NOT_FOUND: Final = 40403
_NOT_FOUND: Final = frozenset({_SUBJECT_NOT_FOUND, _VERSION_NOT_FOUND, _SCHEMA_NOT_FOUND})
_REFUSED: Final = frozenset({409, 422})  # incompatible, or not a valid schema

_Answer = TypeVar("_Answer")


class ConfluentRegistry:
    """Ids and schemas from a registry, subjects `<namespace>.<name>-value` (TopicNameStrategy).

    Every answer is kept: ids never change their meaning. That an id is unknown is kept for 60 s,
    because a new writer may register it any moment. Calls block for up to 10 s.
    """

    def __init__(self, url: str, namespace: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        # No retries inside: the caller retries with backoff and shows it in its health.
        self._client = SchemaRegistryClient(
            {**_connection(url), "timeout": TIMEOUT_SECONDS, "max.retries": 0}
        )
        self._namespace = namespace
        self._clock = clock
        self._ids: dict[str, int] = {}
        self._schemas: dict[tuple[str, int], Schema] = {}
        self._unknown: dict[tuple[str, int], tuple[float, str]] = {}

    def subject_of(self, name: str) -> str:
        """The subject of contract `name`."""
        return f"{self._namespace}.{name}-value"

    def register_all(self) -> dict[str, int]:
        """Register the current version of every contract and its compatibility; ids by name.

        Safe to repeat. Raises `SchemaRefused` or `RegistryUnavailable`.
        """
        for name, row in CONTRACTS.items():
            subject = self.subject_of(name)
            # First the rule, then the schema: so the rule already judges this registration.
            self._ask(partial(self._client.set_compatibility, subject, row.compatibility))
            self._ids[name] = self._ask(partial(self._client.register_schema, subject, _current(name)))
        return dict(self._ids)

    def id_of(self, name: str) -> int:
        """The id the registry gave to the current version of contract `name`."""
        known = self._ids.get(name)
        if known is not None:
            return known
        subject = self.subject_of(name)
        try:
            found = self._ask(partial(self._client.lookup_schema, subject, _current(name)))
        except UnknownSchema:
            raise UnknownSchema(
                f"the current schema of {name} is not registered under {subject}"
            ) from None
        if found.schema_id is None:
            raise RegistryUnavailable(f"the schema registry gave no id for {subject}")
        self._ids[name] = found.schema_id
        return found.schema_id

    def writer_schema(self, name: str, schema_id: int) -> "Schema":
        """The schema `schema_id`, which must be registered under the subject of `name`."""
        key = (name, schema_id)
        known = self._schemas.get(key)
        if known is not None:
            return known
        self._raise_if_known_as_unknown(key)
        try:
            schema = self._fetch(name, schema_id)
        except UnknownSchema as unknown:
            self._remember_as_unknown(key, str(unknown))
            raise
        self._schemas[key] = schema
        return schema

    def _fetch(self, name: str, schema_id: int) -> "Schema":
        subject = self.subject_of(name)
        missing = f"no schema of {subject} has id {schema_id}"
        if not 0 < schema_id <= GREATEST_ID:
            # The registry answers such an id with an error that looks like a wrong address.
            raise UnknownSchema(missing)
        try:
            # A deleted version counts too: records written with it are still in the topics.
            places = self._ask(partial(self._client.get_schema_versions, schema_id, deleted=True))
            found = self._ask(partial(self._client.get_schema, schema_id, subject))
        except UnknownSchema:
            raise UnknownSchema(missing) from None
        if all(place.subject != subject for place in places):
            raise UnknownSchema(missing)
        if found.schema_type not in (None, "AVRO") or found.references or found.schema_str is None:
            raise UnknownSchema(f"schema {schema_id} of {subject} is not plain Avro")
        try:
            return parse_plain(json.loads(found.schema_str))
        except (UnusableSchema, ValueError) as error:
            raise UnknownSchema(f"schema {schema_id} of {subject}: {error}") from error

    def _raise_if_known_as_unknown(self, key: tuple[str, int]) -> None:
        until, detail = self._unknown.get(key, (0.0, ""))
        if detail and self._clock() < until:
            raise UnknownSchema(detail)
        self._unknown.pop(key, None)

    def _remember_as_unknown(self, key: tuple[str, int], detail: str) -> None:
        # Any four bytes can be an id: a flood of them must not fill the memory.
        if len(self._unknown) >= UNKNOWN_IDS_KEPT:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[key] = (self._clock() + UNKNOWN_FOR_SECONDS, detail)

    def _ask(self, call: Callable[[], _Answer]) -> _Answer:
        try:
            return call()
        except SchemaRegistryError as error:
            if error.error_code in _NOT_FOUND:
                raise UnknownSchema(error.error_message) from error
            if error.http_status_code in _REFUSED:
                raise SchemaRefused(error.error_message) from error
            raise RegistryUnavailable(f"the schema registry answered: {error}") from error
        except Exception as error:  # httpx and the OAuth client have errors of their own
            raise RegistryUnavailable(
                f"the schema registry did not answer: {type(error).__name__}: {error}"
            ) from error


def address_of(url: str) -> str:
    """`url` without the user and password it may hold: what may be shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _connection(url: str) -> dict[str, str]:
    # The HTTP client logs each request with its URL.
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return {"url": url}
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return {"url": address_of(url), "basic.auth.user.info": login}


def _current(name: str) -> RegisteredSchema:
    return RegisteredSchema(current_version(name).text, "AVRO")
