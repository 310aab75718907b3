"""The comparison's job: that its rules are the engine's, and that a wrong system would be noticed."""

import json
import random
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.groups import PARTITIONS
from benchmarks.job import Job
from benchmarks.report import figures, ratios, write_report
from benchmarks.scores import Scores, differences, from_json, last_scores, to_json
from benchmarks.systems.rows import Rows
from domain.calendar import MILLIS_PER_DAY
from schemas.codec import Codec
from schemas.inputs import LeadActivity
from schemas.registry import CommittedRegistry
from streams.placement import partition_of

NOW = 1_790_000_000_000


def scores_of(job: Job, stream: list[LeadActivity], batch_size: int) -> Scores:
    codec, rows = Codec(CommittedRegistry()), Rows(job.as_of)
    values = [codec.encode("lead-activity", event) for event in stream]
    written: list[bytes] = []
    for start in range(0, len(values), batch_size):
        _, scores = rows.take(values[start : start + batch_size])
        written += [value for _, value in scores]
    return last_scores(written)


@pytest.mark.parametrize("batch_size", [1, 50, 10_000])
def test_the_rules_of_the_peers_come_to_the_engines_scores(batch_size: int) -> None:
    job = Job(events=3_000, accounts=20, now=NOW)
    stream = list(job.stream())
    assert differences(job.expected(stream), scores_of(job, stream, batch_size)) == []


@pytest.mark.parametrize("seed", range(5))
def test_of_many_activities_on_a_day_the_peers_keep_those_that_the_engine_keeps(seed: int) -> None:
    chance = random.Random(seed)
    job = Job(events=0, accounts=1, now=NOW)
    stream = [
        LeadActivity(
            event_id=f"event-{chance.randrange(40)}",
            account_id="acct-0",
            lead_id=f"lead-{chance.randrange(2)}",
            activity_type=chance.choice(["event.attended", "Web.FormFilledOut"]),
            occurred_at=NOW - chance.randrange(2 * MILLIS_PER_DAY),
        )
        for _ in range(150)
    ]
    assert differences(job.expected(stream), scores_of(job, stream, 1)) == []


def test_every_partition_begins_and_ends_with_an_event_that_changes_a_score() -> None:
    job = Job(events=2_000, accounts=50, now=NOW)
    stream = list(job.stream())
    assert len(stream) == job.events
    by_partition: dict[int, list[LeadActivity]] = {}
    for event in stream:
        by_partition.setdefault(partition_of(event.account_id, PARTITIONS), []).append(event)
    assert len(by_partition) == PARTITIONS
    expected = job.expected(stream)
    for events in by_partition.values():
        first, last = events[0], events[-1]
        assert first.occurred_at == NOW
        for marker in (first, last):
            same = [one for one in stream if (one.account_id, one.lead_id) == subject(marker)]
            assert same == [marker]
            assert expected[subject(marker)] > 0
    assert job.closing_subjects() == {subject(events[-1]) for events in by_partition.values()}


def subject(event: LeadActivity) -> tuple[str, str]:
    return event.account_id, event.lead_id


def test_the_stream_is_the_same_each_time_and_some_events_come_twice() -> None:
    job = Job(events=2_000, accounts=50, now=NOW)
    stream = list(job.stream())
    assert stream == list(job.stream())
    repeated = len(stream) - len({event.event_id for event in stream})
    assert 20 <= repeated <= 80


def test_a_missing_a_wrong_and_a_surplus_score_are_differences() -> None:
    expected = {("a", "1"): 10.0, ("a", "2"): 20.0}
    assert differences(expected, dict(expected)) == []
    assert differences(expected, {("a", "1"): 10.01, ("b", "3"): 5.0}) == [
        "a/1: 10.01 instead of 10.0",
        "a/2: nothing instead of 20.0",
        "b/3: 5.0 instead of nothing",
    ]
    assert from_json(to_json(expected)) == expected


def test_the_report_has_the_medians_the_ratios_and_a_chart(tmp_path: Path) -> None:
    def run(system: str, rate: float) -> dict[str, object]:
        return {
            "system": system,
            "accounts": 500,
            "events": 100,
            "rate": rate,
            "cpu_us": 10.0,
            "outputs": 50,
            "broker_cpu": None,
            "memory_mib": 100.0,
        }

    told = {
        "machine": "a machine",
        "versions": {"Python": "3.11"},
        "date": "2026-01-01",
        "asked": {"events": 100, "accounts": [500], "rounds": 3},
        "runs": [
            *(run("engine", rate) for rate in (30_000.0, 10_000.0, 20_000.0)),
            run("quix", 5_000.0),
            run("bytewax", 16_000.0),
            run("ceiling", 40_000.0),
        ],
    }
    assert json.loads(json.dumps(told)) == told
    assert figures(told, 500)["engine"].rate == 20_000
    assert [round(one.rate, 2) for one in ratios(figures(told, 500))] == [0.5, 1.25]
    write_report(told, tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| 20,000 | 10,000–30,000 |" in text
    assert "| Bytewax, the fastest other in Python with recovery | 1.25 | 1.00 |" in text
    chart = ElementTree.fromstring((tmp_path / "results.svg").read_text())  # noqa: S314 - our own
    assert len(chart.findall("{http://www.w3.org/2000/svg}line")) == 4
