"""What a tenant's definitions come to (domain.md §1, §3, §5)."""

from dataclasses import replace
from itertools import permutations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.definitions import Catalog, TenantEvent, catalog_of
from domain.engagement import DEFAULT_MODEL, first_baseline, type_key
from domain.events import AccountEvent
from domain.replay import fold_all
from domain.reports import CompletenessChanged, GroupState, MembershipChanged, ScoreUpdated
from tests.domain.builders import (
    ATTENDED,
    DECISION_MAKER,
    EMAIL_OPENED,
    FORM,
    GROUP,
    LEAD,
    THREE_ROLES,
    TODAY,
    account_profile,
    activities,
    activity,
    decide,
    group,
    interest,
    model_definition,
    moment,
    role,
)
from tests.domain.deployment import Deployment
from tests.domain.generated_definitions import MODELS, solution_interests

FORMS_ONLY: Final = {type_key(FORM): 50}


# The newest version


def test_the_newest_version_of_a_definition_stands_in_whatever_order_they_come() -> None:
    versions = [
        interest(name="first", at=moment(hour=1), event_id="c"),
        interest(name="second", at=moment(hour=2), event_id="a"),
        interest(name="third", at=moment(hour=2), event_id="b"),
    ]
    for order in permutations(versions):
        assert [one.name for one in catalog_of(order).live_interests] == ["third"]


def test_what_is_known_or_older_leaves_the_very_same_catalog() -> None:
    known: list[TenantEvent] = [
        interest(at=moment(hour=2)),
        model_definition(FORMS_ONLY, at=moment(hour=2)),
    ]
    catalog = catalog_of(known)
    for event in (
        *known,
        interest(at=moment(hour=1), event_id="z"),
        model_definition(FORMS_ONLY, at=moment(hour=1), event_id="z"),
    ):
        assert catalog.take(event) is catalog


def test_live_interests_come_by_id_and_drafts_do_not_count() -> None:
    catalog = catalog_of(
        [
            interest(interest_id="erp"),
            interest(interest_id="hr", live=False),
            interest(interest_id="crm"),
        ]
    )
    assert [one.interest_id for one in catalog.live_interests] == ["crm", "erp"]


def test_a_draft_that_is_published_counts_and_one_that_is_saved_anew_does_not() -> None:
    draft = interest(live=False, at=moment(hour=1), event_id="draft")
    live = interest(at=moment(hour=2), event_id="live")
    assert catalog_of([draft, live]).live_interests == (live,)
    assert catalog_of([live, draft]).live_interests == (live,)


@given(solution_interests("erp"), st.lists(MODELS, max_size=6), st.data())
def test_any_order_of_definitions_is_the_same_catalog(
    interests: list[TenantEvent], models: list[TenantEvent], data: st.DataObject
) -> None:
    """Each of them under an event id of its own, as everything that is published has."""
    events = [replace(one, event_id=f"e{i}") for i, one in enumerate([*interests, *models])]
    shuffled = data.draw(st.permutations([*events, *events]))
    assert catalog_of(shuffled) == catalog_of(events)
    assert catalog_of(shuffled).model == catalog_of(events).model


# The model in force


def test_without_an_active_model_the_default_is_in_force() -> None:
    assert Catalog().model == DEFAULT_MODEL
    assert catalog_of([model_definition(FORMS_ONLY, active=False)]).model == DEFAULT_MODEL


def test_of_the_active_models_that_with_the_greatest_version_is_in_force() -> None:
    models = [
        model_definition({"a": 1}, model_id="one", version=4, at=moment(hour=1)),
        model_definition({"a": 2}, model_id="two", version=3, at=moment(hour=9)),
        model_definition({"a": 3}, model_id="three", version=5, active=False),
    ]
    for order in permutations(models):
        assert catalog_of(order).model.model_id == "one"


def test_of_two_active_models_of_one_version_the_greater_id_is_in_force() -> None:
    models = [model_definition({}, model_id=name) for name in ("b", "c", "a")]
    assert catalog_of(models).model.model_id == "c"


@pytest.mark.parametrize("retired_first", [True, False])
def test_a_model_that_replaces_another_is_in_force_whichever_is_heard_of_first(
    retired_first: bool,
) -> None:
    old = model_definition({"a": 1}, model_id="old", version=2, at=moment(hour=1))
    change = [
        model_definition({"a": 1}, model_id="old", version=2, active=False, at=moment(hour=2)),
        model_definition({"a": 2}, model_id="new", version=3, at=moment(hour=2)),
    ]
    events = [old, *(change if retired_first else reversed(change))]
    assert catalog_of(events).model.model_id == "new"
    assert catalog_of(events[:2]).model.model_id == ("default" if retired_first else "new")


def test_a_model_that_was_given_up_leaves_the_one_before_it() -> None:
    old = model_definition({"a": 1}, model_id="old", version=2)
    new = model_definition({"a": 2}, model_id="new", version=3, at=moment(hour=1))
    given_up = model_definition({"a": 2}, model_id="new", version=3, active=False, at=moment(hour=2))
    assert catalog_of([old, new, given_up]).model.model_id == "old"


# From the next tick on


