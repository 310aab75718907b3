"""The operators of conditions, and the compiled form of one test (domain.md §3).

Every constant is folded here, once; what is left for each lead is one closure that reads one field. Text
compares without regard to case, on both sides. An empty text is the same as a missing one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

Attributes: TypeAlias = Mapping[str, Any]
"""What is known of a person or account: text, a number, or true/false, as the field's kind says."""

Custom: TypeAlias = Mapping[str, str]

Matches: TypeAlias = Callable[[Attributes, Custom, float], bool]
"""A compiled condition. The last argument is the person's two-decimal engagement score."""

Kind: TypeAlias = Literal["text", "number", "flag", "custom"]
"""What a field holds. Custom fields are text that can be read as a number where it is one."""

SCORE: Final = "person_engagement_score"
CUSTOM: Final = "custom."
"""Names of custom fields begin with this."""

TEXT_OPERATORS: Final[Mapping[str, Callable[[str], Callable[[str], bool]]]] = {
    "is": lambda value: lambda text: text == value,
    "is not": lambda value: lambda text: text != value,
    "starts with": lambda value: lambda text: text.startswith(value),
    "not starts with": lambda value: lambda text: not text.startswith(value),
    "contains": lambda value: lambda text: value in text,
    "not contains": lambda value: lambda text: value not in text,
}
"""Operators that take one text, never an empty one: so a missing text fits the negative ones only."""

NUMBER_OPERATORS: Final[Mapping[str, Callable[[float], Callable[[float], bool]]]] = {
    "=": lambda value: lambda number: number == value,
    "!=": lambda value: lambda number: number != value,
    "<": lambda value: lambda number: number < value,
    "<=": lambda value: lambda number: number <= value,
    ">": lambda value: lambda number: number > value,
    ">=": lambda value: lambda number: number >= value,
}
"""Operators that take one number."""

EMPTINESS: Final = ("is empty", "is not empty")
"""Operators that take no value."""

ANY_OF: Final = "any of"
BETWEEN: Final = "between"

_TEXT: Final = (*TEXT_OPERATORS, *EMPTINESS, ANY_OF)
_NUMBER: Final = (*NUMBER_OPERATORS, BETWEEN)

OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "text": _TEXT,
    "number": _NUMBER,
    "flag": ("is", "is not", *EMPTINESS),
    "custom": (*_TEXT, *_NUMBER),
}
"""The operators that fit each kind of field. Those for custom fields are all there are."""

_NUMERAL: Final = re.compile(
    r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE
)


def operator_named(text: str) -> str:
    """Return the canonical spelling of an operator: lower case, single spaces, no underscores."""
    return " ".join(text.casefold().replace("_", " ").split())


def number_of(text: str) -> float | None:
    """Return the number that a custom field's text is, None if it is not one.

    Only plain decimal notation counts: what else Python reads (``nan``, ``inf``, ``1_000``) is text.
    """
    return float(text) if _NUMERAL.fullmatch(text) else None


def every(conditions: Sequence[Matches]) -> Matches:
    """Return the condition that holds when all of some do."""

    def matches(attributes: Attributes, custom: Custom, score: float) -> bool:
        for holds in conditions:  # noqa: SIM110 - a generator costs more than the tests
            if not holds(attributes, custom, score):
                return False
        return True

    return conditions[0] if len(conditions) == 1 else matches


def some(conditions: Sequence[Matches]) -> Matches:
    """Return the condition that holds when any of some does."""

    def matches(attributes: Attributes, custom: Custom, score: float) -> bool:
        for holds in conditions:  # noqa: SIM110 - a generator costs more than the tests
            if holds(attributes, custom, score):
                return True
        return False

    return conditions[0] if len(conditions) == 1 else matches


def compiled_test(name: str, kind: Kind, operator: str, value: Any) -> Matches:
    """Return one compiled test; ``operator`` is canonical and fits the kind, ``value`` the operator."""
    if operator in _NUMBER:
        return _on_number(name, _number_holds(operator, value))
    if kind == "flag":
        return _on_flag(name, operator, value)
    return _on_text(name, _text_holds(operator, value))


def _on_text(name: str, holds: Callable[[str], bool]) -> Matches:
    if name.startswith(CUSTOM):
        key = name.removeprefix(CUSTOM)
        return lambda _attributes, custom, _score: holds(custom.get(key, "").casefold())
    return lambda attributes, _custom, _score: holds(attributes.get(name, "").casefold())


def _on_number(name: str, holds: Callable[[float], bool]) -> Matches:
    if name == SCORE:
        return lambda _attributes, _custom, score: holds(score)

    def custom_matches(_attributes: Attributes, custom: Custom, _score: float) -> bool:
        number = number_of(custom.get(key, ""))
        return number is not None and holds(number)

    def matches(attributes: Attributes, _custom: Custom, _score: float) -> bool:
        number = attributes.get(name)
        return number is not None and holds(number)

    key = name.removeprefix(CUSTOM)
    return custom_matches if name.startswith(CUSTOM) else matches


def _on_flag(name: str, operator: str, value: bool | None) -> Matches:
    # A missing flag is None, and so is the value of the operators that take none: they are "is None".
    if operator in {"is", "is empty"}:
        return lambda attributes, _custom, _score: attributes.get(name) is value
    return lambda attributes, _custom, _score: attributes.get(name) is not value


def _text_holds(operator: str, value: Any) -> Callable[[str], bool]:
    if operator == "is empty":
        return lambda text: not text
    if operator == "is not empty":
        return bool
    if operator == ANY_OF:
        return frozenset(one.casefold() for one in value).__contains__
    return TEXT_OPERATORS[operator](value.casefold())


def _number_holds(operator: str, value: Any) -> Callable[[float], bool]:
    if operator == BETWEEN:
        low, high = map(float, value)
        return lambda number: low <= number <= high
    return NUMBER_OPERATORS[operator](float(value))
