"""How complete a group is, and what it misses (domain.md §4)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.completeness import MissingRole, completeness_of, two_decimals
from domain.events import TemplateRole
from domain.reports import CompletenessChanged
from tests.domain.builders import (
    DECISION_MAKER,
    INFLUENCER,
    PRACTITIONER,
    THREE_ROLES,
    decide,
    folded,
    group,
    moment,
    only,
    profile,
    reports,
    role,
)

FOUR = tuple(role(name) for name in "ABCD")


def test_three_of_four_roles_with_a_lead_are_75() -> None:
    assert completeness_of(FOUR, {"A": 1, "B": 1, "C": 1}).completeness == 75.0


@pytest.mark.parametrize(("held", "figure"), [(0, 0.0), (1, 33.33), (2, 66.67), (3, 100.0)])
def test_thirds_are_carried_with_two_decimals(held: int, figure: float) -> None:
    assigned = {one.role: 1 for one in THREE_ROLES[:held]}
    assert completeness_of(THREE_ROLES, assigned).completeness == figure


def test_a_role_counts_by_the_share_of_the_members_it_requires() -> None:
    found = completeness_of([role("A", members_required=3)], {"A": 2})
    assert found.completeness == 66.67
    assert found.roles[0].completeness == 66.67
    assert found.missing_roles == (MissingRole("A", 1),)


def test_more_members_than_required_do_not_count_twice() -> None:
    found = completeness_of([role("A"), role("B")], {"A": 5})
    assert found.completeness == 50.0
    assert (found.roles[0].assigned, found.roles[0].completeness) == (5, 100.0)


def test_the_group_is_the_mean_of_exact_parts_and_not_of_rounded_ones() -> None:
    roles = [role(name, members_required=3) for name in "ABC"]
    assert completeness_of(roles, {"A": 1, "B": 1, "C": 1}).completeness == 33.33
    assert completeness_of([*roles, role("D")], {"A": 2, "B": 2, "C": 2}).completeness == 50.0


def test_roles_that_are_not_required_are_listed_and_do_not_count() -> None:
    found = completeness_of([role("A"), role("B", required=False)], {"B": 1})
    assert found.completeness == 0.0
    assert [one.role for one in found.roles] == ["A", "B"]
    assert found.missing_roles == (MissingRole("A", 1),)
    assert completeness_of([role("A"), role("B", required=False)], {"A": 1}).completeness == 100.0


@pytest.mark.parametrize("roles", [(), (role("A", required=False), role("B", required=False))])
def test_a_group_whose_template_requires_no_role_is_100(roles: tuple[TemplateRole, ...]) -> None:
    found = completeness_of(roles, {})
    assert found.completeness == 100.0
    assert found.missing_roles == ()


def test_missing_roles_say_how_many_members_each_is_short_by_in_the_templates_order() -> None:
    roles = [role("A", members_required=3), role("B"), role("C", members_required=2)]
    found = completeness_of(roles, {"A": 1, "B": 1})
    assert found.missing_roles == (MissingRole("A", 2), MissingRole("C", 2))


@pytest.mark.parametrize(
    ("exact", "carried"),
    [
        (Fraction(125, 1000), 0.12),
        (Fraction(135, 1000), 0.14),
        (Fraction(25125, 1000), 25.12),
        (Fraction(25135, 1000), 25.14),
        (Fraction(200, 3), 66.67),
        (Fraction(100), 100.0),
    ],
)
def test_a_half_goes_to_the_even_hundredth(exact: Fraction, carried: float) -> None:
    assert two_decimals(exact) == carried


@pytest.mark.parametrize(("held", "figure"), [(1, 3.12), (3, 9.38), (5, 15.62), (7, 21.88)])
def test_a_role_that_falls_on_a_half_goes_to_the_even_hundredth(held: int, figure: float) -> None:
    """One of 32 is 3.125, three of 32 are 9.375."""
    assert completeness_of([role("A", members_required=32)], {"A": held}).completeness == figure


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 4), st.integers(0, 5)), max_size=6),
)
def test_completeness_stays_in_range_and_is_100_exactly_when_nothing_is_missing(
    drawn: list[tuple[bool, int, int]],
) -> None:
    roles = [
        role(f"r{i}", required=required, members_required=needs)
        for i, (required, needs, _) in enumerate(drawn)
    ]
    found = completeness_of(roles, {f"r{i}": held for i, (_, _, held) in enumerate(drawn)})
    assert 0.0 <= found.completeness <= 100.0
    assert (found.completeness == 100.0) is (found.missing_roles == ())
    assert all(missing.short_by > 0 for missing in found.missing_roles)


def test_a_created_group_reports_its_completeness_even_when_empty() -> None:
    _, changes = folded(group())
    reported = only(changes, CompletenessChanged)
    assert (reported.previous, reported.current.completeness) == (0.0, 0.0)
    assert [missing.role for missing in reported.current.missing_roles] == [
        DECISION_MAKER,
        INFLUENCER,
        PRACTITIONER,
    ]


def test_a_group_without_required_roles_is_complete_from_its_creation() -> None:
    _, changes = folded(group([role(required=False)]))
    assert only(changes, CompletenessChanged).current.completeness == 100.0


def test_members_count_in_the_role_they_hold() -> None:
    _, changes = folded(
        group(),
        decide("assign", "ada", role=DECISION_MAKER),
        decide("assign", "bob", role=DECISION_MAKER),
        decide("assign", "cem", role=INFLUENCER),
    )
    assert only(changes, CompletenessChanged).current.completeness == 66.67


def test_a_lead_that_left_no_longer_fills_its_role() -> None:
    account, _ = folded(group([role()]), decide())
    _, changes = folded(profile("left"), into=account)
    reported = only(changes, CompletenessChanged)
    assert (reported.previous, reported.current.completeness) == (100.0, 0.0)


def test_another_set_of_missing_roles_is_reported_at_the_same_completeness() -> None:
    account, _ = folded(group([role("A"), role("B")]), decide(role="A", at=moment(hour=1)))
    _, changes = folded(decide(role="B", at=moment(hour=2), event_id="edit"), into=account)
    reported = only(changes, CompletenessChanged)
    assert reported.previous == reported.current.completeness == 50.0
    assert reported.current.missing_roles == (MissingRole("A", 1),)


def test_a_second_member_in_a_full_role_changes_no_completeness() -> None:
    account, _ = folded(group([role()]), decide("assign", "ada"))
    _, changes = folded(decide("assign", "bob"), into=account)
    assert reports(changes, CompletenessChanged) == []
