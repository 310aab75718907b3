"""Any order, repetition, batches, ticks on the way: the same state (domain.md, opening)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.account import Account, Tenant
from domain.calendar import Day
from domain.engagement import baseline_of, person_root, two_decimals
from domain.membership import Member
from domain.replay import fold_all
from domain.reports import (
    CompletenessChanged,
    DecisionAnswered,
    GroupGone,
    GroupState,
    MembershipChanged,
    Report,
    ScoreUpdated,
)
from domain.settle import rescore
from tests.domain.deployment import Deployment
from tests.domain.streams import DAYS, LAST_DAY, Stream, dates, streams

thorough = settings(max_examples=150)
as_of_days = st.sampled_from([*DAYS[1:], LAST_DAY, LAST_DAY + 28])

Outside: TypeAlias = dict[str, object]
"""A group as anyone outside may compare it: no versions, no causes."""


def outside(state: GroupState) -> Outside:
    return {
        "account": state.account_id,
        "solution_interest": state.solution_interest_id,
        "name": state.name,
        "members": state.members,
        "completeness": state.completeness,
        "score": state.score,
        "raw": state.raw,
        "as_of": state.as_of,
    }


def told(states: Iterable[GroupState]) -> dict[str, Outside]:
    return {state.buying_group_id: outside(state) for state in states}


def state_of(deployment: Deployment) -> dict[str, Outside]:
    """Return every group that stands, as a rescore against the same baseline tells it."""
    return told(
        report
        for account, partition in deployment.accounts()
        for report in rescore(account, partition.tenant, "look", 0).reports
        if isinstance(report, GroupState)
    )


def people_of(deployment: Deployment) -> dict[tuple[str, str], tuple[int, float]]:
    """Return points and unrounded score of every lead that has any."""
    return {
        (account.account_id, lead_id): (lead.points, lead.score)
        for account, _ in deployment.accounts()
        for lead_id, lead in account.leads.items()
        if lead.points
    }


def run(
    stream: Stream,
    as_of: Day,
    *,
    salt: str = "run",
    ticks: Iterable[Day] = (),
    partitions: int = 1,
    restarts: bool = False,
) -> Deployment:
    """Fold a stream in batches with ticks anywhere between them, ending with one to ``as_of``."""
    deployment = Deployment(partitions)
    batches = stream.batches(salt)
    chance = stream.chance(f"{salt}/ticks")
    due: dict[int, list[Day]] = {}
    days = sorted(ticks)
    places = sorted(chance.randint(0, len(batches)) for _ in days)
    for place, day in zip(places, days, strict=True):
        due.setdefault(place, []).append(min(day, as_of))
    for place, batch in enumerate(batches):
        for day in due.get(place, ()):
            deployment.tick(day)
        if restarts and chance.random() < 0.3:
            deployment.restart()
        deployment.fold(batch)
    for day in due.get(len(batches), ()):
        deployment.tick(day)
    deployment.tick(as_of)
    return deployment


def assert_same_end(one: Deployment, other: Deployment) -> None:
    assert people_of(one) == people_of(other)
    assert state_of(one) == state_of(other)


@thorough
@given(streams(), as_of_days)
def test_any_order_of_the_same_events_is_the_same_tenant(stream: Stream, as_of: Day) -> None:
    whole = told(fold_all(stream.events, as_of))
    assert told(fold_all(stream.shuffled(), as_of)) == whole
    assert told(fold_all(reversed(stream.events), as_of)) == whole


@thorough
@given(streams(), as_of_days)
def test_events_delivered_more_than_once_count_once(stream: Stream, as_of: Day) -> None:
    whole = told(fold_all(stream.events, as_of))
    assert told(fold_all([*stream.events, *stream.events], as_of)) == whole
    assert told(fold_all(stream.redelivered(), as_of)) == whole


@thorough
@given(streams(), as_of_days)
def test_any_split_into_batches_is_the_same_tenant(stream: Stream, as_of: Day) -> None:
    assert state_of(run(stream, as_of)) == told(fold_all(stream.events, as_of))


@thorough
@given(streams(), as_of_days)
def test_what_is_derived_may_be_dropped_and_restored_at_any_time(stream: Stream, as_of: Day) -> None:
    restarted = run(stream, as_of, restarts=True)
    assert_same_end(restarted, run(stream, as_of))
    restarted.restart()
    assert state_of(restarted) == told(fold_all(stream.events, as_of))


@thorough
@given(streams(), dates(), as_of_days)
def test_day_ticks_anywhere_on_the_way_end_in_the_same_tenant(
    stream: Stream, ticks: list[Day], as_of: Day
) -> None:
    ticked = run(stream, as_of, ticks=ticks, restarts=True)
    assert state_of(ticked) == told(fold_all(stream.events, as_of))
    assert people_of(ticked) == people_of(run(stream, as_of, salt="other"))


@thorough
@given(streams(), dates(), as_of_days, st.integers(2, 3))
def test_any_number_of_partitions_is_the_same_tenant(
    stream: Stream, ticks: list[Day], as_of: Day, partitions: int
) -> None:
    spread = run(stream, as_of, ticks=ticks, partitions=partitions)
    assert state_of(spread) == told(fold_all(stream.events, as_of))
    figures = {replace(p.tenant.baseline, version=0) for p in spread.partitions}
    whole = run(stream, as_of).partitions[0]
    assert figures == {replace(whole.tenant.baseline, version=0)}
    assert baseline_of(whole.part(as_of), whole.tenant.model, 0) in figures


@thorough
@given(streams(), dates(2), as_of_days)
def test_after_each_batch_the_rows_alone_give_the_live_account(
    stream: Stream, ticks: list[Day], as_of: Day
) -> None:
    """What a batch names as changed is all that changed."""
    deployment = Deployment()
    partition = deployment.partitions[0]
    for number, batch in enumerate(stream.batches()):
        if number < len(ticks):
            deployment.tick(min(ticks[number], as_of))
        deployment.fold(batch)
        for account_id, live in partition.accounts.items():
            read = partition.rows[account_id].read(account_id, partition.tenant)
            assert remembered(read) == remembered(live)


def remembered(account: Account) -> object:
    """Return all of an account that anything depends on, leads without content left out."""
    return (
        account.profile,
        {
            lead_id: (
                lead.profile,
                lead.erased_at,
                lead.days,
                lead.figures,
                lead.groups,
                lead.points,
                lead.score,
            )
            for lead_id, lead in account.leads.items()
            if lead.profile or lead.erased_at >= 0 or lead.days or lead.groups or lead.figures.version
        },
        {
            group_id: (group.definition, group.decisions, group.members, group.figures)
            for group_id, group in account.groups.items()
        },
    )


@thorough
@given(streams(), dates(2), as_of_days)
def test_events_that_are_all_known_report_nothing_but_their_outcomes(
    stream: Stream, ticks: list[Day], as_of: Day
) -> None:
    deployment = run(stream, as_of, ticks=ticks)
    before = [remembered_figures(account) for account, _ in deployment.accounts()]
    for batch in stream.batches("again"):
        for changes in deployment.fold(batch):
            assert {type(report) for report in changes.reports} <= {DecisionAnswered}
            assert not changes.days
            assert not changes.decisions
            assert not changes.leads
            assert not changes.definitions
    assert [remembered_figures(account) for account, _ in deployment.accounts()] == before


def remembered_figures(account: Account) -> object:
    return (
        {lead_id: lead.figures for lead_id, lead in account.leads.items()},
        {i: replace(group.figures, outcome_version=0) for i, group in account.groups.items()},
    )


@thorough
@given(streams(), as_of_days)
def test_a_second_tick_to_the_same_date_changes_no_figure(stream: Stream, as_of: Day) -> None:
    deployment = run(stream, as_of)
    for changes in deployment.tick(as_of):
        assert {type(report) for report in changes.reports} <= {GroupState}


class Subscriber:
    """Believes what is reported, and checks that it hangs together."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, ...], int] = {}
        self.scores: dict[tuple[str, ...], tuple[float, float]] = {}
        self.members: dict[str, dict[str, Member]] = {}
        self.completeness: dict[str, CompletenessChanged] = {}
        self.states: dict[str, GroupState] = {}

    def hear(self, account_id: str, report: Report) -> None:
        match report:
            case ScoreUpdated(lead_id=str() as lead_id):
                self._next("person", account_id, lead_id, version=report.version)
                self._score(report, account_id, lead_id)
            case ScoreUpdated():
                group_id = report.buying_group_id or ""
                self._next("score", group_id, version=report.version)
                self._score(report, group_id)
            case CompletenessChanged():
                self._next("completeness", report.buying_group_id, version=report.version)
                known = self.completeness.get(report.buying_group_id)
                assert report.previous == (known.current.completeness if known else 0.0)
                assert known is None or report.current != known.current
                self.completeness[report.buying_group_id] = report
            case MembershipChanged():
                self._next("membership", report.buying_group_id, version=report.version)
                self._membership(report)
            case DecisionAnswered():
                group_id = report.decision.buying_group_id
                self._next("outcome", group_id, version=report.version)
            case GroupState():
                self._next("state", report.buying_group_id, version=report.version)
                self.states[report.buying_group_id] = report
            case GroupGone():
                # Figures are not taken back: what a group that is created again reports follows on.
                self.states.pop(report.buying_group_id, None)
                assert not self.members.get(report.buying_group_id)

    def _next(self, *subject: str, version: int) -> None:
        assert version == self.versions.get(subject, 0) + 1
        self.versions[subject] = version

    def _score(self, report: ScoreUpdated, *subject: str) -> None:
        previous, _ = self.scores.get(subject, (0.0, 0.0))
        assert report.previous == previous
        assert report.current != report.previous
        self.scores[subject] = (report.current, report.raw_current)

    def _membership(self, report: MembershipChanged) -> None:
        members = self.members.setdefault(report.buying_group_id, {})
        known = members.pop(report.lead_id, None)
        assert shown(report.previous) == shown(known)
        assert shown(report.current) != shown(known)
        if report.current is not None:
            members[report.lead_id] = report.current


