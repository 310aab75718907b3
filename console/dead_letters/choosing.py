"""Which dead letters a command is about: by reason, topic and time, each given as people type it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from console.dead_letters.letters import Letter
from console.dead_letters.reasons import WHAT_TO_DO
from domain.calendar import Millis
from streams.topics import DEAD_LETTERS, SOURCES

_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_AGO: Final = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_PLACE: Final = re.compile(r"([^/]+)/(\d{1,9})/(\d{1,18})", re.ASCII)


class WrongChoice(ValueError):
    """What was typed cannot be meant; the message says what can."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The dead letters that are meant; an empty collection or None leaves nothing out.

    ``since`` and ``until`` are about the time of the refusal: a letter that was refused several times is
    meant if one of them lies between.
    """

    reasons: Collection[str] = ()
    topics: Collection[str] = ()
    since: Millis | None = None
    until: Millis | None = None

    def means(self, letter: Letter) -> bool:
        """Return whether a letter is meant."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or letter.place.topic in self.topics)
            and (self.since is None or letter.last_at >= self.since)
            and (self.until is None or letter.first_at < self.until)
        )

    def of(self, letters: Iterable[Letter]) -> Iterator[Letter]:
        """Yield the letters that are meant."""
        return filter(self.means, letters)


def choice_of(
    namespace: str,
    now: Millis,
    *,
    reasons: Iterable[str] = (),
    topics: Iterable[str] = (),
    since: str | None = None,
    until: str | None = None,
) -> Choice:
    """Return what was typed as a choice.

    Raises:
        WrongChoice: a reason or topic that there is not, or a time that is none.
    """
    return Choice(
        frozenset(_known_reason(reason) for reason in reasons),
        frozenset(source_named(topic, namespace) for topic in topics),
        None if since is None else moment_of(since, now),
        None if until is None else moment_of(until, now),
    )


def moment_of(text: str, now: Millis) -> Millis:
    """Return the time that ``1h``, ``2026-11-21`` or ``2026-11-21T09:30`` names; without a zone in UTC.

    Raises:
        WrongChoice: it names none.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = (
            f"{text!r} is no time: write how long ago (30m, 1h, 7d) or a moment"
            " (2026-11-21, 2026-11-21T09:30, 2026-11-21T09:30:00+01:00; without a zone it is UTC)"
        )
        raise WrongChoice(msg) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def source_named(text: str, namespace: str) -> str:
    """Return the full name of an input topic that was given with or without its namespace.

    Raises:
        WrongChoice: workers read no such topic.
    """
    for topic in SOURCES:
        if text in (topic.name, topic.full_name(namespace)):
            return topic.full_name(namespace)
    known = ", ".join(topic.name for topic in SOURCES)
    raise WrongChoice(f"{text!r} is no topic that workers read; there are: {known}")


@dataclass(frozen=True, slots=True)
class Named:
    """A place as it was typed; ``in_dead_letters`` says that it is one in that topic itself."""

    topic: str
    partition: int
    offset: int
    in_dead_letters: bool

    def names(self, letter: Letter) -> bool:
        """Return whether a letter is the one at this place."""
        if self.in_dead_letters:
            return (self.partition, self.offset) in letter.copies
        return letter.place[:3] == (self.topic, self.partition, self.offset)


def place_named(text: str, namespace: str) -> Named:
    """Return the place that ``topic/partition/offset`` names, the topic with or without its namespace.

    Raises:
        WrongChoice: it is not of this form.
    """
    parts = _PLACE.fullmatch(text)
    if parts is None:
        msg = (
            f"{text!r} is no place: write topic/partition/offset, as"
            " `buying-groups dead-letters list` prints it, such as lead-activity/3/1234"
        )
        raise WrongChoice(msg)
    name, partition, offset = parts[1], int(parts[2]), int(parts[3])
    if name in (DEAD_LETTERS.name, DEAD_LETTERS.full_name(namespace)):
        return Named(DEAD_LETTERS.full_name(namespace), partition, offset, in_dead_letters=True)
    full = name if name.startswith(f"{namespace}.") else f"{namespace}.{name}"
    return Named(full, partition, offset, in_dead_letters=False)


def short_name(topic: str, namespace: str) -> str:
    """Return a topic's name without the deployment's namespace."""
    return topic.removeprefix(f"{namespace}.")


def _known_reason(text: str) -> str:
    if text not in WHAT_TO_DO:
        raise WrongChoice(f"{text!r} is no reason; there are: {', '.join(WHAT_TO_DO)}")
    return text
