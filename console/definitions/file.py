"""Reading a definitions file: YAML 1.2 or JSON to values with their places, and what breaks the format.

Plain words are what JSON knows: ``true``, ``false``, ``null`` and decimal numbers; everything else is
text, so that the country NO, the date 2026-11-21 and the postal code 01234 stay what was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from console.definitions.nodes import Listed, Mapped, Mistake, Node, Path, Place, Scalar, path_text
from console.definitions.syntax import in_plain_words

DEEPEST: Final = 40
MOST_VALUES: Final = 100_000
"""How much aliases may unfold to: ten lines of them could otherwise name a billion values."""

_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,17})(\.\d{1,18})?([eE][+-]?\d{1,3})?", re.ASCII)
_SURROGATE_PAIR: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


class NotReadable(Exception):
    """The file breaks the format at a place where reading cannot go on."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


def read(text: str) -> tuple[Node | None, list[Mistake]]:
    """Return the value of a file, None if there is none to be had, and the mistakes of format in it."""
    page = _Page(_as_yaml(text.removeprefix("\ufeff")))
    try:
        node = page.read()
    except NotReadable as problem:
        page.mistakes.append(problem.mistake)
        return None, page.mistakes
    return node, page.mistakes


def _as_yaml(text: str) -> str:
    """Return JSON in the form that the YAML reader takes; anything else as it is.

    YAML 1.2 holds JSON, but the reader takes neither tabs between values nor characters that are
    escaped in two halves.
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    # JSON has no bare tabs inside its strings, so each one here stands between values.
    return _SURROGATE_PAIR.sub(lambda pair: json.loads(f'"{pair[0]}"'), text.replace("\t", " "))


class _Page:
    """One reading of a file, event by event: nothing recurses before its depth is known."""

    def __init__(self, text: str) -> None:
        self.mistakes: list[Mistake] = []
        self._text = text
        self._at = Place(1, 1)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._values = 0
        self._events = self._guarded(YAML(typ="safe", pure=True).parse(text))

    def read(self) -> Node:
        """Return the value of the only document."""
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                break
        else:
            raise self._stop(
                "the file is empty: it needs at least one section, such as solution_interests"
            )
        node = self._node(next(self._events), ())
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                raise self._stop("a second document begins here: keep everything in one, without ---")
        return node

    def _guarded(self, events: Iterator[Event]) -> Iterator[Event]:
        try:
            for event in events:
                self._at = _place(event.start_mark)
                yield event
        except MarkedYAMLError as error:
            marks = (error.problem_mark, error.context_mark)
            problem, context = (None if mark is None else _place(mark) for mark in marks)
            place, message = in_plain_words(error.problem, error.context, problem, context)
            raise NotReadable(Mistake(place or self._at, "", message)) from error
        except ReaderError as error:
            before = self._text[: error.position]
            place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
            raise NotReadable(Mistake(place, "", "a character that no text file holds")) from error
        except (YAMLError, ValueError) as error:
            raise self._stop(f"cannot be read: {str(error).partition(chr(10))[0]}") from error

    def _stop(self, message: str) -> NotReadable:
        return NotReadable(Mistake(self._at, "", message))

    def _wrong(self, place: Place, path: Path, message: str) -> None:
        self.mistakes.append(Mistake(place, path_text(path), message))

    def _node(self, event: Event, path: Path) -> Node:
        place = _place(event.start_mark)
        if isinstance(event, AliasEvent):
            return self._alias(event, place)
        if len(path) > DEEPEST:
            raise self._stop(f"nested more than {DEEPEST} deep")
        before = self._values
        self._count(1)
        self._check_tag(event, place, path)
        anchor: str | None = event.anchor if isinstance(event, NodeEvent) else None
        if anchor is not None:
            self._anchors[anchor] = None
        node: Node
        match event:
            case ScalarEvent():
                node = Scalar(place, _value(event, self._text_of(event, place, path)))
            case SequenceStartEvent():
                node = Listed(place, tuple(self._items(path)))
            case _:
                node = self._mapping(place, path)
        if anchor is not None:
            self._anchors[anchor] = (node, self._values - before)
        return node

    def _items(self, path: Path) -> Iterator[Node]:
        position = 0
        while not isinstance(event := next(self._events), SequenceEndEvent):
            yield self._node(event, (*path, position))
            position += 1

    def _mapping(self, place: Place, path: Path) -> Mapped:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            at = _place(event.start_mark)
            key: str | None
            if isinstance(event, ScalarEvent):
                key = self._text_of(event, at, path)
            else:
                self._node(event, path)
                self._wrong(at, path, "a key must be plain text")
                key = None
            value = self._node(next(self._events), path if key is None else (*path, key))
            if key is None:
                continue
            if key in entries:
                message = f"stands twice; the first is in line {keys[key].line}. Keep one of them"
                self._wrong(at, (*path, key), message)
                continue
            entries[key], keys[key] = value, at
        return Mapped(place, entries, keys)

    def _alias(self, event: AliasEvent, place: Place) -> Node:
        known = self._anchors.get(event.anchor, None)
        if known is None:
            message = (
                f"*{event.anchor} is used inside of itself"
                if event.anchor in self._anchors
                else f"*{event.anchor} names nothing that stands above it as &{event.anchor}"
            )
            raise NotReadable(Mistake(place, "", message))
        node, values = known
        self._count(values)
        return node

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise self._stop(f"more than {MOST_VALUES:,} values")

    def _text_of(self, event: ScalarEvent, place: Place, path: Path) -> str:
        """Return a text that can be written anywhere."""
        text: str = event.value
        written = text.encode(errors="replace").decode()
        if written != text:
            self._wrong(place, path, "holds half a character: \\ud800 to \\udfff stand for none")
        return written

    def _check_tag(self, event: Event, place: Place, path: Path) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != _TEXT_TAG:
            self._wrong(
                place,
                path,
                f"the tag {str(tag).removeprefix('tag:yaml.org,2002:')!r} means"
                " nothing here: leave out what begins with !",
            )


def _value(event: ScalarEvent, text: str) -> str | int | float | bool | None:
    # The first of the two says: unquoted, and without a tag.
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if number[1] is None and number[2] is None:
        return int(text)
    return value if isfinite(value := float(text)) else text


def _place(mark: StringMark | Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)
