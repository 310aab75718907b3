"""Typed reading of a definitions file: each value is taken as what it must be, or told as a mistake.

Reading goes on after a mistake with a harmless value in its place, so that one run finds all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from console.definitions.nodes import (
    Listed,
    Mapped,
    Mistake,
    Node,
    Path,
    Place,
    Scalar,
    did_you_mean,
    kind_of,
    path_text,
    quoted,
)

LONGEST_NAME: Final = 128
LONGEST_ID: Final = 100
"""Characters; a definition's key holds its kind too."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A value of the file, with the way to it and the list that its mistakes go to."""

    node: Node
    path: Path = ()
    mistakes: list[Mistake] = field(default_factory=list)
    key_place: Place | None = None
    """Where the key of the value stands, if the value has a key."""

    @property
    def place(self) -> Place:
        """Return where the value stands."""
        return self.node.place

    def wrong(self, message: str, at: Place | None = None) -> None:
        """Note a mistake, at the value or at another place."""
        self.mistakes.append(Mistake(at or self.place, path_text(self.path), message))

    def step(self, step: str | int, node: Node | None = None) -> Spot:
        """Return the spot of an inner value; one that is missing stands where this one does."""
        key_place = self.node.keys.get(str(step)) if isinstance(self.node, Mapped) else None
        return Spot(node or self.node, (*self.path, step), self.mistakes, key_place)

    def at(self, path: Path) -> Spot:
        """Return the spot that a path leads to, or the last that exists on the way."""
        spot = self
        for step in path:
            match spot.node, step:
                case Mapped(entries=entries), str() if step in entries:
                    spot = spot.step(step, entries[step])
                case Listed(items=items), int() if step < len(items):
                    spot = spot.step(step, items[step])
                case _:
                    return spot.step(step)
        return spot

    def fields(self, known: Iterable[str], needed: Mapping[str, str] | None = None) -> Entry:
        """Return the values by key; unknown keys, and needed ones that are missing, are told.

        ``needed`` says what each key is for. A key without a value counts as missing.
        """
        names = (*(needed or {}), *known)
        if not isinstance(self.node, Mapped):
            self.wrong(f"should be keys and values ({', '.join(names)}), is {kind_of(self.node)}")
            return Entry({})
        for key, place in self.node.keys.items():
            if key not in names:
                hint = did_you_mean(key, names) or f"; known are {', '.join(names)}"
                self.step(key).wrong(f"there is no such key{hint}", place)
        found = {
            key: self.step(key, node)
            for key, node in self.node.entries.items()
            if key in names and not (isinstance(node, Scalar) and node.value is None)
        }
        for name, purpose in (needed or {}).items():
            if name not in found:
                self.step(name).wrong(f"is missing: {purpose}")
        return Entry(found)

    def entries(self, what: str) -> list[Spot]:
        """Return the values where the keys are the marketer's own; ``what`` says what goes in."""
        if not isinstance(self.node, Mapped) or not self.node.entries:
            self.wrong(f"should be {what}, is {kind_of(self.node)}")
            return []
        return [self.step(key, node) for key, node in self.node.entries.items()]

    def items(self, what: str) -> list[Spot]:
        """Return the items of a list; ``what`` says what goes in."""
        if not isinstance(self.node, Listed):
            self.wrong(f"should be a list of {what}, is {kind_of(self.node)}")
            return []
        return [self.step(position, node) for position, node in enumerate(self.node.items)]

    def text(self, longest: int = LONGEST_NAME) -> str:
        """Return a text of 1 to ``longest`` characters that can be shown in one line, else nothing."""
        value = self.node.value if isinstance(self.node, Scalar) else None
        if not isinstance(value, str):
            hint = "" if value is None else ": put it in quotes"
            self.wrong(f"should be text, is {kind_of(self.node)}{hint}")
            return ""
        problem = _problem_of(value, longest)
        if problem is not None:
            self.wrong(problem)
            return ""
        return value

    def key(self, longest: int = LONGEST_NAME) -> str:
        """Return the value's own key where it is a name that the marketer gives, else nothing."""
        name = str(self.path[-1])
        problem = _problem_of(name, longest)
        if problem is not None:
            self.wrong(f"its name {problem}", self.key_place)
            return ""
        return name

    def identity(self) -> str:
        """Return an id: a text of 1 to 100 characters without a slash, else nothing."""
        found = self.text(LONGEST_ID)
        if "/" in found:
            self.wrong("an id holds no slash: use - instead")
            return ""
        return found

    def one_of(self, choices: Iterable[str], fallback: str) -> str:
        """Return one of some words, in their own spelling."""
        known = tuple(choices)
        value = self.node.value if isinstance(self.node, Scalar) else None
        if value in known:
            return str(value)
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        self.wrong(f"should be one of {', '.join(known)}, is {kind_of(self.node)}{hint}")
        return fallback

    def flag(self, fallback: bool) -> bool:
        """Return true or false."""
        if isinstance(self.node, Scalar) and isinstance(self.node.value, bool):
            return self.node.value
        self.wrong(f"should be true or false, is {kind_of(self.node)}")
        return fallback

    def whole(self, least: int, most: int, fallback: int) -> int:
        """Return a whole number between two others."""
        value = self.node.value if isinstance(self.node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.wrong(f"should be a whole number from {least} to {most:,}, is {kind_of(self.node)}")
        return fallback


def _problem_of(text: str, longest: int) -> str | None:
    if not text.strip():
        return "is empty"
    if text != text.strip():
        return "begins or ends with a space: leave it out"
    if len(text) > longest:
        return f"has {len(text)} characters; at most {longest} are possible"
    if not text.isprintable():
        return "holds a line break or another character that cannot be shown"
    return None


@dataclass(frozen=True, slots=True)
class Entry:
    """The values of a set of known keys; one that is absent gives what stands for it."""

    spots: Mapping[str, Spot]

    def get(self, name: str) -> Spot | None:
        """Return where a key's value stands."""
        return self.spots.get(name)

    def text(self, name: str) -> str:
        """Return a text, nothing if it is absent or wrong."""
        spot = self.get(name)
        return "" if spot is None else spot.text()

    def identity(self, name: str) -> str:
        """Return an id, nothing if it is absent or wrong."""
        spot = self.get(name)
        return "" if spot is None else spot.identity()

    def one_of(self, name: str, choices: Iterable[str], fallback: str) -> str:
        """Return one of some words."""
        spot = self.get(name)
        return fallback if spot is None else spot.one_of(choices, fallback)

    def flag(self, name: str, fallback: bool) -> bool:
        """Return true or false."""
        spot = self.get(name)
        return fallback if spot is None else spot.flag(fallback)

    def whole(self, name: str, least: int, most: int, fallback: int) -> int:
        """Return a whole number between two others."""
        spot = self.get(name)
        return fallback if spot is None else spot.whole(least, most, fallback)

    def items(self, name: str, what: str) -> list[Spot]:
        """Return the items of a list, none if it is absent."""
        spot = self.get(name)
        return [] if spot is None else spot.items(what)


class FirstSeen:
    """What may stand only once; a second one is told with the line of the first."""

    def __init__(self, what: str, *, ignore_case: bool = True) -> None:
        self._what = what
        self._ignore_case = ignore_case
        self._lines: dict[str, int] = {}

    def add(self, spot: Spot, text: str) -> bool:
        """Note a text and return whether it is new; an empty one could not be read and is neither."""
        if not text:
            return False
        key = text.casefold() if self._ignore_case else text
        first = self._lines.get(key)
        if first is None:
            self._lines[key] = spot.place.line
            return True
        case = ", whatever the case of its letters" if self._ignore_case else ""
        spot.wrong(
            f"the {self._what} {quoted(text)} stands in line {first} already; it must be unique{case}"
        )
        return False
