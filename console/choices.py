"""The choices that several commands offer."""

from __future__ import annotations

from enum import StrEnum


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
