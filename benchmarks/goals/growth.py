"""What one activity costs as accounts, groups and tenants grow: microseconds, in memory.

Each activity is a batch of its own: the rules, the rows and the encoded outputs, all that a partition
does but Kafka. Each changes the lead's score and the score of every group that it is in, whatever the
size, so the same records are written; a run where they are not fails. One thing grows at a time:

- leads of the account; the lead is in one group of five members
- groups that the lead is in, of five members each
- members of the lead's one group
- accounts of the partition, with rows of their own

Of the accounts two things are told: the cost where the activity is that of an account already at hand,
and the cost where each activity is of any account at all. A partition keeps 20,000 accounts decoded; the
rest are decoded when touched. Sizes take turns, so a machine that slows down slows all of them, and
Python's garbage collector rests meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.progress import track

from agents.book import KEPT_ACCOUNTS
from benchmarks.goals.partition import Size, Tenant
from benchmarks.goals.stand import numbers, parser_of, screen
from benchmarks.goals.telling import Row, Told, tell
from benchmarks.line_chart import Line, Panel, svg

_BASE: Final = Size(leads=10, groups=1, members=5, accounts=1)
_FEW_ACCOUNTS: Final = 1_000

Dimension = tuple[str, list[int], Callable[[int], Size], float]
"""What grows, how far, the size of each step, and the ratio it should stay under."""


def main() -> None:
    """Measure, print a table, and draw the chart where one is asked for."""
    parser = parser_of(__doc__, "growth")
    parser.add_argument("--leads", type=numbers, default=[10, 100, 1_000, 10_000])
    parser.add_argument("--groups", type=numbers, default=[1, 2, 3, 5])
    parser.add_argument("--members", type=numbers, default=[5, 50, 500])
    parser.add_argument("--accounts", type=numbers, default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=20, help="the sizes take turns so many times")
    parser.add_argument("--activities", type=int, default=100, help="of each size and round, up to 500")
    parser.add_argument("--chart", type=Path, help="write an SVG to this file")
    asked = parser.parse_args()
    found: list[Row] = []
    panels: list[Panel] = []
    for name, steps, size_of, limit in _dimensions(asked):
        rows, tenants = _measured(name, steps, size_of, asked)
        panels.append(_panel(name, steps, [rows], limit))
        found += rows
    anywhere = _any_account(asked, tenants)
    panels[-1] = _panel("accounts", asked.accounts, [rows, anywhere], limit)
    found += anywhere
    if asked.chart:
        asked.chart.write_text(svg(panels))
    told = Told(
        f"one activity, microseconds; median of {asked.rounds} rounds of {asked.activities}",
        "flat within 1.5×, members within 2×",
        found,
    )
    tell(told, asked)


def _dimensions(asked: argparse.Namespace) -> list[Dimension]:
    return [
        (
            "leads of the account",
            asked.leads,
            lambda n: Size(max(n, _BASE.members), 1, _BASE.members, 1),
            1.5,
        ),
        ("groups of the lead", asked.groups, lambda n: Size(_BASE.leads, n, _BASE.members, 1), 1.5),
        ("members of the group", asked.members, lambda n: Size(n + _BASE.members, 1, n, 1), 2.0),
        (
            "accounts, one at hand",
            asked.accounts,
            lambda n: Size(_BASE.leads, 1, _BASE.members, n),
            1.5,
        ),
    ]


def _measured(
    name: str, steps: list[int], size_of: Callable[[int], Size], asked: argparse.Namespace
) -> tuple[list[Row], list[Tenant]]:
    screen.print(f"{name}: {', '.join(f'{step:,}' for step in steps)} …", highlight=False)
    tenants = [Tenant(size_of(step)) for step in steps]
    times: list[list[float]] = [[] for _ in steps]
    firsts: list[list[float]] = [[] for _ in steps]
    gc.collect()
    gc.disable()
    for _ in track(range(asked.rounds), name, console=screen, transient=True):
        for tenant, warm, first in zip(tenants, times, firsts, strict=True):
            tenant.restart()
            first.append(tenant.activity())
            warm.extend(tenant.activity() for _ in range(asked.activities))
    gc.enable()
    rows = [
        _row(name, step, warm, statistics.median(times[0]), tenant.records)
        | {"first touch µs": statistics.median(first)}
        for step, tenant, warm, first in zip(steps, tenants, times, firsts, strict=True)
    ]
    return rows, tenants


def _any_account(asked: argparse.Namespace, tenants: list[Tenant]) -> list[Row]:
    """Return the cost where each activity is of any of the accounts, in a worker that is warm."""
    found: list[Row] = []
    base = 0.0
    for step, tenant in zip(asked.accounts, tenants, strict=True):
        screen.print(f"any of {step:,} accounts …", highlight=False)
        tenant.touch(KEPT_ACCOUNTS)
        gc.collect()
        gc.disable()
        times = [tenant.activity_anywhere() for _ in range(asked.rounds * asked.activities)]
        gc.enable()
        base = base or statistics.median(times)
        found.append(_row("accounts, any", step, times, base, tenant.records) | {"first touch µs": "-"})
    return found


def _row(name: str, step: int, times: list[float], base: float, records: int) -> Row:
    median = statistics.median(times)
    return {
        "what grows": name,
        "to": step,
        "median µs": median,
        "ratio": median / base,
        "95 % within µs": statistics.quantiles(times, n=20)[-1],
        "µs/record": median / records,
    }


def _panel(name: str, steps: list[int], lines: list[list[Row]], limit: float) -> Panel:
    drawn = tuple(
        Line(
            _name(rows[0]),
            tuple((float(step), row["ratio"]) for step, row in zip(steps, rows, strict=True)),
        )
        for rows in lines
    )
    return Panel(f"One activity: {name}", name, "cost ÷ cost at the smallest", drawn, limit)


def _name(first: Row) -> str:
    what = first["what grows"].partition(", ")[2] or "median"
    return f"{what}, {first['median µs']:.0f} µs at first"


if __name__ == "__main__":
    main()
