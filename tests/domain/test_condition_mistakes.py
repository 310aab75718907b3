"""What is said of a condition that is wrong (domain.md §3)."""

import contextlib
import json
import math
import pickle
from collections.abc import Container
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.condition_mistakes import MOST_CONDITIONS
from domain.conditions import (
    ACCOUNT,
    PERSON,
    ConditionError,
    Fields,
    compile_account,
    compile_person,
    problems_of,
)

SCORE = "person_engagement_score"
FINE = {"field": "city", "operator": "is", "value": "Bonn"}


def told(
    value: object, fields: Fields = PERSON, custom: Container[str] | None = None
) -> list[tuple[tuple[str | int, ...], str]]:
    return [(problem.path, problem.message) for problem in problems_of(value, fields, custom)]


def message(value: object, fields: Fields = PERSON, custom: Container[str] | None = None) -> str:
    [(_, said)] = told(value, fields, custom)
    return said


def one(field: object, operator: object, *value: object) -> dict[str, object]:
    test = {"field": field, "operator": operator}
    return {**test, "value": value[0]} if value else test


def nested(depth: int, inner: object = FINE) -> object:
    for _ in range(depth):
        inner = {"all": [inner]}
    return inner


# Everything, with its place


def test_every_mistake_is_told_with_its_path_in_the_order_of_the_condition() -> None:
    condition = {
        "all": [
            FINE,
            one("job_titel", "contains", "chief"),
            {"any": [one("city", "sounds like", "x"), one(SCORE, ">", "50"), {"all": []}]},
            one("country", "any of", ["a", "", 7]),
        ]
    }
    assert [path for path, _ in told(condition)] == [
        ("all", 1, "field"),
        ("all", 2, "any", 0, "operator"),
        ("all", 2, "any", 1, "value"),
        ("all", 2, "any", 2, "all"),
        ("all", 3, "value", 1),
        ("all", 3, "value", 2),
    ]


def test_one_test_may_be_wrong_in_field_operator_and_value_at_once() -> None:
    assert [path for path, _ in told(one("job_titel", ">", "50"))] == [("field",), ("value",)]
    assert [path for path, _ in told(one("job_titel", "sounds like", "x"))] == [
        ("field",),
        ("operator",),
    ]


def test_a_mistake_reads_as_its_place_and_what_is_wrong() -> None:
    [problem] = problems_of({"all": [FINE, {"any": [one("city", "is")]}]}, PERSON)
    assert str(problem) == 'all[1].any[0]: "is" needs a "value"'
    assert str(problems_of([], PERSON)[0]).startswith("a condition is one list")


def test_a_mistake_can_be_sent_to_another_process() -> None:
    [problem] = problems_of(one("city", "is"), PERSON)
    again = pickle.loads(pickle.dumps(problem))  # noqa: S301 - our own bytes
    assert (again.path, again.message) == (problem.path, problem.message)


# Fields


def test_an_unknown_field_is_answered_with_a_similar_one() -> None:
    assert message(one("jobtitle", "is", "x")) == (
        'a person has no field "jobtitle"; did you mean "job_title"?'
    )
    assert 'did you mean "job_title"?' in message(one("Job Title", "is", "x"))


def test_an_unknown_field_without_a_similar_one_is_answered_with_all_of_them() -> None:
    said = message(one("shoe size", "is", "x"), ACCOUNT)
    assert said == (
        'an account has no field "shoe size"; the fields of an account are:'
        " name, industry, region, parent_account_id, open_opportunities, custom.<name>"
    )


def test_any_custom_field_is_known_unless_their_names_are_given() -> None:
    assert told(one("custom.anything", "is", "x")) == []
    assert told(one("custom.tier", "is", "x"), PERSON, {"tier"}) == []
    assert message(one("custom.teir", "is", "x"), PERSON, {"tier"}) == (
        'a person has no field "custom.teir"; did you mean "custom.tier"?'
    )
    assert 'did you mean "custom.tier"?' in message(one("tier", "is", "x"), PERSON, {"tier"})


def test_custom_names_may_be_given_as_anything_that_tells_what_it_contains() -> None:
    class Short:
        def __contains__(self, name: object) -> bool:
            return isinstance(name, str) and len(name) < 3

    assert told(one("custom.ab", "is", "x"), PERSON, Short()) == []
    assert "a person has no field" in message(one("custom.abc", "is", "x"), PERSON, Short())


