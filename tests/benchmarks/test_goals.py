"""What the measurements of the goals rest on: the state they fill in, their figures, their charts."""

import json
from itertools import islice
from xml.etree import ElementTree

import pytest

from agents import rows
from agents.book import AccountBook
from agents.reading import Batch
from benchmarks.goals.partition import Size, Tenant
from benchmarks.goals.state import Maker, Rows, Shape
from benchmarks.goals.telling import median_row, percentile
from benchmarks.goals.tick import endless
from benchmarks.groups import LEADS, account_id
from benchmarks.job import Job, defined
from benchmarks.line_chart import Line, Panel, svg
from domain.account import Account
from domain.events import AccountEvent, LeadActivity
from domain.settle import fold
from tests.agents.lane import Lane, empty_tables

NOW = 1_790_000_000_000
SHAPE = Shape(NOW, activities=6, days=3)


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker(SHAPE)


def loaded(made: Rows, number: int) -> Account:
    tables = empty_tables()
    for table, key, value in made:
        tables[table].stored.put(0, key, value)
    return AccountBook(0, tables).open(account_id(number), SHAPE.tenant)


@pytest.mark.parametrize("number", [0, 1, 6, 77])
def test_the_state_filled_in_is_what_a_worker_writes(maker: Maker, number: int) -> None:
    made = maker.rows(number)
    account = loaded(made, number)
    told: list[AccountEvent] = [*account.records, *defined(account.account_id, NOW)]
    told += [lead.profile for lead in account.leads.values() if lead.profile is not None]
    done = [
        LeadActivity(event_id, account.account_id, lead_id, activity_type, at)
        for lead_id, lead in account.leads.items()
        for types in lead.days.values()
        for activity_type, events in types.items()
        for event_id, at in events.items()
    ]
    lane = Lane()
    lane.process(Batch(events=told))
    lane.process(Batch(events=list(done)))
    assert {(table, key) for table, key, _ in made} == set(lane.rows())
    # Decisions keep the event ids of the account that they were folded for.
    same = [row for row in made if row[0] not in {rows.DECISIONS, rows.DAY}]
    assert {(table, key): value for table, key, value in same} == {
        place: value
        for place, value in lane.rows().items()
        if place[0] not in {rows.DECISIONS, rows.DAY}
    }


def test_a_filled_account_has_nothing_left_to_report(maker: Maker) -> None:
    account = loaded(maker.rows(4), 4)
    lead = account.leads["lead-2"]
    ((day, types), *_) = lead.days.items()
    ((activity_type, events), *_) = types.items()
    ((event_id, at), *_) = events.items()
    assert lead.points > 0
    again = LeadActivity(event_id, account.account_id, "lead-2", activity_type, at)
    assert fold(account, [again], SHAPE.tenant).reports == []
    assert day == at // 86_400_000


def test_every_lead_remembers_as_much_as_asked_for(maker: Maker) -> None:
    account = loaded(maker.rows(3), 3)
    assert len(account.leads) == LEADS
    for lead in account.leads.values():
        kept = [len(events) for types in lead.days.values() for events in types.values()]
        assert (sum(kept), len(lead.days)) == (SHAPE.activities, SHAPE.days)


def test_accounts_have_events_of_their_own(maker: Maker) -> None:
    assert not _event_ids(maker.rows(8)) & _event_ids(maker.rows(10))


def _event_ids(made: Rows) -> set[str]:
    days = [json.loads(value or b"") for table, _, value in made if table == rows.DAY]
    return {event_id for types in days for events in types.values() for event_id in events}


def test_a_percentile_is_the_value_that_so_many_do_not_exceed() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, percent) for percent in (1, 50, 99, 100)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([7.0], 99) == 7.0


def test_the_median_is_taken_of_each_figure() -> None:
    rounds = [{"who": "one", "rate": rate, "cpu": 10 - rate} for rate in (3, 1, 2)]
    assert median_row(rounds) == {"who": "one", "rate": 2, "cpu": 8}


def test_a_stream_goes_on_with_other_events() -> None:
    job = Job(40, 5, NOW)
    first, second = list(job.stream()), list(islice(endless(job), 40, 80))
    assert not {event.event_id for event in first} & {event.event_id for event in second}
    assert [event.lead_id for event in first] == [event.lead_id for event in second]


@pytest.mark.parametrize(
    "size",
    [Size(10, 1, 5, 1), Size(300, 1, 5, 1), Size(10, 3, 5, 1), Size(45, 1, 40, 1), Size(10, 1, 5, 50)],
)
def test_the_measured_activity_changes_the_same_at_any_size(size: Size) -> None:
    tenant = Tenant(size)
    for _ in range(2):
        tenant.restart()
        assert all(tenant.activity() > 0 for _ in range(100))


def test_a_chart_has_a_line_for_each_series_and_the_limit() -> None:
    falling = Line("a < b", ((10, 4.0), (100, 2.0), (1_000, 1.0)))
    panel = Panel("leads & cost", "leads", "ratio", (falling, Line("flat", ((10, 1.0),))), limit=1.5)
    document = ElementTree.fromstring(svg([panel, panel, panel]))  # noqa: S314 - our own document
    drawn = document.findall(".//{*}polyline")
    assert len(drawn) == 6
    heights = [float(point.split(",")[1]) for point in (drawn[0].get("points") or "").split()]
    assert heights == sorted(heights)
    assert heights[0] < heights[-1]
    assert len(document.findall(".//{*}line[@class='limit']")) == 3
    assert {"leads & cost", "a < b", "1k"} <= {text.text for text in document.iter() if text.text}
