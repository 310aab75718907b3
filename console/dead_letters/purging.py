"""``purge``: what is deleted from ``dead-letters``, and how far.

The topic is kept by time, not compacted (``cleanup.policy=delete``), so a tombstone would take nothing
away. Kafka deletes from it only what stands before an offset, all of it: a purge by reason is not
possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from console.dead_letters.choosing import WrongChoice, moment_of
from console.dead_letters.letters import Ledger, Letter, read_all
from console.dead_letters.listing import letters_in_words, print_totals
from console.dead_letters.progress import counting
from console.refusals import count_of
from console.terminal import tell
from domain.calendar import Millis
from streams.dead_letters import Standing, standing_of
from streams.settings import Settings

Row = tuple[int, int, Millis, Standing | None]
"""Partition, offset and time of a record of ``dead-letters``, and what it is."""


@dataclass(frozen=True, slots=True)
class Before:
    """Where a purge ends: a time, or an offset of one partition. ``partition`` None means all."""

    at: Millis | None
    offset: int | None
    partition: int | None

    def ends_with(self, offset: int, at: Millis) -> bool:
        """Return whether a record is the first one to stay in its partition."""
        return at >= self.at if self.at is not None else offset >= (self.offset or 0)


def before_of(text: str, partition: int | None, now: Millis) -> Before:
    """Return the end that was typed: a time, or an offset where a partition is named.

    Raises:
        WrongChoice: it is neither, or an offset without a partition.
    """
    if not (text.isascii() and text.isdigit()):
        return Before(moment_of(text, now), None, partition)
    if partition is None:
        msg = (
            f"{text} is an offset, and each partition counts its own: name one with --partition,"
            " or give a time (7d, 2026-11-21)"
        )
        raise WrongChoice(msg)
    return Before(None, int(text), partition)


@dataclass(slots=True)
class Purge:
    """What a purge deletes: everything before ``offsets``, by partition.

    ``records`` counts all of it, marks and copies too. ``going`` are the letters of which no copy is
    left. ``behind`` counts older records that stand behind newer ones and stay.
    """

    offsets: dict[int, int] = field(default_factory=dict)
    records: int = 0
    behind: int = 0
    going: list[Letter] = field(default_factory=list)


def purge_of(rows: Iterable[Row], before: Before) -> Purge:
    """Return what a purge would delete of the topic's records, given in each partition's order."""
    purge, ledger = Purge(), Ledger()
    ended: set[int] = set()
    for partition, offset, at, standing in rows:
        ledger.take(standing)
        if before.partition not in (None, partition):
            continue
        if before.ends_with(offset, at):
            ended.add(partition)
        elif partition in ended:
            purge.behind += 1
        else:
            purge.offsets[partition] = offset + 1
            purge.records += 1
    purge.going = [
        letter
        for letter in ledger.letters()
        if all(offset < purge.offsets.get(partition, 0) for partition, offset in letter.copies)
    ]
    return purge


def plan_purge(settings: Settings, before: Before) -> Purge:
    """Return what a purge would delete now.

    Raises:
        NotRead: Kafka does not answer, or the topic is missing.
    """
    with counting("reading dead letters") as counted:

        def rows() -> Iterator[Row]:
            for message in read_all(settings, tell):
                counted(1)
                _, at = message.timestamp()
                yield message.partition() or 0, message.offset() or 0, at, standing_of(message)

        return purge_of(rows(), before)


def tell_purge(purge: Purge, namespace: str, *, table: bool) -> None:
    """Tell what a purge deletes; the ``table`` by reason and topic goes to standard output."""
    if not purge.offsets:
        tell("Nothing is that old: nothing to delete.")
    elif table and purge.going:
        print_totals(purge.going, namespace)
    for partition, offset in sorted(purge.offsets.items()):
        tell(f"partition {partition} of dead-letters: all before offset {offset:,}")
    if purge.offsets:
        waiting = sum(letter.waits for letter in purge.going)
        tell(
            f"{count_of(purge.records, 'record')} in all, with copies and marks of what was redriven:"
            f" {letters_in_words(len(purge.going))}, of which {waiting:,} wait to be redriven."
        )
    if purge.behind:
        tell(
            f"{count_of(purge.behind, 'old record')} more stand behind newer ones in their partition and"
            " stay: Kafka deletes only what stands before an offset."
        )
