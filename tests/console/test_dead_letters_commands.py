"""``dead-letters`` as it is called, on the embedded Kafka: what it prints, writes, and how it ends."""

import json
import signal
import time
from typing import Any

import pytest
from confluent_kafka import Message

from agents import definitions as readings
from agents.reading import Reader
from agents.worker import system_clock
from console import dead_letter_options
from console.topic_reading import records_of
from streams.delivery import Outgoing
from streams.sending import send_all
from streams.topics import DEAD_LETTERS, DEFINITIONS, LEAD_ACTIVITY, Topic
from tests.console.calling import Commands
from tests.console.refused import CODEC, GARBAGE, letter_of
from tests.schemas.events import EXAMPLES
from tests.streams.copying import Made, fetched

pytestmark = pytest.mark.embedded

GOOD = CODEC.encode("lead-activity", EXAMPLES["lead-activity"])
UNKNOWN = b"\0" + (4_000_000_000).to_bytes(4, "big") + GOOD[5:]


def refuse(
    deployed: Commands, *offsets: int, topic: str = "lead-activity", **record: Any
) -> list[tuple[int, int]]:
    """Write dead letters of records at these offsets; return where they stand."""
    namespace = deployed.settings.namespace
    given = {"value": GARBAGE, "key": b"acct-secret", **record}
    letters = [letter_of(Made(n, **given), topic, namespace=namespace) for n in offsets]
    return send_all(deployed.settings, letters)


def committed(deployed: Commands, topic: Topic) -> list[Message]:
    """Every committed record of a topic."""
    return list(records_of(deployed.settings, topic, "test", print))


def test_a_refused_record_is_listed_shown_redriven_once_and_then_nothing_more(
    deployed: Commands,
) -> None:
    trace = ("traceparent", b"00-1-1-01")
    refuse(deployed, 17, 17, 18, headers=(trace,))

    listed = deployed("dead-letters", "list", "--output", "json")
    assert (listed.code, listed.err) == (0, "")
    assert [(row["offset"], row["times"], row["redriven_at"]) for row in listed.rows] == [
        (17, 2, None),
        (18, 1, None),
    ]
    assert "secret" not in listed.out

    planned = deployed("dead-letters", "redrive", "--dry-run")
    assert planned.code == 0, planned.err
    assert "2 dead letters would go; a worker of this release would take 0 of them now." in planned.err
    assert len(committed(deployed, LEAD_ACTIVITY)) == 0

    done = deployed("dead-letters", "redrive", "--yes")
    assert (done.code, done.out) == (0, "")
    assert done.err == "Redriven 2 dead letters: lead-activity 2.\n"
    for record in committed(deployed, LEAD_ACTIVITY):
        assert (record.key(), record.value()) == (b"acct-secret", GARBAGE)
        assert record.headers() == [trace, ("dlq_attempts", b"2")]
    assert len(committed(deployed, LEAD_ACTIVITY)) == 2

    again = deployed("dead-letters", "redrive", "--yes")
    assert again.code == 0
    assert "2 dead letters were redriven before and not refused since." in again.err
    assert len(committed(deployed, LEAD_ACTIVITY)) == 2
    assert deployed("dead-letters", "list", "--waiting").err == "No such dead letters.\n"
    (first, _) = deployed("dead-letters", "list", "--output", "json").rows
    assert first["redriven_at"] is not None


def test_the_table_for_people_has_totals_first_and_says_what_it_leaves_out(deployed: Commands) -> None:
    refuse(deployed, *range(25))
    refuse(deployed, 1, topic="accounts", value=UNKNOWN)
    done = deployed("dead-letters", "list", COLUMNS="120")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [cell.strip() for cell in lines[3].split("│")[1:5]] == [
        "not_avro",
        "lead-activity",
        "25",
        "0",
    ]
    assert "lead-activity/2/0 " in done.out
    assert "… and 6 more" in done.err
    few = deployed("dead-letters", "list", "--topic", "accounts", "--limit", "1", COLUMNS="120")
    assert "accounts/2/1" in few.out
    assert "lead-activity" not in few.out
    detailed = deployed("dead-letters", "list", "--reason", "unknown_schema", "--details", COLUMNS="200")
    assert "4000000000" in detailed.out


