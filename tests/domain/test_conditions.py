"""Which leads and accounts a condition holds of (domain.md §3)."""

import json
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conditions import (
    ACCOUNT,
    PERSON,
    ConditionError,
    Kind,
    compile_account,
    compile_person,
    problems_of,
)
from schemas.inputs import Account, LeadProfile

Condition: TypeAlias = dict[str, Any]
SCORE = "person_engagement_score"
MISSING = object()

NEGATIVE = ("is not", "not starts with", "not contains", "is empty")
VALUELESS = ("is empty", "is not empty")
NUMERIC = ("=", "!=", "<", "<=", ">", ">=", "between")


def one(field: str, operator: str, value: Any = None) -> Condition:
    test = {"field": field, "operator": operator, "value": value}
    return {key: part for key, part in test.items() if part is not None}


def holds(
    condition: Condition,
    attributes: dict[str, Any] | None = None,
    custom: dict[str, str] | None = None,
    score: float = 0.0,
) -> bool:
    return compile_person(json.dumps(condition)).matches(attributes or {}, custom or {}, score)


def of_account(condition: Condition, **attributes: str | int) -> bool:
    return compile_account(json.dumps(condition)).matches(attributes, {"tier": "2"}, 0.0)


# Text


@pytest.mark.parametrize(
    ("operator", "value", "matching", "other"),
    [
        ("is", "Chief", "chief", "chief of staff"),
        ("starts with", "Chief", "CHIEF OF STAFF", "a chief"),
        ("contains", "Chief", "deputy chief of staff", "director"),
        ("any of", ["CEO", "Chief"], "chief", "chief of staff"),
        ("is not empty", None, "chief", None),
        ("is not", "Chief", "director", "CHIEF"),
        ("not starts with", "Chief", "a chief", "Chief of staff"),
        ("not contains", "Chief", "director", "deputy CHIEF of staff"),
        ("is empty", None, None, "chief"),
    ],
)
@pytest.mark.parametrize("field", ["job_title", "custom.title"])
def test_a_text_operator_holds_or_not_and_a_missing_text_fits_the_negative_ones_only(
    field: str, operator: str, value: Any, matching: str | None, other: str | None
) -> None:
    condition = one(field, operator, value)

    def told(text: object) -> bool:
        known: dict[str, Any] = {} if text is MISSING else {"title": text, "job_title": text}
        return holds(condition, known, known)

    if matching is not None:
        assert told(matching)
    if other is not None:
        assert not told(other)
    assert told("") is told(MISSING) is (operator in NEGATIVE)


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [
        ("straße", "STRASSE", True),
        ("STRASSE", "Straße", True),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
        ("İzmir", "i̇zmir", True),
        ("İzmir", "izmir", False),
        ("\N{LATIN SMALL LETTER DOTLESS I}sparta", "Isparta", False),
        (" Chief", "chief", False),
    ],
)
def test_case_is_folded_on_both_sides_and_nothing_else_is(value: str, text: str, *, same: bool) -> None:
    for operator, given_value in (("is", value), ("any of", [value]), ("contains", value)):
        assert holds(one("city", operator, given_value), {"city": text}) is same
    assert holds(one("city", "is not", value), {"city": text}) is not same


def test_a_text_of_blanks_is_not_empty() -> None:
    assert holds(one("city", "is not empty"), {"city": " "})


def test_custom_fields_are_not_mixed_up_with_attributes_of_the_same_name() -> None:
    assert holds(one("custom.city", "is", "Bonn"), {"city": "Kiel"}, {"city": "Bonn"})
    assert holds(one("city", "is", "Kiel"), {"city": "Kiel"}, {"city": "Bonn"})


def test_the_name_of_a_custom_field_is_everything_after_the_first_dot_in_its_own_case() -> None:
    assert holds(one("custom.custom.Tier 1", "is", "x"), {}, {"custom.Tier 1": "X"})
    assert not holds(one("custom.tier", "is", "x"), {}, {"Tier": "x"})


# True or false


@pytest.mark.parametrize(
    ("operator", "value", "when_true", "when_false", "when_missing"),
    [
        ("is", True, True, False, False),
        ("is", False, False, True, False),
        ("is not", True, False, True, True),
        ("is not", False, True, False, True),
        ("is empty", None, False, False, True),
        ("is not empty", None, True, True, False),
    ],
)
def test_a_flag_that_is_missing_is_neither_true_nor_false(
    operator: str, value: bool | None, *, when_true: bool, when_false: bool, when_missing: bool
) -> None:
    condition = one("email_invalid", operator, value)
    assert holds(condition, {"email_invalid": True}) is when_true
    assert holds(condition, {"email_invalid": False}) is when_false
    assert holds(condition, {}) is when_missing


# Numbers