def scores(deployment: Deployment, since: int) -> dict[str | None, str]:
    """Return the reason of each score that was reported since, by lead id; None is the group."""
    told = [report for _, report in deployment.reports()][since:]
    return {report.lead_id: report.cause.reason for report in told if isinstance(report, ScoreUpdated)}


def heard(deployment: Deployment) -> int:
    return len(list(deployment.reports()))


def known_tenant() -> Deployment:
    """Return a tenant of two leads, one of whom is a member, after its first tick."""
    deployment = Deployment()
    deployment.fold([group([role()]), decide(), *activities(4), activity("bob", activity_type=ATTENDED)])
    deployment.tick(TODAY)
    return deployment


def test_another_model_counts_from_the_next_tick_on_and_not_before() -> None:
    deployment = known_tenant()
    (partition,) = deployment.partitions
    before = heard(deployment)
    deployment.fold([model_definition(FORMS_ONLY, version=7)])
    assert heard(deployment) == before
    assert partition.tenant.model == DEFAULT_MODEL
    deployment.fold([activity("bob", event_id="more", activity_type=ATTENDED)])
    assert partition.accounts["acme"].leads["bob"].points == 120
    deployment.tick(TODAY)
    assert partition.tenant.model.version == partition.tenant.baseline.model_version == 7
    assert partition.accounts["acme"].leads["bob"].points == 0
    assert partition.accounts["acme"].leads[LEAD].points == 200


def test_every_score_that_another_model_moves_is_reported_as_model() -> None:
    deployment = known_tenant()
    deployment.fold([model_definition({type_key(EMAIL_OPENED): 10, type_key(ATTENDED): 20})])
    since = heard(deployment)
    deployment.tick(TODAY)
    assert scores(deployment, since) == {LEAD: "model", "bob": "model", None: "model"}


def test_with_another_model_even_what_left_the_window_is_reported_as_model() -> None:
    deployment = known_tenant()
    deployment.fold([model_definition(FORMS_ONLY)])
    since = heard(deployment)
    deployment.tick(TODAY + 30)
    assert scores(deployment, since) == {LEAD: "model", "bob": "model", None: "model"}


def test_the_tick_after_the_one_that_brought_a_model_has_its_own_reasons_again() -> None:
    deployment = known_tenant()
    deployment.fold([model_definition(FORMS_ONLY)])
    deployment.tick(TODAY)
    since = heard(deployment)
    deployment.tick(TODAY + 30)
    assert scores(deployment, since) == {LEAD: "decay", None: "decay"}


def test_a_model_that_weighs_the_same_moves_no_score() -> None:
    deployment = known_tenant()
    deployment.fold([model_definition(DEFAULT_MODEL.weights)])
    since = heard(deployment)
    deployment.tick(TODAY)
    assert scores(deployment, since) == {}
    (state,) = [r for _, r in list(deployment.reports())[since:] if isinstance(r, GroupState)]
    assert state.model_version == 2


def test_a_tenant_that_another_model_leaves_without_engagement_keeps_its_first_baseline() -> None:
    deployment = known_tenant()
    weightless = model_definition({type_key(EMAIL_OPENED): 25})
    deployment.fold([weightless])
    deployment.tick(TODAY)
    (partition,) = deployment.partitions
    by, first = partition.tenant.baseline, first_baseline(weightless.model)
    assert (by.greatest_weight, by.person_root, by.group_root) == (25, first.person_root, 10.0)


def test_the_fold_of_a_log_takes_the_model_in_force() -> None:
    events: list[AccountEvent] = [group([role()]), decide(), *activities(4)]
    events.append(activity("bob", activity_type=ATTENDED))
    (state,) = fold_all([*events, model_definition(FORMS_ONLY, version=9)], TODAY)
    assert (state.members[0].score, state.model_version) == (100.0, 9)
    (state,) = fold_all([model_definition({type_key(ATTENDED): 5}), *events], TODAY)
    assert (state.members[0].score, state.score) == (0.0, 0.0)


# Interests, as a tenant hears of them


def test_an_interest_that_is_taken_back_to_a_draft_takes_its_groups_back() -> None:
    deployment = Deployment()
    deployment.fold([account_profile(), decide(), interest(THREE_ROLES, at=moment(hour=1))])
    (partition,) = deployment.partitions
    assert partition.accounts["acme"].groups[GROUP].stands
    deployment.fold([interest(THREE_ROLES, at=moment(hour=2), live=False, event_id="draft")])
    assert not partition.accounts["acme"].groups[GROUP].stands
    deployment.fold([interest(THREE_ROLES, at=moment(hour=3), event_id="live")])
    assert partition.accounts["acme"].groups[GROUP].stands


def test_an_interest_that_is_heard_of_again_changes_nothing() -> None:
    deployment = Deployment()
    told = interest([role(DECISION_MAKER)])
    deployment.fold([account_profile(), decide(), told])
    reported = {type(report) for _, report in deployment.reports()}
    assert {MembershipChanged, CompletenessChanged, GroupState} <= reported
    before = heard(deployment)
    deployment.fold([told, interest([role()], at=moment(TODAY - 60), event_id="older", name="x")])
    assert heard(deployment) == before
