"""Where a group stands in its stage model, and its status (domain.md §6)."""

from typing import Final

import pytest

from domain.account import Account
from domain.events import AccountEvent
from domain.reports import (
    DecisionAnswered,
    GroupState,
    Outcome,
    ScoreUpdated,
    StageChanged,
    StatusChanged,
)
from domain.settle import create, rescore
from domain.stages import MOST_MOVES
from tests.domain.builders import (
    GROUP,
    INTEREST,
    LEAD,
    THREE_ROLES,
    TODAY,
    account_profile,
    activity,
    decide,
    folded,
    group,
    interest,
    moment,
    move,
    only,
    reports,
    stages,
    status,
    tenant,
)

MODEL: Final = stages(Open="Pitched Lost", Pitched="Won Lost", Lost="Open", Won="")
STAGED: Final = group(stage_model=MODEL)


def at_stage(*events: AccountEvent) -> str | None:
    """Return the stage of the default group after events, in one batch and one by one."""
    whole, _ = folded(*events)
    apart = Account(whole.account_id)
    for event in events:
        folded(event, into=apart)
    found = {one.groups[GROUP].progress.figures.stage for one in (whole, apart)}
    (only_one,) = found
    return only_one


def answers(*events: AccountEvent, into: Account | None = None) -> list[Outcome]:
    _, changes = folded(*events, into=into)
    return [report.outcome for report in reports(changes, DecisionAnswered)]


# Moving along


def test_a_group_has_no_stage_until_it_enters() -> None:
    assert at_stage(STAGED) is None


def test_a_group_enters_at_an_entry_stage() -> None:
    assert at_stage(STAGED, move("Open")) == "Open"


def test_a_group_enters_nowhere_else() -> None:
    assert at_stage(STAGED, move("Pitched")) is None
    (outcome,) = answers(STAGED, move("Pitched"))
    assert outcome.name == "void"
    assert "'Open'" in outcome.detail


def test_a_group_moves_along_allowed_transitions() -> None:
    assert at_stage(STAGED, move("Open"), move("Pitched"), move("Won")) == "Won"


def test_a_move_that_is_not_allowed_changes_nothing_and_says_what_is() -> None:
    assert at_stage(STAGED, move("Open"), move("Won")) == "Open"
    outcome = answers(STAGED, move("Open"), move("Won"))[-1]
    assert outcome.name == "void"
    assert outcome.detail == "'Open' does not lead to 'Won'; it leads to: 'Pitched', 'Lost'"


def test_a_stage_that_the_model_does_not_have_is_void_and_names_those_it_has() -> None:
    outcome = answers(STAGED, move("Closed"))[-1]
    assert outcome.name == "void"
    assert "'Closed'" in outcome.detail
    assert "'Pitched'" in outcome.detail


def test_a_failure_stage_may_lead_on_and_a_success_stage_leads_nowhere() -> None:
    back = move("Open", event_id="back")
    assert at_stage(STAGED, move("Open"), move("Lost"), back) == "Open"
    won = (STAGED, move("Open"), move("Pitched"), move("Won"))
    assert at_stage(*won, back) == "Won"
    assert answers(*won, back)[-1].detail == "'Won' does not lead to 'Open'; it leads to: none"


def test_a_move_to_the_stage_that_the_group_is_at_is_no_change() -> None:
    outcome = answers(STAGED, move("Open"), move("Open", event_id="again"))[-1]
    assert (outcome.name, outcome.detail) == ("no_change", "the group is at 'Open' already")


def test_moves_apply_in_the_order_in_which_they_are_given_whatever_their_dates() -> None:
    early = move("Lost", at=moment(hour=1))
    late = move("Pitched", at=moment(hour=2))
    assert at_stage(STAGED, move("Open"), late, early) == "Lost"
    assert at_stage(STAGED, move("Open"), early, late) == "Lost"


def test_a_move_that_was_received_before_is_recognised_and_skipped() -> None:
    there, back = move("Lost"), move("Open", event_id="back")
    assert at_stage(STAGED, move("Open"), there, back, there) == "Open"
    outcome = answers(STAGED, move("Open"), there, back, there)[-1]
    assert (outcome.name, outcome.detail) == ("no_change", "this move was received before")


def test_a_move_that_was_void_is_not_applied_when_it_comes_again() -> None:
    won = move("Won")
    assert at_stage(STAGED, won, move("Open"), move("Pitched"), won) == "Pitched"


def test_a_group_without_a_stage_model_takes_no_moves() -> None:
    assert at_stage(group(), move("Open")) is None
    (outcome,) = answers(group(), move("Open"))
    assert (outcome.name, outcome.detail) == ("void", "the group has no stage model")


def test_moves_of_one_group_are_not_anothers() -> None:
    other = group(interest="erp", stage_model=MODEL)
    account, _ = folded(STAGED, other, move("Open"))
    assert account.groups[other.buying_group_id].progress.figures.stage is None


