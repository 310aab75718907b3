"""Which values fit an operator, and how to say of one that it does not (domain.md §3).

What YAML makes of plain text is met here: a postal code without quotes is a number, and ``NO`` is false.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from domain.condition_operators import ANY_OF, BETWEEN, EMPTINESS, NUMBER_OPERATORS, OPERATORS, Kind

MOST_LISTED: Final = 1000
"""So many conditions, or texts to choose from, may stand in one list."""

GREATEST_NUMBER: Final = 2**53
"""A number further from zero than this would be compared without its last digits."""

SHOWN: Final = 60
"""So much of a text is repeated in a message."""

Path: TypeAlias = tuple[str | int, ...]
Mistakes: TypeAlias = Iterator[tuple[Path, str]]
"""Mistakes with their places inside the value."""

_PAIR: Final = 2
_DESCRIBED: Final = {int: "a number", float: "a number", list: "a list", dict: "a set of keys"}


def value_mistakes(operator: str, kind: Kind | None, value: object) -> Mistakes:
    """Yield what is wrong with a value, given an operator that fits the field's kind.

    The kind of an unknown field is None; what every kind refuses is wrong there too.
    """
    if operator in EMPTINESS:
        if value is not None:
            yield (), f'"{operator}" takes no value; leave it out'
    elif value is None:
        yield (), f'"{operator}" needs a "value"'
    elif operator == ANY_OF:
        yield from _texts(value)
    elif operator == BETWEEN:
        yield from _range(value)
    elif operator in NUMBER_OPERATORS:
        yield from _number(value)
    elif kind == "flag":
        yield from _flag(value)
    elif kind is not None or operator not in OPERATORS["flag"]:
        yield from _text(value)


def too_many(items: Sequence[object]) -> str:
    """Say that a list is too long."""
    return f"the list has {len(items)} entries; at most {MOST_LISTED} are allowed"


def described(value: object) -> str:
    """Return what a value is, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    for kind, said in _DESCRIBED.items():
        if isinstance(value, kind):
            return said
    return f"a {type(value).__name__}"


def quoted(value: object) -> str:
    """Return a value in quotes, cut when it is long."""
    return f'"{cut(value)}"'


def cut(value: object) -> str:
    """Return a value's text, cut when it is long."""
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _flag(value: object) -> Mistakes:
    if not isinstance(value, bool):
        yield (), f"the value must be true or false, without quotes, not {described(value)}"


def _texts(value: object) -> Mistakes:
    if not isinstance(value, list):
        yield (), f'"any of" takes a list of texts, not {described(value)}'
        return
    if not value:
        yield (), 'the list is empty, which fits nothing; to ask for a missing value, use "is empty"'
    if len(value) > MOST_LISTED:
        yield (), too_many(value)
    for place, item in enumerate(value[:MOST_LISTED]):
        for _, message in _text(item):
            yield (place,), message


def _text(value: object) -> Mistakes:
    if value == "":
        yield (), 'the text is empty; to ask for a missing value, use "is empty"'
    elif isinstance(value, bool):
        hint = "put it in quotes, or YAML reads yes and no as true and false"
        yield (), f"the value must be text, not {described(value)}; {hint}"
    elif isinstance(value, list):
        yield (), 'the value must be one text, not a list; to choose from several, use "any of"'
    elif value is None or isinstance(value, dict):
        yield (), f"the value must be text, not {described(value)}"
    elif not isinstance(value, str):
        yield (), f"the value must be text, not {described(value)}; put it in quotes"


def _range(value: object) -> Mistakes:
    if not isinstance(value, list) or len(value) != _PAIR:
        yield (), '"between" takes a list of two numbers, the lower one first'
        return
    wrong = [((place,), said) for place, bound in enumerate(value) for _, said in _number(bound)]
    yield from wrong
    if not wrong and value[0] > value[1]:
        yield (), "nothing is between these: the first number is greater than the second"


def _number(value: object) -> Mistakes:
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = "; leave out the quotes" if isinstance(value, str) else ""
        yield (), f"the value must be a number, not {described(value)}{hint}"
    elif not -GREATEST_NUMBER <= value <= GREATEST_NUMBER:
        yield (), f"the number must be between -{GREATEST_NUMBER} and {GREATEST_NUMBER}"
