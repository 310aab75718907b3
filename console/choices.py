"""The arguments and options that several commands take."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

STANDARD_INPUT: Final = Path("-")


class Output(StrEnum):
    """How a command prints: for programs or for people."""

    JSON = "json"
    TABLE = "table"


class Format(StrEnum):
    """What a file of events holds."""

    JSON = "json"
    MARKETO = "marketo"

    @property
    def unit(self) -> str:
        """Return what a place in such a file counts."""
        return "line" if self is Format.JSON else "activity"


def a_file_or_standard_input(path: Path) -> Path:
    """Return a path that can be read.

    Raises:
        BadParameter: it is not there, or a folder.
    """
    if path != STANDARD_INPUT and not path.exists():
        raise typer.BadParameter(f"there is no file {path}")
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder")
    return path


EventsFile: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        callback=a_file_or_standard_input,
        help="the events; - reads standard input",
    ),
]
EventsFileUnlessKafka: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        callback=lambda path: None if path is None else a_file_or_standard_input(path),
        help="the events; - reads standard input; none with --from-kafka",
    ),
]
DefinitionsFileOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--definitions",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
        help="a definitions file, taken as if it had always been live",
    ),
]
FormatChoice: TypeAlias = Annotated[
    Format, typer.Option("--format", help="json: JSON lines; marketo: Marketo's own files")
]
LeadsFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--leads",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
        help="with --format marketo: CSV with the columns lead_id and account_id",
    ),
]
RefusedFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--refused",
        metavar="FILE",
        dir_okay=False,
        help="write every refused entry here, as JSON lines",
    ),
]
OutputChoice: TypeAlias = Annotated[
    Output, typer.Option("--output", help="json for programs, table for people")
]
DayOption: TypeAlias = Annotated[
    datetime,
    typer.Option("--as-of", metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="the day, UTC"),
]