# Before the group, after it, and with another model


def test_moves_wait_for_the_group_and_lead_where_they_would_have_led() -> None:
    waiting = (move("Won", event_id="first"), move("Open"), move("Pitched"))
    account, changes = folded(*waiting)
    assert [answer.outcome.name for answer in reports(changes, DecisionAnswered)] == ["pending"] * 3
    assert reports(changes, StageChanged) == []
    _, changes = folded(STAGED, into=account)
    report = only(changes, StageChanged)
    assert (report.previous, report.current, report.version) == (None, "Pitched", 1)
    assert report.cause.event_id == STAGED.event_id
    assert only(changes, GroupState).stage == "Pitched"
    assert reports(changes, DecisionAnswered) == []


def test_a_group_that_the_creation_job_makes_has_its_interests_stages() -> None:
    told = interest(THREE_ROLES, stage_model=MODEL)
    account, _ = folded(account_profile(), move("Open"))
    changes = create(account, told, tenant(interests=[told]))
    assert only(changes, StageChanged).current == "Open"


def test_a_deleted_group_takes_no_moves_until_it_is_created_again() -> None:
    account, _ = folded(STAGED, move("Open"))
    folded(group(deleted=True, event_id="gone"), into=account)
    (outcome,) = answers(move("Pitched"), into=account)
    assert outcome.name == "void"
    _, changes = folded(group(stage_model=MODEL, at=moment(), event_id="again"), into=account)
    report = only(changes, StageChanged)
    assert (report.previous, report.current, report.version) == ("Open", "Pitched", 2)


def test_another_model_reads_the_moves_anew() -> None:
    account, _ = folded(STAGED, move("Open"), move("Won"))
    assert account.groups[GROUP].progress.figures.stage == "Open"
    shorter = group(stage_model=stages(Open="Won", Won=""), at=moment(), event_id="shorter")
    _, changes = folded(shorter, into=account)
    report = only(changes, StageChanged)
    assert (report.previous, report.current, report.cause.reason) == ("Open", "Won", "template")
    _, changes = folded(group(at=moment(TODAY + 1), event_id="none"), into=account)
    report = only(changes, StageChanged)
    assert (report.previous, report.current, report.version) == ("Won", None, 3)


def test_of_very_many_moves_the_stage_follows_all_and_the_newest_are_recognised() -> None:
    for_ever = group(stage_model=stages(Open="Ping", Ping="Pong", Pong="Ping"))
    names = ["Open", *("Pong" if i % 2 else "Ping" for i in range(MOST_MOVES + 5))]
    moves = [move(name, event_id=f"m{i:04d}") for i, name in enumerate(names)]
    account, _ = folded(for_ever, *moves)
    progress = account.groups[GROUP].progress
    assert (progress.figures.stage, len(progress.moves)) == ("Ping", MOST_MOVES)
    assert {one.name for one in answers(*moves[-MOST_MOVES:], into=account)} == {"no_change"}
    assert account.groups[GROUP].progress == progress
    (outcome,) = answers(move("Pong", event_id="next"), into=account)
    assert outcome.name == "applied"


# Reports


def test_a_move_is_reported_with_its_own_cause_and_both_stages() -> None:
    account, _ = folded(STAGED, move("Open"))
    _, changes = folded(move("Lost", at=moment(hour=7)), into=account)
    report = only(changes, StageChanged)
    assert (report.version, report.previous, report.current) == (2, "Open", "Lost")
    assert (report.cause.event_id, report.cause.occurred_at) == ("to Lost", moment(hour=7))
    assert report.cause.reason == "move"
    assert (report.buying_group_id, report.solution_interest_id) == (GROUP, INTEREST)
    assert only(changes, GroupState).stage == "Lost"


def test_a_batch_of_moves_is_answered_one_by_one_and_reported_once() -> None:
    account, _ = folded(STAGED)
    _, changes = folded(move("Open"), move("Won"), move("Pitched"), into=account)
    found = [(one.version, one.outcome.name) for one in reports(changes, DecisionAnswered)]
    assert found == [(1, "applied"), (2, "void"), (3, "applied")]
    report = only(changes, StageChanged)
    assert (report.previous, report.current, report.version) == (None, "Pitched", 1)


def test_moves_that_lead_back_within_a_batch_are_not_reported() -> None:
    account, _ = folded(STAGED, move("Open"))
    _, changes = folded(move("Lost"), move("Open", event_id="back"), into=account)
    assert {type(report) for report in changes.reports} == {DecisionAnswered}


def test_a_refused_move_is_answered_and_nothing_else() -> None:
    account, _ = folded(STAGED)
    _, changes = folded(move("Won"), into=account)
    assert [type(report) for report in changes.reports] == [DecisionAnswered]


def test_a_move_moves_no_figure() -> None:
    account, _ = folded(STAGED, decide(), activity())
    _, changes = folded(move("Open"), status("hot"), into=account)
    assert {type(report) for report in changes.reports} == {
        StageChanged,
        StatusChanged,
        GroupState,
        DecisionAnswered,
    }


