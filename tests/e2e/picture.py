"""Takes the README's picture from a real run: ``python -m tests.e2e.picture docs/demo.svg``."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from agents.worker import system_clock
from console.demo.defined import read_file
from console.demo.opening import open_story, start
from console.demo.records import Beat, Story
from console.demo.run import play
from console.demo.story import write_story
from console.demo.view import View

WIDTH, HEIGHT = 100, 32
"""All groups, the spotlight and the newest happenings."""


class Camera:
    """Takes one picture of the screen: when the last seat of a group was filled."""

    def __init__(self, story: Story, view: View, target: Path) -> None:
        self._wanted = story.scenes.last_seat.edit
        self._view = view
        self._target = target

    def begins(self, beat: Beat) -> None:
        self._view.turn_to(beat)

    def happened(self, beat: Beat) -> None:
        if all(record.event_id != self._wanted for record in beat.records):
            return
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            screen = Console(
                file=nowhere,
                width=WIDTH,
                height=HEIGHT,
                force_terminal=True,
                color_system="truecolor",
                record=True,
            )
            screen.print(self._view)
            screen.save_svg(str(self._target), title="make demo")


def main(target: Path) -> None:
    """Run the demo up to its end; the picture is taken on the way."""
    story = write_story(1, system_clock(), read_file())
    with ExitStack() as running:
        console = Console()
        parts = start(console, running, story)
        open_story(console, parts, story)
        view = View(story, parts.watch.board, parts.watch.changed)
        play(parts, story, Camera(story, view, target), pace=1.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
