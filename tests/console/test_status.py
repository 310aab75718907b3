"""``status``: what is healthy and what is not, in words, on one screen and as one object."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from agents.clock import Clock
from console.status import (
    BaselineSeen,
    DeadLettersSeen,
    Limits,
    Page,
    Status,
    TopicLag,
    Waiting,
    WorkerSeen,
    ranges,
    what_is_wrong,
)
from console.status_command import with_seconds
from console.status_look import baseline_of
from console.status_screen import duration, object_of, screen_of
from domain.engagement import Baseline
from tests.console.calling import Commands

NOW = 1_763_720_000_000
HOUR = 3_600_000

HEALTHY = Status(
    at=NOW,
    namespace="bg",
    brokers="kafka:9092",
    group="bg.engine",
    state="stable",
    stable=True,
    workers=[WorkerSeen("10.0.0.7", "faust", "faust-1b9d6bcd", [0, 1, 2, 3])],
    unowned=[],
    lag=[TopicLag("bg.lead-activity", 4), TopicLag("bg.accounts", 4, [Waiting(2, 7, 1.5)])],
    pages=[],
    dead_letters=DeadLettersSeen(NOW - HOUR, 0),
    baseline=BaselineSeen(3, 20413, NOW - HOUR, ticked=True),
    day_ticks=True,
    wrong_topics=[],
    engine="0.1.0",
    schemas={"accounts": 1, "control": 2},
    registry=None,
)


def wrong(limits: Limits | None = None, **changed: Any) -> list[str]:
    """Why the healthy deployment, changed so, is not healthy."""
    return what_is_wrong(replace(HEALTHY, **changed), limits or Limits())


def text_of(status: Status, width: int = 80) -> str:
    """The screen as text."""
    file = io.StringIO()
    Console(file=file, width=width, markup=False, emoji=False, highlight=False).print(
        screen_of(status, Limits())
    )
    return file.getvalue()


def test_a_deployment_without_anything_wrong_is_healthy() -> None:
    assert wrong() == []
    assert object_of(HEALTHY, Limits())["healthy"] is True
    assert "healthy" in text_of(HEALTHY)
    assert "not healthy" not in text_of(HEALTHY)


def test_no_workers_is_one_reason_though_nobody_has_a_partition() -> None:
    (reason,) = wrong(workers=[], unowned=[0, 1, 2, 3], state="empty", stable=False)
    assert reason.startswith("no workers: the consumer group bg.engine has no members")


def test_a_partition_that_nobody_has_is_named() -> None:
    assert wrong(unowned=[0, 2, 3]) == ["no worker has partitions 0, 2-3"]


def test_a_rebalance_is_told_and_not_that_nobody_has_partitions() -> None:
    (reason,) = wrong(state="rebalancing: waiting", stable=False, unowned=[1])
    assert "rebalancing" in reason


def test_a_worker_without_partitions_is_shown_and_healthy() -> None:
    idle = [*(HEALTHY.workers or ()), WorkerSeen("10.0.0.8", "faust", "faust-77", [])]
    assert wrong(workers=idle) == []
    assert "none" in text_of(replace(HEALTHY, workers=idle))


def test_a_kafka_that_tells_no_members_is_not_taken_for_one_without_workers() -> None:
    assert wrong(workers=None, state=None) == []
    assert "does not tell who is in a group" in text_of(replace(HEALTHY, workers=None))


def test_a_record_that_waited_longer_than_the_limit_is_a_reason_with_its_partition() -> None:
    lag = [TopicLag("bg.accounts", 4, [Waiting(0, 9, 61.0), Waiting(3, 4, 75.0), Waiting(1, 1, 2.0)])]
    (reason,) = wrong(lag=lag)
    assert reason == (
        "bg.accounts: the first unread record of partition 3 has waited 75 s, more than 60 s"
        " (4 unread, 1 more partition late)"
    )
    assert wrong(Limits(lag_s=75.0), lag=lag) == []


def test_a_wait_that_could_not_be_read_is_not_taken_for_none() -> None:
    (reason,) = wrong(lag=[TopicLag("bg.accounts", 4, [Waiting(0, 9, 5.0), Waiting(1, 4, None)])])
    assert "partition 1 has waited could not be read" in reason


def test_a_tick_older_than_26_hours_counts_only_while_day_ticks_are_on() -> None:
    old = BaselineSeen(3, 20412, NOW - 27 * HOUR, ticked=True)
    (reason,) = wrong(baseline=old)
    assert reason == "the last tick is 27 h old, more than 26 h, and day ticks are on"
    assert wrong(baseline=old, day_ticks=False) == []
    assert wrong(baseline=replace(old, set_at=NOW - 26 * HOUR)) == []
    for never in (None, replace(old, ticked=False)):
        assert wrong(baseline=never)[0].startswith("the day has never moved on")
        assert wrong(baseline=never, day_ticks=False) == []


def test_dead_letters_are_told_and_count_only_against_a_limit() -> None:
    dead = DeadLettersSeen(NOW - HOUR, 12, reasons={"not_avro": 12})
    assert wrong(dead_letters=dead) == []
    assert "12 records in the last hour: not_avro 12" in text_of(replace(HEALTHY, dead_letters=dead))
    (reason,) = wrong(Limits(dead_letters=11), dead_letters=dead)
    assert reason == "12 dead letters in the last hour, more than 11"
    assert wrong(Limits(dead_letters=12), dead_letters=dead) == []


def test_wrong_topics_are_named_the_first_ones_in_full() -> None:
    assert wrong(wrong_topics=["bg.accounts: does not exist"]) == ["bg.accounts: does not exist"]
    many = wrong(wrong_topics=[f"bg.t{number}: does not exist" for number in range(26)])
    assert len(many) == 6
    assert many[-1].startswith("21 more differences")


def test_a_worker_that_does_not_answer_or_is_not_ready_is_a_reason() -> None:
    pages = [
        Page("http://a:1", unanswered="Connection refused"),
        Page("http://b:1", problems=["tables are being recovered"], recovering=1234, owned=2),
        Page("http://c:1", owned=2),
    ]
    assert wrong(pages=pages) == [
        "worker http://a:1 does not answer: Connection refused",
        "worker http://b:1 is not ready: tables are being recovered",
    ]
    shown = text_of(replace(HEALTHY, pages=pages), width=120)
    assert "http://b:1 has 2 partitions, 1,234 changelog records to come" in shown
    assert "http://c:1 has 2 partitions, nothing to recover" in shown


def test_without_a_worker_named_it_says_that_recovery_cannot_be_seen() -> None:
    assert "cannot be seen from Kafka; --worker" in text_of(HEALTHY)
    assert object_of(HEALTHY, Limits())["recovery"] is None


def test_the_object_is_plain_json_with_everything_in_it() -> None:
    late = replace(HEALTHY, lag=[TopicLag("bg.accounts", 4, [Waiting(2, 7, 90.0)])])
    told = json.loads(json.dumps(object_of(late, Limits())))
    assert told["healthy"] is False
    assert len(told["reasons"]) == 1
    assert told["consumer_group"]["workers"][0]["partitions"] == [0, 1, 2, 3]
    assert told["lag"] == [
        {
            "topic": "bg.accounts",
            "partitions": 4,
            "records": 7,
            "seconds": 90.0,
            "waiting": [{"partition": 2, "records": 7, "seconds": 90.0}],
        }
    ]
    assert told["baseline"]["version"] == 3
    assert told["baseline"]["age_seconds"] == 3600
    assert told["schemas"] == {"accounts": 1, "control": 2}
    assert told["at"] == "2025-11-21T10:13:20.000Z"


def test_256_partitions_and_many_workers_are_one_screen() -> None:
    names = ("lead-activity", "journey-actions", "manual-edits", "lead-profiles", "accounts")
    topics = [f"bg.{name}" for name in (*names, "buying-groups", "definitions", "control")]
    waiting = [Waiting(number, 1000, float(number)) for number in range(256)]
    many = replace(
        HEALTHY,
        workers=[WorkerSeen(f"10.0.0.{n}", "faust", f"faust-{n}", [n]) for n in range(256)],
        lag=[TopicLag(name, 256, waiting) for name in topics],
    )
    lines = text_of(many).splitlines()
    assert len(lines) < 55
    assert max(map(len, lines)) <= 80
    assert "and 246 more" in text_of(many)
    # Two workers after many a rebalance: nobody's partitions stand together.
    scattered = [WorkerSeen(f"10.0.0.{n}", "faust", f"faust-{n}", range(n, 250, 3)) for n in range(2)]
    torn = replace(many, workers=scattered, unowned=range(2, 250, 3))
    assert len(text_of(torn).splitlines()) < 55


def test_what_a_member_calls_itself_cannot_steer_the_terminal() -> None:
    shown = text_of(replace(HEALTHY, workers=[WorkerSeen("h\x1b[2J", "\x07c", "m", [0])]))
    assert "\x1b" not in shown
    assert "\x07" not in shown


@pytest.mark.parametrize(
    ("numbers", "short"),
    [
        ([], ""),
        ([4], "4"),
        ([0, 1, 2, 3], "0-3"),
        ([7, 0, 1, 3], "0-1, 3, 7"),
        ([5, 6], "5-6"),
        (list(range(0, 256, 2)), "0, 2, 4, 6, 8, 10, 12, 14, … (128 in all)"),
    ],
)
def test_partitions_are_told_in_short(numbers: list[int], short: str) -> None:
    assert ranges(numbers) == short


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (90_000, "25 h"), (200_000, "2 days")],
)
def test_time_is_told_in_short(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_the_baseline_counts_from_the_first_partition_that_had_it() -> None:
    def clock(version: int, *, ticked: bool = True, as_of: int = 20413) -> Clock:
        baseline = Baseline(version, 0, 100, 1.0, 10.0)
        return Clock(as_of=as_of, ticked=ticked, baseline=baseline)

    seen = baseline_of(
        {0: (clock(7), NOW), 1: (clock(7), NOW - 5000), 2: (clock(6, as_of=20412), NOW - HOUR)}
    )
    assert seen == BaselineSeen(7, 20413, NOW - 5000, ticked=True, behind=[2])
    assert baseline_of({}) is None
    unticked = baseline_of({0: (Clock(as_of=20400), NOW)})
    assert unticked is not None
    assert not unticked.ticked


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        (["--watch"], ["--watch", "5"]),
        (["--watch", "2"], ["--watch", "2"]),
        (["--watch", "0.5", "--output", "json"], ["--watch", "0.5", "--output", "json"]),
        (["--watch", "--output", "json"], ["--watch", "5", "--output", "json"]),
        (["--output", "json"], ["--output", "json"]),
    ],
)
def test_watch_may_stand_without_its_number(given: list[str], whole: list[str]) -> None:
    assert with_seconds(given) == whole


def test_a_kafka_that_does_not_answer_has_an_exit_code_of_its_own(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.observing._ANSWER_S", 1.0)
    done = commands("status", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("Kafka does not answer: ")
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.err


@pytest.mark.parametrize(
    "wrong_use",
    [
        ("--worker", "ftp://somewhere"),
        ("--worker", "http://"),
        ("--watch", "0"),
        ("--max-lag-seconds", "-1"),
    ],
)
def test_wrong_use_is_told_before_any_kafka_is_asked(
    commands: Commands, wrong_use: tuple[str, ...]
) -> None:
    done = commands("status", *wrong_use, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert (done.code, done.out) == (2, "")


def test_without_a_kafka_named_it_says_which_setting_names_it(commands: Commands) -> None:
    done = commands("status")
    assert done.code == 2
    assert done.err.startswith("KAFKA_BOOTSTRAP_SERVERS is not set: ")
