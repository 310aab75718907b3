"""Dead letters as ``list``, ``redrive`` and ``purge`` print them: no keys, no values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

from console.choices import Output
from console.dead_letters.choosing import short_name
from console.dead_letters.letters import Letter
from console.groups import print_objects, print_table
from console.refusals import count_of
from console.terminal import tell
from domain.calendar import MILLIS_PER_DAY, Millis, iso_instant

SHOWN: Final = 20
"""So many letters are in a table when no limit is given."""

_YEAR_9999: Final[Millis] = 2_932_896 * MILLIS_PER_DAY


def print_letters(
    letters: Sequence[Letter], namespace: str, output: Output, limit: int | None, *, details: bool
) -> None:
    """Print letters to standard output: totals and a table, or one JSON object a line."""
    if output is Output.JSON:
        print_objects(letter_object(letter, namespace, details=details) for letter in letters[:limit])
        return
    if not letters:
        return
    print_totals(letters, namespace)
    shown = letters[: SHOWN if limit is None else limit]
    print_table(_table(shown, namespace, details=details))
    more = len(letters) - len(shown)
    if more:
        tell(f"… and {more:,} more (--limit, or --output json for all)")


def print_totals(letters: Iterable[Letter], namespace: str) -> None:
    """Print how many letters wait and were redriven, by reason and topic."""
    table = Table("Reason", "Topic")
    for title in ("Waiting", "Redriven"):
        table.add_column(title, justify="right")
    table.add_column("First refused (UTC)")
    table.add_column("Last refused (UTC)")
    _fold(table)
    for total in totals_of(letters):
        table.add_row(
            plain(total.reason),
            plain(short_name(total.topic, namespace)),
            f"{total.waiting:,}",
            f"{total.redriven:,}",
            time_of(total.first_at),
            time_of(total.last_at),
        )
    print_table(table)


@dataclass(slots=True)
class Total:
    """Letters of one reason and topic."""

    reason: str
    topic: str
    first_at: Millis
    last_at: Millis
    waiting: int = 0
    redriven: int = 0


def totals_of(letters: Iterable[Letter]) -> list[Total]:
    """Return a total for each reason and topic, the one with most waiting letters first."""
    totals: dict[tuple[str, str], Total] = {}
    for letter in letters:
        group = (letter.reason, letter.place.topic)
        total = totals.get(group)
        if total is None:
            total = totals[group] = Total(*group, letter.first_at, letter.last_at)
        total.first_at = min(total.first_at, letter.first_at)
        total.last_at = max(total.last_at, letter.last_at)
        if letter.waits:
            total.waiting += 1
        else:
            total.redriven += 1
    return sorted(totals.values(), key=lambda each: (-each.waiting, each.reason, each.topic))


def totals_in_words(letters: Iterable[Letter], namespace: str) -> Iterator[str]:
    """Yield a line for each reason and topic, for people who are asked whether to go on."""
    for total in totals_of(letters):
        count = total.waiting + total.redriven
        yield f"  {count:>9,}  {total.reason}  {short_name(total.topic, namespace)}"


def letter_object(letter: Letter, namespace: str, *, details: bool) -> dict[str, Any]:
    """Return a letter as a program reads it."""
    place = letter.place
    found: dict[str, Any] = {
        "topic": short_name(place.topic, namespace),
        "partition": place.partition,
        "offset": place.offset,
        "reason": letter.reason,
        "first_refused_at": instant_of(letter.first_at),
        "last_refused_at": instant_of(letter.last_at),
        "times": letter.times,
        "attempts": letter.attempts,
        "redriven_at": None if letter.redriven_at is None else instant_of(letter.redriven_at),
        "recorded_at": instant_of(place.timestamp),
        "bytes": letter.size,
        "dead_letters": [{"partition": at, "offset": offset} for at, offset in letter.copies],
    }
    if details:
        found["detail"] = letter.detail
    return found


def place_of(letter: Letter, namespace: str) -> str:
    """Return a letter's place as ``show`` takes it."""
    place = letter.place
    return f"{short_name(place.topic, namespace)}/{place.partition}/{place.offset}"


def instant_of(at: Millis) -> str | None:
    """Return a time as RFC 3339; None for one that no calendar has."""
    return iso_instant(at) if 0 <= at < _YEAR_9999 else None


def time_of(at: Millis) -> str:
    """Return a time for people, UTC."""
    told = instant_of(at)
    return "unknown" if told is None else told[:19].replace("T", " ")


def letters_in_words(number: int) -> str:
    """Return a number of letters with its unit."""
    return count_of(number, "dead letter")


def plain(text: str) -> str:
    """Return other people's text without what could steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _table(letters: Iterable[Letter], namespace: str, *, details: bool) -> Table:
    table = Table("Refused (UTC)", "Where it stood", "Reason")
    for title in ("Times", "Attempts"):
        table.add_column(title, justify="right")
    table.add_column("Is")
    if details:
        table.add_column("Detail")
    _fold(table)
    for letter in letters:
        row = [
            time_of(letter.last_at),
            plain(place_of(letter, namespace)),
            plain(letter.reason),
            str(letter.times),
            str(letter.attempts),
            "waiting" if letter.waits else "redriven",
        ]
        table.add_row(*row, *([plain(letter.detail)] if details else []))
    return table


def _fold(table: Table) -> None:
    for column in table.columns:
        column.overflow = "fold"
