"""Marks, gauges and the table of groups: what the live screen and the ending are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from console.demo.board import Board, rounded
from console.demo.cast import SHORT_ROLES
from console.demo.records import GroupPlace, Story
from schemas.outputs import BuyingGroupState, Member

WIDE: Final = 112
"""Columns from which on there is room for whole words."""

SOURCE_STYLE: Final = {"manual": "magenta", "journey": "cyan", "system": "yellow"}
_OTHERS: Final = "oth"
_FRESH_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Marks of a seat, by source and when nobody sits there, and of a figure that moves."""

    manual: str
    journey: str
    system: str
    empty: str
    up: str
    down: str
    here: str

    def of(self, source: str) -> str:
        """Return the mark of a member."""
        return {"manual": self.manual, "journey": self.journey}.get(source, self.system)


_PLAIN: Final = Glyphs("M", "j", "s", ".", "^", "v", ">")
_FINE: Final = Glyphs("◆", "●", "■", "○", "▲", "▼", "▸")


@dataclass(frozen=True, slots=True)
class _Room:
    """How wide bars are on a screen, 0 for none, and whether a column says who is missing."""

    complete: int
    score: int
    missing: bool


def _room(width: int) -> _Room:
    if width >= WIDE:
        return _Room(8, 8, missing=True)
    return _Room(6, 6, missing=False) if width >= 96 else _Room(3, 0, missing=False)  # noqa: PLR2004


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
    """Return the table of groups: who sits where, how complete, how engaged, at which stage.

    The line of a group that is still to be created is empty.
    """
    room = _room(width)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="dim")
    table.add_column("", width=1)
    table.add_column("account", no_wrap=True, overflow="ellipsis", width=17)
    table.add_column("group", no_wrap=True, overflow="ellipsis", width=13)
    for short in (*SHORT_ROLES.values(), _OTHERS):
        table.add_column(short, no_wrap=True, width=max(len(short), 3))
    table.add_column("complete", no_wrap=True, width=max(room.complete + 5, 8))
    table.add_column("score", no_wrap=True, width=room.score + 5)
    table.add_column("stage", no_wrap=True, width=10)
    if room.missing:
        table.add_column("missing", no_wrap=True, overflow="ellipsis", ratio=1)
    for group_id in list(story.groups)[:shown]:
        state = board.states.get(group_id)
        if state is None:
            table.add_row("")
        else:
            here = glyphs.here if group_id == focus else ""
            moves = {
                figure: _arrow(board, group_id, figure, glyphs, now)
                for figure in ("completeness", "score")
            }
            table.add_row(*_cells(story.groups[group_id], state, glyphs, room, here, moves))
    return table


def members_of(state: BuyingGroupState, role: str) -> list[Member]:
    """Return the members of a role, the most engaged first."""
    return sorted((member for member in state.members if member.role == role), key=lambda m: -m.score)


def _cells(
    place: GroupPlace,
    state: BuyingGroupState,
    glyphs: Glyphs,
    room: _Room,
    here: str,
    moves: dict[str, Text],
) -> list[RenderableType]:
    others = [role for role in place.roles if role not in SHORT_ROLES]
    full = "bold green" if not state.missing_roles else "green"
    cells: list[RenderableType] = [
        Text(here, style="bold"),
        Text(place.account, style="bold" if here else ""),
        Text(place.interest, style="" if here else "dim"),
        *(_slots(state, [role], glyphs, max(len(short), 3)) for role, short in SHORT_ROLES.items()),
        _slots(state, others, glyphs, len(_OTHERS)),
        _gauge(state.completeness, room.complete, full, moves["completeness"]),
        _gauge(state.score, room.score, "blue", moves["score"]),
        Text(state.stage or "", style="" if here else "dim"),
    ]
    if room.missing:
        cells.append(Text(_missing(state), style="dim"))
    return cells


def _slots(state: BuyingGroupState, roles: list[str], glyphs: Glyphs, width: int) -> Text:
    slots = Text()
    for role in roles:
        for member in members_of(state, role):
            slots.append(glyphs.of(member.source), SOURCE_STYLE[member.source])
        for missing in state.missing_roles:
            if missing.role == role:
                slots.append(glyphs.empty * missing.short_by, "dim")
    if len(slots) > width:
        slots = slots[: width - 1].append("+", "dim")
    return slots


def _gauge(figure: float, size: int, style: str, arrow: Text) -> RenderableType:
    told = Text(str(rounded(figure)), style=style)
    if not size:
        gauge = Table.grid(Column(width=4, justify="right"), Column(width=1))
        gauge.add_row(told, arrow)
    else:
        gauge = Table.grid(Column(width=size), Column(width=4, justify="right"), Column(width=1))
        gauge.add_row(bar(figure, size, style), told, arrow)
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
    return ", ".join(
        f"{role.short_by} {SHORT_ROLES.get(role.role, role.role)}" for role in state.missing_roles
    )


def shorter(role: str) -> str:
    """Return a role's name as it fits a narrow screen."""
    return role.replace("Executive Steering", "Exec. Steering")