@pytest.mark.parametrize(
    ("operator", "value", "below", "at", "above"),
    [
        ("=", 50, False, True, False),
        ("!=", 50, True, False, True),
        ("<", 50, True, False, False),
        ("<=", 50, True, True, False),
        (">", 50, False, False, True),
        (">=", 50, False, True, True),
        ("between", [50, 50], False, True, False),
        ("between", [49, 50.5], True, True, False),
    ],
)
def test_a_number_operator_compares_and_never_holds_of_a_missing_number(
    operator: str, value: Any, *, below: bool, at: bool, above: bool
) -> None:
    for number, expected in ((49, below), (50, at), (51, above)):
        assert holds(one(SCORE, operator, value), score=float(number)) is expected
        assert holds(one("custom.n", operator, value), custom={"n": str(number)}) is expected
        assert of_account(one("open_opportunities", operator, value), open_opportunities=number) is (
            expected
        )
    assert not of_account(one("open_opportunities", operator, value))
    assert not holds(one("custom.n", operator, value))
    assert not holds(one("custom.n", operator, value), custom={"n": ""})


@pytest.mark.parametrize("text", ["12.5", " 12.50 ", "+12.5", "0012.5", "1.25e1", "125E-1"])
def test_a_custom_text_in_decimal_notation_is_a_number(text: str) -> None:
    assert holds(one("custom.n", "=", 12.5), custom={"n": text})


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-Infinity", "1_000", "1,000", "12 EUR", "٣", "0x10", "1e", ".", "--1", "x"]
)
@pytest.mark.parametrize(("operator", "value"), [("!=", 5), (">", -1e9), ("between", [-9, 2000])])
def test_no_number_operator_holds_of_a_custom_text_that_is_no_number(
    operator: str, value: Any, text: str
) -> None:
    assert not holds(one("custom.n", operator, value), custom={"n": text})


def test_a_custom_number_is_text_to_the_text_operators() -> None:
    assert holds(one("custom.n", "is", "12.5"), custom={"n": "12.5"})
    assert not holds(one("custom.n", "is", "12.5"), custom={"n": "12.50"})


@pytest.mark.parametrize(("score", "expected"), [(33.32, False), (33.33, True), (33.34, False)])
def test_the_engagement_score_is_compared_as_handed_over(score: float, *, expected: bool) -> None:
    """Handed over with two decimals: a third of a hundred is 33.33 and nothing else."""
    assert holds(one(SCORE, "=", 33.33), score=score) is expected


# All, any and nesting


