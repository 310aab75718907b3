"""What a person sees while dead letters are read or sent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from console.terminal import messages, paced


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
        yield paced(progress, progress.add_task(title, total=total))
