"""Who decides, when the maintenance job speaks for the system (domain.md §2, §3).

The job is the real one: what the system says follows from profiles, templates and scores. Every story is
told in its order, backwards, at once and event by event; all tellings must end the same.
"""

from typing import Final, TypeAlias

import pytest

from domain.account import Account
from domain.events import AccountEvent, Operation, Source
from domain.reports import DecisionAnswered, MembershipChanged
from domain.settle import fold
from tests.domain.builders import (
    ACCOUNT,
    ATTENDED,
    DECISION_MAKER,
    GROUP,
    INFLUENCER,
    LEAD,
    PRACTITIONER,
    TODAY,
    account_profile,
    activities,
    condition,
    decide,
    folded,
    group,
    interest,
    moment,
    only,
    profile,
    reports,
    role,
    scored,
    tenant,
    titled,
)

ROLES: Final = (
    role(DECISION_MAKER, when=titled("chief")),
    role(INFLUENCER, when=titled("buyer")),
    role(PRACTITIONER),
)
MAINTAINED: Final = group(ROLES, update=True)
CHIEF: Final = profile(title="Chief of Staff", at=moment(hour=1), event_id="chief")
"""Whom the job assigns as Decision Maker."""
INTERN: Final = profile(title="Intern", at=moment(hour=9), event_id="intern")
"""Whom the job does not assign; newer than :data:`CHIEF`."""

Role: TypeAlias = tuple[str, Source]


def membership(*events: AccountEvent) -> Role | None:
    """Return the lead's role and source after a story, however it is told."""
    tellings = (
        [events],
        [events[::-1]],
        [[event] for event in events],
        [[event] for event in reversed(events)],
        [[*events, *events]],
    )
    found: set[Role | None] = set()
    for batches in tellings:
        account = Account(ACCOUNT)
        for batch in batches:
            fold(account, batch, tenant())
        member = account.group(GROUP).members.get(LEAD)
        found.add(None if member is None else (member.role, member.source))
    (only_one,) = found
    return only_one


def said(
    operation: Operation, source: Source, *, role: str = PRACTITIONER, hour: int = 5
) -> AccountEvent:
    named = f"{source} {operation}"
    return decide(operation, role=role, source=source, at=moment(hour=hour), event_id=named)


# The job alone


def test_a_system_assign_alone_makes_a_member() -> None:
    assert membership(MAINTAINED, CHIEF) == (DECISION_MAKER, "system")


def test_the_first_matching_role_in_priority_order_is_the_one() -> None:
    both = profile(title="Chief Buyer")
    assert membership(MAINTAINED, both) == (DECISION_MAKER, "system")
    other_way_round = group((ROLES[1], ROLES[0], ROLES[2]), update=True)
    assert membership(other_way_round, both) == (INFLUENCER, "system")


def test_when_the_first_role_does_not_match_any_more_the_next_one_takes_the_lead() -> None:
    buyer = profile(title="Buyer", at=moment(hour=2), event_id="buyer")
    assert membership(MAINTAINED, CHIEF, buyer) == (INFLUENCER, "system")


def test_when_no_condition_matches_any_more_the_system_member_leaves() -> None:
    assert membership(MAINTAINED, CHIEF, INTERN) is None


def test_a_lead_that_matches_again_is_a_member_again() -> None:
    again = profile(title="Chief again", at=moment(hour=10), event_id="again")
    assert membership(MAINTAINED, CHIEF, INTERN, again) == (DECISION_MAKER, "system")


def test_a_group_whose_interest_does_not_update_existing_groups_is_left_alone() -> None:
    left_alone = group(ROLES, update=False)
    assert membership(left_alone, CHIEF) is None
    assert membership(left_alone, CHIEF, said("assign", "journey")) == (PRACTITIONER, "journey")


def test_a_created_group_of_such_an_interest_is_left_alone_too() -> None:
    for update, wanted in ((True, {LEAD}), (False, set())):
        by = tenant(interests=[interest(ROLES, update=update)])
        account, _ = folded(account_profile(), CHIEF, by=by)
        assert set(account.groups[GROUP].members) == wanted


def test_somebody_whose_profile_is_unknown_is_not_assigned_by_a_condition_that_holds_of_nobody() -> None:
    open_to_all = group([role(when=condition("job_title", "is not", "Intern"))], update=True)
    assert membership(open_to_all, *activities(3)) is None
    assert membership(open_to_all, *activities(3), profile()) == (DECISION_MAKER, "system")


# Two sources


def test_manual_assign_and_system_remove_is_a_member() -> None:
    assert membership(MAINTAINED, CHIEF, said("assign", "manual"), INTERN) == (PRACTITIONER, "manual")


def test_manual_assign_and_journey_remove_is_a_member() -> None:
    events = (said("assign", "manual"), said("remove", "journey", hour=6))
    assert membership(MAINTAINED, *events) == (PRACTITIONER, "manual")
    assert membership(MAINTAINED, CHIEF, *events) == (PRACTITIONER, "manual")


