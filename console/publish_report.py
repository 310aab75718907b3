"""What ``publish`` says at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from console.publish import Published
from console.refusals import count_of
from console.terminal import DONE, FAILED, INTERRUPTED, SOME_REFUSED, tell

_MOST_RANGES: Final = 10
_AGAIN: Final = "Publish the file again: an event that is already there does not count twice."


def told_outcome(outcome: Published, refused: int, unit: str) -> int:
    """Tell what became of a file, in places of ``unit``, and return the exit code."""
    total = outcome.confirmed.total()
    topics = ", ".join(f"{name} {count:,}" for name, count in sorted(outcome.confirmed.items()))
    tell(f"Published {count_of(total, 'event')}" + (f": {topics}." if topics else "."))
    if refused:
        tell(f"{count_of(refused, unit)} refused.")
    if outcome.unconfirmed:
        why = f" ({outcome.why})" if outcome.why else ""
        tell(
            f"Not confirmed{why}: {unit} {ranges_of(outcome.unconfirmed)}."
            f" Nothing after {unit} {outcome.last:,} was tried. {_AGAIN}",
            style="red",
        )
    if outcome.interrupted:
        tell(f"Interrupted: published up to {unit} {outcome.whole_until}. {_AGAIN}")
        return INTERRUPTED
    if outcome.unconfirmed:
        return FAILED
    return SOME_REFUSED if refused else DONE


def ranges_of(places: Iterable[int]) -> str:
    """Return places in short: ``3, 7-12``; at most ten ranges, then how many places follow."""
    ranges: list[list[int]] = []
    for place in sorted(places):
        if ranges and place == ranges[-1][1] + 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in ranges[:_MOST_RANGES]]
    more = sum(b - a + 1 for a, b in ranges[_MOST_RANGES:])
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
