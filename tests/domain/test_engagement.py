"""How much leads and groups are engaged, and by which baseline (domain.md §5)."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import Lead
from domain.calendar import MILLIS_PER_DAY
from domain.engagement import (
    ACTIVITY_TYPES,
    DEFAULT_MODEL,
    MAX_PER_DAY,
    Baseline,
    TenantPart,
    baseline_of,
    first_baseline,
    group_root,
    group_score,
    group_strength,
    person_root,
    person_score,
    points_of,
    role_shares,
    two_decimals,
    type_key,
    window_start,
)
from domain.reports import ScoreUpdated
from domain.settle import rescore
from tests.domain.builders import (
    ATTENDED,
    DECISION_MAKER,
    EMAIL_OPENED,
    FORM,
    GROUP,
    INFLUENCER,
    LEAD,
    PRACTITIONER,
    THREE_ROLES,
    TODAY,
    activities,
    activity,
    baseline,
    decide,
    folded,
    group,
    model,
    moment,
    only,
    part_of,
    profile,
    reports,
    role,
    tenant,
)

# The window


@pytest.mark.parametrize(
    ("offset", "counts"),
    [(0, True), (-1, True), (-28, True), (-29, True), (-30, False), (-31, False), (1, False)],
)
def test_the_window_is_the_30_days_that_end_with_as_of(offset: int, counts: bool) -> None:
    account, _ = folded(activity(at=moment(TODAY + offset)))
    points = account.leads[LEAD].points if LEAD in account.leads else 0
    assert points == (40 if counts else 0)


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (moment(TODAY - 29, hour=0), True),
        (moment(TODAY - 29, hour=0, ms=-1), False),
        (moment(TODAY + 1, hour=0, ms=-1), True),
        (moment(TODAY + 1, hour=0), False),
    ],
)
def test_days_are_utc_days_to_the_millisecond(at: int, counts: bool) -> None:
    account, _ = folded(activity(at=at), by=tenant(ticked=False))
    assert account.leads[LEAD].points == (40 if counts else 0)


def test_activity_older_than_the_window_is_counted_as_such_and_changes_nothing() -> None:
    account, changes = folded(activity(at=moment(TODAY - 30)))
    assert changes.too_old == 1
    assert not changes.days
    assert not changes.reports
    assert account.leads == {}


def test_before_the_first_tick_nothing_is_too_old_to_be_kept() -> None:
    account, changes = folded(activity(at=moment(TODAY - 30)), by=tenant(ticked=False))
    assert changes.too_old == 0
    assert account.leads[LEAD].points == 0
    rescore(account, tenant(TODAY - 1), "tick", moment())
    assert account.leads[LEAD].points == 40


def test_activity_after_as_of_is_kept_and_counts_once_as_of_reaches_its_day() -> None:
    account, changes = folded(activity(at=moment(TODAY + 2)))
    assert changes.reports == []
    assert changes.days == {(LEAD, TODAY + 2)}
    assert rescore(account, tenant(TODAY + 1), "tick-1", moment()).reports == []
    changes = rescore(account, tenant(TODAY + 2), "tick-2", moment())
    assert only(changes, ScoreUpdated).cause.reason == "activity"
    assert account.leads[LEAD].points == 40


def test_a_day_is_dropped_at_the_tick_that_leaves_it_behind_the_window_and_not_before() -> None:
    account, _ = folded(activity())
    assert not rescore(account, tenant(TODAY + 29), "tick", moment()).days
    assert account.leads[LEAD].points == 40
    changes = rescore(account, tenant(TODAY + 30), "tick", moment())
    assert changes.days == {(LEAD, TODAY)}
    assert account.leads[LEAD].days == {}


# Types and weights


@pytest.mark.parametrize(
    ("activity_type", "weight"),
    [
        ("event.attended", 60),
        ("event.registered", 60),
        ("leadOperation.interestingMoment", 60),
        ("web.formFilledOut", 40),
        ("web.webinteraction.linkClicks", 40),
        ("web.webpagedetails.pageViews", 40),
        ("directMarketing.emailClicked", 30),
        ("directMarketing.emailOpened", 30),
    ],
)
def test_the_default_model_weighs_each_type_as_the_table_says(activity_type: str, weight: int) -> None:
    account, _ = folded(activity(activity_type=activity_type))
    assert account.leads[LEAD].points == weight
    assert ACTIVITY_TYPES[type_key(activity_type)] == activity_type


def test_the_default_model_weighs_nothing_else() -> None:
    assert len(DEFAULT_MODEL.weights) == 8
    assert all(key in ACTIVITY_TYPES for key in DEFAULT_MODEL.weights)


def test_types_match_without_regard_to_case() -> None:
    account, _ = folded(
        activity(event_id="a", activity_type="WEB.FORMFILLEDOUT"),
        activity(event_id="b", activity_type="web.formfilledout"),
        activity(event_id="a", activity_type=FORM),
    )
    assert account.leads[LEAD].points == 80


def test_a_type_without_weight_is_remembered_and_is_no_engagement() -> None:
    account, changes = folded(activity(activity_type="directMarketing.emailSent"))
    assert changes.days == {(LEAD, TODAY)}
    assert changes.reports == []
    assert account.leads[LEAD].points == 0


def test_another_model_weighs_by_its_own_bands() -> None:
    account, _ = folded(
        activity(event_id="a"),
        activity(event_id="b", activity_type=EMAIL_OPENED),
        by=tenant(weighted_by=model({type_key(FORM): 7, type_key(EMAIL_OPENED): 0})),
    )
    assert account.leads[LEAD].points == 7


# Counting


def test_an_event_counts_once_however_often_it_is_delivered() -> None:
    account, _ = folded(activity(), activity(), activity())
    _, changes = folded(activity(), into=account)
    assert account.leads[LEAD].points == 40
    assert not changes.reports
    assert not changes.days


@pytest.mark.parametrize(("count", "counted"), [(19, 19), (20, 20), (21, 20), (45, 20)])
def test_of_a_type_and_day_no_more_than_20_count(count: int, counted: int) -> None:
    account, _ = folded(*activities(count))
    assert account.leads[LEAD].points == counted * 40


def test_the_cap_is_for_each_lead_type_and_day_apart() -> None:
    account, _ = folded(
        *activities(25, named="today"),
        *activities(25, named="yesterday", at=moment(TODAY - 1)),
        *activities(25, named="opened", activity_type=EMAIL_OPENED),
        *activities(25, "bob", named="bob"),
    )
    assert account.leads[LEAD].points == 20 * 40 + 20 * 40 + 20 * 30
    assert account.leads["bob"].points == 20 * 40


@given(st.integers(0, 45), st.data())
def test_of_a_day_the_newest_20_are_remembered_in_whatever_order_they_come(
    count: int, data: st.DataObject
) -> None:
    events = activities(count, apart=7)
    lead = Lead()
    for event in data.draw(st.permutations(events)):
        lead.remember(TODAY, type_key(FORM), event.event_id, event.occurred_at, tenant())
        assert lead.points == points_of(lead.days, TODAY, DEFAULT_MODEL)
    kept = lead.days.get(TODAY, {}).get(type_key(FORM), {})
    assert kept == {e.event_id: e.occurred_at for e in events[-MAX_PER_DAY:]}


def test_an_event_past_the_cap_writes_nothing_when_it_is_older_than_the_kept() -> None:
    account, _ = folded(*activities(20, at=moment(hour=13)))
    _, changes = folded(activity(event_id="early", at=moment(hour=1)), into=account)
    assert not changes.days
    assert not changes.reports


# Person scores


def test_points_are_counts_times_weights_over_all_days_and_types() -> None:
    days = {
        TODAY: {type_key(FORM): {"a": 1, "b": 2}, type_key(ATTENDED): {"c": 3}},
        TODAY - 29: {type_key(EMAIL_OPENED): {"d": 4}},
        TODAY - 30: {type_key(ATTENDED): {"e": 5}},
    }
    assert points_of(days, TODAY, DEFAULT_MODEL) == 2 * 40 + 60 + 30


def test_the_person_score_is_100_times_root_over_the_greatest_root() -> None:
    by = Baseline(2, 1, greatest_weight=40, person_root=sqrt(4), group_root=10.0)
    assert person_root(40, by) == 1.0
    assert person_score(40, by) == 50.0
    assert person_score(160, by) == 100.0


def test_between_baselines_scores_are_clamped_to_100() -> None:
    by = baseline(greatest_weight=40, person_root=1.0, group_root=1.0)
    assert person_score(4000, by) == 100.0
    assert group_score(50.0, by) == 100.0


def test_a_person_without_points_scores_0() -> None:
    assert person_score(0, first_baseline()) == 0.0


@pytest.mark.parametrize(
    ("exact", "carried"),
    [(0.125, 0.12), (0.375, 0.38), (12.625, 12.62), (99.996, 100.0), (100 / 3, 33.33)],
)
def test_scores_are_carried_half_even_with_two_decimals(exact: float, carried: float) -> None:
    assert two_decimals(exact) == carried


# Group scores


def test_the_worked_example_without_normalisation_is_35_25() -> None:
    shares = role_shares(THREE_ROLES, {DECISION_MAKER, INFLUENCER, PRACTITIONER})
    assert shares == {
        DECISION_MAKER: 100 / 240,
        INFLUENCER: 80 / 240,
        PRACTITIONER: 60 / 240,
    }
    scores = {DECISION_MAKER: 52.0, INFLUENCER: 28.0, PRACTITIONER: 17.0}
    parts = [two_decimals(shares[name] * score) for name, score in scores.items()]
    assert parts == [21.67, 9.33, 4.25]
    assert two_decimals(group_root(shares, scores.items()) ** 2) == 35.25


def test_only_roles_that_have_a_member_share_the_weightings() -> None:
    assert role_shares(THREE_ROLES, {PRACTITIONER}) == {PRACTITIONER: 1.0}
    assert role_shares(THREE_ROLES, set()) == {}


def test_every_member_of_a_role_adds_its_score_times_the_roles_share() -> None:
    shares = role_shares([role("A", weighting=60), role("B", weighting=20)], {"A", "B"})
    assert group_root(shares, [("A", 8.0), ("A", 8.0), ("B", 16.0)]) == 4.0


def test_a_group_without_members_scores_0() -> None:
    assert group_root({}, []) == 0.0
    assert group_score(0.0, first_baseline()) == 0.0


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.floats(0, 100)), max_size=8),
    st.data(),
)
def test_no_order_of_members_changes_a_groups_figure(
    scores: list[tuple[str, float]], data: st.DataObject
) -> None:
    shares = {"A": 1 / 3, "B": 2 / 3}
    other = data.draw(st.permutations(scores))
    assert group_root(shares, other) == group_root(shares, scores)


def test_group_sums_use_unrounded_clamped_person_scores() -> None:
    by = tenant(measured_by=baseline(person_root=sqrt(3)))
    account, _ = folded(group(), decide(), activity(activity_type=ATTENDED), by=by)
    assert account.leads[LEAD].score == 100 / sqrt(3)
    assert account.groups[GROUP].figures.raw == sqrt(100 / sqrt(3))
    folded(*activities(20), into=account, by=by)
    assert account.groups[GROUP].figures.raw == 10.0


# The baseline


def test_the_first_baseline_of_an_empty_tenant() -> None:
    assert first_baseline() == Baseline(
        version=1, model_version=1, greatest_weight=60, person_root=sqrt(20 * 1), group_root=10.0
    )


def test_the_first_baseline_takes_the_models_greatest_weight() -> None:
    by = first_baseline(model({"a": 10, "b": 25}, version=4))
    assert (by.greatest_weight, by.model_version) == (25, 4)


def test_by_the_first_baseline_a_full_day_of_the_greatest_type_is_100() -> None:
    account, _ = folded(*activities(20, activity_type=ATTENDED), group(), decide())
    assert account.leads[LEAD].score == pytest.approx(100.0)
    assert account.groups[GROUP].figures.score == 100.0


def test_a_tenant_without_activity_keeps_the_figures_of_the_first_baseline() -> None:
    account, _ = folded(group(), decide())
    found = baseline_of(part_of(account), DEFAULT_MODEL, 7)
    first = first_baseline()
    assert found == Baseline(7, 1, first.greatest_weight, first.person_root, first.group_root)


def test_a_model_that_weighs_nothing_divides_by_nothing() -> None:
    empty = model({})
    account, _ = folded(activity(), group(), decide(), by=tenant(weighted_by=empty))
    assert account.leads[LEAD].score == 0.0
    assert baseline_of(part_of(account, weighted_by=empty), empty, 2).greatest_weight == 1


def test_the_greatest_weight_is_of_types_that_occurred_inside_the_window() -> None:
    account, _ = folded(
        activity(event_id="a", activity_type=EMAIL_OPENED),
        activity(event_id="b", activity_type=ATTENDED, at=moment(TODAY - 30)),
        activity(event_id="c", activity_type=FORM, at=moment(TODAY + 1)),
        by=tenant(ticked=False),
    )
    assert part_of(account).greatest_weight == 30
    assert part_of(account, as_of=TODAY - 1).greatest_weight == 60
    assert part_of(account, as_of=TODAY + 1).greatest_weight == 40


def test_leads_that_are_no_members_and_those_that_left_set_the_greatest_root_too() -> None:
    account, _ = folded(
        group(),
        decide("assign", "ada"),
        activity("ada"),
        *activities(3, "bob"),
        profile("left", "bob"),
    )
    assert part_of(account).greatest_points == 120


def test_the_erased_set_no_greatest_root() -> None:
    account, _ = folded(
        *activities(3, "bob", activity_type=ATTENDED),
        activity("ada"),
        profile("erased", "bob", at=moment(hour=23)),
    )
    part = part_of(account)
    assert (part.greatest_weight, part.greatest_points) == (40, 40)


def test_a_deleted_group_sets_no_greatest_root() -> None:
    account, _ = folded(group(), decide(), activity())
    assert part_of(account).greatest_strength == sqrt(40)
    folded(group(deleted=True), into=account)
    assert part_of(account).greatest_strength == 0.0


def test_by_a_new_baseline_the_best_person_and_the_best_group_are_100() -> None:
    account, _ = folded(
        group(),
        decide("assign", "ada"),
        decide("assign", "bob", role=INFLUENCER),
        activity("ada", activity_type=EMAIL_OPENED),
        *activities(7, "bob"),
        group(interest="erp"),
        decide("assign", "ada", group=group(interest="erp").buying_group_id),
    )
    by = baseline_of(part_of(account), DEFAULT_MODEL, 2)
    rescore(account, tenant(measured_by=by), "tick", moment())
    assert max(lead.score for lead in account.leads.values()) == 100.0
    assert max(one.figures.score for one in account.groups.values()) == 100.0
    assert by.greatest_weight == 40
    assert by.person_root == sqrt(7)
    greatest = max(one.figures.raw for one in account.groups.values())
    assert by.group_root == pytest.approx(greatest)


def test_strength_is_a_groups_root_before_any_scaling() -> None:
    assert group_strength({"A": 0.25, "B": 0.75}, [("A", 16), ("B", 64)]) == 7.0


PARTS = st.builds(
    TenantPart,
    st.integers(0, 100),
    st.integers(0, 10_000),
    st.floats(0, 1000),
)


@given(PARTS, PARTS, PARTS)
def test_parts_of_a_tenant_merge_in_any_order_and_more_than_once(
    one: TenantPart, two: TenantPart, three: TenantPart
) -> None:
    assert one.merge(two) == two.merge(one)
    assert one.merge(two).merge(three) == one.merge(two.merge(three))
    assert one.merge(one) == one
    assert one.merge(TenantPart()) == one


def test_the_baseline_of_a_tenant_is_that_of_its_parts_together() -> None:
    weighty, _ = folded(activity("ada", account="weighty", activity_type=ATTENDED))
    busy, _ = folded(*activities(9, "bob", account="busy", activity_type=EMAIL_OPENED))
    part = part_of(weighty).merge(part_of(busy))
    by = baseline_of(part, DEFAULT_MODEL, 2)
    assert (by.greatest_weight, by.person_root) == (60, sqrt(270 / 60))


# Why a score moved at a tick


def test_activity_that_left_the_window_moves_a_score_by_decay() -> None:
    account, _ = folded(group(), decide(), activity())
    changes = rescore(account, tenant(TODAY + 30), "tick", moment())
    assert {report.cause.reason for report in reports(changes, ScoreUpdated)} == {"decay"}
    assert {report.current for report in reports(changes, ScoreUpdated)} == {0.0}


def test_another_yardstick_moves_a_score_by_baseline() -> None:
    account, _ = folded(group(), decide(), activity())
    by = tenant(measured_by=baseline(version=2, person_root=1.0, group_root=11.0))
    changes = rescore(account, by, "tick", moment())
    assert {report.cause.reason for report in reports(changes, ScoreUpdated)} == {"baseline"}
    assert len(reports(changes, ScoreUpdated)) == 2


def test_activity_that_came_of_age_moves_a_score_by_activity() -> None:
    account, _ = folded(group(), decide(), activity(at=moment(TODAY + 1)))
    changes = rescore(account, tenant(TODAY + 1), "tick", moment())
    assert {report.cause.reason for report in reports(changes, ScoreUpdated)} == {"activity"}


def test_one_subjects_decay_is_not_anothers() -> None:
    account, _ = folded(
        activity("ada", at=moment(TODAY - 29)),
        activity("bob"),
    )
    by = tenant(TODAY + 1, measured_by=baseline(version=2, person_root=1.0))
    changes = rescore(account, by, "tick", moment())
    assert {r.lead_id: r.cause.reason for r in reports(changes, ScoreUpdated)} == {
        "ada": "decay",
        "bob": "baseline",
    }


def test_a_rescore_carries_the_ticks_own_cause() -> None:
    account, _ = folded(activity())
    changes = rescore(account, tenant(TODAY + 30), "tick-7", moment(TODAY + 30, hour=0))
    cause = only(changes, ScoreUpdated).cause
    assert (cause.event_id, cause.occurred_at) == ("tick-7", moment(TODAY + 30, hour=0))


def test_the_window_starts_29_days_before_as_of() -> None:
    assert window_start(TODAY) == TODAY - 29
    assert MILLIS_PER_DAY == 24 * 60 * 60 * 1000


# A tenant without engagement (domain.md §5)


def test_after_a_tick_without_activity_scores_are_measured_by_the_first_baseline() -> None:
    by = baseline_of(TenantPart(), DEFAULT_MODEL, 2)
    account, _ = folded(activity(), by=tenant(measured_by=by))
    unticked, _ = folded(activity(), by=tenant())
    assert account.leads[LEAD].score == unticked.leads[LEAD].score > 0
