"""Line charts as SVG, written by hand: small panels with a logarithmic x axis and a limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 400
HEIGHT: Final = 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 56, 44
_COLUMNS: Final = 2
_COLOURS: Final = ("#1f6feb", "#d9730d", "#2da44e")
_STYLE: Final = """\
text { font: 12px sans-serif; fill: #24292f }
.title { font-weight: bold; font-size: 13px }
.tick { fill: #57606a; font-size: 11px }
.grid { stroke: #d0d7de }
.limit { stroke: #cf222e; stroke-dasharray: 5 4 }
.limit-name { fill: #cf222e; font-size: 11px }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A named line: y for each x."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one x axis, and the limit that they should stay under."""

    title: str
    x_name: str
    y_name: str
    lines: tuple[Line, ...]
    limit: float | None = None


def svg(panels: Sequence[Panel]) -> str:
    """Return panels, two in a row, as a document."""
    height = -(-len(panels) // _COLUMNS) * HEIGHT
    width = _COLUMNS * WIDTH
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for place, panel in enumerate(panels):
        x, y = place % _COLUMNS * WIDTH, place // _COLUMNS * HEIGHT
        parts += [f'<g transform="translate({x} {y})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    xs = sorted({x for line in panel.lines for x, _ in line.points})
    highest = max(y for line in panel.lines for _, y in line.points)
    top = _nice(max(highest, panel.limit or 0.0) * 1.1)
    across = _Scale(math.log10(xs[0]), math.log10(xs[-1]), _LEFT, WIDTH - _RIGHT)
    up = _Scale(0.0, top, HEIGHT - _BOTTOM, _TOP)
    parts = [_text(_LEFT, 18, panel.title, "title")]
    for step in range(5):
        value = top * step / 4
        y = up.at(value)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(_text(_LEFT - 6, y + 4, f"{value:,.4g}", "tick", "end"))
    below = HEIGHT - _BOTTOM + 16
    parts += [_text(across.at(math.log10(x)), below, _short(x), "tick", "middle") for x in xs]
    parts.append(_text((WIDTH + _LEFT - _RIGHT) / 2, HEIGHT - 10, panel.x_name, "tick", "middle"))
    parts.append(_text(6, _TOP - 8, panel.y_name, "tick"))
    if panel.limit is not None:
        y = up.at(panel.limit)
        parts.append(
            f'<line class="limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(_text(WIDTH - _RIGHT, y - 4, f"limit {panel.limit:g}", "limit-name", "end"))
    for number, line in enumerate(panel.lines):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [(across.at(math.log10(x)), up.at(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        left = _LEFT + number * 170
        parts.append(f'<rect x="{left}" y="27" width="12" height="3" fill="{colour}"/>')
        parts.append(_text(left + 17, 33, line.name, "tick"))
    return parts


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return where a value is drawn; in the middle where all values are one."""
        part = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + part * (self.end - self.start)


def _nice(value: float) -> float:
    """Return a round number that is not smaller."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value)


def _short(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
