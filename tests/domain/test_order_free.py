"""Any order, repetition, batches, ticks on the way: the same state (domain.md, opening).

Definitions reach every partition at its own moments between the events, as everything does that is run
through a deployment here. Stage moves of one group keep their order.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.account import Account
from domain.calendar import Day
from domain.definitions import ModelDefinition, SolutionInterest
from domain.engagement import baseline_of
from domain.replay import fold_all
from domain.reports import DecisionAnswered, GroupState
from tests.domain.deployment import Deployment
from tests.domain.running import (
    as_of_days,
    assert_same_end,
    people_of,
    run,
    state_of,
    thorough,
    told,
)
from tests.domain.stream import Stream
from tests.domain.streams import dates, streams


@thorough
@given(streams(), as_of_days)
def test_any_order_of_the_same_events_is_the_same_tenant(stream: Stream, as_of: Day) -> None:
    whole = told(fold_all(stream.events, as_of))
    assert told(fold_all(stream.shuffled(), as_of)) == whole
    assert told(fold_all(stream.backwards(), as_of)) == whole


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
    model = whole.tenant.model
    part = whole.points(as_of, model)
    part = part.merge(whole.strength(as_of, model, baseline_of(part, model, 0)))
    assert baseline_of(part, model, 0) in figures


@thorough
@given(streams(), as_of_days, st.booleans(), st.integers(1, 3))
def test_definitions_may_come_before_or_after_everything_else(
    stream: Stream, as_of: Day, definitions_first: bool, partitions: int
) -> None:
    events = stream.redelivered()
    definitions = [event for event in events if isinstance(event, SolutionInterest | ModelDefinition)]
    rest = [event for event in events if not isinstance(event, SolutionInterest | ModelDefinition)]
    deployment = Deployment(partitions)
    for batch in (definitions, rest) if definitions_first else (rest, definitions):
        deployment.fold(batch)
    deployment.tick(as_of)
    assert state_of(deployment) == told(fold_all(stream.events, as_of))


@thorough
@given(streams(), dates(2), as_of_days)
def test_a_tenant_that_was_read_twice_is_the_tenant_that_was_read_once(
    stream: Stream, ticks: list[Day], as_of: Day
) -> None:
    """A log that is read again from its beginning, into what it had led to."""
    deployment = run(stream, as_of, ticks=ticks, partitions=2)
    before = state_of(deployment)
    for event in stream.events:
        deployment.fold([event])
    deployment.tick(as_of)
    assert state_of(deployment) == before


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
        account.records,
        account.entered,
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
            group_id: (
                (group.record, group.created, group.definition),
                (group.decisions, group.members, group.progress),
                group.figures,
            )
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
            assert not changes.progress
            assert not changes.account
    assert [remembered_figures(account) for account, _ in deployment.accounts()] == before


def remembered_figures(account: Account) -> object:
    return (
        {lead_id: lead.figures for lead_id, lead in account.leads.items()},
        {
            i: (replace(group.figures, outcome_version=0), group.progress)
            for i, group in account.groups.items()
        },
    )


@thorough
@given(streams(), as_of_days)
def test_a_second_tick_to_the_same_date_changes_no_figure(stream: Stream, as_of: Day) -> None:
    deployment = run(stream, as_of)
    for changes in deployment.tick(as_of):
        assert {type(report) for report in changes.reports} <= {GroupState}
