"""Whom the maintenance job assigns, when, and how it is reported (domain.md §3, "Maintenance")."""

from typing import Final

import pytest

from domain.engagement import baseline_of
from domain.events import AccountEvent
from domain.maintenance import job_of
from domain.membership import Member
from domain.reports import (
    CompletenessChanged,
    DecisionAnswered,
    GroupState,
    MembershipChanged,
    ScoreUpdated,
)
from domain.settle import rescore
from tests.domain.builders import (
    ATTENDED,
    DECISION_MAKER,
    FORM,
    GROUP,
    INFLUENCER,
    LEAD,
    PRACTITIONER,
    TODAY,
    activities,
    activity,
    baseline,
    condition,
    decide,
    folded,
    group,
    members,
    model,
    moment,
    only,
    part_of,
    profile,
    reports,
    role,
    scored,
    tenant,
    titled,
)
from tests.domain.deployment import Deployment

TITLES: Final = group(
    (
        role(DECISION_MAKER, weighting=100, when=titled("chief")),
        role(INFLUENCER, weighting=80, when=titled("buyer")),
        role(PRACTITIONER, weighting=60),
    ),
    update=True,
)
BY_SCORE: Final = group([role(when=scored(">=", 50))], update=True)


def attended(
    count: int, lead: str = LEAD, *, at: int = moment(), named: str = "a"
) -> list[AccountEvent]:
    """Return activities of the first baseline's full weight: 5 in a day make 50, 20 make 100."""
    return list(activities(count, lead, named=named, activity_type=ATTENDED, at=at))


# Whom


def test_a_profile_that_matches_makes_a_member_by_the_system() -> None:
    _, changes = folded(TITLES, profile(title="Chief of Staff", event_id="p"))
    report = only(changes, MembershipChanged)
    assert (report.change, report.previous) == ("added", None)
    assert report.current == Member(DECISION_MAKER, "system", moment())
    assert (report.cause.event_id, report.cause.reason) == ("p", "membership")


def test_a_profile_that_matches_no_condition_makes_no_member() -> None:
    assert members(TITLES, profile(title="Intern"), profile("active", "bob")) == {}


@pytest.mark.parametrize(("created", "told", "added"), [(1, 5, 5), (5, 1, 5)])
def test_a_member_was_added_when_the_group_and_its_profile_first_met(
    created: int, told: int, added: int
) -> None:
    maintained = group([role(when=titled("chief"))], update=True, at=moment(hour=created))
    found = members(maintained, profile(title="Chief", at=moment(hour=told)))
    assert found[LEAD].added_at == moment(hour=added)


def test_the_job_looks_at_active_leads_only() -> None:
    nobody = group([role(when=condition("job_title", "is empty"))], update=True)
    assert set(members(nobody, profile("active", "ada"), profile("left", "bob"))) == {"ada"}
    assert members(nobody, activity("cem"), decide("release", "dan")) == {}
    assert members(nobody, profile("erased", "eve")) == {}


def test_text_numbers_and_flags_of_profile_and_custom_fields_are_looked_at() -> None:
    for when in (
        condition("country", "is", "CH"),
        condition("email_invalid", "is not", value=True),
        condition("custom.seniority", "between", [3, 5]),
        scored("<", 1),
    ):
        told = profile(attributes={"country": "ch"}, custom={"seniority": "4.5"})
        assert set(members(group([role(when=when)], update=True), told)) == {LEAD}


def test_a_template_without_conditions_has_no_job() -> None:
    assert job_of(group(update=True)) is None
    assert members(group(update=True), profile(title="Chief")) == {}


def test_a_group_that_is_left_alone_or_deleted_has_no_job() -> None:
    assert job_of(group(TITLES.roles, update=False)) is None
    assert job_of(group(TITLES.roles, update=True, deleted=True)) is None
    assert job_of(None) is None


# When


def test_the_job_runs_when_a_profile_changes() -> None:
    account, _ = folded(TITLES, profile(title="Intern", at=moment(hour=1), event_id="p1"))
    told = {}
    for hour, title in ((2, "Chief"), (3, "Buyer"), (4, "Intern")):
        _, changes = folded(
            profile(title=title, at=moment(hour=hour), event_id=f"p{hour}"), into=account
        )
        report = only(changes, MembershipChanged)
        told[title] = (report.change, report.cause.event_id, report.cause.reason, report.version)
    assert told == {
        "Chief": ("added", "p2", "membership", 1),
        "Buyer": ("role_changed", "p3", "membership", 2),
        "Intern": ("removed", "p4", "membership", 3),
    }


def test_the_job_runs_when_its_group_is_created() -> None:
    account, _ = folded(profile("active", "ada", title="Chief"), profile("active", "bob", title="x"))
    _, changes = folded(TITLES, into=account)
    assert [report.lead_id for report in reports(changes, MembershipChanged)] == ["ada"]
    assert only(changes, MembershipChanged).cause.event_id == TITLES.event_id


