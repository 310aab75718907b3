"""What the ``dead-letters`` commands share: their options, whom they ask, how they end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from console.terminal import FAILED, WRONG_USE, fail, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from console.dead_letters.choosing import Choice
    from streams.settings import Settings

MAX_ATTEMPTS: Final = 3

Reasons: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--reason", help="only this reason, such as not_avro; may be repeated"),
]
Topics: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--topic", help="only records of this topic, such as lead-activity; may be repeated"),
]
Since: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="refused since then: 30m, 1h, 7d ago, or 2026-11-21T09:30"
    ),
]
Until: TypeAlias = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="refused before then, written likewise")
]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="only say what would be done; nothing is written or deleted")
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]


def choice_or_fail(
    settings: Settings,
    reasons: Iterable[str] | None,
    topics: Iterable[str] | None,
    since: str | None,
    until: str | None,
) -> Choice:
    """Return what the options mean, or end with what cannot be meant."""
    from console.dead_letters.choosing import WrongChoice, choice_of

    try:
        return choice_of(
            settings.namespace,
            now(),
            reasons=reasons or (),
            topics=topics or (),
            since=since,
            until=until,
        )
    except WrongChoice as mistake:
        fail(str(mistake), WRONG_USE)


def now() -> int:
    """Return this machine's time in ms."""
    from agents.worker import system_clock

    return system_clock()


def need_a_person(*, yes: bool) -> None:
    """End unless somebody can be asked or has said yes already."""
    if not yes and not somebody_is_there():
        fail("Nobody can be asked here: say --yes, or --dry-run to see what would be done.", WRONG_USE)


def somebody_is_there() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty()


def ask(question: str) -> None:
    """Go on if the answer is yes, else end."""
    if not typer.confirm(question, err=True):
        tell("Nothing was done.")
        raise typer.Exit(FAILED)


@contextmanager
def told_problems() -> Iterator[None]:
    """End with what Kafka or the schema registry did not do."""
    from console.dead_letters.redriver import NotRedriven
    from console.topic_reading import NotRead
    from schemas.registry import RegistryUnavailable, UnknownSchema
    from streams.dead_letters import Unreadable

    try:
        yield
    except (NotRead, Unreadable, NotRedriven, RegistryUnavailable, UnknownSchema) as problem:
        fail(str(problem))
