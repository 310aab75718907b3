"""Marks, gauges and the table of groups: what the live screen and the ending are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from console.demo.board import Board, rounded
from console.demo.cast import SHORT_ROLES, TEMPLATE
from console.demo.records import Story
from schemas.outputs import BuyingGroupState, Member

WIDE: Final = 112
"""Columns from which on there is room for whole words."""

SOURCE_STYLE: Final = {"manual": "magenta", "journey": "cyan", "system": "yellow"}
_FRESH_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Marks of a seat, by source and when nobody sits there, and of a figure that moves."""

    manual: str
    journey: str
    empty: str
    up: str
    down: str
    here: str

    def of(self, source: str) -> str:
        """Return the mark of a member."""
        return self.manual if source == "manual" else self.journey


_PLAIN: Final = Glyphs("M", "j", ".", "^", "v", ">")
_FINE: Final = Glyphs("◆", "●", "○", "▲", "▼", "▸")


def glyphs_for(console: Console) -> Glyphs:
    """Return marks that the terminal can show."""
    return _PLAIN if console.options.ascii_only else _FINE


def groups_table(
    story: Story,
    board: Board,
    glyphs: Glyphs,
    width: int,
    *,
    shown: int,
    focus: str = "",
    now: float = float("inf"),
) -> Table:
    """Return the table of groups: who sits where, how complete, how engaged."""
    wide = width >= WIDE
    dim = "dim"
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style=dim)
    table.add_column("", width=1)
    table.add_column("account", no_wrap=True, overflow="ellipsis", width=17)
    table.add_column("buying group", no_wrap=True, overflow="ellipsis", width=16)
    for role in TEMPLATE.roles:
        table.add_column(SHORT_ROLES[role.role], no_wrap=True, width=max(len(SHORT_ROLES[role.role]), 3))
    table.add_column("complete", no_wrap=True, width=14 if wide else 12)
    table.add_column("score", no_wrap=True, width=14 if wide else 12)
    if wide:
        table.add_column("missing", no_wrap=True, overflow="ellipsis", ratio=1)
    for group_id in list(story.groups)[:shown]:
        place = story.groups[group_id]
        state = board.states.get(group_id)
        here = group_id == focus
        cells: list[RenderableType] = [
            Text(glyphs.here if here else "", style="bold"),
            Text(place.account, style="bold" if here else ""),
            Text(place.interest, style="" if here else dim),
        ]
        if state is not None:
            cells += [_slots(state, role.role, glyphs) for role in TEMPLATE.roles]
            moves = {
                figure: _arrow(board, group_id, figure, glyphs, now)
                for figure in ("completeness", "score")
            }
            full = not state.missing_roles
            size = 8 if wide else 6
            cells.append(
                _gauge(
                    state.completeness, size, "bold green" if full else "green", moves["completeness"]
                )
            )
            cells.append(_gauge(state.score, size, "blue", moves["score"]))
            if wide:
                cells.append(Text(_missing(state), style=dim))
        table.add_row(*cells)
    return table


def members_of(state: BuyingGroupState, role: str) -> list[Member]:
    """Return the members of a role, the most engaged first."""
    return sorted((member for member in state.members if member.role == role), key=lambda m: -m.score)


def _slots(state: BuyingGroupState, role: str, glyphs: Glyphs) -> Text:
    slots = Text()
    for member in members_of(state, role):
        slots.append(glyphs.of(member.source), SOURCE_STYLE[member.source])
    for missing in state.missing_roles:
        if missing.role == role:
            slots.append(glyphs.empty * missing.short_by, "dim")
    return slots


def _gauge(figure: float, size: int, style: str, arrow: Text) -> Table:
    gauge = Table.grid(Column(width=size), Column(width=4, justify="right"), Column(width=1))
    gauge.add_row(bar(figure, size, style), Text(str(rounded(figure)), style=style), arrow)
    return gauge


def bar(figure: float, size: int, style: str) -> ProgressBar:
    """Return a bar of a figure from 0 to 100, ``size`` columns wide."""
    return ProgressBar(
        total=100,
        completed=figure,
        width=size,
        style="bright_black",
        complete_style=style,
        finished_style=style,
    )


def _arrow(board: Board, group_id: str, figure: str, glyphs: Glyphs, now: float) -> Text:
    move = board.moves.get((group_id, figure))
    if move is None or now - move.at > _FRESH_S:
        return Text("")
    return Text(glyphs.up, style="bold green") if move.up else Text(glyphs.down, style="bold red")


def _missing(state: BuyingGroupState) -> str:
    return ", ".join(f"{role.short_by} {shorter(role.role)}" for role in state.missing_roles)


def shorter(role: str) -> str:
    """Return a role's name as it fits a narrow screen."""
    return role.replace("Executive Steering", "Exec. Steering")
