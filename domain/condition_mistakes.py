"""What is wrong with a condition, said so that whoever wrote it can put it right (domain.md §3)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from domain.condition_operators import CUSTOM, OPERATORS, Kind, operator_named
from domain.condition_values import (
    MOST_LISTED,
    SHOWN,
    Path,
    cut,
    described,
    quoted,
    too_many,
    value_mistakes,
)

MOST_NESTED: Final = 20
"""So deep may lists of conditions stand in each other."""

MOST_CONDITIONS: Final = 10_000
"""So many conditions may stand in one altogether: every lead is tested against them."""

TOO_DEEP: Final = f"lists stand in each other more than {MOST_NESTED} deep"

_LISTS: Final = ("all", "any")
_KEYS: Final = (*_LISTS, "field", "operator", "value")
_FORMS: Final = 'a condition is one list, "all" or "any", or a test: "field", "operator" and "value"'
_INTENT: Final = frozenset({"intent.category", "intent.product", "intent.keyword"})
_HOLDS: Final[Mapping[Kind, str]] = {
    "text": "text",
    "number": "a number",
    "flag": "true or false",
    "custom": "text or a number",
}


class ConditionError(ValueError):
    """A mistake in a condition; ``path`` leads to it through the condition's JSON value."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        where = "".join(steps).removeprefix(".")
        return f"{where}: {self.message}" if where else self.message


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that a condition may ask of ``owner``, beside its custom fields."""

    owner: str
    kinds: Mapping[str, Kind]


def problems_of(
    value: object, fields: Fields, custom: Container[str] | None = None
) -> list[ConditionError]:
    """Return every mistake in a condition, in the order in which they stand.

    ``custom`` holds the names of the custom fields there are; None takes any.
    """
    check = _Check(fields, custom)
    check.condition(value, (), 0)
    return check.problems


@dataclass(slots=True)
class _Check:
    """One walk through a condition; ``seen`` counts what was looked at."""

    fields: Fields
    custom: Container[str] | None
    problems: list[ConditionError] = field(default_factory=list)
    seen: int = 0

    def condition(self, value: object, path: Path, depth: int) -> None:
        self.seen += 1
        if self.seen > MOST_CONDITIONS:
            if self.seen == MOST_CONDITIONS + 1:
                self._note(path, f"more than {MOST_CONDITIONS} conditions in one; split it up")
            return
        if not isinstance(value, dict):
            self._note(path, f"{_FORMS}; this is {described(value)}")
            return
        for key in value:
            if key not in _KEYS:
                self._note(
                    (*path, str(key)), f"unknown key {quoted(key)}; {_guess(key, _KEYS) or _FORMS}"
                )
        known = [key for key in _KEYS if key in value]
        lists = [key for key in known if key in _LISTS]
        if not value:
            self._note(path, f"this is empty; {_FORMS}")
        if lists and len(known) > 1:
            self._note(path, f"{_listed(known)} stand side by side; {_FORMS}")
        for key in lists:
            self._list(value[key], (*path, key), depth + 1)
        if "field" in known or (known and not lists):
            self._test(value, path)

    def _list(self, items: object, path: Path, depth: int) -> None:
        if not isinstance(items, list):
            self._note(path, f'"{path[-1]}" takes a list of conditions, not {described(items)}')
        elif depth > MOST_NESTED:
            self._note(path, TOO_DEEP)
        elif not items:
            self._note(path, "the list is empty, which says nothing; list conditions, or leave it out")
        else:
            if len(items) > MOST_LISTED:
                self._note(path, too_many(items))
            for place, item in enumerate(items[:MOST_LISTED]):
                self.condition(item, (*path, place), depth)

    def _test(self, test: dict[Any, Any], path: Path) -> None:
        def place(key: str) -> Path:
            return (*path, key) if key in test else path

        name = test.get("field")
        kind = self._kind(name, place("field"))
        operator = self._operator(test.get("operator"), name, kind, place("operator"))
        if operator is not None:
            value = place("value")
            for steps, message in value_mistakes(operator, kind, test.get("value")):
                self._note((*value, *steps), message)

    def _kind(self, name: object, path: Path) -> Kind | None:
        """Return what the field holds, None if there is no such field."""
        if name is None:
            self._note(path, f'a test needs a "field"; {self._all_fields()}')
        elif not isinstance(name, str):
            self._note(path, f"the name of a field is text, not {described(name)}")
        elif name in self.fields.kinds:
            return self.fields.kinds[name]
        elif name in _INTENT:
            self._note(path, f"{name} cannot be tested: intent data is not read yet")
        elif name.startswith(CUSTOM) and self._has_custom(name.removeprefix(CUSTOM)):
            return "custom"
        else:
            prefixed = f"{CUSTOM}{name}" if self.custom is not None and name in self.custom else name
            hint = _guess(prefixed, self._names()) or self._all_fields()
            self._note(path, f"{self.fields.owner} has no field {quoted(name)}; {hint}")
        return None

    def _operator(self, text: object, name: object, kind: Kind | None, path: Path) -> str | None:
        """Return the operator's canonical spelling, None if it does not fit."""
        fitting = OPERATORS[kind or "custom"]
        if text is None or text == "":
            self._note(
                path, f'a test needs an "operator", those like ">" in quotes: {", ".join(fitting)}'
            )
            return None
        if not isinstance(text, str):
            self._note(path, f"an operator is text, not {described(text)}; put it in quotes")
            return None
        operator = operator_named(text)
        if operator in fitting:
            return operator
        if kind is None:
            self._note(
                path,
                f"unknown operator {quoted(text)}; {_guess(operator, fitting) or _one_of(fitting)}",
            )
        elif operator in OPERATORS["custom"]:
            self._note(
                path,
                f'"{operator}" does not fit {cut(name)}, which is {_HOLDS[kind]}; {_one_of(fitting)}',
            )
        else:
            self._note(path, f"unknown operator {quoted(text)}; for {cut(name)}, {_one_of(fitting)}")
        return None

    def _has_custom(self, name: str) -> bool:
        return name != "" and (self.custom is None or name in self.custom)

    def _names(self) -> list[str]:
        custom: object = self.custom
        named = custom if isinstance(custom, Iterable) else ()
        return [*self.fields.kinds, *(f"{CUSTOM}{name}" for name in named)]

    def _all_fields(self) -> str:
        names = self._names()
        if self.custom is None:
            names.append(f"{CUSTOM}<name>")
        return f"the fields of {self.fields.owner} are: {', '.join(names)}"

    def _note(self, path: Path, message: str) -> None:
        self.problems.append(ConditionError(path, message))


def _guess(name: object, candidates: Iterable[str]) -> str:
    """Return the question whether a similar name was meant; empty when none is similar."""
    key = str(name)[:SHOWN].casefold().replace(" ", "_")
    spellings = {one.casefold().replace(" ", "_"): one for one in candidates}
    close = get_close_matches(key, spellings, n=1, cutoff=0.7)
    return f'did you mean "{spellings[close[0]]}"?' if close else ""


def _one_of(operators: Iterable[str]) -> str:
    return f"use one of: {', '.join(operators)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
