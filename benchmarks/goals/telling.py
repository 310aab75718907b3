"""How a measurement tells its figures: as a table, or as JSON."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.goals.stand import about

Row = dict[str, Any]

_WIDE: Final = 6


@dataclass(frozen=True, slots=True)
class Told:
    """What was measured, and what it stands for."""

    title: str
    goal: str
    rows: list[Row]
    notes: tuple[str, ...] = ()


def tell(told: Told, asked: argparse.Namespace) -> None:
    """Print figures as the command line asks for."""
    if asked.output == "json":
        figures = {"measured": told.title, "goal": told.goal, "machine": about(), "rows": told.rows}
        print(json.dumps({**figures, "notes": told.notes, "asked": vars(asked)}, default=str))
        return
    screen = Console()
    table = Table(title=told.title, title_justify="left")
    rows = told.rows
    if len(rows) < len(rows[0]) > _WIDE:
        # More figures than cases: a column for each case.
        head, *names = rows[0]
        rows = [{head: name, **{str(row[head]): row[name] for row in rows}} for name in names]
    for name, value in rows[0].items():
        table.add_column(name, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    screen.print(table)
    screen.print(f"goal: {told.goal}", highlight=False)
    for note in told.notes:
        screen.print(note, highlight=False)
    screen.print(about(), highlight=False)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that ``percent`` of the values do not exceed; nearest rank."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(place) - 1)]


def median_row(rounds: Sequence[Row]) -> Row:
    """Return the median of each figure over the rounds; texts as in the first."""
    first = rounds[0]
    return {
        name: value if isinstance(value, str) else statistics.median(one[name] for one in rounds)
        for name, value in first.items()
    }


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004 - three figures
    return f"{value:,}" if isinstance(value, int) else str(value)
