"""A chart of horizontal bars as SVG, readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_COLORS: Final = ("#2f6db5", "#d9822b", "#4b9b5f", "#8a5fb0")
_FONT: Final = 'font-family="system-ui, sans-serif" font-size="12"'
_STYLE: Final = """\
text{fill:#1f2328}.range{stroke:#1f2328}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.range{stroke:#e6edf3}}"""
_WIDTH: Final = 900
_LABELS: Final = 330
_FIGURES: Final = 80
_BAR: Final = 12
_GAP: Final = 12
_TOP: Final = 64


@dataclass(frozen=True, slots=True)
class Bar:
    """A median, and the range it is of."""

    value: float
    least: float
    most: float


def bar_chart(
    title: str, series: Sequence[str], rows: Sequence[tuple[str, Sequence[Bar | None], bool]]
) -> str:
    """Return a chart; a row is its label, a bar for each series, and whether its label stands out."""
    most = max((bar.most for _, bars, _ in rows for bar in bars if bar), default=1.0)
    scale = (_WIDTH - _LABELS - _FIGURES) / most
    high = _BAR * len(series) + _GAP
    height = _TOP + high * len(rows) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<text x="0" y="18" font-size="16">{escape(title)}</text>',
        *_legend(series),
    ]
    for place, (label, bars, stands_out) in enumerate(rows):
        top = _TOP + place * high
        weight = ' font-weight="bold"' if stands_out else ""
        middle = top + _BAR * len(series) / 2 + 4
        parts.append(
            f'<text x="{_LABELS - 8}" y="{middle:.0f}" text-anchor="end"{weight}>{escape(label)}</text>'
        )
        for number, bar in enumerate(bars):
            if bar is not None:
                parts += _bar(bar, top + number * _BAR, scale, _COLORS[number % len(_COLORS)])
    return "\n".join([*parts, "</svg>", ""])


def _legend(series: Sequence[str]) -> list[str]:
    parts = []
    for number, name in enumerate(series):
        left = _LABELS + number * 150
        color = _COLORS[number % len(_COLORS)]
        parts.append(f'<rect x="{left}" y="34" width="{_BAR}" height="{_BAR}" fill="{color}"/>')
        parts.append(f'<text x="{left + _BAR + 6}" y="45">{escape(name)}</text>')
    return parts


def _bar(bar: Bar, top: int, scale: float, color: str) -> list[str]:
    middle = top + _BAR / 2 - 1
    size = f'width="{bar.value * scale:.1f}" height="{_BAR - 2}"'
    left, right = (_LABELS + end * scale for end in (bar.least, bar.most))
    return [
        f'<rect x="{_LABELS}" y="{top}" {size} fill="{color}"/>',
        f'<line class="range" x1="{left:.1f}" x2="{right:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<text x="{right + 6:.1f}" y="{top + _BAR - 3}">{bar.value:,.0f}</text>',
    ]
