"""What is reported, how often, with which version and reason (domain.md §7)."""

import pytest

from domain.reports import (
    CompletenessChanged,
    DecisionAnswered,
    GroupGone,
    GroupState,
    MembershipChanged,
    ScoreUpdated,
)
from domain.settle import rescore
from tests.domain.builders import (
    ATTENDED,
    DECISION_MAKER,
    GROUP,
    INFLUENCER,
    INTEREST,
    LEAD,
    PRACTITIONER,
    TODAY,
    account_profile,
    activities,
    activity,
    baseline,
    decide,
    folded,
    group,
    moment,
    only,
    profile,
    reports,
    role,
    tenant,
)

# membership-changed


def test_a_lead_that_becomes_a_member_is_reported_as_added() -> None:
    _, changes = folded(group(), decide(role=INFLUENCER, source="journey"))
    report = only(changes, MembershipChanged)
    assert (report.change, report.previous) == ("added", None)
    assert report.current is not None
    assert (report.current.role, report.current.source) == (INFLUENCER, "journey")
    assert (report.lead_id, report.buying_group_id) == (LEAD, GROUP)
    assert report.solution_interest_id == INTEREST


def test_a_lead_that_stops_being_a_member_is_reported_as_removed() -> None:
    account, _ = folded(group(), decide(at=moment(hour=1)))
    _, changes = folded(decide("remove", at=moment(hour=2)), into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.current) == ("removed", None)
    assert report.previous is not None


def test_a_change_of_role_and_a_change_of_source_have_names_of_their_own() -> None:
    account, _ = folded(group(), decide(source="system"))
    _, changes = folded(decide(source="journey"), into=account)
    assert only(changes, MembershipChanged).change == "source_changed"
    _, changes = folded(decide(source="manual", role=PRACTITIONER), into=account)
    assert only(changes, MembershipChanged).change == "role_changed"


def test_a_change_undone_within_one_batch_is_not_reported() -> None:
    account, _ = folded(group())
    _, changes = folded(
        decide("assign", at=moment(hour=1)), decide("remove", at=moment(hour=2)), into=account
    )
    assert {type(report) for report in changes.reports} == {DecisionAnswered}


def test_a_batch_reports_a_change_once_with_the_last_event_that_touched_it() -> None:
    _, changes = folded(
        group(),
        decide("assign", role=INFLUENCER, at=moment(hour=1), event_id="a"),
        decide("assign", role=PRACTITIONER, at=moment(hour=2), event_id="b"),
    )
    report = only(changes, MembershipChanged)
    assert (report.cause.event_id, report.cause.occurred_at) == ("b", moment(hour=2))
    assert (report.previous, report.change) == (None, "added")


def test_members_that_a_late_creation_brings_are_reported_with_it() -> None:
    account, _ = folded(decide("assign", "ada"), decide("assign", "bob"))
    _, changes = folded(group(event_id="creation"), into=account)
    found = reports(changes, MembershipChanged)
    assert {report.lead_id for report in found} == {"ada", "bob"}
    assert {report.cause.event_id for report in found} == {"creation"}


# reasons


def test_reasons_name_what_moved_the_figure() -> None:
    account, changes = folded(group([role()]), decide())
    assert only(changes, CompletenessChanged).cause.reason == "membership"
    _, changes = folded(activity(), into=account)
    assert {report.cause.reason for report in reports(changes, ScoreUpdated)} == {"activity"}
    _, changes = folded(profile("left"), into=account)
    assert only(changes, MembershipChanged).cause.reason == "membership"
    assert {report.cause.reason for report in reports(changes, ScoreUpdated)} == {"membership"}
    _, changes = folded(profile(at=moment(hour=13), event_id="back"), into=account)
    _, changes = folded(profile("erased", at=moment(hour=14), event_id="forget"), into=account)
    assert only(changes, MembershipChanged).cause.reason == "erasure"
    scores = reports(changes, ScoreUpdated)
    assert [report.cause.reason for report in scores] == ["erasure", "erasure"]


def test_members_and_figures_that_another_template_moves_are_reported_as_template() -> None:
    account, _ = folded(group(), decide(), activity())
    _, changes = folded(group([role("Champion")], at=moment(hour=13), event_id="x"), into=account)
    assert only(changes, MembershipChanged).cause.reason == "template"
    assert only(changes, CompletenessChanged).cause.reason == "template"
    assert only(changes, ScoreUpdated).cause.reason == "template"


