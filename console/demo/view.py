"""What a person sees while the demo runs: groups, the one in the spotlight, the newest happenings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Condition
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.rule import Rule
from rich.table import Column, Table
from rich.text import Text

from console.demo.board import Board, rounded
from console.demo.records import Beat, Story
from console.demo.tables import (
    SOURCE_STYLE,
    WIDE,
    Glyphs,
    bar,
    glyphs_for,
    groups_table,
    members_of,
    shorter,
)
from console.demo.telling import Words
from domain.calendar import iso_day
from schemas.outputs import BuyingGroupState

_SPOTLIGHT: Final = 6
_FEWEST_HAPPENINGS: Final = 4
_ROOMY: Final = 100
"""Columns from which on a happening names account and interest."""

_FIXED: Final = 5
"""Lines that are always there: title, caption, column heads, and the two rules."""

_KIND_STYLE: Final = {
    "created": "bold yellow",
    "joined": "cyan",
    "left": "red",
    "refused": "yellow",
    "complete": "bold green",
    "completeness": "green",
    "score": "blue",
    "moved": "magenta",
}


class View:
    """The live screen. ``reading`` is held while the board is drawn."""

    def __init__(self, story: Story, board: Board, reading: Condition) -> None:
        self.caption = ""
        self.focus = next(iter(story.groups))
        self._story = story
        self._board = board
        self._reading = reading
        self._words = Words(story)
        self._began = time.monotonic()

    def turn_to(self, beat: Beat) -> None:
        """Say what is going on now, and show the group that it is about."""
        self.caption, self.focus = beat.caption, beat.focus
        self._words.learn(beat.records)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw everything for the size the terminal has now."""
        height = options.height or console.height
        with self._reading:
            yield from self._lines(console, options.max_width, height)

    def _lines(self, console: Console, width: int, height: int) -> Iterator[RenderableType]:
        board = self._board
        room = max(height - _FIXED - _SPOTLIGHT - _FEWEST_HAPPENINGS, 3)
        shown = min(room, len(self._story.groups))
        glyphs = glyphs_for(console)
        yield self._title(board, glyphs, width)
        yield _line(Text(f" {self.caption}", style="bold"))
        yield groups_table(
            self._story, board, glyphs, width, shown=shown, focus=self.focus, now=time.monotonic()
        )
        yield self._spotlight_rule(board, width)
        yield from self._spotlight(board, glyphs, width)
        yield Rule("[dim]just happened[/]", style="dim", align="left")
        left = height - _FIXED - shown - _SPOTLIGHT
        yield from self._happenings(board, left, width)

    def _title(self, board: Board, glyphs: Glyphs, width: int) -> RenderableType:
        states = board.states.values()
        as_of = max((state.as_of for state in states), default=self._story.today)
        left = Text.assemble(
            (" buying groups " if width >= _ROOMY else "", "bold reverse"),
            f" {iso_day(as_of)} ",
            (f" {board.complete_groups()} of {len(board.states)} complete", "green"),
            (f"  {time.monotonic() - self._began:.0f}s", "dim"),
        )
        right = Text.assemble(
            (f"{glyphs.manual} manual", "magenta"),
            (f"  {glyphs.journey} journey", "cyan"),
            (f"  {glyphs.system} system", "yellow"),
            (f"  {glyphs.empty} missing", "dim"),
        )
        return _two_sides(left, right, width)

    def _spotlight_rule(self, board: Board, width: int) -> RenderableType:
        place = self._story.groups[self.focus]
        state = board.states.get(self.focus)
        title = Text.assemble((place.account, "bold"), f" · {place.interest}")
        if state is not None:
            title.append(
                f"   complete {rounded(state.completeness)}   score {rounded(state.score)}", "dim"
            )
            # On a narrow screen the stage stands in the table alone.
            told = (state.stage, state.status) if width >= _ROOMY else (state.status,)
            progress = " · ".join(text for text in told if text)
            title.append(f"   {progress}" if progress else "", "magenta")
        return Rule(title, style="dim", align="left")

    def _spotlight(self, board: Board, glyphs: Glyphs, width: int) -> Iterator[RenderableType]:
        state = board.states.get(self.focus)
        rows: list[RenderableType] = []
        if state is not None:
            rows.extend(self._seats(state, glyphs, width))
        else:
            rows.append(Text("   There is no such group yet.", style="dim"))
        hidden = len(rows) - _SPOTLIGHT
        if hidden > 0:
            rows[_SPOTLIGHT - 1 :] = [Text(f"   and {hidden + 1} more", style="dim")]
        yield from rows
        for _ in range(_SPOTLIGHT - len(rows)):
            yield Text("")

    def _seats(self, state: BuyingGroupState, glyphs: Glyphs, width: int) -> Iterator[RenderableType]:
        wide = width >= WIDE
        short = {role.role: role.short_by for role in state.missing_roles}
        for role in self._story.groups[state.buying_group_id].roles:
            for member in members_of(state, role):
                row = _seat_grid(width)
                row.add_row(
                    Text(f" {glyphs.of(member.source)}", style=SOURCE_STYLE[member.source]),
                    Text(self._words.name(member.lead_id)),
                    Text(self._words.title(member.lead_id), style="dim"),
                    Text(role if wide else shorter(role)),
                    Text(member.source, style=SOURCE_STYLE[member.source]),
                    bar(member.score, 8, "blue"),
                    Text(str(rounded(member.score))),
                )
                yield row
            if role in short:
                row = _seat_grid(width)
                row.add_row(
                    Text(f" {glyphs.empty}", style="dim"),
                    Text(f"{short[role]} missing", style="red"),
                    Text(""),
                    Text(role if wide else shorter(role), style="dim"),
                )
                yield row

    def _happenings(self, board: Board, room: int, width: int) -> Iterator[RenderableType]:
        shown = list(board.happenings)[: max(room, 0)]
        roomy = width >= _ROOMY
        for number, happening in enumerate(shown):
            fresh = number < 2  # noqa: PLR2004 - the newest two stand out
            line = Table.grid(
                Column(width=36 if roomy else 18, no_wrap=True, overflow="ellipsis"),
                Column(ratio=1, no_wrap=True, overflow="ellipsis"),
                padding=(0, 1),
                expand=True,
            )
            subject = happening.subject
            if roomy and happening.interest:
                subject = f"{subject}, {happening.interest}"
            style = _KIND_STYLE[happening.kind]
            line.add_row(
                Text(f" {subject}", style="" if fresh else "dim"),
                Text(
                    happening.text if width >= WIDE else shorter(happening.text),
                    style=style if fresh else f"dim {style}",
                ),
            )
            yield line
        for _ in range(room - len(shown)):
            yield Text("")


def _seat_grid(width: int) -> Table:
    wide = width >= WIDE
    return Table.grid(
        Column(width=2, no_wrap=True),
        Column(width=18 if wide else 15, no_wrap=True, overflow="ellipsis"),
        Column(width=24 if wide else 14, no_wrap=True, overflow="ellipsis"),
        Column(width=28 if wide else 24, no_wrap=True, overflow="ellipsis"),
        Column(width=7, no_wrap=True),
        Column(width=8),
        Column(width=3, justify="right", no_wrap=True),
        padding=(0, 1, 0, 0),
    )


def _two_sides(left: Text, right: Text, width: int) -> RenderableType:
    line = Table.grid(
        Column(no_wrap=True, overflow="ellipsis"),
        Column(no_wrap=True, justify="right"),
        expand=True,
        pad_edge=False,
    )
    line.width = width
    line.add_row(left, right)
    return line


def _line(text: Text) -> Text:
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text
