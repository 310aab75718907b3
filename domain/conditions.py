"""Conditions: which leads a role takes by itself, which accounts an audience has (domain.md §3).

A condition is a JSON value: ``{"all": [...]}``, ``{"any": [...]}``, or one test ``{"field": ...,
"operator": ..., "value": ...}``. It is checked as a whole, so that a marketer hears of every mistake at
once, and compiled once to closures, so that a lead costs no more than its tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from domain.condition_mistakes import TOO_DEEP, ConditionError, Fields, problems_of
from domain.condition_operators import (
    SCORE,
    Attributes,
    Custom,
    Kind,
    Matches,
    compiled_test,
    every,
    operator_named,
    some,
)

__all__ = [
    "ACCOUNT",
    "PERSON",
    "Attributes",
    "Compiled",
    "ConditionError",
    "Custom",
    "Fields",
    "Kind",
    "Matches",
    "compile_account",
    "compile_person",
    "problems_of",
]

_COMBINED: Final[Mapping[str, Callable[[list[Matches]], Matches]]] = {"all": every, "any": some}
_MOST_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition ready to be tested; ``fields`` are the names of those it asks for."""

    matches: Matches
    fields: frozenset[str]

    @property
    def uses_score(self) -> bool:
        """Return whether the person's engagement score can change the result."""
        return SCORE in self.fields


PERSON: Final = Fields(
    "a person",
    {
        "first_name": "text",
        "last_name": "text",
        "job_title": "text",
        "email": "text",
        "phone": "text",
        "mobile_phone": "text",
        "city": "text",
        "state": "text",
        "country": "text",
        "postal_code": "text",
        "inferred_state_region": "text",
        "email_invalid": "flag",
        "email_suspended": "flag",
        SCORE: "number",
    },
)

ACCOUNT: Final = Fields(
    "an account",
    {
        "name": "text",
        "industry": "text",
        "region": "text",
        "parent_account_id": "text",
        "open_opportunities": "number",
    },
)


@lru_cache(maxsize=4096)
def compile_person(text: str) -> Compiled:
    """Return the compiled form of a condition on a person, given as JSON text.

    Raises:
        ConditionError: the first of its mistakes.
    """
    return _compile(text, PERSON)


@lru_cache(maxsize=4096)
def compile_account(text: str) -> Compiled:
    """Return the compiled form of a condition on an account, given as JSON text.

    Raises:
        ConditionError: the first of its mistakes.
    """
    return _compile(text, ACCOUNT)


def _compile(text: str, fields: Fields) -> Compiled:
    try:
        value = json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ConditionError((), TOO_DEEP) from None
    except ValueError as error:
        raise ConditionError((), f"the condition is not JSON: {error}") from error
    for problem in problems_of(value, fields):
        raise problem
    used: set[str] = set()
    return Compiled(_matches_of(value, fields, used), frozenset(used))


def _whole(digits: str) -> float:
    # What is too large to be compared with is refused later, with its path; Python would refuse it here.
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _matches_of(value: dict[str, Any], fields: Fields, used: set[str]) -> Matches:
    for key, combined in _COMBINED.items():
        if key in value:
            return combined([_matches_of(one, fields, used) for one in value[key]])
    name = value["field"]
    used.add(name)
    kind = fields.kinds.get(name, "custom")
    return compiled_test(name, kind, operator_named(value["operator"]), value.get("value"))