def test_journey_assign_and_system_remove_is_a_member() -> None:
    assert membership(MAINTAINED, CHIEF, said("assign", "journey"), INTERN) == (PRACTITIONER, "journey")


def test_manual_remove_and_journey_assign_is_no_member() -> None:
    events = (said("remove", "manual"), said("assign", "journey", hour=6))
    assert membership(MAINTAINED, *events) is None
    assert membership(MAINTAINED, CHIEF, *events) is None


@pytest.mark.parametrize("source", ["manual", "journey"])
@pytest.mark.parametrize("hour", [0, 23])
def test_manual_or_journey_remove_and_system_assign_is_no_member(source: Source, hour: int) -> None:
    assert membership(MAINTAINED, CHIEF, said("remove", source, hour=hour)) is None


@pytest.mark.parametrize("source", ["manual", "journey"])
@pytest.mark.parametrize("hour", [0, 23])
def test_manual_or_journey_assign_and_system_assign_is_a_member_in_the_higher_ones_role(
    source: Source, hour: int
) -> None:
    assert membership(MAINTAINED, CHIEF, said("assign", source, hour=hour)) == (PRACTITIONER, source)


def test_a_removed_lead_stays_out_when_its_profile_matches_anew() -> None:
    again = profile(title="Chief again", at=moment(hour=10), event_id="again")
    assert membership(MAINTAINED, CHIEF, said("remove", "manual"), INTERN, again) is None


def test_a_removed_lead_stays_out_when_its_score_crosses_a_bound() -> None:
    by_score = group([role(when=scored(">=", 50))], update=True)
    busy = activities(20, activity_type=ATTENDED)
    assert membership(by_score, profile(), *busy) == (DECISION_MAKER, "system")
    assert membership(by_score, profile(), *busy, said("remove", "journey")) is None


def test_an_assign_to_a_role_outside_the_template_does_not_hide_the_job() -> None:
    outside = said("assign", "manual", role="Nobody's Role")
    assert membership(MAINTAINED, CHIEF, outside) == (DECISION_MAKER, "system")


# Released


def test_a_manual_release_lets_the_journey_count_again() -> None:
    events = (
        said("assign", "journey", role=INFLUENCER),
        said("remove", "manual", hour=6),
        said("release", "manual", hour=7),
    )
    assert membership(MAINTAINED, CHIEF, *events[:2]) is None
    assert membership(MAINTAINED, CHIEF, *events) == (INFLUENCER, "journey")


@pytest.mark.parametrize("source", ["manual", "journey"])
@pytest.mark.parametrize("operation", ["assign", "remove"])
def test_a_release_lets_the_system_count_again(source: Source, operation: Operation) -> None:
    events = (said(operation, source), said("release", source, hour=6))
    assert membership(MAINTAINED, CHIEF, *events) == (DECISION_MAKER, "system")


def test_a_release_of_both_higher_sources_falls_through_to_the_system() -> None:
    events = (
        said("remove", "manual"),
        said("assign", "journey"),
        said("release", "manual", hour=6),
        said("release", "journey", hour=6),
    )
    assert membership(MAINTAINED, CHIEF, *events) == (DECISION_MAKER, "system")


def test_what_the_job_says_when_a_release_comes_counts_and_not_what_it_said_before() -> None:
    events = (said("assign", "manual"), said("release", "manual", hour=10))
    assert membership(MAINTAINED, CHIEF, *events, INTERN) is None
    buyer = profile(title="Buyer", at=moment(hour=8), event_id="buyer")
    assert membership(MAINTAINED, CHIEF, *events, buyer) == (INFLUENCER, "system")


# Left and erased


@pytest.mark.parametrize("source", ["manual", "journey"])
def test_a_lead_that_left_is_no_member_whoever_assigned_it_the_job_included(source: Source) -> None:
    left = profile("left", title="Chief of Staff", at=moment(hour=10), event_id="left")
    assert membership(MAINTAINED, CHIEF, left) is None
    assert membership(MAINTAINED, CHIEF, said("assign", source), left) is None


def test_a_lead_that_returns_is_tested_again() -> None:
    left = profile("left", title="Chief", at=moment(hour=10), event_id="left")
    back = profile(title="Buyer", at=moment(hour=11), event_id="back")
    assert membership(MAINTAINED, CHIEF, left, back) == (INFLUENCER, "system")


def test_an_erased_lead_is_no_member_until_a_later_profile_matches() -> None:
    erased = profile("erased", at=moment(hour=10), event_id="erased")
    assert membership(MAINTAINED, CHIEF, erased) is None
    assert membership(MAINTAINED, CHIEF, said("assign", "manual"), erased) is None
    late = profile(title="Chief", at=moment(hour=9), event_id="late")
    assert membership(MAINTAINED, CHIEF, erased, late) is None
    new = profile(title="Buyer", at=moment(hour=11), event_id="new")
    assert membership(MAINTAINED, CHIEF, erased, new) == (INFLUENCER, "system")


