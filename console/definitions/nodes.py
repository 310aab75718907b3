"""A definitions file as it stands on the page: values with their places, and mistakes at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""The way from the whole file to a value: keys, and positions in lists from 0."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column of the file, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    place: Place
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """Keys and their values; ``keys`` says where each key stands."""

    place: Place
    entries: Mapping[str, Node] = field(hash=False)
    keys: Mapping[str, Place] = field(hash=False)


_SHOWN: Final = 60
"""So much of a text is repeated in a message."""

Node: TypeAlias = Scalar | Listed | Mapped


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """Something wrong in the file: where, at which value, and what to do about it."""

    place: Place
    path: str
    message: str


def path_text(path: Path) -> str:
    """Return a path as people read it: ``role_templates[0].roles[1].weighting``."""
    return "".join(map(_step_text, path)).removeprefix(".")


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{quoted(step)}]"


def quoted(text: str) -> str:
    """Return a text in quotes, cut when it is long."""
    return f'"{text}"' if len(text) <= _SHOWN else f'"{text[:_SHOWN]}…"'


def plain(node: Node) -> Any:
    """Return a value without its places, as JSON has it."""
    match node:
        case Scalar():
            return node.value
        case Listed():
            return [plain(item) for item in node.items]
        case Mapped():
            return {key: plain(value) for key, value in node.entries.items()}


def kind_of(node: Node) -> str:
    """Return what a value is, in a marketer's words."""
    match node:
        case Listed(items=items):
            return "a list" if items else "an empty list"
        case Mapped(entries=entries):
            return "keys and values" if entries else "empty"
        case Scalar(value=bool() as value):
            return "true" if value else "false"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=str() as value):
            return f"the text {quoted(value)}"
        case Scalar():
            return f"the number {node.value}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a suggestion to add to a message, or nothing when no known word is near."""
    by_lower = {each.casefold(): each for each in known}
    near = get_close_matches(word[:_SHOWN].casefold(), by_lower, n=1)
    return f"; did you mean {quoted(by_lower[near[0]])}?" if near else ""
