"""The ``definitions`` topic: what stands on it, and sending what a plan adds."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import KafkaException

from console.topic_reading import Told, records_of
from schemas.codec import BadRecord, Codec
from schemas.definitions import Definition
from streams.cloudevents import event_headers
from streams.delivery import Outgoing
from streams.sending import send_all
from streams.settings import Settings
from streams.topics import DEFINITIONS


class NotSent(Exception):
    """The broker did not confirm every definition; the message says what to do."""


def read_definitions(settings: Settings, codec: Codec, told: Told) -> dict[str, Definition]:
    """Return the definitions that stand, by their ids: of each the newest, as workers judge it.

    A record that is no definition is told and left out; workers leave it out too.

    Raises:
        NotRead: Kafka does not answer, or the topic is missing.
        RegistryUnavailable: the schema registry does not answer.
    """
    newest: dict[str, Definition] = {}
    for message in records_of(settings, DEFINITIONS, "definitions", told):
        value = message.value()
        if value is None:
            continue
        try:
            found = codec.decode(DEFINITIONS.name, value)
        except BadRecord as bad:
            key = (message.key() or b"").decode(errors="replace")
            told(f"A record with the key {key!r} is no definition and is left out: {bad.detail}")
            continue
        if not isinstance(found, Definition):
            raise TypeError(type(found))
        known = newest.get(found.definition_id)
        if known is None or _age(known) < _age(found):
            newest[found.definition_id] = found
    return newest


def send_definitions(settings: Settings, codec: Codec, definitions: Iterable[Definition]) -> None:
    """Send definitions, each under its id as the key.

    Raises:
        NotSent: the broker did not confirm them all.
        UnknownSchema: the schema registry does not have the contract.
        RegistryUnavailable: it does not answer.
    """
    records = [_record(settings, codec, definition) for definition in definitions]
    try:
        send_all(settings, records)
    except (TimeoutError, KafkaException) as problem:
        said = problem.args[0].str() if isinstance(problem, KafkaException) else str(problem)
        raise NotSent(
            f"{said}. Publish the file again: what is there already is not sent twice."
        ) from problem


def _record(settings: Settings, codec: Codec, definition: Definition) -> Outgoing:
    headers = event_headers(
        name=DEFINITIONS.name,
        event_id=definition.event_id,
        source=f"/{settings.namespace}/definitions",
        at=definition.updated_at,
        subject=definition.definition_id,
    )
    value = codec.encode(DEFINITIONS.name, definition)
    return Outgoing(DEFINITIONS.name, definition.definition_id.encode(), value, headers=headers)


def _age(definition: Definition) -> tuple[int, str]:
    return definition.updated_at, definition.event_id
