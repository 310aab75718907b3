"""A worker is alive while its loop runs and its work gets on, ready while it does all of its work."""

import asyncio
from dataclasses import replace

import pytest

from streams.health import (
    LOOP_STOPPED_S,
    SLOW_S,
    STUCK_S,
    Facts,
    Failing,
    Health,
    LaneFacts,
    not_alive,
    not_ready,
    since,
)
from streams.recovery import GIVE_UP_AFTER_S

NOW = 1000.0
WORKING = Facts(at=NOW, assigned=True, lanes=(LaneFacts(0), LaneFacts(3)))


def test_a_worker_that_does_its_work_has_no_problems() -> None:
    assert not_alive(WORKING, NOW + 1) == []
    assert not_ready(WORKING, NOW + 1) == []


def test_a_worker_that_was_assigned_no_partition_is_ready() -> None:
    facts = Facts(at=NOW, assigned=True)
    assert not_alive(facts, NOW) == []
    assert not_ready(facts, NOW) == []


def test_a_worker_is_alive_and_not_ready_until_its_group_has_assigned_partitions() -> None:
    facts = Facts(at=NOW)
    assert not_alive(facts, NOW) == []
    assert not_ready(facts, NOW) == ["the consumer group has not assigned partitions yet"]


def test_a_loop_that_noted_nothing_for_long_does_not_run() -> None:
    assert not_alive(WORKING, NOW + LOOP_STOPPED_S) == []
    told = ["the event loop has not run for 41 s"]
    assert not_alive(WORKING, NOW + 41) == told
    assert not_ready(WORKING, NOW + 41) == told


def test_a_delivery_that_fails_is_named_with_its_partition_time_attempt_and_reason() -> None:
    failing = LaneFacts(3, NOW - 2, Failing(NOW - 41, 7, "_MSG_TIMED_OUT: no answer"))
    facts = replace(WORKING, lanes=(LaneFacts(0), failing))
    assert not_alive(facts, NOW) == [], "it is being tried again"
    assert not_ready(facts, NOW) == [
        "partition 3: delivery has been failing for 41 s (attempt 7): _MSG_TIMED_OUT: no answer"
    ]


def test_work_that_does_not_get_on_is_first_not_done_and_then_stuck() -> None:
    facts = replace(WORKING, lanes=(LaneFacts(0), LaneFacts(3, NOW)))

    def later(seconds: float) -> tuple[list[str], list[str]]:
        then = replace(facts, at=NOW + seconds)
        return not_ready(then, then.at), not_alive(then, then.at)

    assert later(SLOW_S) == ([], [])
    told = "partition 3: its records have not got on for {} s"
    assert later(SLOW_S + 1) == ([told.format(31)], [])
    assert later(STUCK_S) == ([told.format(240)], [])
    assert later(STUCK_S + 1) == ([told.format(241)], [told.format(241)])


def test_an_assignment_under_way_and_a_recovery_are_told_with_how_long() -> None:
    facts = replace(WORKING, rebalancing_since=NOW - 4)
    assert not_ready(facts, NOW) == ["partitions are being given up or assigned, for 4 s"]
    facts = replace(facts, recovering=1200, recovery_stuck_since=NOW - 1)
    assert not_ready(facts, NOW) == [
        "tables are being recovered, 1200 changelog records are to come, for 4 s"
    ]
    assert not_alive(facts, NOW) == []


def test_a_recovery_that_should_have_given_up_is_not_alive() -> None:
    facts = replace(WORKING, rebalancing_since=NOW - 500, recovering=7)
    giving_up = replace(facts, recovery_stuck_since=NOW - GIVE_UP_AFTER_S - 30)
    assert not_alive(giving_up, NOW) == [], "it is stopping by itself"
    stuck = replace(facts, recovery_stuck_since=NOW - 300)
    assert not_alive(stuck, NOW) == ["recovery has got no changelog record for 300 s and 7 are missing"]


def test_a_broker_that_has_gone_is_no_reason_to_start_the_worker_anew() -> None:
    facts = replace(WORKING, brokers="a:9092,b:9092", coordinator_lost_since=NOW - 12)
    assert not_alive(facts, NOW) == []
    assert not_ready(facts, NOW) == [
        "no broker of a:9092,b:9092 is known as the consumer group's coordinator for 12 s"
    ]


@pytest.mark.parametrize(
    ("before", "holds", "expected"), [(None, False, None), (None, True, 5.0), (3.0, True, 3.0)]
)
def test_since_when_something_holds_is_when_it_was_first_seen(
    before: float | None, holds: bool, expected: float | None
) -> None:
    assert since(before, holds, 5.0) == expected
    assert since(before, False, 5.0) is None


async def test_the_facts_are_noted_while_the_loop_runs() -> None:
    noted: list[Facts] = []

    def observe(before: Facts, now: float) -> Facts:
        noted.append(before)
        return replace(WORKING, at=now)

    health = Health(observe)
    assert health.partitions() == []
    assert health.not_ready() == ["the consumer group has not assigned partitions yet"]
    watching = asyncio.create_task(health.watch())
    await asyncio.sleep(0)
    watching.cancel()
    assert health.partitions() == [0, 3]
    assert health.not_ready() == health.not_alive() == []
    assert [facts.assigned for facts in noted] == [False]