def test_a_custom_field_needs_a_name() -> None:
    assert 'a person has no field "custom."' in message(one("custom.", "is", "x"))


@pytest.mark.parametrize("fields", [PERSON, ACCOUNT])
@pytest.mark.parametrize("name", ["intent.category", "intent.product", "intent.keyword"])
def test_intent_is_said_not_to_be_read_yet(name: str, fields: Fields) -> None:
    said = message(one(name, "is", "x"), fields)
    assert said == f"{name} cannot be tested: intent data is not read yet"


@pytest.mark.parametrize("name", [7, True, ["city"], {"city": 1}])
def test_the_name_of_a_field_is_text(name: object) -> None:
    assert message(one(name, "is", "x")).startswith("the name of a field is text, not ")


# Operators


def test_an_operator_that_fits_other_fields_is_answered_with_those_that_fit_this_one() -> None:
    assert message(one(SCORE, "contains", "x")) == (
        '"contains" does not fit person_engagement_score, which is a number;'
        " use one of: =, !=, <, <=, >, >=, between"
    )
    assert message(one("email_invalid", "starts_with", "x")) == (
        '"starts with" does not fit email_invalid, which is true or false;'
        " use one of: is, is not, is empty, is not empty"
    )
    assert "which is text; use one of: is, is not, starts with" in message(one("city", ">", 3))


def test_an_unknown_operator_is_answered_with_those_that_fit() -> None:
    assert message(one("email_invalid", "equals", "x")) == (
        'unknown operator "equals"; for email_invalid, use one of: is, is not, is empty, is not empty'
    )


def test_a_custom_field_takes_the_operators_of_texts_and_of_numbers() -> None:
    assert told(one("custom.n", ">", 3)) == told(one("custom.n", "contains", "x")) == []
    assert "is empty, is not empty, any of, =, !=" in message(one("custom.n", "like", "x"))


@pytest.mark.parametrize("operator", [None, ""])
def test_a_missing_operator_hints_at_quotes_which_yaml_needs(operator: object) -> None:
    """YAML reads a plain > as the beginning of a text."""
    said = message(one("city", operator, "x"))
    assert said.startswith('a test needs an "operator", those like ">" in quotes: is, is not')


@pytest.mark.parametrize("operator", [True, 7, ["is"]])
def test_an_operator_is_text(operator: object) -> None:
    assert message(one("city", operator, "x")).startswith("an operator is text, not ")


# Values


@pytest.mark.parametrize("field", ["city", "custom.n", "email_invalid"])
@pytest.mark.parametrize("operator", ["is empty", "is not empty"])
def test_an_operator_without_a_value_refuses_one(field: str, operator: str) -> None:
    assert message(one(field, operator, "x")) == f'"{operator}" takes no value; leave it out'
    assert told(one(field, operator)) == told(one(field, operator, None)) == []


@pytest.mark.parametrize("operator", ["is", "any of", "=", "between"])
def test_every_other_operator_needs_a_value(operator: str) -> None:
    needed = f'"{operator}" needs a "value"'
    assert told(one("custom.n", operator)) == [((), needed)]
    assert told(one("custom.n", operator, None)) == [(("value",), needed)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (10115, "the value must be text, not a number; put it in quotes"),
        (date(2026, 1, 1), "the value must be text, not a date; put it in quotes"),
        (
            False,
            (
                "the value must be text, not false;"
                " put it in quotes, or YAML reads yes and no as true and false"
            ),
        ),
        ({"a": 1}, "the value must be text, not a set of keys"),
        (["a"], 'the value must be one text, not a list; to choose from several, use "any of"'),
        ("", 'the text is empty; to ask for a missing value, use "is empty"'),
    ],
)
@pytest.mark.parametrize("field", ["postal_code", "custom.n"])
def test_a_text_field_is_compared_with_text(field: str, value: object, said: str) -> None:
    assert told(one(field, "is", value)) == [(("value",), said)]


def test_any_of_takes_a_list_of_texts() -> None:
    assert message(one("city", "any of", "Bonn")) == (
        '"any of" takes a list of texts, not the text "Bonn"'
    )
    assert "the list is empty" in message(one("city", "any of", []))
    mistakes = told(one("city", "any of", ["Bonn", None, [], 1]))
    assert [path for path, _ in mistakes] == [("value", 1), ("value", 2), ("value", 3)]


