"""``rebuild``: what is said before, and what is said of what was found."""

import json

import pytest

from agents.comparing import Difference
from agents.mending import Mended
from console.choices import Output
from console.rebuild import Outcome
from console.rebuild_plan import Part, Plan, missing_in
from console.rebuild_report import outcome_lines, plan_lines, print_differences, print_plan
from domain.calendar import MILLIS_PER_DAY
from streams.topics import ACCOUNTS, CONTROL, LEAD_ACTIVITY, Topic
from tests.console.calling import Commands
from tests.domain.builders import TODAY

WINDOW_BEGINS = TODAY - 29


class Kept:
    """A log whose first record that is kept is of a moment."""

    def __init__(self, first: int | None) -> None:
        self.first = first

    def name(self, topic: Topic) -> str:
        return f"bg.{topic.name}"

    def first_timestamp(self, topic: Topic, partition: int) -> int | None:
        assert (topic, partition) == (LEAD_ACTIVITY, 2)
        return self.first


@pytest.mark.parametrize(
    ("topic", "first", "until", "oldest", "missing"),
    [
        (ACCOUNTS, 0, 100, WINDOW_BEGINS, False),
        (ACCOUNTS, 7, 100, 0, True),
        (CONTROL, 7, 100, 0, True),
        # Nothing of it was ever acknowledged, so no state was made of what is gone.
        (ACCOUNTS, 7, 0, 0, False),
        (LEAD_ACTIVITY, 7, 100, WINDOW_BEGINS - 1, False),
        (LEAD_ACTIVITY, 7, 100, WINDOW_BEGINS, True),
        (LEAD_ACTIVITY, 0, 100, WINDOW_BEGINS, False),
    ],
)
def test_what_retention_has_taken_is_missing_where_it_counts(
    topic: Topic, first: int, until: int, oldest: int, missing: bool
) -> None:
    lines = missing_in(Kept(oldest * MILLIS_PER_DAY), [Part(topic, 2, first, until)], TODAY)

    assert bool(lines) is missing
    assert all(line.startswith(f"bg.{topic.name} [2]: ") for line in lines)


def test_before_the_first_tick_all_activity_is_needed() -> None:
    part = Part(LEAD_ACTIVITY, 0, 7, 100)

    (line,) = missing_in(Kept(0), [part], None)
    assert "begins at offset 7" in line


def test_activity_of_which_nothing_is_left_is_older_than_the_window() -> None:
    assert missing_in(Kept(None), [Part(LEAD_ACTIVITY, 2, 100, 100)], TODAY) == []


def test_a_plan_counts_what_is_read_and_says_how_long_it_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = Plan((Part(ACCOUNTS, 0, 10, 110), Part(ACCOUNTS, 1, 0, 5_900)), ("what is missing",), 0.01)

    assert plan_lines(plan) == [
        "6,000 records to read; at 100 a second, as the first ones took, about 60 s.",
        "what is missing",
    ]
    print_plan(plan, Output.JSON)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"topic": "accounts", "partition": 0, "first": 10, "until": 110, "records": 100}
    assert second["records"] == 5_900
    print_plan(plan, Output.TABLE)
    assert "0 to 10" in capsys.readouterr().out


def test_each_difference_names_group_field_and_both_values(capsys: pytest.CaptureFixture[str]) -> None:
    difference = Difference(3, "group_to_figures", "score", 61.5, 54.0, "acct-1", "group-1")

    print_differences([difference], Output.JSON)
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert row == {
        "partition": 3,
        "where": "group_to_figures",
        "field": "score",
        "live": 61.5,
        "rebuilt": 54.0,
        "account_id": "acct-1",
        "buying_group_id": "group-1",
        "lead_id": None,
    }
    print_differences([difference], Output.TABLE)
    shown = capsys.readouterr().out
    assert "61.5" in shown
    assert "54.0" in shown


def test_what_came_of_it_is_said_in_words() -> None:
    difference = Difference(3, "group_to_figures", "score", 61.5, 54.0, "acct-1", "group-1")
    outcome = Outcome(accounts=2, groups=1, records=500, seconds=10.0)

    assert outcome_lines(outcome, wrote=False) == [
        "500 records folded in 10 s (50 a second): 2 accounts, 1 group.",
        "Live state and log are equal.",
    ]
    outcome.differences.append(difference)
    assert outcome_lines(outcome, wrote=False)[-1] == "Not what the log leads to: 1 field, in 1 group."
    outcome.mended = Mended(rows=4, outputs=1, beyond=2)
    lines = outcome_lines(outcome, wrote=True)
    assert lines[1] == "Written: 4 rows, 1 output."
    assert "2 subjects: the last version is known nowhere" in lines[2]
    assert lines[-1] == "Still not what the log leads to: 1 field, in 1 group."
    outcome.held, outcome.anew = 2.34, [(3, "a tick came")]
    assert outcome_lines(outcome, wrote=True)[3:5] == [
        "Partition 3 was folded anew while the group was held: a tick came.",
        "The consumer group was held for 2.3 s. Workers may be started now.",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rebuild", "--dry-run", "--in-place"), "exclude each other"),
        (("rebuild", "--promote", "--in-place"), "exclude each other"),
        (("rebuild", "--wait", "1m"), "goes with --promote only"),
        (("rebuild", "--promote", "--wait", "soon"), "'soon' is no time to wait"),
        (("rebuild", "--partition", "4"), "there is no partition 4"),
        (("fold", "--as-of", "2026-11-21"), "FILE, or --from-kafka"),
        (("fold", "-", "--from-kafka", "--as-of", "2026-11-21"), "FILE, or --from-kafka"),
    ],
)
def test_wrong_use_is_said_and_ends_with_2(
    commands: Commands, arguments: tuple[str, ...], said: str
) -> None:
    done = commands(*arguments, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")

    assert done.code == 2
    assert said in done.err
