"""Conditions read literally (domain.md §3): the whole JSON value is walked for every single test."""

from collections.abc import Mapping
from typing import Any


def holds(
    value: Mapping[str, Any],
    attributes: Mapping[str, Any],
    custom: Mapping[str, str],
    score: float = 0.0,
) -> bool:
    """Return whether a condition holds of a person or an account."""
    if "all" in value:
        return all(holds(one, attributes, custom, score) for one in value["all"])
    if "any" in value:
        return any(holds(one, attributes, custom, score) for one in value["any"])
    name, operator, bound = value["field"], value["operator"], value.get("value")
    known: Any = custom.get(name[len("custom.") :]) if name.startswith("custom.") else None
    if name == "person_engagement_score":
        known = score
    elif not name.startswith("custom."):
        known = attributes.get(name)
    if operator in ("is empty", "is not empty"):
        return (known is None or known == "") is (operator == "is empty")
    if operator in ("=", "!=", "<", "<=", ">", ">=", "between"):
        return _compares(operator, known, bound)
    if operator.startswith("not ") or operator == "is not":
        positive = "is" if operator == "is not" else operator[len("not ") :]
        return not _fits(positive, known, bound)
    return _fits(operator, known, bound)


def _compares(operator: str, known: Any, bound: Any) -> bool:
    try:
        number = float(known)
    except (TypeError, ValueError):
        return False
    if operator == "between":
        return bool(bound[0] <= number <= bound[1])
    found = {
        "=": number == bound,
        "!=": number != bound,
        "<": number < bound,
        "<=": number <= bound,
        ">": number > bound,
        ">=": number >= bound,
    }
    return bool(found[operator])


def _fits(operator: str, known: Any, bound: Any) -> bool:
    """Return whether a positive test fits; nothing fits what is missing."""
    if known is None or known == "":
        return False
    if isinstance(bound, bool):
        return known is bound
    text = str(known).lower()
    if operator == "any of":
        return text in [str(one).lower() for one in bound]
    wanted = str(bound).lower()
    if operator == "is":
        return text == wanted
    if operator == "starts with":
        return text[: len(wanted)] == wanted
    assert operator == "contains"
    return wanted in text
