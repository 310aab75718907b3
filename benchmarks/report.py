"""The comparison's figures as a table for a terminal, and as RESULTS.md with a chart.

``python -m benchmarks.report figures.json benchmarks`` writes them anew from saved figures.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Group
from rich.table import Table

from benchmarks.bar_chart import Bar, bar_chart
from benchmarks.contenders import CEILING, ENGINE, FAUST, SYSTEMS, System
from benchmarks.groups import LEADS, PARTITIONS
from benchmarks.job import HOTTEST, REPEATED

Told = dict[str, Any]
"""What ``benchmarks.compare --save`` keeps."""

_PYTHON: Final = "Python"
_JOB: Final = f"""\
The job: person and group scores from lead activity. Avro events of about 200 bytes on {PARTITIONS}
partitions of a real Kafka; {LEADS} leads an account, each in one group or two; the hottest account has
{HOTTEST:.0%} of the events; {REPEATED:.0%} of the events come twice; scores are written as Avro. One
process on one core for the system, the other cores for the broker. Rounds are interleaved; figures are
medians and ranges.
"""
_NOTES: Final = """\
- What is measured is the time from the first score on the broker to the last; the first and the last
  event of every partition change a score. Start-up, recovery and shutdown are left out.
- Every system had to come to the same last score of every person and group as the engine's rules, folded
  in memory over the same events. Otherwise there would be no figures.
- A ratio by CPU time is the other's time for an event ÷ the engine's. Noise moves it less.
- Outputs may be shared by the events of a batch: *scores/event* says how many were written.
- A slow system is given a part of the stream, so that a round ends; its smaller state helps it.
- "In memory" is without Kafka. *The engine's code* is all that a worker does between its consumer and
  its producer. *The job's rules alone* are what the other Python systems run: values are not checked,
  points are added up, nothing but scores is written. The engine also checks values, keeps decisions and
  completeness, and publishes the state of each group that changed.