def test_a_group_that_gained_a_member_and_activity_in_one_batch_moved_by_membership() -> None:
    account, _ = folded(group())
    _, changes = folded(decide(), activity(), into=account)
    by_subject = {report.lead_id: report.cause.reason for report in reports(changes, ScoreUpdated)}
    assert by_subject == {LEAD: "activity", None: "membership"}


def test_decay_and_baseline_are_never_reported_of_a_batch_of_events() -> None:
    _, changes = folded(group(), decide(), *activities(30), profile(at=moment(hour=23)))
    told = [r.cause.reason for r in changes.reports if isinstance(r, ScoreUpdated | GroupState)]
    assert told
    assert not {"decay", "baseline"} & set(told)


# score-updated


def test_a_score_is_reported_with_its_raw_figure_previous_and_current() -> None:
    account, changes = folded(activity(activity_type=ATTENDED))
    report = only(changes, ScoreUpdated)
    assert (report.lead_id, report.buying_group_id) == (LEAD, None)
    assert (report.previous, report.current) == (0.0, 22.36)
    assert (report.raw_previous, report.raw_current) == (0.0, 1.0)
    _, changes = folded(*activities(3, activity_type=ATTENDED, at=moment(TODAY - 1)), into=account)
    report = only(changes, ScoreUpdated)
    assert (report.previous, report.current) == (22.36, 44.72)
    assert (report.raw_previous, report.raw_current) == (1.0, 2.0)


def test_a_score_that_does_not_move_by_two_decimals_is_not_reported() -> None:
    by = tenant(measured_by=baseline(person_root=1.0))
    account, _ = folded(*activities(10), by=by)
    _, changes = folded(activity(event_id="more"), into=account, by=by)
    assert changes.days == {(LEAD, TODAY)}
    assert changes.reports == []


def test_a_member_whose_score_moved_moves_the_published_group() -> None:
    account, _ = folded(group(), decide())
    _, changes = folded(activity(), into=account)
    state = only(changes, GroupState)
    assert state.members[0].score == account.leads[LEAD].figures.score == 18.26
    assert state.score == account.groups[GROUP].figures.score


def test_activity_of_a_lead_moves_every_group_that_it_is_a_member_of() -> None:
    interests = [f"interest-{i}" for i in range(4)]
    groups = [group(interest=interest) for interest in interests]
    account, _ = folded(*groups, *(decide(group=one.buying_group_id) for one in groups))
    _, changes = folded(activity(), into=account)
    ids = {one.buying_group_id for one in groups}
    assert {state.buying_group_id for state in reports(changes, GroupState)} == ids
    scores = [r for r in reports(changes, ScoreUpdated) if r.lead_id is None]
    assert {report.buying_group_id for report in scores} == ids


def test_activity_of_a_lead_that_is_no_member_touches_no_group() -> None:
    account, _ = folded(group(), decide("assign", "ada"), profile("left", "ada"))
    _, changes = folded(activity("ada"), activity("bob"), into=account)
    assert {report.lead_id for report in reports(changes, ScoreUpdated)} == {"ada", "bob"}
    assert reports(changes, GroupState) == []


# buying-group-state


def test_the_published_group_lists_members_by_lead_id_and_roles_in_the_templates_order() -> None:
    _, changes = folded(
        group(),
        decide("assign", "cem", role=PRACTITIONER),
        decide("assign", "ada", role=INFLUENCER),
        decide("assign", "bob", role=DECISION_MAKER),
    )
    state = only(changes, GroupState)
    assert [member.lead_id for member in state.members] == ["ada", "bob", "cem"]
    assert [r.role for r in state.completeness.roles] == [DECISION_MAKER, INFLUENCER, PRACTITIONER]
    assert (state.account_id, state.solution_interest_id) == ("acme", INTEREST)
    assert state.name == "crm-suite for acme"


def test_a_deleted_group_is_withdrawn_once() -> None:
    account, _ = folded(group(), decide())
    _, changes = folded(group(deleted=True, event_id="x"), into=account)
    assert only(changes, GroupGone).buying_group_id == GROUP
    assert reports(changes, GroupState) == []
    _, changes = folded(
        group(deleted=True, event_id="x"), activity(), decide(event_id="late"), into=account
    )
    assert reports(changes, GroupGone) == []
    assert reports(changes, GroupState) == []
    assert reports(rescore(account, tenant(), "tick", moment()), GroupState) == []