def test_show_decodes_and_says_what_to_do(deployed: Commands) -> None:
    ((partition, offset),) = refuse(deployed, 17, value=GOOD[:-1])
    done = deployed("dead-letters", "show", "lead-activity/2/17")
    assert done.code == 0, done.err
    assert '"activity_type": "web.formFilledOut"' in done.out
    assert "The reading broke at byte" in done.out
    assert "key        acct-secret" in done.out
    shown = deployed("dead-letters", "show", f"dead-letters/{partition}/{offset}", "--output", "json")
    (row,) = shown.rows
    assert row["refused_now"]["reason"] == "not_avro"
    assert row["decoded"]["lead_id"] == "5001"

    missing = deployed("dead-letters", "show", "lead-activity/2/99")
    assert missing.code == 1
    assert "No dead letter stands at" in missing.err
    assert deployed("dead-letters", "show", "lead-activity").code == 2


def test_only_what_has_been_mended_goes_when_that_is_asked_for(deployed: Commands) -> None:
    future = EXAMPLES["lead-activity"].model_copy(update={"occurred_at": system_clock() - 1000})
    early = CODEC.encode("lead-activity", future)
    refuse(deployed, 5, value=early, timestamp=system_clock() - 86_400_000)
    refuse(deployed, 6)
    planned = deployed("dead-letters", "redrive", "--dry-run")
    assert "2 dead letters would go; a worker of this release would take 1 of them now." in planned.err
    planned = deployed("dead-letters", "redrive", "--only-mended", "--dry-run")
    assert planned.code == 3
    assert "1 dead letter would go; a worker of this release would take 1 of them now." in planned.err
    done = deployed("dead-letters", "redrive", "--only-mended", "--yes")
    assert done.code == 3
    assert "1 dead letter not sent: a worker of this release would refuse them again" in done.err
    (record,) = committed(deployed, LEAD_ACTIVITY)
    assert record.value() == early


def test_a_record_that_was_given_to_the_workers_three_times_is_left_out(deployed: Commands) -> None:
    refuse(deployed, 17, headers=(("dlq_attempts", b"3"),))
    done = deployed("dead-letters", "redrive", "--yes")
    assert done.code == 3
    assert (
        "1 dead letter not sent: workers were given them as often as --max-attempts allows" in done.err
    )
    assert len(committed(deployed, LEAD_ACTIVITY)) == 0
    done = deployed("dead-letters", "redrive", "--yes", "--max-attempts", "4")
    assert done.code == 0
    (record,) = committed(deployed, LEAD_ACTIVITY)
    assert record.headers() == [("dlq_attempts", b"4")]


def test_an_older_definition_is_left_out_when_a_newer_record_of_its_key_stands(
    deployed: Commands,
) -> None:
    settings = deployed.settings
    value = CODEC.encode("definitions", EXAMPLES["definitions"])

    def refused(offset: int, key: bytes) -> Outgoing:
        made = Made(offset, GARBAGE, key, system_clock() - 60_000)
        one = fetched(offset, made, topic=f"{settings.namespace}.definitions", partition=0)
        (letter,) = Reader(CODEC, 4, None).read_definitions(one, readings.READING).onward
        return letter

    send_all(settings, [refused(0, b"role:old"), refused(1, b"role:alone")])
    send_all(settings, [Outgoing(DEFINITIONS.name, b"role:old", value)])
    done = deployed("dead-letters", "redrive", "--yes")
    assert done.code == 3
    assert "1 dead letter not sent: a newer definition of the same key" in done.err
    assert "definitions/0/0" in done.err
    assert [record.value() for record in committed(deployed, DEFINITIONS)].count(GARBAGE) == 1


def test_the_limit_and_the_filters_hold_for_a_redrive_too(deployed: Commands) -> None:
    refuse(deployed, 1, 2, 3)
    refuse(deployed, 4, value=UNKNOWN)
    done = deployed("dead-letters", "redrive", "--yes", "--limit", "2", "--reason", "not_avro")
    assert done.err.startswith("Redriven 2 dead letters")
    assert deployed("dead-letters", "redrive", "--yes", "--until", "1h").err.startswith("Nothing to")
    done = deployed("dead-letters", "redrive", "--yes", "--rate", "1000", "--since", "1h")
    assert done.err.startswith("Redriven 2 dead letters")
    waiting = deployed("dead-letters", "list", "--waiting", "--output", "json")
    assert waiting.rows == []