def test_an_erasure_takes_a_manual_remove_with_it_and_the_job_counts_for_the_new_lead() -> None:
    erased = profile("erased", at=moment(hour=10), event_id="erased")
    new = profile(title="Chief", at=moment(hour=11), event_id="new")
    events = (said("remove", "manual"), erased, new)
    assert membership(MAINTAINED, *events) == (DECISION_MAKER, "system")


# Edited


def test_a_role_edit_over_a_system_role_is_manual_and_lasts() -> None:
    edit = said("assign", "manual", role=INFLUENCER)
    account, _ = folded(MAINTAINED, CHIEF)
    _, changes = folded(edit, into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("role_changed", "role_edit")
    again = profile(title="Chief again", at=moment(hour=10), event_id="again")
    assert membership(MAINTAINED, CHIEF, edit, again) == (INFLUENCER, "manual")


def test_a_manual_assign_to_the_role_that_the_job_gave_changes_the_source_only() -> None:
    account, _ = folded(MAINTAINED, CHIEF)
    _, changes = folded(said("assign", "manual", role=DECISION_MAKER), into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("source_changed", "membership")


def test_another_role_from_the_job_is_no_role_edit() -> None:
    account, _ = folded(MAINTAINED, CHIEF)
    _, changes = folded(profile(title="Buyer", at=moment(hour=2), event_id="buyer"), into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("role_changed", "membership")


# Answers


def test_what_the_job_decides_is_answered_to_nobody() -> None:
    _, changes = folded(MAINTAINED, CHIEF, INTERN)
    assert reports(changes, DecisionAnswered) == []


@pytest.mark.parametrize("source", ["manual", "journey"])
def test_a_remove_over_the_jobs_assign_is_applied(source: Source) -> None:
    account, _ = folded(MAINTAINED, CHIEF)
    _, changes = folded(said("remove", source), into=account)
    assert only(changes, DecisionAnswered).outcome.name == "applied"
    assert only(changes, MembershipChanged).change == "removed"


def test_a_release_that_lets_the_job_count_is_applied_and_says_so() -> None:
    account, _ = folded(MAINTAINED, CHIEF, said("remove", "manual"))
    _, changes = folded(said("release", "manual", hour=6), into=account)
    outcome = only(changes, DecisionAnswered).outcome
    assert outcome.name == "applied"
    assert "system" in outcome.detail


# Groups that come, go and change


def test_decisions_and_profiles_that_wait_for_the_group_count_as_they_would_have() -> None:
    by = tenant(interests=[interest(ROLES)])
    account, _ = folded(CHIEF, profile("active", "bob", title="Buyer"), said("remove", "journey"), by=by)
    assert account.group(GROUP).members == {}
    folded(account_profile(), into=account, by=by)
    found = {lead_id: (m.role, m.source) for lead_id, m in account.groups[GROUP].members.items()}
    assert found == {"bob": (INFLUENCER, "system")}


def test_a_group_that_was_deleted_keeps_nobody_and_is_maintained_again_when_created_again() -> None:
    gone = group(ROLES, update=True, deleted=True, event_id="gone")
    assert membership(MAINTAINED, CHIEF, gone) is None
    again = group(ROLES[1:], update=True, at=moment(TODAY - 1), event_id="again")
    assert membership(MAINTAINED, CHIEF, gone, again) is None
    buyer = profile(title="Buyer", at=moment(hour=2), event_id="buyer")
    assert membership(MAINTAINED, CHIEF, gone, again, buyer) == (INFLUENCER, "system")


def test_a_newer_record_with_other_conditions_tests_every_lead_again() -> None:
    newer = group([role(PRACTITIONER, when=titled("chief"))], update=True, at=moment(), event_id="x")
    assert membership(MAINTAINED, CHIEF, newer) == (PRACTITIONER, "system")


def test_a_newer_record_that_is_left_alone_takes_back_what_the_job_said() -> None:
    newer = group(ROLES, update=False, at=moment(), event_id="x")
    assert membership(MAINTAINED, CHIEF, newer) is None
    journey = said("assign", "journey")
    assert membership(MAINTAINED, CHIEF, newer, journey) == (PRACTITIONER, "journey")


def test_each_group_of_an_account_has_a_job_of_its_own() -> None:
    other = group([role(PRACTITIONER, when=titled("chief"))], interest="erp", update=True)
    account, _ = folded(MAINTAINED, other, CHIEF, said("remove", "manual"))
    assert account.groups[GROUP].members == {}
    assert account.groups[other.buying_group_id].members[LEAD].role == PRACTITIONER