# versions


def test_versions_grow_by_one_for_each_subject_and_kind() -> None:
    account, changes = folded(
        group(),
        decide("assign", "ada"),
        decide("assign", "bob", role=INFLUENCER),
        activity("ada"),
    )
    versions = [
        [report.version for report in reports(changes, MembershipChanged)],
        [report.version for report in reports(changes, CompletenessChanged)],
        [report.version for report in reports(changes, GroupState)],
        [report.version for report in reports(changes, DecisionAnswered)],
    ]
    assert versions == [[1, 2], [1], [1], [1, 2]]
    assert {(r.lead_id, r.version) for r in reports(changes, ScoreUpdated)} == {
        ("ada", 1),
        (None, 1),
    }
    _, changes = folded(activity("bob"), activity("ada", event_id="more"), into=account)
    assert {(r.lead_id, r.version) for r in reports(changes, ScoreUpdated)} == {
        ("ada", 2),
        ("bob", 1),
        (None, 2),
    }
    assert only(changes, GroupState).version == 2
    _, changes = folded(decide("remove", "ada", at=moment(hour=13), event_id="out"), into=account)
    assert only(changes, MembershipChanged).version == 3
    assert only(changes, CompletenessChanged).version == 2


def test_versions_go_on_after_an_erasure_and_after_a_deletion() -> None:
    account, _ = folded(group(), decide(), activity())
    folded(profile("erased", at=moment(hour=13)), group(deleted=True), into=account)
    _, changes = folded(
        activity(event_id="new", at=moment(hour=14)),
        decide(event_id="new", at=moment(hour=14)),
        group(event_id="new", at=moment(hour=14)),
        into=account,
    )
    assert only(changes, MembershipChanged).version == 3
    assert next(r.version for r in reports(changes, ScoreUpdated) if r.lead_id) == 3


# nothing


@pytest.mark.parametrize(
    "event",
    [
        activity(),
        activity(event_id="old", at=moment(TODAY - 30)),
        activity(event_id="sent", activity_type="directMarketing.emailSent"),
        activity(event_id="soon", at=moment(TODAY + 1)),
        profile(at=moment(hour=1)),
        profile(at=moment(hour=13), event_id="moved house", attributes={"city": "Basel"}),
        profile("erased", at=moment(TODAY - 50), event_id="forget"),
        group(),
        group(at=moment(TODAY - 101), event_id="older"),
        account_profile(at=moment(hour=23), name="Acme Corp."),
    ],
    ids=lambda event: f"{type(event).__name__} {event.event_id}",
)
def test_nothing_is_reported_when_nothing_changed(event: object) -> None:
    account, _ = folded(group(), decide(), activity(), profile(at=moment(hour=2)), account_profile())
    _, changes = folded(event, into=account)  # type: ignore[arg-type]
    assert changes.reports == []


def test_an_empty_batch_changes_nothing() -> None:
    account, _ = folded(group(), decide(), activity())
    _, changes = folded(into=account)
    assert changes == type(changes)()


def test_activity_that_moves_no_figure_publishes_no_group() -> None:
    by = tenant(measured_by=baseline(person_root=1.0))
    account, _ = folded(group(), decide(), *activities(10), by=by)
    _, changes = folded(activity(event_id="more"), into=account, by=by)
    assert changes.reports == []


def test_after_a_deletion_the_next_score_follows_the_last_one_reported() -> None:
    account, changes = folded(group(), decide(), activity())
    heard = next(r.current for r in reports(changes, ScoreUpdated) if r.buying_group_id)
    _, deletion = folded(group(deleted=True, event_id="x"), into=account)
    _, creation = folded(group(at=moment(), event_id="again"), into=account)
    for changes in (deletion, creation):
        for report in reports(changes, ScoreUpdated):
            assert report.previous == heard
            heard = report.current


def test_a_deletion_of_a_group_that_never_stood_withdraws_nothing() -> None:
    _, changes = folded(group(deleted=True))
    assert changes.reports == []


def test_a_role_that_changed_because_of_a_release_is_no_role_edit() -> None:
    account, _ = folded(
        group(),
        decide(source="manual", role=INFLUENCER, at=moment(hour=1)),
        decide(source="system", role=PRACTITIONER, at=moment(hour=1)),
    )
    _, changes = folded(decide("release", at=moment(hour=2), event_id="r"), into=account)
    assert only(changes, MembershipChanged).cause.reason == "membership"
