"""What an erasure leaves of a lead: the time of it (domain.md §2.7)."""

from itertools import permutations

import pytest

from domain.account import Account
from domain.events import AccountEvent
from domain.reports import MembershipChanged, ScoreUpdated
from domain.settle import fold
from tests.domain.builders import (
    ACCOUNT,
    GROUP,
    LEAD,
    TODAY,
    activities,
    activity,
    decide,
    folded,
    group,
    moment,
    only,
    profile,
    reports,
    tenant,
)


def test_an_erasure_deletes_profile_activity_and_assignments_and_keeps_its_time() -> None:
    account, _ = folded(
        group(),
        profile(at=moment(hour=1), attributes={"first_name": "Ada", "email": "ada@acme.test"}),
        activity(at=moment(hour=2)),
        activity(event_id="older", at=moment(TODAY - 5)),
        decide(at=moment(hour=3)),
    )
    _, changes = folded(profile("erased", at=moment(hour=4), event_id="forget"), into=account)
    lead = account.leads[LEAD]
    assert (lead.profile, lead.days, lead.groups) == (None, {}, set())
    assert (lead.points, lead.score) == (0, 0.0)
    assert lead.erased_at == moment(hour=4)
    assert account.groups[GROUP].decisions == {}
    assert changes.leads == {LEAD}
    assert changes.days == {(LEAD, TODAY), (LEAD, TODAY - 5)}
    assert changes.decisions == {(GROUP, LEAD)}


def test_nothing_of_the_erased_remains_anywhere_in_the_account() -> None:
    account, _ = folded(
        profile(at=moment(hour=1), attributes={"first_name": "Adalbert"}),
        profile("erased", at=moment(hour=2), attributes={"first_name": "Adalbert"}),
        profile(at=moment(hour=1), event_id="late", attributes={"first_name": "Adalbert"}),
    )
    assert "Adalbert" not in repr(account)


def test_the_score_of_the_erased_falls_to_0_by_erasure() -> None:
    account, _ = folded(activity())
    _, changes = folded(profile("erased", at=moment(hour=13)), into=account)
    report = only(changes, ScoreUpdated)
    assert (report.current, report.cause.reason) == (0.0, "erasure")


def test_a_membership_that_an_erasure_ends_is_reported_as_erasure() -> None:
    account, _ = folded(group(), decide())
    _, changes = folded(profile("erased", at=moment(hour=13)), into=account)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason) == ("removed", "erasure")


STORY: list[AccountEvent] = [
    group(),
    profile(at=moment(hour=1), event_id="p1"),
    activity(event_id="before", at=moment(hour=1)),
    decide(at=moment(hour=1), event_id="before"),
    profile("erased", at=moment(hour=2), event_id="forget"),
    activity(event_id="after", at=moment(hour=3)),
]


@pytest.mark.parametrize("order", list(permutations(range(len(STORY))))[::7])
def test_what_is_dated_up_to_an_erasure_never_counts_in_whatever_order_it_comes(
    order: tuple[int, ...],
) -> None:
    account = Account(ACCOUNT)
    for place in order:
        fold(account, [STORY[place]], tenant())
    lead = account.leads[LEAD]
    assert lead.points == 40
    assert lead.profile is None
    assert account.groups[GROUP].members == {}


@pytest.mark.parametrize("ms", [-1, 0, 1])
def test_the_instant_of_the_erasure_itself_is_erased(ms: int) -> None:
    account, changes = folded(
        profile("erased", at=moment()),
        activity(at=moment(ms=ms)),
        profile("left", at=moment(ms=ms), event_id="p"),
        decide(at=moment(ms=ms)),
        group(),
    )
    lead = account.leads[LEAD]
    assert lead.points == (40 if ms > 0 else 0)
    assert (lead.profile is not None) is (ms > 0)
    assert bool(account.groups[GROUP].decisions) is (ms > 0)
    assert changes.erased == (0 if ms > 0 else 1)


@pytest.mark.parametrize("erasure_first", [True, False])
def test_the_newest_erasure_counts(erasure_first: bool) -> None:
    both = [
        profile("erased", at=moment(hour=2), event_id="a"),
        profile("erased", at=moment(hour=4), event_id="b"),
    ]
    account, _ = folded(activity(at=moment(hour=3)), *(both if erasure_first else reversed(both)))
    assert account.leads[LEAD].erased_at == moment(hour=4)
    assert account.leads[LEAD].points == 0


def test_an_older_or_repeated_erasure_changes_nothing() -> None:
    account, _ = folded(profile("erased", at=moment(hour=4)))
    for hour in (3, 4):
        _, changes = folded(profile("erased", at=moment(hour=hour), event_id="x"), into=account)
        assert not changes.leads
        assert not changes.reports


def test_a_late_erasure_spares_what_is_newer_of_the_profile_and_the_decisions() -> None:
    account, _ = folded(
        group(),
        profile("active", at=moment(hour=5)),
        decide("assign", source="system", at=moment(hour=1)),
        decide("assign", source="journey", at=moment(hour=5)),
        decide("remove", source="manual", at=moment(hour=1)),
    )
    assert account.groups[GROUP].members == {}
    folded(profile("erased", at=moment(hour=2), event_id="forget"), into=account)
    assert account.leads[LEAD].profile is not None
    assert account.groups[GROUP].members[LEAD].source == "journey"


def test_a_lead_that_had_left_before_its_erasure_comes_back_as_a_new_one() -> None:
    account, _ = folded(
        group(),
        profile("left", at=moment(hour=1), event_id="p"),
        decide(at=moment(hour=3)),
        profile("erased", at=moment(hour=2), event_id="forget"),
    )
    assert LEAD in account.groups[GROUP].members


@pytest.mark.parametrize(("minute", "counted"), [(-1, 20), (4, 20), (5, 19), (14, 10), (24, 0)])
@pytest.mark.parametrize("erasure_first", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
def test_an_erasure_in_the_middle_of_a_capped_day_leaves_the_count_of_what_came_after(
    minute: int, counted: int, erasure_first: bool, backwards: bool
) -> None:
    """25 activities a minute apart: of those after the erasure no more than 20 count."""
    events: list[AccountEvent] = list(activities(25, apart=60_000))
    if backwards:
        events.reverse()
    events.insert(0 if erasure_first else 25, profile("erased", at=moment() + minute * 60_000))
    account, _ = folded(*events)
    assert account.leads[LEAD].points == counted * 40


def test_an_erasure_in_one_account_says_nothing_of_another() -> None:
    folded(profile("erased", at=moment(hour=23)))
    there, _ = folded(activity(account="initech"))
    assert there.leads[LEAD].points == 40


def test_an_erasure_of_an_unknown_lead_is_kept_for_what_may_come() -> None:
    account, changes = folded(profile("erased", at=moment(hour=13)))
    assert changes.leads == {LEAD}
    _, changes = folded(activity(), decide(), into=account)
    assert changes.erased == 1
    assert not reports(changes, ScoreUpdated)
    assert account.leads[LEAD].days == {}
