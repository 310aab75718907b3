"""The end of the demo: what was worth seeing, the figures, and how to look further."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from console.demo.board import Board
from console.demo.findings import Finding
from console.demo.records import Story
from console.demo.tables import glyphs_for, groups_table
from domain.calendar import iso_day, iso_instant
from streams.topics import LEAD_ACTIVITY, OUTPUTS


@dataclass(frozen=True, slots=True)
class Figures:
    """What the summary counts beside the board: published records and the live part's seconds."""

    published: int
    seconds: float


def tell_groups(console: Console, story: Story, board: Board) -> None:
    """Print every group as it now stands."""
    console.print()
    console.print(
        groups_table(story, board, glyphs_for(console), console.width, shown=len(story.groups))
    )


def tell_findings(console: Console, findings: list[Finding], missing: list[str]) -> None:
    """Print what was seen, each with where it stands, and what was not."""
    console.print()
    console.print(
        Text.assemble(("What was worth seeing", "bold"), ("   evidence: topic/partition@offset", "dim"))
    )
    for number, finding in enumerate(findings, start=1):
        title, told = Text(f"{number}. {finding.title}", style="bold green"), Text(finding.told)
        evidence = Text(finding.evidence, style="dim")
        if console.is_terminal:
            console.print()
            console.print(title)
            console.print(Padding(told, (0, 0, 0, 3)))
            console.print(Padding(evidence, (0, 0, 0, 3)))
        else:
            # A log keeps a sentence on one line, so that it can be searched.
            say(console, Text.assemble(title, ". ", told))
            say(console, Text.assemble("   ", evidence))
    for line in missing:
        say(console, Text(f"Not seen: {line}", style="bold red"))


def tell_summary(console: Console, story: Story, board: Board, figures: Figures) -> None:
    """Print the figures."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_row("records published", f"{figures.published:,}")
    table.add_row("accounts, people", f"{_accounts(story)}, {len(story.people)}")
    table.add_row("groups, complete", f"{len(board.states)}, {board.complete_groups()}")
    for topic in OUTPUTS:
        table.add_row(topic.name, f"{board.counts[topic.name]:,}")
    latency = board.latency_s()
    if latency is not None:
        table.add_row("published → first output, median", f"{latency * 1000:.0f} ms")
    table.add_row("live part", f"{figures.seconds:.0f} s")
    console.print()
    console.print(Text("Summary", style="bold"))
    console.print(table)


def tell_how_to_look_further(
    console: Console, story: Story, board: Board, bootstrap_servers: str | None, log: Path
) -> None:
    """Print commands; ``bootstrap_servers`` is None when everything ends with the demo."""
    console.print()
    if bootstrap_servers is None:
        say(console, Text("To look further, leave everything running:", style="bold"))
        say_command(console, "make demo ARGS=--keep")
        say(
            console,
            Text("It ends with commands for a second terminal: definitions, export, publish, tick."),
        )
    else:
        day = max((state.as_of for state in board.states.values()), default=story.today)
        command = _command()
        say(console, Text("Kafka and the worker go on. In a second terminal:", style="bold"))
        say_command(console, f"export KAFKA_BOOTSTRAP_SERVERS={bootstrap_servers} NAMESPACE=bg")
        say_command(console, f"{command} definitions show")
        say_command(console, f"{command} export --output table")
        say_command(console, f"{command} export | head -1")
        say_command(console, f"echo '{_one_more(story)}' | {command} publish -")
        say_command(console, f"{command} tick --as-of {iso_day(day + 1)}")
        say(console, Text("Ctrl-C here ends both.", style="bold"))
    say(console, Text(f"The worker's log: {log}", style="dim"))


def say(console: Console, text: Text) -> None:
    """Print a paragraph; only a terminal wraps it."""
    console.print(text, soft_wrap=not console.is_terminal)


def say_command(console: Console, command: str) -> None:
    """Print a command on one line, so that it can be copied."""
    console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)


def _one_more(story: Story) -> str:
    """Return an event in the command line's form: whom the story pulled about fills out a form."""
    lead_id = story.scenes.tug.lead
    event = {
        "event_id": "from-second-terminal-1",
        "account_id": story.people[lead_id].account_id,
        "lead_id": lead_id,
        "activity_type": "web.formFilledOut",
        "occurred_at": iso_instant(story.start),
    }
    return json.dumps({"topic": LEAD_ACTIVITY.name, "value": event})


def _accounts(story: Story) -> int:
    return len({place.account_id for place in story.groups.values()})


def _command() -> str:
    """Return the command as it can be typed from where the user is."""
    local = Path(".venv/bin/buying-groups")
    if local.exists():
        return str(local)
    return "buying-groups" if shutil.which("buying-groups") else "python -m console.cli"
