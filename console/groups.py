"""Groups as they leave the command line: one way for ``export`` and ``fold``, so they cannot drift."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from console.choices import Output
from schemas.outputs import BuyingGroupState, MissingRole

FIELDS: Final = (
    "buying_group_id",
    "account_id",
    "solution_interest_id",
    "name",
    "members",
    "completeness",
    "roles",
    "missing_roles",
    "score",
    "raw_score",
    "stage",
    "status",
    "baseline_version",
    "as_of",
    "version",
)
"""The fields of an exported group, in this order."""


def group_object(state: BuyingGroupState) -> dict[str, Any]:
    """Return a group as ``export`` and ``fold`` print it: times RFC 3339, ``as_of`` YYYY-MM-DD."""
    plain = state.model_dump(mode="json", include=set(FIELDS))
    plain["members"].sort(key=lambda member: member["lead_id"])
    return {name: plain[name] for name in FIELDS}


def print_groups(states: Iterable[BuyingGroupState], output: Output) -> None:
    """Print groups to standard output, sorted by group id."""
    ordered = sorted(states, key=lambda state: state.buying_group_id)
    if output is Output.TABLE:
        print_table(_table(ordered))
    else:
        print_objects(group_object(state) for state in ordered)


def print_objects(rows: Iterable[object]) -> None:
    """Print one JSON object a line to standard output."""
    with readers_may_leave():
        out = sys.stdout.buffer
        for row in rows:
            out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def print_table(table: Table) -> None:
    """Print a table to standard output; its cells are plain text."""
    console = Console(markup=False, emoji=False, highlight=False)
    with console.capture() as rendered:
        console.print(table)
    with readers_may_leave():
        sys.stdout.write(rendered.get())


@contextmanager
def readers_may_leave() -> Iterator[None]:
    """Write out what is printed inside; a reader that has seen enough (``| head``) is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at its end; that must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def whole(figure: float) -> str:
    """Return a score or completeness for people: a whole number, half-up (domain.md §4, §5)."""
    return str(Decimal(str(figure)).quantize(Decimal(1), ROUND_HALF_UP))


def _table(states: Sequence[BuyingGroupState]) -> Table:
    table = Table("Group", "Account")
    for title in ("Members", "Complete", "Score"):
        table.add_column(title, justify="right")
    table.add_column("Missing roles")
    # Most deployments move no stages, and on 80 columns every column takes room from the names.
    progress = [
        (title, attribute)
        for title, attribute in (("Stage", "stage"), ("Status", "status"))
        if any(getattr(state, attribute) is not None for state in states)
    ]
    for title, _ in progress:
        table.add_column(title)
    for column in table.columns:
        column.overflow = "fold"
    for state in states:
        table.add_row(
            _plain(state.name),
            _plain(state.account_id),
            str(len(state.members)),
            whole(state.completeness),
            whole(state.score),
            _plain(", ".join(map(_missing, state.missing_roles))),
            *(_plain(getattr(state, attribute) or "") for _, attribute in progress),
        )
    return table


def _missing(role: MissingRole) -> str:
    return role.role if role.short_by == 1 else f"{role.role} × {role.short_by}"


def _plain(text: str) -> str:
    # Names are other people's text; none of it may steer the terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in text)