def test_the_job_runs_when_the_template_changes() -> None:
    account, _ = folded(TITLES, profile("active", "ada", title="Chief"), profile("active", "bob"))
    newer = group(
        [role(PRACTITIONER, when=condition("job_title", "is empty"))],
        update=True,
        at=moment(),
        event_id="newer",
    )
    _, changes = folded(newer, into=account)
    found = {r.lead_id: (r.change, r.cause.reason) for r in reports(changes, MembershipChanged)}
    assert found == {"ada": ("removed", "template"), "bob": ("added", "template")}


def test_what_the_job_says_is_told_to_the_figures_and_answered_to_nobody() -> None:
    account, changes = folded(TITLES, profile(title="Chief", event_id="p"), activity())
    assert reports(changes, DecisionAnswered) == []
    assert only(changes, CompletenessChanged).current.completeness == 33.33
    assert [member.role for member in only(changes, GroupState).members] == [DECISION_MAKER]
    assert account.groups[GROUP].figures.score > 0


def test_a_profile_that_changes_nothing_for_the_job_reports_nothing_but_a_newer_date() -> None:
    account, _ = folded(TITLES, profile(title="Chief", at=moment(hour=1)))
    newer = profile(title="Chief Buyer", at=moment(hour=2), event_id="newer")
    _, changes = folded(newer, into=account)
    assert [type(report) for report in changes.reports] == [GroupState]
    assert only(changes, GroupState).members[0].added_at == moment(hour=2)


def test_a_late_profile_changes_nothing() -> None:
    account, _ = folded(TITLES, profile(title="Chief", at=moment(hour=5)))
    _, changes = folded(profile(title="Buyer", at=moment(hour=4), event_id="late"), into=account)
    assert changes == type(changes)()


