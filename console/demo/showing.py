"""How the live part is shown: a calm screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from console.demo.board import Sighting
from console.demo.records import Beat, Story
from console.demo.telling import DAY_TICK, Words
from console.demo.view import View
from console.demo.watch import Watch

_FRAMES_PER_S: Final = 8


class Showing(Protocol):
    """Told of the live part's beats."""

    def begins(self, beat: Beat) -> None:
        """A beat's records are about to be published."""
        ...

    def happened(self, beat: Beat) -> None:
        """Everything that the beat causes was read."""
        ...


class _OnScreen:
    def __init__(self, view: View) -> None:
        self._view = view

    def begins(self, beat: Beat) -> None:
        self._view.turn_to(beat)

    def happened(self, beat: Beat) -> None:
        """The screen follows the board by itself."""


class _InLines:
    def __init__(self, console: Console, story: Story, watch: Watch) -> None:
        self._console = console
        self._words = Words(story)
        self._watch = watch
        self._began = time.monotonic()

    def begins(self, beat: Beat) -> None:
        """A line is printed when it is known what happened."""

    def happened(self, beat: Beat) -> None:
        with self._watch.changed:
            sightings = [
                sighting
                for fact in beat.facts[:1]
                for sighting in self._watch.board.seen(fact.topic, fact.cause_id)[:1]
            ]
            told = [self._told(sighting) for sighting in sightings]
            if beat.tick is not None:
                told = [one.text for one in self._watch.board.happenings if one.subject == DAY_TICK][:1]
        seconds = f"{time.monotonic() - self._began:4.0f} s  "
        result = "".join(f"  → {one}" for one in told if one)
        self._console.print(Text(seconds + beat.caption + result), soft_wrap=True)

    def _told(self, sighting: Sighting) -> str:
        happening = self._words.tell(sighting)
        return self._words.tell_person(sighting) if happening is None else happening.text


@contextmanager
def showing(console: Console, story: Story, watch: Watch) -> Iterator[Showing]:
    """Show the live part while the context is open."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield _InLines(console, story, watch)
        return
    view = View(story, watch.board, watch.changed)
    with Live(view, console=console, screen=True, refresh_per_second=_FRAMES_PER_S, transient=True):
        yield _OnScreen(view)