@pytest.mark.parametrize("value", ["true", 1, 0, [True]])
def test_a_flag_is_compared_with_true_or_false_without_quotes(value: object) -> None:
    said = message(one("email_suspended", "is", value))
    assert said.startswith("the value must be true or false, without quotes, not ")


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
def test_a_number_is_compared_with_a_number_without_quotes(operator: str) -> None:
    assert message(one(SCORE, operator, "50")) == (
        'the value must be a number, not the text "50"; leave out the quotes'
    )
    assert message(one(SCORE, operator, True)) == "the value must be a number, not true"
    assert message(one("custom.n", operator, [1])) == "the value must be a number, not a list"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 10**400, -(2**53) - 1, 1e17])
def test_a_number_that_cannot_be_compared_exactly_is_refused(number: float) -> None:
    said = message(one(SCORE, "=", number))
    assert said == "the number must be between -9007199254740992 and 9007199254740992"
    with pytest.raises(ConditionError, match="the number must be between"):
        compile_person(json.dumps(one(SCORE, "=", number)))


def test_a_number_of_ten_thousand_digits_is_refused_like_any_other_that_is_too_great() -> None:
    with pytest.raises(ConditionError) as caught:
        compile_person(f'{{"field": "custom.n", "operator": "=", "value": {"9" * 10_000}}}')
    assert caught.value.path == ("value",)


@pytest.mark.parametrize("value", [50, "1-2", [], [1], [1, 2, 3], {"low": 1, "high": 2}])
def test_between_takes_two_numbers(value: object) -> None:
    assert message(one(SCORE, "between", value)) == (
        '"between" takes a list of two numbers, the lower one first'
    )


def test_between_refuses_what_is_no_number_and_bounds_that_hold_nothing() -> None:
    assert [path for path, _ in told(one(SCORE, "between", ["1", math.nan]))] == [
        ("value", 0),
        ("value", 1),
    ]
    assert "greater than the second" in message(one(SCORE, "between", [2, 1]))
    assert told(one(SCORE, "between", [2, 2.0])) == []


# Forms


@pytest.mark.parametrize("value", [None, True, 7, "city is Bonn", [FINE], date(2026, 1, 1)])
def test_a_condition_is_a_set_of_keys(value: object) -> None:
    assert message(value).startswith('a condition is one list, "all" or "any", or a test')


def test_an_empty_condition_is_refused() -> None:
    assert message({}).startswith("this is empty; a condition is one list")


@pytest.mark.parametrize("key", ["all", "any"])
def test_an_empty_list_is_refused_for_it_says_nothing(key: str) -> None:
    assert told({key: []})[0][0] == (key,)
    assert "says nothing" in message({key: []})


@pytest.mark.parametrize("items", [None, "x", {"field": "city"}, 7])
def test_all_and_any_take_lists(items: object) -> None:
    assert message({"any": items}).startswith('"any" takes a list of conditions, not ')


def test_lists_and_tests_do_not_stand_side_by_side_and_are_checked_all_the_same() -> None:
    wrong = one("city", "is")
    assert message({"all": [FINE], "any": [FINE]}).startswith('"all", "any" stand side by side')
    assert message({"all": [FINE], "operator": "is"}).startswith('"all", "operator" stand')
    paths = [path for path, _ in told({"all": [wrong], "any": [wrong], **wrong})]
    assert paths == [(), ("all", 0), ("any", 0), ()]


def test_an_unknown_key_is_answered_with_a_similar_one() -> None:
    assert told({**FINE, "Values": ["x"]}) == [
        (("Values",), 'unknown key "Values"; did you mean "value"?')
    ]
    assert told({True: [FINE]})[0][0] == ("True",)


def test_a_test_needs_a_field() -> None:
    assert told({"operator": "is", "value": "x"})[0][1].startswith('a test needs a "field"; the fields')


# Limits


def test_lists_stand_in_each_other_20_deep_and_no_deeper() -> None:
    assert told(nested(20)) == []
    assert compile_person(json.dumps(nested(20))).matches({"city": "bonn"}, {}, 0.0)
    assert told(nested(21)) == [
        (("all", 0) * 20 + ("all",), "lists stand in each other more than 20 deep")
    ]