def test_nobody_is_asked_where_nobody_is(deployed: Commands) -> None:
    for command in (["redrive"], ["purge", "--before", "1d"]):
        done = deployed("dead-letters", *command)
        assert done.code == 2
        assert "say --yes" in done.err


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at the terminal, who answers with what a test gives."""
    monkeypatch.setattr(dead_letter_options, "somebody_is_there", lambda: True)


def test_a_person_is_told_what_would_go_and_asked(deployed: Commands, person: None) -> None:
    refuse(deployed, 17)
    done = deployed("dead-letters", "redrive", given=b"n\n")
    assert done.code == 1
    assert "1 dead letter would go" in done.err
    assert "Nothing was done." in done.err
    assert len(committed(deployed, LEAD_ACTIVITY)) == 0
    assert deployed("dead-letters", "redrive", given=b"y\n").code == 0
    assert len(committed(deployed, LEAD_ACTIVITY)) == 1


def test_ctrl_c_ends_a_redrive_and_it_says_how_far_it_got(deployed: Commands) -> None:
    refuse(deployed, *range(100))
    process = deployed.start("dead-letters", "redrive", "--yes", "--rate", "2")
    deadline = time.monotonic() + 30
    while len(committed(deployed, LEAD_ACTIVITY)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    sent = len(committed(deployed, LEAD_ACTIVITY))
    assert f"Redriven {sent} dead letters: lead-activity {sent}." in err.decode()
    assert f"Interrupted: {100 - sent} were not sent." in err.decode()
    waiting = deployed("dead-letters", "list", "--waiting", "--output", "json").rows
    assert len(waiting) == 100 - sent


def test_a_purge_by_reason_or_topic_is_refused_with_what_to_do_instead(deployed: Commands) -> None:
    for filter_ in (("--reason", "not_avro"), ("--topic", "accounts")):
        done = deployed("dead-letters", "purge", "--before", "1d", *filter_)
        assert done.code == 2
        assert "Purge by time (--before 7d)" in done.err


def test_a_purge_says_exactly_what_would_go(deployed: Commands) -> None:
    ((partition, offset),) = refuse(deployed, 17)
    done = deployed("dead-letters", "purge", "--before", "0s", "--dry-run", "--output", "json")
    assert done.code == 0
    assert [row["offset"] for row in done.rows] == [17]
    assert f"partition {partition} of dead-letters: all before offset {offset + 1}" in done.err
    assert "1 dead letter, of which 1 wait to be redriven." in done.err
    assert deployed("dead-letters", "purge", "--before", "1h", "--yes").err.startswith("Nothing is")
    assert len(committed(deployed, DEAD_LETTERS)) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--since", "yesterday"),
        ("list", "--reason", "bad"),
        ("list", "--topic", "score-updated"),
        ("redrive", "--dry-run", "--until", "soon"),
        ("purge", "--dry-run", "--before", "1500"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_told_in_one_line(commands: Commands, arguments: tuple[str, ...]) -> None:
    done = commands("dead-letters", *arguments, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1


def test_no_kafka_is_told_and_nothing_is_left_hanging(commands: Commands, monkeypatch: Any) -> None:
    monkeypatch.setattr("console.topic_reading._ANSWER_S", 0.5)
    for arguments in (("list",), ("show", "accounts/0/0"), ("redrive", "--yes")):
        done = commands("dead-letters", *arguments, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
        assert done.code == 1
        assert "Is KAFKA_BOOTSTRAP_SERVERS right?" in done.err


def test_an_empty_topic_is_no_failure(deployed: Commands) -> None:
    assert deployed("dead-letters", "list").err == "No dead letters.\n"
    done = deployed("dead-letters", "redrive", "--yes")
    assert (done.code, done.err) == (0, "Nothing to give back.\n")
    assert json.loads("[" + deployed("dead-letters", "list", "--output", "json").out + "]") == []
