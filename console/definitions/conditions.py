"""Conditions in the definitions file: checked at their places, kept as JSON text, told in words."""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any, Final

from console.definitions.nodes import plain
from console.definitions.spots import Spot
from domain.condition_operators import ANY_OF, BETWEEN, operator_named
from domain.conditions import ACCOUNT, PERSON, Fields, problems_of

_LISTS: Final = {"all": " and ", "any": " or "}


def condition_text(spot: Spot, fields: Fields, custom: Container[str]) -> str | None:
    """Return a condition's JSON text, or None after telling each mistake where it stands."""
    value = plain(spot.node)
    problems = problems_of(value, fields, custom)
    for problem in problems:
        spot.at(problem.path).wrong(problem.message)
    return None if problems else json.dumps(_normal(value), ensure_ascii=False)


def normal_text(text: str | None) -> str | None:
    """Return a condition's JSON text as this file's reading writes it, so that texts can be compared.

    What stands on a topic may be another producer's; one that is no condition is left as it is.
    """
    value = None if text is None else _condition(text)
    return text if value is None else json.dumps(_normal(value), ensure_ascii=False)


def in_words(text: str) -> str:
    """Return a condition as a sentence: ``job_title starts with "chief" or country is "NO"``."""
    value = _condition(text)
    return text if value is None else _words(value, inner=False)


def in_lines(text: str) -> str:
    """Return a condition as :func:`in_words` does, with a line for each part of its outer list."""
    value = _condition(text)
    for key, joint in _LISTS.items():
        if value is not None and key in value:
            several = len(value[key]) > 1
            parts = (_words(one, inner=several) for one in value[key])
            return f"\n{joint.lstrip()}".join(parts)
    return in_words(text)


def _condition(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    good = any(not problems_of(value, fields) for fields in (PERSON, ACCOUNT))
    return value if good else None


def _normal(value: Any) -> Any:
    for key in _LISTS:
        if key in value:
            return {key: [_normal(one) for one in value[key]]}
    test = {"field": value["field"], "operator": operator_named(value["operator"])}
    wanted = value.get("value")
    if wanted is not None:
        test["value"] = [*map(_number, wanted)] if isinstance(wanted, list) else _number(wanted)
    return test


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _words(value: Any, *, inner: bool) -> str:
    for key, joint in _LISTS.items():
        if key in value:
            parts = value[key]
            several = len(parts) > 1
            said = joint.join(_words(one, inner=inner or several) for one in parts)
            return f"({said})" if inner and several else said
    operator, wanted = operator_named(value["operator"]), value.get("value")
    said = f"{value['field']} {operator}"
    if wanted is None:
        return said
    if operator == BETWEEN:
        return f"{said} {_word(wanted[0])} and {_word(wanted[1])}"
    if operator == ANY_OF:
        return f"{said} {', '.join(map(_word, wanted))}"
    return f"{said} {_word(wanted)}"


def _word(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
