"""The worker's own day tick: the date moves on by itself, once a day, unless it is told not to."""

import time

import pytest

from agents.control import daily_tick_id
from domain.calendar import Day, day_of
from schemas.control import ControlRecord
from streams.topics import CONTROL
from tests.integration.harness import Deployment
from tests.integration.processes import wait_until
from tests.integration.story import GROUP, Story

pytestmark = pytest.mark.slow


def today() -> Day:
    """Return the day it is, UTC."""
    return day_of(time.time_ns() // 1_000_000)


def control(deployment: Deployment) -> list[ControlRecord]:
    """Return the control records there are."""
    found = [deployment.codec.decode(CONTROL.name, each.value) for each in deployment.read(CONTROL)]
    return [record for record in found if isinstance(record, ControlRecord)]


def test_a_worker_moves_the_day_on_by_itself_and_a_second_one_does_not_do_it_again(
    deployment: Deployment,
) -> None:
    before = today()
    first = deployment.worker(DAY_TICKS="on")

    def has_moved() -> bool:
        return sum(record.kind == "baseline" for record in control(deployment)) == 4

    wait_until(has_moved, "no baseline was sent to every partition")
    assert first.terminate() == 0
    deployment.worker(DAY_TICKS="on")
    story = Story(deployment)
    deployment.produce([story.group(), story.activity("activity-1")])

    def is_of_today() -> bool:
        # The second worker may find a baseline that the first one sent and did not take itself.
        state = deployment.states().get(GROUP)
        return state is not None and state.as_of == before

    wait_until(is_of_today, "the group was not published as of today")
    if today() != before:
        pytest.skip("midnight came in between")
    baselines = [record for record in control(deployment) if record.kind == "baseline"]
    assert {record.tick_id for record in baselines} == {daily_tick_id(before)}
    assert sorted(record.partition for record in baselines) == [0, 1, 2, 3]


def test_with_day_ticks_off_nothing_moves_the_day_on(deployment: Deployment) -> None:
    worker = deployment.worker(DAY_TICKS="off")
    story = Story(deployment)
    deployment.produce([story.group()])
    deployment.wait_consumed()
    assert worker.terminate() == 0
    assert control(deployment) == []