@pytest.mark.parametrize("held", [(), (0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_all_needs_every_condition_and_any_needs_one(held: tuple[int, ...]) -> None:
    tests = [one(f"custom.{place}", "is", "yes") for place in range(3)]
    custom = {str(place): "yes" for place in held}
    assert holds({"all": tests}, custom=custom) is (len(held) == 3)
    assert holds({"any": tests}, custom=custom) is bool(held)


def test_lists_nest_in_each_other() -> None:
    condition = {
        "all": [
            one("country", "is", "Germany"),
            {"any": [one("job_title", "contains", "chief"), {"all": [one(SCORE, ">=", 80)]}]},
        ]
    }
    assert holds(condition, {"country": "germany", "job_title": "Chief"})
    assert holds(condition, {"country": "germany"}, score=80.0)
    assert not holds(condition, {"country": "germany"}, score=79.99)
    assert not holds(condition, {"job_title": "Chief"}, score=90.0)


# The compiled form


def test_a_compiled_condition_names_the_fields_it_asks_for() -> None:
    condition = {"any": [one("city", "is", "Bonn"), {"all": [one("custom.n", ">", 1)]}]}
    compiled = compile_person(json.dumps(condition))
    assert compiled.fields == {"city", "custom.n"}
    assert not compiled.uses_score
    assert compile_person(json.dumps({"any": [condition, one(SCORE, ">", 1)]})).uses_score


def test_a_condition_is_compiled_once() -> None:
    text = json.dumps(one("city", "is", "Bonn"))
    assert compile_person(text) is compile_person("".join(list(text)))


@pytest.mark.parametrize("spelling", ["Starts With", "starts_with", "STARTS_WITH", " starts  with "])
def test_operators_are_taken_in_any_case_with_blanks_or_underscores(spelling: str) -> None:
    assert holds(one("city", spelling, "b"), {"city": "Bonn"})


def kinds_of(contract: type[LeadProfile] | type[Account]) -> dict[str, Kind]:
    kinds: dict[Any, Kind] = {bool | None: "flag"}
    return {
        name: kinds.get(field.annotation, "number" if "int" in str(field.annotation) else "text")
        for name, field in contract.model_fields.items()
        if field.default is None
    }


def test_the_fields_are_those_of_the_contracts_and_the_persons_score() -> None:
    assert PERSON.kinds == {**kinds_of(LeadProfile), SCORE: "number"}
    assert ACCOUNT.kinds == kinds_of(Account)


# Against a literal reading


TEXTS = ("", "a", "A", "ab", "BA", "ß", "SS", "İ", "i̇", "5", "5.0", " 7 ", "1e1", "nan")
NUMBERS = (-1, 0, 5, 5.0, 7, 10, 33.33, 100)


def literally(condition: Condition, attributes: Any, custom: Any, score: float) -> bool:
    """Read a condition word by word, as §3 has it."""
    if "all" in condition:
        return all(literally(part, attributes, custom, score) for part in condition["all"])
    if "any" in condition:
        return any(literally(part, attributes, custom, score) for part in condition["any"])
    name, operator, value = condition["field"], condition["operator"], condition.get("value")
    if name.startswith("custom."):
        held = custom.get(name[len("custom.") :])
    else:
        held = score if name == SCORE else attributes.get(name)
    if operator in NUMERIC:
        return number_literally(held, operator, value)
    empty = held is None or held == ""
    if operator in VALUELESS:
        return empty is (operator == "is empty")
    if operator.startswith("not ") or operator == "is not":
        affirmed = "is" if operator == "is not" else operator[len("not ") :]
        return empty or not text_literally(held, affirmed, value)
    return not empty and text_literally(held, operator, value)


def text_literally(held: Any, operator: str, value: Any) -> bool:
    if isinstance(held, bool):
        return held is value
    held = held.casefold()
    match operator:
        case "is":
            return bool(held == value.casefold())
        case "starts with":
            return bool(held[: len(value.casefold())] == value.casefold())
        case "contains":
            return bool(held.find(value.casefold()) >= 0)
        case _:
            return any(held == item.casefold() for item in value)


def number_literally(held: Any, operator: str, value: Any) -> bool:
    if isinstance(held, str):
        try:
            held = float(held)
        except ValueError:
            return False
    if held is None or held != held:  # noqa: PLR0124 - this is what not being a number means
        return False
    if operator == "between":
        return bool(value[0] <= held <= value[1])
    answers = {
        "=": held == value,
        "!=": held != value,
        "<": held < value,
        "<=": held <= value,
        ">": held > value,
        ">=": held >= value,
    }
    return bool(answers[operator])


values = st.sampled_from([text for text in TEXTS if text])
numbers = st.sampled_from(NUMBERS)


def _tests(fields: list[str], operators: tuple[str, ...], value: st.SearchStrategy[Any]) -> Any:
    return st.builds(one, st.sampled_from(fields), st.sampled_from(operators), value)


text_tests = st.one_of(
    _tests(
        ["city", "job_title", "custom.n", "custom.t"],
        ("is", "is not", "starts with", "not starts with", "contains", "not contains"),
        values,
    ),
    _tests(["city", "custom.t"], ("any of",), st.lists(values, min_size=1, max_size=4)),
    _tests(["city", "custom.t", "email_invalid"], VALUELESS, st.none()),
    _tests(["email_invalid", "email_suspended"], ("is", "is not"), st.booleans()),
)
number_tests = st.one_of(
    _tests([SCORE, "custom.n", "custom.t"], NUMERIC[:-1], numbers),
    _tests([SCORE, "custom.n"], ("between",), st.lists(numbers, min_size=2, max_size=2).map(sorted)),
)
conditions = st.recursive(
    st.one_of(text_tests, number_tests),
    lambda parts: st.dictionaries(
        st.sampled_from(["all", "any"]), st.lists(parts, min_size=1, max_size=4), min_size=1, max_size=1
    ),
    max_leaves=12,
)
texts = st.sampled_from(TEXTS)
people = st.fixed_dictionaries(
    {},
    optional={
        "city": texts,
        "job_title": texts,
        "email_invalid": st.booleans(),
        "email_suspended": st.booleans(),
    },
)
customs = st.fixed_dictionaries({}, optional={"n": texts, "t": texts})


@settings(max_examples=500)
@given(conditions, people, customs, st.sampled_from([0.0, 5.0, 33.33, 33.34, 100.0]))
def test_a_compiled_condition_says_what_a_literal_reading_says(
    condition: Condition, attributes: dict[str, Any], custom: dict[str, str], score: float
) -> None:
    assert problems_of(condition, PERSON) == []
    assert holds(condition, attributes, custom, score) is literally(condition, attributes, custom, score)


@given(st.text(), st.text(min_size=1), st.sampled_from(["is", "starts with", "contains"]))
def test_a_negated_text_operator_is_the_opposite_of_the_plain_one(
    held: str, value: str, operator: str
) -> None:
    opposite = "is not" if operator == "is" else f"not {operator}"
    known = {"city": held}
    assert holds(one("city", operator, value), known) is not holds(one("city", opposite, value), known)


def test_a_condition_on_an_account_asks_for_its_record() -> None:
    condition = {
        "all": [
            one("industry", "any of", ["Retail", "Energy"]),
            one("open_opportunities", ">=", 2),
            one("custom.tier", "between", [1, 2]),
        ]
    }
    assert of_account(condition, industry="RETAIL", open_opportunities=2)
    assert not of_account(condition, industry="retail", open_opportunities=1)
    with pytest.raises(ConditionError, match=r'an account has no field "job_title"'):
        of_account(one("job_title", "is", "x"))
