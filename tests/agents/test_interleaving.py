"""Batches that come between the steps of a control record end as if they had come after it."""

from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import control, rows
from agents.control import definition_told
from agents.reading import Batch
from domain.calendar import Day
from domain.definitions import ModelDefinition, SolutionInterest
from domain.engagement import DEFAULT_MODEL
from domain.events import AccountEvent
from schemas.control import ControlRecord
from streams.delivery import Outgoing
from streams.topics import SCORE_UPDATED
from tests.agents.busy import BOLD, assert_same_end
from tests.agents.defined import CHIEFS, ENGAGED, interest, role
from tests.agents.interleaved import Interleaved, assert_gapless
from tests.agents.lane import NOW, PARTITIONS, TICK, Lane, controls, home, told
from tests.agents.meaning import Meaning, meaning, said, settled
from tests.domain.builders import (
    EMAIL_OPENED,
    TODAY,
    account_profile,
    activities,
    baseline,
    decide,
    group,
    model,
    moment,
    profile,
)
from tests.domain.stream import Event, Stream
from tests.domain.streams import dates, streams

ACCOUNTS = ("acme", "hooli-globex", "initech!", "umbrella")
"""All of partition 0, in the order in which a sweep comes to them."""


def late_in(account: str) -> list[AccountEvent]:
    return [
        *activities(2, "bob", account=account, named="late", activity_type=EMAIL_OPENED),
        profile(lead="cem", account=account, attributes={"job_title": "chief buyer"}),
        decide(lead="cem", account=account, event_id=f"late {account}"),
    ]


LATE = [event for account in (*ACCOUNTS[1:3], "new in between") for event in late_in(account)]


def ticked() -> Interleaved:
    """Return a partition that was ticked."""
    engine = populated()
    engine.tick()
    return engine


def populated() -> Interleaved:
    """Return a partition with groups of every kind and activity that decays."""
    engine = Interleaved()
    engine.define(
        interest("by-title", event_id="by-title", roles=[role(auto_assign=CHIEFS)]),
        interest("by-score", event_id="by-score", roles=[role(auto_assign=ENGAGED)]),
    )
    for number, account in enumerate(ACCOUNTS):
        engine.take(
            account_profile(account=account),
            group(account=account),
            decide(account=account),
            profile(account=account, attributes={"job_title": "Chief of Staff"}),
            *activities(1 + number, account=account),
            *activities(3, "bob", account=account, activity_type=EMAIL_OPENED),
            *activities(2, account=account, named="old", at=moment(TODAY - 29)),
        )
    return engine


def baseline_three(weights: dict[str, int] | None = None) -> ControlRecord:
    measured = baseline(version=3, person_root=2.0)
    weighted_by = DEFAULT_MODEL if weights is None else model(weights, version=2)
    return control.baseline_set("tick-2", TODAY + 1, weighted_by, measured, 0, NOW)


def by_subject(engine: Interleaved) -> dict[tuple[str, bytes | str | None], list[Outgoing]]:
    """Return what was written, in its order for each subject; subjects among each other have none."""
    found: dict[tuple[str, bytes | str | None], list[Outgoing]] = defaultdict(list)
    for delivery in engine.written:
        for record in delivery.records:
            subject = dict(record.headers).get("ce_subject", record.key)
            found[record.topic, subject].append(record)
    return found


def finish(engine: Interleaved) -> Interleaved:
    engine.carry()
    assert_gapless(engine.written)
    return engine


@pytest.mark.parametrize("weights", [None, BOLD], ids=["same model", "another model"])
@pytest.mark.parametrize("steps", range(1, len(ACCOUNTS) + 4))
def test_a_batch_between_the_steps_of_a_baseline_is_folded_as_if_it_came_after_it(
    steps: int, weights: dict[str, int] | None
) -> None:
    """From its first step on; that one writes the clock. What is reported is the same as well."""
    after, between = ticked(), ticked()
    for engine in (after, between):
        engine.follow(baseline_three(weights))
    finish(after).take(*LATE)
    between.go_on()
    for _ in range(steps):
        if between.under_way():
            between.go_on()
    between.take(*LATE)
    finish(between)
    assert between.rows() == after.rows()
    assert by_subject(between) == by_subject(after)


