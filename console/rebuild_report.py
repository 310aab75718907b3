"""What ``rebuild`` prints: its plan, its progress, and in what live state and log differ."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from typing import Any, Final

import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from agents.comparing import Difference
from console.choices import Output
from console.groups import print_objects, print_table
from console.rebuild import Outcome
from console.rebuild_plan import Plan
from console.refusals import count_of
from console.terminal import messages, tell

_SHOWN: Final = 60
"""Characters of a value in a table for people."""

_SAY_EVERY_S: Final = 30.0


def print_plan(plan: Plan, output: Output) -> None:
    """Print what a rebuild would read: a table by topic, or one object a topic and partition."""
    if output is Output.JSON:
        print_objects(
            {
                "topic": part.topic.name,
                "partition": part.partition,
                "first": part.first,
                "until": part.until,
                "records": part.records,
            }
            for part in plan.parts
        )
        return
    table = Table("Topic", "Partitions", "First kept", "Read up to", "Records")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in dict.fromkeys(part.topic.name for part in plan.parts):
        some = [part for part in plan.parts if part.topic.name == name]
        table.add_row(
            name,
            str(len(some)),
            _range([part.first for part in some]),
            _range([part.until for part in some]),
            f"{sum(part.records for part in some):,}",
        )
    print_table(table)


def plan_lines(plan: Plan) -> list[str]:
    """Return what is to be known of a plan before it is carried out."""
    rate = 1 / plan.seconds_per_record if plan.seconds_per_record else 0.0
    takes = _duration(plan.seconds)
    read = count_of(plan.records, "record")
    return [
        f"{read} to read; at {rate:,.0f} a second, as the first ones took, about {takes}.",
        *plan.missing,
    ]


def print_differences(differences: Sequence[Difference], output: Output) -> None:
    """Print each field that differs: one object a line, or a table for people."""
    if output is Output.JSON:
        print_objects(asdict(one) for one in differences)
        return
    table = Table("Group", "Account", "Lead", "Where", "Field", "Live", "Rebuilt")
    for column in table.columns:
        column.overflow = "fold"
    for one in differences:
        table.add_row(
            one.buying_group_id or "",
            one.account_id or f"partition {one.partition}",
            one.lead_id or "",
            one.where,
            one.field,
            _short(one.live),
            _short(one.rebuilt),
        )
    print_table(table)


def outcome_lines(outcome: Outcome, *, wrote: bool) -> list[str]:
    """Return what came of it, in words."""
    rate = outcome.records / outcome.seconds if outcome.seconds else 0.0
    found = f"{count_of(outcome.accounts, 'account')}, {count_of(outcome.groups, 'group')}"
    read = count_of(outcome.records, "record")
    lines = [f"{read} folded in {_duration(outcome.seconds)} ({rate:,.0f} a second): {found}."]
    if wrote:
        mended = outcome.mended
        lines.append(f"Written: {count_of(mended.rows, 'row')}, {count_of(mended.outputs, 'output')}.")
        if mended.beyond:
            lines.append(
                f"{count_of(mended.beyond, 'subject')}: the last version is known nowhere any more;"
                " they go on from the seconds since 1970, which is beyond any."
            )
    if outcome.held is not None:
        lines += [
            f"Partition {partition} was folded anew while the group was held: {doubt}."
            for partition, doubt in outcome.anew
        ]
        lines.append(
            f"The consumer group was held for {outcome.held:.1f} s. Workers may be started now."
        )
    if outcome.undecided:
        lines.append(
            f"{count_of(outcome.undecided, 'field')} changed at every look and could not be compared."
            " With the workers stopped, or after they have caught up, they can."
        )
    groups = {one.buying_group_id for one in outcome.differences if one.buying_group_id}
    if outcome.differences:
        fields, within = count_of(len(outcome.differences), "field"), count_of(len(groups), "group")
        still = "Still not" if wrote else "Not"
        lines.append(f"{still} what the log leads to: {fields}, in {within}.")
    elif outcome.undecided:
        lines.append("Everything else of live state and log is equal.")
    else:
        lines.append("Live state and log are equal.")
    return lines


class Bar:
    """Shows how far a rebuild is, on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._within = 0.0
        self._task = progress.add_task("", total=None, visible=False)

    def partition(self, number: int, done: int, of: int, records: int) -> None:
        """Begin with a partition."""
        what = f"partition {number} ({done} of {of})"
        self._progress.reset(self._task, description=what, total=records, visible=True)

    def read(self, records: int) -> None:
        """Take note that so many records were read."""
        self._progress.advance(self._task, records)
        speed = self._progress.tasks[0].speed
        self._progress.update(self._task, speed=f"{speed:,.0f}/s" if speed else "")

    def waiting(self, left: float, records: int) -> None:
        """Show for how long workers are still waited for."""
        self._within = max(self._within, left)
        self._progress.update(
            self._task,
            description=_waiting(left, records),
            total=self._within,
            completed=self._within - left,
            speed="",
            visible=True,
        )


class Lines:
    """Says how far a rebuild is in lines, for logs and programs."""

    def __init__(self) -> None:
        self._said = 0.0

    def partition(self, number: int, done: int, of: int, records: int) -> None:
        """Begin with a partition."""
        tell(f"Partition {number} ({done} of {of}): {count_of(records, 'record')} to read.")

    def read(self, records: int) -> None:
        """Take note that so many records were read: nothing is said of it."""

    def waiting(self, left: float, records: int) -> None:
        """Say now and then for how long workers are still waited for."""
        if time.monotonic() - self._said >= _SAY_EVERY_S:
            self._said = time.monotonic()
            tell(f"{_waiting(left, records).capitalize()}.")


def meter_of(output: Output) -> AbstractContextManager[Bar | Lines]:
    """Return what shows progress: lines for programs and where there is no terminal, else a bar."""
    if output is Output.JSON or not messages.is_terminal:
        return nullcontext(Lines())
    return progress_bar()


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """Give a bar; nothing is drawn where nobody looks."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=messages, transient=True, disable=not messages.is_terminal
    ) as progress:
        yield Bar(progress)


def _waiting(left: float, records: int) -> str:
    since = f"{count_of(records, 'record')} folded meanwhile"
    return f"workers are waited for, {_duration(max(0.0, left))} left, {since}"


def _range(numbers: list[int]) -> str:
    least, greatest = min(numbers), max(numbers)
    return f"{least:,}" if least == greatest else f"{least:,} to {greatest:,}"


def _duration(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds > 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, option=_KEYS).decode()
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable if len(printable) <= _SHOWN else f"{printable[: _SHOWN - 1]}…"


_KEYS: Final = orjson.OPT_NON_STR_KEYS
