"""What became of a decision (domain.md §7, ``assignment-outcome``)."""

import pytest

from domain.account import Account
from domain.events import Decision, Source
from domain.reports import DecisionAnswered, Outcome
from tests.domain.builders import (
    GROUP,
    INFLUENCER,
    LEAD,
    PRACTITIONER,
    decide,
    folded,
    group,
    moment,
    profile,
    reports,
)


def answered(account: Account, decision: Decision) -> Outcome:
    """Return the one answer to a decision folded into an account that is already there."""
    _, changes = folded(decision, into=account)
    (report,) = reports(changes, DecisionAnswered)
    assert report.decision == decision
    return report.outcome


def known(*decisions: Decision) -> Account:
    return folded(group(), *decisions)[0]


def test_a_decision_that_changes_the_membership_is_applied() -> None:
    account = known()
    assert answered(account, decide("assign", at=moment(hour=1))).name == "applied"
    edit = decide("assign", role=INFLUENCER, at=moment(hour=2))
    assert answered(account, edit).name == "applied"
    assert answered(account, decide("remove", at=moment(hour=3))).name == "applied"


def test_an_assign_of_a_higher_source_to_the_same_role_is_applied() -> None:
    """The source changes."""
    account = known(decide("assign", source="system"))
    assert answered(account, decide("assign", source="manual")).name == "applied"


def test_a_release_that_lets_a_lower_source_count_is_applied() -> None:
    account = known(
        decide("remove", source="manual", at=moment(hour=1)),
        decide("assign", source="journey", at=moment(hour=1)),
    )
    outcome = answered(account, decide("release", source="manual", at=moment(hour=2)))
    assert outcome.name == "applied"
    assert "journey" in outcome.detail


def test_removing_a_lead_that_is_no_member_is_no_change() -> None:
    assert answered(known(), decide("remove")).name == "no_change"


def test_releasing_what_nobody_decided_is_no_change() -> None:
    assert answered(known(), decide("release")).name == "no_change"


def test_a_repeated_decision_is_no_change() -> None:
    account = known(decide())
    assert answered(account, decide()).name == "no_change"


def test_assigning_a_lead_that_left_is_no_change_until_it_returns() -> None:
    account, _ = folded(group(), profile("left"))
    outcome = answered(account, decide())
    assert outcome.name == "no_change"
    assert "left" in outcome.detail


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("journey", "manual"), ("system", "manual"), ("system", "journey")],
)
def test_a_lower_sources_decision_is_overridden_by_the_source_that_stands(
    lower: Source, higher: Source
) -> None:
    for standing in ("assign", "remove"):
        account = known(decide(standing, source=higher, at=moment(hour=1)))
        for operation in ("assign", "remove"):
            outcome = answered(
                account,
                decide(operation, source=lower, at=moment(hour=2), event_id=operation),
            )
            assert (outcome.name, outcome.overridden_by) == ("overridden", higher)


def test_only_overridden_names_a_source() -> None:
    assert answered(known(), decide()).overridden_by is None


def test_a_released_source_overrides_nothing() -> None:
    account = known(decide("release", source="manual"))
    assert answered(account, decide("assign", source="system")).name == "applied"


def test_a_decision_older_than_the_one_that_stands_is_stale() -> None:
    account = known(decide("remove", at=moment(hour=2), event_id="newer"))
    outcome = answered(account, decide("assign", at=moment(hour=1)))
    assert outcome.name == "stale"
    assert "newer" in outcome.detail


def test_of_one_instant_the_lesser_event_id_is_stale() -> None:
    account = known(decide("remove", event_id="b"))
    assert answered(account, decide("assign", event_id="a")).name == "stale"
    assert answered(account, decide("assign", event_id="c")).name == "applied"


def test_a_newer_decision_of_another_source_makes_nothing_stale() -> None:
    account = known(decide("assign", source="system", at=moment(hour=9)))
    assert answered(account, decide("remove", source="manual", at=moment(hour=1))).name == "applied"


def test_a_newer_void_assign_makes_nothing_stale() -> None:
    account = known(decide("assign", role="Nobody's Role", at=moment(hour=9), event_id="z"))
    assert answered(account, decide("assign", at=moment(hour=1))).name == "applied"


def test_an_assign_to_a_role_outside_the_template_is_void_and_names_those_inside() -> None:
    outcome = answered(known(), decide("assign", role="Chief"))
    assert outcome.name == "void"
    assert "'Chief'" in outcome.detail
    assert PRACTITIONER in outcome.detail


def test_a_decision_dated_up_to_an_erasure_is_void() -> None:
    account, _ = folded(group(), profile("erased", at=moment(hour=2)))
    assert answered(account, decide(at=moment(hour=2))).name == "void"
    assert answered(account, decide(at=moment(hour=2, ms=1))).name == "applied"


def test_a_decision_on_a_deleted_group_is_void() -> None:
    account, _ = folded(group(), group(deleted=True))
    assert answered(account, decide()).name == "void"


def test_a_decision_for_a_group_that_is_not_there_yet_is_pending() -> None:
    account, changes = folded(decide())
    (report,) = reports(changes, DecisionAnswered)
    assert report.outcome.name == "pending"
    assert report.solution_interest_id is None
    assert account.groups[GROUP].decisions[LEAD]


def test_a_pending_decision_is_answered_once_and_not_again_when_the_group_comes() -> None:
    account, _ = folded(decide())
    _, changes = folded(group(), into=account)
    assert reports(changes, DecisionAnswered) == []


def test_every_decision_received_is_answered_repeats_included() -> None:
    _, changes = folded(group(), decide(), decide(), decide("remove", at=moment(hour=1)))
    answers = reports(changes, DecisionAnswered)
    assert [report.outcome.name for report in answers] == ["applied", "no_change", "stale"]
    assert [report.version for report in answers] == [1, 2, 3]


def test_each_lead_of_an_edit_is_one_decision() -> None:
    edit = [decide("assign", f"lead-{i:02d}", event_id="edit", position=i) for i in range(50)]
    account, changes = folded(group(), *edit)
    assert len(account.groups[GROUP].members) == 50
    assert [r.outcome.name for r in reports(changes, DecisionAnswered)] == ["applied"] * 50


def test_a_newer_assign_that_confirms_role_and_source_is_no_change() -> None:
    account = known(decide("assign", at=moment(hour=1)))
    assert answered(account, decide("assign", at=moment(hour=2))).name == "no_change"


def test_a_repeat_of_an_overridden_decision_is_overridden_still() -> None:
    account = known(decide("assign", source="manual"), decide("remove", source="journey"))
    assert answered(account, decide("remove", source="journey")).name == "overridden"
