"""What a worker tells Prometheus follows what it does: its lag, its baselines, its answers."""

import time

import pytest

from domain.calendar import day_of
from tests.integration.harness import Deployment
from tests.integration.story import Story

pytestmark = pytest.mark.slow


def test_a_worker_that_keeps_up_has_no_lag_and_tells_the_day_it_was_ticked_to(
    deployment: Deployment,
) -> None:
    before = day_of(time.time_ns() // 1_000_000)
    worker = deployment.worker(DAY_TICKS="on")
    story = Story(deployment)
    deployment.produce([story.group(), story.activity("activity-1")])
    deployment.wait_consumed()
    for topic in ("lead-activity", "buying-groups"):
        for lag in ("records", "seconds"):
            assert worker.metric(f'buying_groups_lag_{lag}{{topic="{topic}"}}') == 0
    assert worker.metric("buying_groups_ready") == 1
    assert worker.metric("process_resident_memory_bytes") > 0
    assert worker.metric("process_resident_memory_bytes") < worker.metric(
        "buying_groups_memory_limit_bytes"
    )

    worker.wait_until(lambda: worker.metric("buying_groups_baseline_version") >= 2, "ticked")
    if day_of(time.time_ns() // 1_000_000) != before:
        pytest.skip("midnight came in between")
    assert worker.metric("buying_groups_baseline_day_timestamp_seconds") == before * 86_400
