"""``show``: a dead letter found by its place, read, and judged as a worker would judge it now."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from confluent_kafka import Message

from console.choices import Output
from console.dead_letters.choosing import Named, short_name
from console.dead_letters.decoding import decode
from console.dead_letters.letters import READS_AS, Ledger, Letter
from console.dead_letters.rereading import READ_BY_WORKERS, Rereader
from console.dead_letters.showing import Shown, lines_of, shown_object
from console.groups import print_objects, readers_may_leave
from domain.calendar import Millis
from schemas.codec import Codec
from schemas.registry import Registry
from streams.dead_letters import bytes_of, headers_of, headers_to_redrive, records_at
from streams.settings import Settings


class NoSuchLetter(Exception):
    """No dead letter has the place that was named; the message says what to do."""


def shown_of(
    settings: Settings, registry: Registry, ledger: Ledger, named: Named, now: Millis
) -> list[Shown]:
    """Return the letters of a place: one, or several where a topic was made anew.

    Raises:
        NoSuchLetter: there is none.
        Unreadable: Kafka does not answer.
        RegistryUnavailable, UnknownSchema: the schema registry does not, or lacks the topic's contract.
    """
    letters = {
        (letter.partition, letter.offset): letter for letter in ledger.letters() if named.names(letter)
    }
    wanted: dict[int, list[int]] = {}
    for partition, offset in letters:
        wanted.setdefault(partition, []).append(offset)
    rereader = Rereader(Codec(registry))
    found = []
    for message in records_at(settings, wanted, READS_AS):
        letter = letters[message.partition() or 0, message.offset() or 0]
        found.append(_shown(letter, message, registry, rereader, settings.namespace, now))
    if not found:
        raise NoSuchLetter(
            f"No dead letter stands at {named.topic}/{named.partition}/{named.offset}. It may have been"
            " taken, or deleted after 30 days; buying-groups dead-letters list prints all places."
        )
    return found


def print_shown(found: Sequence[Shown], namespace: str, output: Output, *, whole: bool) -> None:
    """Print letters to standard output."""
    if output is Output.JSON:
        print_objects(shown_object(shown, namespace) for shown in found)
        return
    with readers_may_leave():
        for number, shown in enumerate(found):
            if number:
                sys.stdout.write("\n")
            for line in lines_of(shown, namespace, whole=whole):
                sys.stdout.write(f"{line}\n")


def _shown(
    letter: Letter,
    message: Message,
    registry: Registry,
    rereader: Rereader,
    namespace: str,
    now: Millis,
) -> Shown:
    topic = short_name(letter.place.topic, namespace)
    key, value, headers = bytes_of(message.key()), bytes_of(message.value()), headers_of(message)
    read = topic in READ_BY_WORKERS
    again = headers_to_redrive(headers, letter.attempts + 1)
    return Shown(
        letter=letter,
        key=key,
        value=value,
        headers=headers,
        decoded=decode(value, topic, registry),
        again=rereader.refusal_of(topic, key, value, again, now) if read else None,
        rereadable=read,
    )