def test_an_erasure_takes_the_systems_word_with_it() -> None:
    account, _ = folded(TITLES, profile(title="Chief"))
    _, changes = folded(profile("erased", at=moment(hour=13), event_id="forget"), into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("removed", "erasure")
    assert account.groups[GROUP].decisions == {}
    assert changes.decisions == {(GROUP, LEAD)}


# By score


def test_activity_that_crosses_a_bound_adds_a_member_at_once() -> None:
    account, _ = folded(BY_SCORE, profile(at=moment(hour=1)), *attended(4))
    assert account.groups[GROUP].members == {}
    _, changes = folded(activity(event_id="fifth", activity_type=ATTENDED), into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.event_id) == ("added", "fifth")
    assert report.cause.reason == "membership"
    by_subject = {one.lead_id: one.cause.reason for one in reports(changes, ScoreUpdated)}
    assert by_subject == {LEAD: "activity", None: "membership"}


def test_activity_may_move_a_member_to_another_role() -> None:
    steps = (
        role(DECISION_MAKER, when=scored(">=", 90)),
        role(INFLUENCER, when=scored(">=", 50)),
        role(PRACTITIONER, when=scored("<", 10)),
    )
    account, _ = folded(group(steps, update=True), profile())
    found = [account.groups[GROUP].members[LEAD].role]
    for count in (5, 20):
        _, changes = folded(*attended(count, named=str(count)), into=account)
        found.append(account.groups[GROUP].members[LEAD].role)
        assert only(changes, MembershipChanged).cause.reason == "membership"
    assert found == [PRACTITIONER, INFLUENCER, DECISION_MAKER]


@pytest.mark.parametrize(("bound", "joins"), [(63.25, True), (63.26, False)])
def test_a_condition_looks_at_the_score_in_two_decimals(bound: float, joins: bool) -> None:
    """8 of 20 are 63.2455…, carried as 63.25."""
    by_score = group([role(when=scored(">=", bound))], update=True)
    assert bool(members(by_score, profile(), *attended(8))) is joins


def test_a_score_whose_owner_is_unknown_makes_no_member() -> None:
    assert members(BY_SCORE, *attended(20)) == {}


def test_an_erasure_of_activity_takes_the_member_that_lived_by_it() -> None:
    account, _ = folded(BY_SCORE, profile(at=moment(hour=20)), *attended(6))
    _, changes = folded(profile("erased", at=moment(hour=19), event_id="forget"), into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("removed", "erasure")


def test_decay_removes_a_member_at_the_tick() -> None:
    account, _ = folded(BY_SCORE, profile(), *attended(5))
    assert set(account.groups[GROUP].members) == {LEAD}
    assert not reports(rescore(account, tenant(TODAY + 29), "early", moment()), MembershipChanged)
    changes = rescore(account, tenant(TODAY + 30), "tick", moment())
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.event_id, report.cause.reason) == ("removed", "tick", "decay")
    assert changes.decisions == {(GROUP, LEAD)}
    assert {one.cause.reason for one in reports(changes, ScoreUpdated)} == {"decay"}
    assert only(changes, GroupState).members == ()


def test_decay_adds_whom_a_condition_asks_to_be_idle() -> None:
    idle = group([role(when=scored("=", 0))], update=True)
    account, _ = folded(idle, profile(), activity())
    changes = rescore(account, tenant(TODAY + 30), "tick", moment())
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("added", "decay")


def test_another_yardstick_removes_a_member_by_baseline() -> None:
    account, _ = folded(BY_SCORE, profile(), *attended(5))
    by = tenant(measured_by=baseline(version=2, person_root=100.0))
    report = only(rescore(account, by, "tick", moment()), MembershipChanged)
    assert (report.change, report.cause.reason) == ("removed", "baseline")


def test_another_model_adds_a_member_by_model() -> None:
    account, _ = folded(BY_SCORE, profile(), *activities(5, activity_type=FORM))
    heavier = tenant(weighted_by=model({FORM.lower(): 100}))
    changes = rescore(account, heavier, "tick", moment(), remodelled=True)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("added", "model")


def test_what_comes_of_age_at_a_tick_makes_a_member() -> None:
    account, _ = folded(BY_SCORE, profile(), *attended(5, at=moment(TODAY + 1)))
    assert account.groups[GROUP].members == {}
    changes = rescore(account, tenant(TODAY + 1), "tick", moment())
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("added", "membership")


def test_a_group_that_somebody_left_by_decay_moved_by_decay_whatever_moved_the_others() -> None:
    account, _ = folded(
        BY_SCORE,
        profile("active", "ada"),
        profile("active", "bob"),
        *attended(5, "ada", at=moment(TODAY - 29)),
        *attended(5, "bob"),
    )
    by = tenant(TODAY + 1, measured_by=baseline(version=2, person_root=100.0))
    changes = rescore(account, by, "tick", moment())
    left = {report.lead_id: report.cause.reason for report in reports(changes, MembershipChanged)}
    assert left == {"ada": "decay", "bob": "baseline"}
    moved = {report.lead_id: report.cause.reason for report in reports(changes, ScoreUpdated)}
    assert moved == {"ada": "decay", "bob": "baseline", None: "decay"}


def test_a_tick_leaves_members_by_profile_as_they_are() -> None:
    account, _ = folded(TITLES, profile(title="Chief"), *attended(5))
    changes = rescore(account, tenant(TODAY + 30), "tick", moment())
    assert reports(changes, MembershipChanged) == []
    assert set(account.groups[GROUP].members) == {LEAD}


# The members to come


def test_the_strength_of_a_group_is_that_of_its_members_to_come() -> None:
    account, _ = folded(BY_SCORE, profile(), activity(activity_type=ATTENDED))
    assert account.groups[GROUP].members == {}
    part = part_of(account)
    assert part.greatest_strength == pytest.approx(60**0.5)
    by = tenant(measured_by=baseline_of(part, tenant().model, 2))
    rescore(account, by, "tick", moment())
    assert set(account.groups[GROUP].members) == {LEAD}
    assert account.groups[GROUP].figures.score == 100.0


def test_members_about_to_leave_add_no_strength() -> None:
    account, _ = folded(BY_SCORE, profile(), *attended(5), *attended(20, "unknown", named="x"))
    folded(*(e for i in range(4) for e in attended(20, "unknown", at=moment(TODAY - i))), into=account)
    assert set(account.groups[GROUP].members) == {LEAD}
    assert part_of(account).greatest_strength == 0.0


def test_a_role_about_to_change_weighs_as_it_will() -> None:
    steps = group(
        (
            role(DECISION_MAKER, weighting=100, when=scored("=", 100)),
            role(INFLUENCER, weighting=20, when=scored("<", 100)),
        ),
        update=True,
    )
    account, _ = folded(steps, profile("active", "ada"), profile("active", "bob"))
    folded(*attended(4, "ada"), *attended(1, "bob"), into=account)
    assert {m.role for m in account.groups[GROUP].members.values()} == {INFLUENCER}
    part = part_of(account)
    assert part.greatest_strength == pytest.approx((100 * 240**0.5 + 20 * 60**0.5) / 120)
    by = tenant(measured_by=baseline_of(part, tenant().model, 2))
    rescore(account, by, "tick", moment())
    assert account.groups[GROUP].figures.score == 100.0


@pytest.mark.parametrize("partitions", [1, 3])
def test_after_a_tick_the_best_group_of_a_tenant_is_100_whoever_joined_or_left_by_it(
    partitions: int,
) -> None:
    deployment = Deployment(partitions)
    for account in ("acme", "initech", "umbrella"):
        maintained = group(BY_SCORE.roles, account=account, update=True)
        deployment.fold([maintained, profile(account=account)])
    deployment.fold(activities(3, account="acme"))
    deployment.fold(activities(1, account="initech"))
    deployment.fold(activities(1, account="umbrella", at=moment(TODAY - 1)))
    deployment.tick(TODAY)
    found = {
        account.account_id: (len(one.members), one.figures.score)
        for account, _ in deployment.accounts()
        for one in account.groups.values()
    }
    assert found == {
        "acme": (1, 100.0),
        "initech": (1, pytest.approx(75.98)),
        "umbrella": (1, pytest.approx(75.98)),
    }
    deployment.tick(TODAY + 29)
    assert sorted(
        (account.account_id, len(one.members))
        for account, _ in deployment.accounts()
        for one in account.groups.values()
    ) == [("acme", 1), ("initech", 1), ("umbrella", 0)]