def test_a_list_has_1000_entries_at_most() -> None:
    assert told({"any": [FINE] * 1000}) == told(one("city", "any of", ["x"] * 1000)) == []
    said = "the list has 1001 entries; at most 1000 are allowed"
    assert told({"any": [FINE] * 1001}) == [(("any",), said)]
    assert told(one("city", "any of", ["x"] * 1001)) == [(("value",), said)]


def test_a_condition_that_repeats_itself_by_yaml_aliases_is_not_followed_for_ever() -> None:
    many: object = FINE
    for _ in range(20):
        many = {"all": [many] * 1000}
    assert told(many)[0][1] == f"more than {MOST_CONDITIONS} conditions in one; split it up"
    circle: dict[str, Any] = {"any": [FINE]}
    circle["any"].append(circle)
    assert "more than 20 deep" in told(circle)[0][1]


def test_a_long_name_is_not_repeated_in_full() -> None:
    assert len(message(one("x" * 100_000, "is", "x"))) < 500
    assert len(message(one("city", "x" * 100_000, "x"))) < 500


# Compiling


@pytest.mark.parametrize("text", ["", "{", "{'field': 1}", "all: []", "nul", '{"a": 1} {}', "\ufeff{}"])
def test_text_that_is_not_json_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(ConditionError, match="the condition is not JSON: ") as caught:
        compile_person(text)
    assert caught.value.path == ()


@pytest.mark.parametrize("depth", [100, 5_000, 200_000])
@pytest.mark.parametrize(("opening", "end"), [("[", "]"), ('{"all": [', "]}"), ('{"x": ', "}")])
def test_json_nested_as_deep_as_one_likes_is_refused(opening: str, end: str, depth: int) -> None:
    with pytest.raises(ConditionError):
        compile_person(opening * depth + "1" + end * depth)


def test_compiling_tells_the_first_mistake() -> None:
    with pytest.raises(ConditionError) as caught:
        compile_account(json.dumps({"all": [one("name", "is"), one("naem", "is", "x")]}))
    assert (caught.value.path, caught.value.message) == (("all", 0), '"is" needs a "value"')


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "city", SCORE, "email_invalid", "custom.n", "is", "is empty", "any of", "="]),
    st.text(max_size=5),
)
json_values = st.recursive(
    scalars,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3),
        st.dictionaries(st.sampled_from(["all", "any", "field", "x", ""]), parts, max_size=3),
        st.fixed_dictionaries({"field": parts, "operator": parts}, optional={"value": parts}),
        st.fixed_dictionaries({"all": st.lists(parts, max_size=3)}),
    ),
    max_leaves=12,
)
nearly_tests = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["city", "custom.n", SCORE, "email_invalid", "custom.", "other"]),
        "operator": st.sampled_from(
            ["is", "IS_NOT", "contains", "is empty", "any of", "=", ">", "between"]
        ),
    },
    optional={
        "value": st.one_of(
            scalars, st.lists(st.integers(0, 9), max_size=3), st.lists(st.text(max_size=2), max_size=3)
        )
    },
)
nearly_conditions = st.recursive(
    nearly_tests,
    lambda parts: st.dictionaries(
        st.sampled_from(["all", "any"]), st.lists(parts, max_size=3), min_size=1, max_size=1
    ),
    max_leaves=4,
)


@settings(max_examples=500)
@given(st.one_of(json_values, nearly_conditions))
def test_a_condition_compiles_exactly_when_nothing_is_wrong_with_it(value: object) -> None:
    problems = problems_of(value, PERSON)
    text = json.dumps(value)
    if problems:
        with pytest.raises(ConditionError) as caught:
            compile_person(text)
        assert caught.value.args == problems[0].args
    else:
        known = {"city": "x", "email_invalid": True}
        assert compile_person(text).matches(known, {"n": "5"}, 5.0) in {True, False}


@given(st.one_of(json_values, nearly_conditions))
def test_the_path_of_a_mistake_leads_to_something_in_the_condition(value: Any) -> None:
    for problem in problems_of(value, PERSON):
        at = value
        for step in problem.path:
            at = at[step]
        assert problem.message


@given(st.text())
def test_any_text_compiles_or_is_refused(text: str) -> None:
    for compiled in (compile_person, compile_account):
        with contextlib.suppress(ConditionError):
            compiled(text)
