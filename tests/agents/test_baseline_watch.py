"""The metrics of baselines follow the partition that is furthest behind."""

import math

import pytest

from agents import rows
from agents.baseline_watch import note_baselines
from agents.clock import Clock, dump_clock
from domain.engagement import DEFAULT_MODEL
from streams import metrics
from streams.tables import encode_key
from tests.agents.lane import Engine, Tables, empty_tables
from tests.domain.builders import TODAY, baseline


@pytest.fixture
def tables() -> Tables:
    return empty_tables()


def keep(tables: Tables, partition: int, clock: Clock) -> None:
    tables[rows.CLOCK].stored.put(partition, encode_key((partition,)), dump_clock(clock))


def told() -> tuple[float, float]:
    return metrics.BASELINE_VERSION._value.get(), metrics.BASELINE_DAY._value.get()


def test_the_oldest_baseline_of_the_workers_own_partitions_is_told(tables: Tables) -> None:
    for partition, version in enumerate((7, 5, 3)):
        moved = Clock().moved(TODAY - partition, baseline(version=version), DEFAULT_MODEL)
        keep(tables, partition, moved)
    note_baselines(tables, [0, 1])
    assert told() == (5, (TODAY - 1) * 86_400)


def test_a_date_that_followed_activity_is_no_day_tick(tables: Tables) -> None:
    keep(tables, 0, Clock().seen(TODAY))
    note_baselines(tables, [0])
    assert told() == (1, 0)


def test_a_partition_that_has_no_clock_was_never_ticked(tables: Tables) -> None:
    keep(tables, 0, Clock().moved(TODAY, baseline(version=7), DEFAULT_MODEL))
    note_baselines(tables, [0, 1])
    assert told() == (1, 0)


def test_without_a_partition_nothing_is_told(tables: Tables) -> None:
    note_baselines(tables, [])
    assert all(math.isnan(figure) for figure in told())


def test_a_tick_that_went_round_is_told() -> None:
    engine = Engine()
    engine.tick(TODAY)
    for number, lane in enumerate(engine.lanes):
        note_baselines(lane.tables, [number])
        assert told() == (2, TODAY * 86_400)
