"""Opening what ``publish`` and ``fold`` read: a file or standard input, with progress and refusals."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from console.choices import STANDARD_INPUT, Format
from console.lines import Accepted, MachineClock, read_json_lines, read_marketo, refused_in
from console.marketo import MarketoError, read_leads
from console.refusals import Refusals
from console.terminal import messages, paced, tell

Meter = Callable[[int], None]


@contextmanager
def accepted_entries(
    path: Path,
    *,
    refused: Path | None,
    clock: MachineClock | None = None,
    leads: Path | None = None,
) -> Iterator[tuple[Iterator[Accepted], Refusals]]:
    """Give the accepted entries of a file, and the tally of refused ones that fills while they are read.

    ``leads`` set: the file is Marketo's. Raises MarketoError or OSError when a file cannot be used.
    """
    unit = (Format.JSON if leads is None else Format.MARKETO).unit
    with ExitStack() as stack:
        file: BinaryIO = (
            sys.stdin.buffer if path == STANDARD_INPUT else stack.enter_context(path.open("rb"))
        )
        listed = None if refused is None else stack.enter_context(refused.open("wb"))
        refusals = stack.enter_context(Refusals(tell, listed, unit))
        meter = stack.enter_context(_progress("reading", _size_of(file)))
        if leads is None:
            entries = read_json_lines(file, clock, meter)
        else:
            accounts = read_leads(leads)
            entries = read_marketo(_text_of(file, path, meter), accounts)
        yield refused_in(entries, refusals.add), refusals


def _text_of(file: BinaryIO, path: Path, meter: Meter | None) -> str:
    raw = file.read()
    if meter is not None:
        meter(len(raw))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MarketoError(f"{path}: is not UTF-8 text.") from error


def _size_of(file: BinaryIO) -> int | None:
    """Return a regular file's bytes; None for a pipe, whose end is not known."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _progress(title: str, total: int | None) -> Iterator[Meter | None]:
    """Show a bar on standard error while a person looks; give what is to be told of bytes read."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn() if total is None else TimeRemainingColumn(),
        console=messages,
        transient=True,
    ) as progress:
        yield paced(progress, progress.add_task(title, total=total))