def test_stage_and_status_of_one_batch_have_each_its_own_cause() -> None:
    both: list[AccountEvent] = [move("Open", event_id="m"), status("hot", event_id="s")]
    for events in (both, both[::-1]):
        account, _ = folded(STAGED)
        _, changes = folded(*events, into=account)
        assert only(changes, StageChanged).cause.event_id == "m"
        assert only(changes, StatusChanged).cause.event_id == "s"


def test_a_move_beside_activity_does_not_take_its_reason() -> None:
    account, _ = folded(STAGED, decide())
    _, changes = folded(move("Open"), activity(), into=account)
    assert only(changes, StageChanged).cause.reason == "move"
    scores = {report.lead_id: report.cause.reason for report in reports(changes, ScoreUpdated)}
    assert scores == {LEAD: "activity", None: "activity"}


def test_a_tick_shows_stage_and_status_again_and_reports_neither() -> None:
    account, _ = folded(STAGED, move("Open"), status("hot"))
    changes = rescore(account, tenant(TODAY + 1), "tick", moment())
    state = only(changes, GroupState)
    assert (state.stage, state.status) == ("Open", "hot")
    assert len(changes.reports) == 1


def test_the_published_group_carries_the_versions_of_stage_and_status() -> None:
    _, changes = folded(STAGED, move("Open"), status("hot"))
    versions = only(changes, GroupState).versions
    assert (versions["stage"], versions["status"]) == (1, 1)


# Status


@pytest.mark.parametrize("newer_first", [True, False])
def test_the_newest_status_stands(newer_first: bool) -> None:
    both = [status("cold", at=moment(hour=1), event_id="z"), status("hot", at=moment(hour=2))]
    account, _ = folded(group(), *(reversed(both) if newer_first else both))
    assert account.groups[GROUP].progress.figures.status == "hot"


@pytest.mark.parametrize("greater_first", [True, False])
def test_of_two_statuses_of_one_instant_the_greater_event_id_stands(greater_first: bool) -> None:
    both = [status("cold", event_id="a"), status("hot", event_id="b")]
    account, _ = folded(group(), *(reversed(both) if greater_first else both))
    assert account.groups[GROUP].progress.figures.status == "hot"


def test_a_status_is_reported_with_its_own_cause_and_both_texts() -> None:
    account, changes = folded(group(), status("cold"))
    report = only(changes, StatusChanged)
    assert (report.version, report.previous, report.current) == (1, None, "cold")
    _, changes = folded(status("hot", event_id="x", at=moment(hour=13)), into=account)
    report = only(changes, StatusChanged)
    assert (report.version, report.previous, report.current) == (2, "cold", "hot")
    assert (report.cause.event_id, report.cause.reason) == ("x", "move")
    assert (report.buying_group_id, report.solution_interest_id) == (GROUP, INTEREST)
    assert only(changes, GroupState).status == "hot"


def test_an_older_status_is_stale_and_names_the_newer_one() -> None:
    account, _ = folded(group(), status("hot", at=moment(hour=2), event_id="newer"))
    (outcome,) = answers(status("cold", at=moment(hour=1)), into=account)
    assert outcome.name == "stale"
    assert "newer" in outcome.detail


def test_a_repeated_status_and_one_of_the_same_text_are_no_change() -> None:
    account, _ = folded(group(), status("hot", at=moment(hour=1)))
    for again in (status("hot", at=moment(hour=1)), status("hot", at=moment(hour=2), event_id="b")):
        _, changes = folded(again, into=account)
        assert [type(report) for report in changes.reports] == [DecisionAnswered]
        assert only(changes, DecisionAnswered).outcome.name == "no_change"
    (outcome,) = answers(status("cold", at=moment(hour=1), event_id="z"), into=account)
    assert outcome.name == "stale"


def test_a_status_waits_for_the_group() -> None:
    account, changes = folded(status("hot"))
    assert only(changes, DecisionAnswered).outcome.name == "pending"
    _, changes = folded(group(), into=account)
    assert only(changes, StatusChanged).current == "hot"
    assert only(changes, GroupState).status == "hot"


def test_a_status_of_a_deleted_group_is_void_until_it_is_created_again() -> None:
    account, _ = folded(group(), group(deleted=True, event_id="gone"))
    (outcome,) = answers(status("hot"), into=account)
    assert outcome.name == "void"
    _, changes = folded(group(at=moment(), event_id="again"), into=account)
    assert only(changes, StatusChanged).current == "hot"


def test_an_empty_status_is_a_status() -> None:
    account, _ = folded(group(), status("hot", at=moment(hour=1)))
    _, changes = folded(status("", at=moment(hour=2), event_id="b"), into=account)
    assert only(changes, StatusChanged).current == ""
    assert only(changes, DecisionAnswered).outcome.name == "applied"