def shown(member: Member | None) -> tuple[str, str] | None:
    return None if member is None else (member.role, member.source)


@thorough
@given(streams(), dates(2), as_of_days)
def test_versions_have_no_gaps_and_the_last_report_of_each_kind_is_the_state(
    stream: Stream, ticks: list[Day], as_of: Day
) -> None:
    deployment = run(stream, as_of, ticks=ticks, restarts=True)
    subscriber = Subscriber()
    for account_id, report in deployment.reports():
        subscriber.hear(account_id, report)
    for account, partition in deployment.accounts():
        assert_believed(subscriber, account, partition.tenant)


def assert_believed(subscriber: Subscriber, account: Account, tenant: Tenant) -> None:
    for lead_id, lead in account.leads.items():
        score, raw = subscriber.scores.get((account.account_id, lead_id), (0.0, 0.0))
        assert score == two_decimals(lead.score)
        assert raw == lead.figures.raw
        if tenant.ticked and lead.figures.version and not lead.points:
            assert raw == person_root(0, tenant.baseline)
    for group_id, group in account.groups.items():
        believed = subscriber.members.get(group_id, {})
        assert {i: shown(m) for i, m in believed.items()} == {
            i: shown(m) for i, m in group.members.items()
        }
        state = subscriber.states.get(group_id)
        assert (state is not None) is group.stands
        if state is None:
            continue
        assert {m.lead_id: Member(m.role, m.source, m.added_at) for m in state.members} == group.members
        assert all(m.score == two_decimals(account.leads[m.lead_id].score) for m in state.members)
        assert state.completeness == subscriber.completeness[group_id].current or (
            state.completeness.missing_roles == subscriber.completeness[group_id].current.missing_roles
        )
        assert state.score == subscriber.scores.get((group_id,), (0.0, 0.0))[0]
        assert state.score == group.figures.score
        assert state.version == group.figures.state_version


@thorough
@given(streams(), dates(1))
def test_a_published_group_is_never_behind_what_it_was_computed_from(
    stream: Stream, ticks: list[Day]
) -> None:
    """After every batch, not only at the end: the last state of a group is its state."""
    deployment = Deployment()
    deployment.tick(ticks[0] if ticks else DAYS[2])
    subscriber = Subscriber()
    heard = 0
    for batch in stream.batches():
        deployment.fold(batch)
        all_reports = list(deployment.reports())
        for account_id, report in all_reports[heard:]:
            subscriber.hear(account_id, report)
        heard = len(all_reports)
        for account, partition in deployment.accounts():
            assert_believed(subscriber, account, partition.tenant)