def test_what_a_baseline_did_to_an_account_is_not_taken_for_its_activity() -> None:
    engine = ticked()
    record = baseline_three()
    engine.follow(record)
    engine.go_on()
    engine.go_on()
    (delivery,) = engine.take(*activities(1, "bob", account=ACCOUNTS[-1], named="late"))
    people = [one for one in told([delivery], SCORE_UPDATED) if one.subject_type == "person"]
    assert [(one.lead_id, one.reason, one.cause_event_id) for one in people] == [
        ("ada", "decay", record.event_id),
        ("bob", "activity", "late-000"),
    ]


MISHAPS: dict[str, Callable[[Interleaved], None]] = {
    "a step is refused": lambda engine: engine.go_on(refused=True),
    "a batch is refused": lambda engine: engine.refuse(0, Batch(events=LATE)),
    "the worker dies": lambda engine: engine.crash(),
}


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("late_at", [0, 2, 4])
@pytest.mark.parametrize("steps", range(len(ACCOUNTS) + 3))
def test_a_baseline_goes_on_from_where_it_got_whatever_happens_in_between(
    mishap: str, late_at: int, steps: int
) -> None:
    after, between = ticked(), ticked()
    for engine in (after, between):
        engine.follow(baseline_three())
    finish(after).take(*LATE)
    between.go_on()
    between.go_on()
    for step in range(len(ACCOUNTS) + 3):
        if step == steps and between.under_way():
            MISHAPS[mishap](between)
        if step == late_at:
            between.take(*LATE)
        if between.under_way():
            between.go_on()
    finish(between)
    # An account whose turn had come is not rescored again. One that was rescored before its turn is, and
    # its states are sent again with the next version and the same content.
    assert [settled(one) for one in between.rows()] == [settled(one) for one in after.rows()]
    assert scores_of(between) == scores_of(after)


def scores_of(engine: Interleaved) -> dict[tuple[str, bytes | str | None], list[Outgoing]]:
    written = by_subject(engine)
    return {key: records for key, records in written.items() if key[0] == SCORE_UPDATED.name}


@pytest.mark.parametrize("steps", range(len(ACCOUNTS) + 3))
@pytest.mark.parametrize("ticked_before", [False, True], ids=["not ticked", "ticked"])
def test_a_batch_between_the_steps_of_a_definition_ends_as_if_it_came_after_it(
    steps: int, ticked_before: bool
) -> None:
    late: list[AccountEvent] = [
        *LATE,
        account_profile(account=ACCOUNTS[2], event_id="later", at=moment(TODAY, hour=14), name="Later"),
        *activities(1, "dan", account=ACCOUNTS[3], named="ahead", at=moment(TODAY + 2)),
    ]
    defined = interest("third", event_id="third", roles=[role(auto_assign=ENGAGED)])
    after, between = (ticked() if ticked_before else populated() for _ in range(2))
    for engine in (after, between):
        engine.follow(definition_told(defined, 0, NOW))
    finish(after).take(*late)
    for _ in range(steps):
        if between.under_way():
            between.go_on()
    between.take(*late)
    finish(between)
    for engine in (after, between):
        # Until the first tick an account has the date of when it was last looked at.
        engine.tick(TODAY + 2, "last")
    assert_same_end(between, after)


