"""What a person sees while dead letters are read or sent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from console.terminal import messages

_REDRAW_S: Final = 0.1


@contextmanager
def counting(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while a person looks; give what is to be told of records done."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    left = () if total is None else (BarColumn(), TimeRemainingColumn())
    with Progress(
        TextColumn("{task.description}"), *left, MofNCompleteColumn(), console=messages, transient=True
    ) as progress:
        task = progress.add_task(title, total=total)
        pending, drawn = 0, 0.0

        def done(number: int) -> None:
            nonlocal pending, drawn
            pending += number
            now = time.monotonic()
            if now - drawn > _REDRAW_S:
                progress.update(task, advance=pending)
                pending, drawn = 0, now

        yield done
