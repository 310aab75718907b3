"""The demo's story: the same for a seed, valid by contract, with all that it promises."""

from collections import Counter

import pytest

from agents.inputs import READINGS
from agents.reading import FUTURE_ALLOWANCE_MS
from console.demo.cast import COMPANIES, TEMPLATE
from console.demo.records import Record, Story
from console.demo.story import write_story
from domain.account import Account, Tenant
from domain.calendar import MILLIS_PER_DAY, day_of
from domain.engagement import DEFAULT_MODEL, TenantPart, baseline_of, first_baseline, window_start
from domain.reports import DecisionAnswered, MembershipChanged, Report, ScoreUpdated
from domain.settle import fold, part_of, rescore
from schemas.codec import Codec, NotAvro
from schemas.inputs import JourneyAction, LeadActivity, LeadProfile, ManualEdit
from schemas.registry import CommittedRegistry
from streams.topics import ASSIGNMENT_OUTCOME, DEAD_LETTERS, MEMBERSHIP_CHANGED, SCORE_UPDATED

START = 1_795_240_000_000
SEEDS = range(1, 13)
LAST_MILLISECOND_OF_A_DAY = (START // MILLIS_PER_DAY + 1) * MILLIS_PER_DAY - 1


@pytest.fixture(scope="module")
def story() -> Story:
    return write_story(1, START)


def found(story: Story, event_id: str) -> list[tuple[int, Record]]:
    """Return the records of an event with their places in the live part."""
    return [(at, record) for at, record in enumerate(story.live) if record.event_id == event_id]


def test_the_same_seed_and_start_tell_the_same_story(story: Story) -> None:
    assert write_story(1, START) == story
    assert write_story(2, START) != story


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_survives_its_contract_and_the_wire(seed: int) -> None:
    codec = Codec(CommittedRegistry())
    told = write_story(seed, START)
    for record in (*told.history, *told.live):
        if record.event is not None:
            data = codec.encode(record.topic, record.event)
            assert codec.decode(record.topic, data) == record.event


def test_the_cast_is_as_announced(story: Story) -> None:
    leads = Counter(person.account_id for person in story.people.values())
    assert len(leads) == len(COMPANIES) == 12
    assert all(5 <= count <= 9 for count in leads.values())
    assert len({person.name for person in story.people.values()}) == len(story.people)
    assert {place.interest for place in story.groups.values()} == {"Threat Detection", "Data Platform"}
    assert len(TEMPLATE.roles) == 4


@pytest.mark.parametrize("start", [START, LAST_MILLISECOND_OF_A_DAY, LAST_MILLISECOND_OF_A_DAY + 1])
def test_nothing_is_dated_ahead_and_live_activity_is_of_the_first_day(start: int) -> None:
    told = write_story(1, start)
    for record in told.history:
        assert record.event is not None
        assert READINGS[record.topic].dated(record.event) <= start
    for record in told.live:
        if isinstance(record.event, LeadActivity):
            assert record.event.occurred_at <= start + FUTURE_ALLOWANCE_MS
            late = record.event_id == told.scenes.late_event
            assert day_of(record.event.occurred_at) == (told.scenes.late_day if late else told.today)


def test_only_the_duplicate_has_the_id_of_another_event(story: Story) -> None:
    ids = Counter(record.event_id for record in (*story.history, *story.live))
    assert {name for name, count in ids.items() if count > 1} == {story.scenes.before_duplicate}


def test_the_duplicate_stands_between_its_original_and_the_next_activity_of_the_lead(
    story: Story,
) -> None:
    scenes = story.scenes
    (_, first), (again, second) = found(story, scenes.before_duplicate)
    assert first == second
    ((behind, _),) = found(story, scenes.after_duplicate)
    assert again < behind


def test_a_journey_removes_whom_a_person_assigned_before(story: Story) -> None:
    scenes = story.scenes
    ((by_hand, edit),) = found(story, scenes.manual_edit)
    ((by_journey, removal),) = found(story, scenes.journey_removal)
    assert isinstance(edit.event, ManualEdit)
    assert isinstance(removal.event, JourneyAction)
    assert (removal.event.action, removal.event.lead_id) == ("remove", scenes.manual_lead)
    assert edit.event.edits[0].lead_id == scenes.manual_lead
    assert by_hand < by_journey


def test_there_is_a_late_a_broken_a_misplaced_and_a_void_record_and_a_leaver(story: Story) -> None:
    scenes = story.scenes
    ((_, broken),) = found(story, scenes.broken_event)
    with pytest.raises(NotAvro):
        Codec(CommittedRegistry()).decode(broken.topic, broken.raw)
    ((_, misplaced),) = found(story, scenes.misplaced_event)
    assert misplaced.misplaced
    ((_, void),) = found(story, scenes.void_assign)
    assert isinstance(void.event, JourneyAction)
    assert void.event.role not in {role.role for role in TEMPLATE.roles}
    ((_, leaving),) = found(story, scenes.leaving)
    assert isinstance(leaving.event, LeadProfile)
    assert leaving.event.status == "left"
    assert scenes.late_day == window_start(story.today)
    assert [beat.tick for beat in story.beats if beat.tick is not None] == [story.today + 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_live_part_takes_about_a_minute_and_captions_fit_a_narrow_terminal(seed: int) -> None:
    told = write_story(seed, START)
    assert 40 <= sum(beat.gap_s for beat in told.beats) <= 60
    assert all(len(beat.caption) <= 78 for beat in told.beats)


@pytest.mark.parametrize("seed", SEEDS)
def test_by_the_rules_alone_every_beat_causes_the_outputs_that_the_demo_waits_for(seed: int) -> None:
    told = write_story(seed, START)
    tenant = Tenant(told.today, True, first_baseline(), DEFAULT_MODEL)
    accounts = {account_id: Account(account_id) for account_id, *_ in COMPANIES}
    for record in told.history:
        folded(accounts, record, tenant)
    tenant, _ = ticked(accounts, tenant, told.today)
    decayed: list[Report] = []
    for beat in told.beats:
        if beat.tick is not None:
            tenant, decayed = ticked(accounts, tenant, beat.tick)
        caused = {
            fact
            for record in beat.records
            for report in folded(accounts, record, tenant)
            for fact in [fact_of(report)]
        }
        caused |= {(DEAD_LETTERS.name, r.event_id) for r in beat.records if r.event is None}
        assert {(fact.topic, fact.cause_id) for fact in beat.facts} <= caused, beat.caption
    reasons = {report.cause.reason for report in decayed if isinstance(report, ScoreUpdated)}
    assert reasons == {"decay", "baseline"}


def folded(accounts: dict[str, Account], record: Record, tenant: Tenant) -> list[Report]:
    """Return what the rules report of one record."""
    if record.event is None:
        return []
    events = READINGS[record.topic].events_of(record.event)
    return fold(accounts[record.account_id], events, tenant).reports


def ticked(accounts: dict[str, Account], tenant: Tenant, as_of: int) -> tuple[Tenant, list[Report]]:
    """Return the tenant on a new day, and what rescoring reports."""
    part = TenantPart()
    for account in accounts.values():
        part = part.merge(part_of(account, as_of, DEFAULT_MODEL))
    baseline = baseline_of(part, DEFAULT_MODEL, tenant.baseline.version + 1)
    moved = Tenant(as_of, True, baseline, DEFAULT_MODEL)
    reports: list[Report] = []
    for account in accounts.values():
        reports.extend(rescore(account, moved, "tick", START).reports)
    return moved, reports


def fact_of(report: Report) -> tuple[str, str]:
    """Return topic and cause of a report, as the demo's facts name them."""
    match report:
        case ScoreUpdated():
            # The demo looks for the person's score; the group's may round to the same.
            return (SCORE_UPDATED.name if report.lead_id else "", report.cause.event_id)
        case MembershipChanged():
            return (MEMBERSHIP_CHANGED.name, report.cause.event_id)
        case DecisionAnswered():
            return (ASSIGNMENT_OUTCOME.name, report.decision.event_id)
        case _:
            return ("", "")