def test_a_tick_answers_while_batches_come_between_its_steps_and_all_of_them_count_at_the_next() -> None:
    """What comes after an account was asked is measured against the baseline to come, as ever."""
    whole = ticked()
    whole.take(*LATE)
    whole.tick(TODAY + 1, "tick-2")
    whole.tick(TODAY + 1, "tick-3")
    steps = 0
    while True:
        during = ticked()
        during.ask(TODAY + 1, "tick-2")
        done = 0
        while any(during.waiting) and done < steps:
            during.go_on(next(n for n in range(PARTITIONS) if during.under_way(n)))
            done += 1
        during.take(*LATE)
        finish(during)
        during.tick(TODAY + 1, "tick-3")
        assert_same_end(during, whole)
        if done < steps:
            break
        steps += 1
    assert steps > 3 * len(ACCOUNTS)


def test_a_question_finds_the_activity_of_an_account_whether_it_is_decoded_or_not() -> None:
    lane = Lane()
    for number, account in enumerate(ACCOUNTS):
        lane.fold(*activities(1 + number, account=account))
    forgetful = lane.restarted()
    forgetful.fold(*activities(1, "bob", account=ACCOUNTS[0]))
    asked = control.points_asked(TICK, TODAY, DEFAULT_MODEL, 0, NOW)
    (part,) = controls(forgetful.follow(asked))
    assert control.part_in(part).greatest_points == len(ACCOUNTS) * 40


def test_a_tick_leaves_in_memory_what_was_in_use_and_nothing_else() -> None:
    engine = ticked()
    engine.crash()
    engine.take(*activities(1, "bob", account=ACCOUNTS[1], named="used"))
    engine.tick(TODAY + 1, "tick-2")
    book = engine.lanes[0].processor._partition.book
    assert [account for account in ACCOUNTS if account in book] == [ACCOUNTS[1]]


TURNS = ("step", "step", "step", "refused step", "refused batch", "crash")


@given(
    streams(max_parts=20),
    dates(max_size=3),
    st.lists(st.tuples(st.integers(0, PARTITIONS - 1), st.sampled_from(TURNS)), max_size=120),
)
@settings(max_examples=30)
def test_whatever_comes_between_the_steps_of_ticks_and_definitions_the_end_is_the_same(
    stream: Stream, days: list[Day], turns: list[tuple[int, str]]
) -> None:
    one_by_one, between = Interleaved(), Interleaved()
    chance = stream.chance("turns")
    batches = stream.batches()
    ticks = {chance.randrange(len(batches) + 1): day for day in days}
    rest = iter(turns)
    for place, events in enumerate([*batches, []]):
        one_by_one.take(*events)
        between.take(*events)
        if place in ticks:
            for engine in (one_by_one, between):
                engine.ask(ticks[place], f"tick-{place}")
        one_by_one.carry()
        for _ in range(chance.randrange(12)):
            number, turn = next(rest, (chance.randrange(PARTITIONS), "step"))
            if turn == "crash":
                between.crash(number)
            elif turn == "refused batch":
                between.refuse(number, Batch(events=in_partition(number, events)))
            elif between.under_way(number):
                between.go_on(number, refused=turn == "refused step")
    for engine in (one_by_one, between):
        finish(engine)
        engine.tick(max(days, default=TODAY), "last")
        assert_gapless(engine.written)
    assert said(between.states()) == said(one_by_one.states())
    assert lasting(between) == lasting(one_by_one)


def lasting(engine: Interleaved) -> Meaning:
    """Return what the rows mean, without figures that only were reported on the way.

    Whose activity counted before it left the window depends on when it came, and so does a raw figure
    under a score that is 100 anyway.
    """
    found: Meaning = {}
    for stored in engine.rows():
        for (table, key), fields in meaning(stored).items():
            if table not in {rows.PERSON, rows.GROUP}:
                found[table, key] = fields
            elif fields["score"]:
                found[table, key] = fields["score"]
    return found


def in_partition(number: int, events: list[Event]) -> list[AccountEvent]:
    tenants = (SolutionInterest, ModelDefinition)
    return [e for e in events if not isinstance(e, tenants) and home(e.account_id) == number]