- The bare loops write their state to a topic and never read it again: they have no recovery.
- `python -m benchmarks.compare --kill 12` kills each system with recovery 12 s after its first score
  (`kill -9`), starts it again and checks the scores.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the rounds of one system came to."""

    system: System
    rates: list[float]
    cpu_us: float
    outputs: float
    broker_cpu: float | None
    memory_mib: float | None

    @property
    def rate(self) -> float:
        """Return the median of the rates."""
        return statistics.median(self.rates)


def figures(told: Told, accounts: int) -> dict[str, Figures]:
    """Return what each system came to with so many accounts, in the order of the systems."""
    found: dict[str, Figures] = {}
    for system in SYSTEMS:
        runs = [
            run for run in told["runs"] if (run["system"], run["accounts"]) == (system.name, accounts)
        ]
        if runs:
            found[system.name] = Figures(
                system,
                [run["rate"] for run in runs],
                statistics.median(run["cpu_us"] for run in runs),
                statistics.median(run["outputs"] / run["events"] for run in runs),
                _median_of(run["broker_cpu"] for run in runs),
                _median_of(run["memory_mib"] for run in runs),
            )
    return found


@dataclass(frozen=True, slots=True)
class Ratio:
    """How the engine compares: its rate ÷ the other's; the other's CPU time for an event ÷ its own."""

    other: str
    rate: float
    cpu: float


def ratios(found: dict[str, Figures]) -> list[Ratio]:
    """Return how the engine compares with those it is measured against, where both ran."""
    engine = found.get(ENGINE)
    if engine is None:
        return []
    rivals = [
        one
        for one in found.values()
        if one.system.state and one.system.name != ENGINE and one.system.language.startswith(_PYTHON)
    ]
    against = [(found[name].system.title, found[name]) for name in _FIRST if name in found]
    against += [
        (f"{one.system.title}, the fastest other in Python with recovery", one)
        for one in sorted(rivals, key=lambda one: one.rate, reverse=True)[:1]
    ]
    against += [(found[name].system.title, found[name]) for name in _THEN if name in found]
    return [Ratio(title, engine.rate / one.rate, one.cpu_us / engine.cpu_us) for title, one in against]


def summary(told: Told) -> Group:
    """Return the figures for a terminal."""
    tables = []
    for accounts in told["asked"]["accounts"]:
        found = figures(told, accounts)
        table = Table(title=_title(told, accounts))
        for place, heading in enumerate(_HEADINGS):
            table.add_column(heading, justify="right" if place > 1 else "left")
        for one in found.values():
            table.add_row(*_cells(one))
        table.caption = "\n".join(
            f"engine ÷ {one.other}: {one.rate:.2f}, by CPU time {one.cpu:.2f}" for one in ratios(found)
        )
        tables.append(table)
    return Group(*tables)


def write_report(told: Told, folder: Path) -> None:
    """Write RESULTS.md and results.svg."""
    (folder / "results.svg").write_text(_chart(told))
    (folder / "RESULTS.md").write_text("\n".join(_lines(told)))


_FIRST: Final = (CEILING, "rules")
_THEN: Final = (FAUST, "kafka-streams", "kafka-streams-eos")
_HEADINGS: Final = (
    "system",
    "state after a kill",
    "events/s",
    "least–most",
    "CPU µs/event",
    "scores/event",
    "broker's core",
    "memory MiB",
)


def _cells(one: Figures) -> list[str]:
    return [
        one.system.title,
        one.system.state or "none",
        f"{one.rate:,.0f}",
        f"{min(one.rates):,.0f}–{max(one.rates):,.0f}",
        f"{one.cpu_us:.1f}",
        f"{one.outputs:.2f}",
        "" if one.broker_cpu is None else f"{one.broker_cpu:.0%}",
        "" if one.memory_mib is None else f"{one.memory_mib:,.0f}",
    ]


def _lines(told: Told) -> Iterable[str]:
    asked = told["asked"]
    sizes = ",".join(str(accounts) for accounts in asked["accounts"])
    options = f"--events {asked['events']} --accounts {sizes} --rounds {asked['rounds']}"
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    yield "# Results of the comparison"
    yield ""
    yield f"`make bench`: `python -m benchmarks.compare {options}`, {told['date']}."
    yield ""
    yield _JOB
    yield f"Machine: {told['machine']}."
    yield ""
    yield f"Versions: {versions}."
    yield ""
    yield "![Events per second of each system](results.svg)"
    for accounts in asked["accounts"]:
        found = figures(told, accounts)
        yield ""
        yield f"## {accounts:,} accounts"
        yield ""
        yield f"| {' | '.join(_HEADINGS)} |"
        yield f"| --- | --- |{' ---: |' * (len(_HEADINGS) - 2)}"
        for one in found.values():
            yield f"| {' | '.join(_cells(one))} |"
        yield ""
        yield "| the engine's worker ÷ | events/s | by CPU time |"
        yield "| --- | ---: | ---: |"
        for ratio in ratios(found):
            yield f"| {ratio.other} | {ratio.rate:.2f} | {ratio.cpu:.2f} |"
    yield ""
    yield "## What the figures mean"
    yield ""
    yield _NOTES
    yield "## How each system keeps its state"
    yield ""
    for system in SYSTEMS:
        if system.state and any(run["system"] == system.name for run in told["runs"]):
            part = "" if system.share == 1 else f" It was given {system.share:.0%} of the events."
            yield f"- **{system.title}** ({system.language}): {system.keeps}{part}"
    yield ""


def _chart(told: Told) -> str:
    sizes = told["asked"]["accounts"]
    by_size = [figures(told, accounts) for accounts in sizes]
    rows = [
        (
            system.title,
            [
                Bar(one.rate, min(one.rates), max(one.rates)) if one else None
                for one in (found.get(system.name) for found in by_size)
            ],
            system.name == ENGINE,
        )
        for system in SYSTEMS
        if any(system.name in found for found in by_size)
    ]
    return bar_chart("Events per second, one core", [f"{n:,} accounts" for n in sizes], rows)


def _title(told: Told, accounts: int) -> str:
    asked = told["asked"]
    return f"{asked['events']:,} events, {accounts:,} accounts, {asked['rounds']} rounds"


def _median_of(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return statistics.median(known) if known else None


if __name__ == "__main__":
    write_report(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
