"""``publish``: every good line reaches its account's partition, every bad one is told by its number."""

import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from console.lines import LONGEST_LINE, Accepted, RefusedEntry, check
from console.publish import Publisher
from console.publish_report import ranges_of
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.embedded import EmbeddedKafka
from streams.placement import partition_of
from streams.settings import load_settings
from streams.topics import BY_NAME, JOURNEY_ACTIONS, LEAD_ACTIVITY, MANUAL_EDITS
from tests.console.calling import ROOT, Commands, json_lines
from tests.console.events import activity, group, journey_action, manual_edit
from tests.console.topic_reading import count_of_records, records_of

ANA = {"lead_id": "ana", "operation": "assign", "role": "Influencer"}


@pytest.mark.embedded
def test_every_line_arrives_in_its_accounts_partition_with_key_value_and_headers(
    deployed: Commands, tmp_path: Path
) -> None:
    lines = [activity(n, f"acct-{n % 7}", attributes={"page": "/ä"}) for n in range(200)]
    (tmp_path / "events.jsonl").write_bytes(json_lines(lines))

    done = deployed("publish", "events.jsonl")

    assert (done.code, done.out) == (0, "")
    assert done.err == "Published 200 events: lead-activity 200.\n"
    codec = Codec(CommittedRegistry())
    records = records_of(deployed.settings, LEAD_ACTIVITY)
    values: list[Any] = [codec.decode("lead-activity", record.value()) for record in records]
    assert {value.event_id for value in values} == {f"activity-{n}" for n in range(200)}
    assert len(records) == 200
    for record, value in zip(records, values, strict=True):
        assert record.key() == value.account_id.encode()
        assert record.partition() == partition_of(value.account_id, 4)
        assert value.attributes == {"page": "/ä"}
        assert dict(record.headers() or []) == {
            "ce_specversion": b"1.0",
            "ce_id": value.event_id.encode(),
            "ce_type": b"buying-groups.lead-activity",
            "ce_source": f"/{deployed.settings.namespace}/publish".encode(),
            "ce_time": b"2026-11-15T10:00:00.000Z",
            "ce_subject": b"ana",
            "content-type": b"application/avro",
        }


@pytest.mark.embedded
def test_lines_of_one_account_keep_their_order(deployed: Commands) -> None:
    deployed("publish", "-", given=json_lines(activity(n) for n in range(500)))
    codec = Codec(CommittedRegistry())
    values: list[Any] = [
        codec.decode("lead-activity", record.value())
        for record in records_of(deployed.settings, LEAD_ACTIVITY)
    ]
    assert [value.event_id for value in values] == [f"activity-{n}" for n in range(500)]


@pytest.mark.embedded
def test_every_kind_of_event_goes_to_its_topic(deployed: Commands) -> None:
    lines = [
        group("acct-1"),
        activity(1),
        journey_action("acct-1", "assign", lead_id="ben", role="Influencer"),
        manual_edit("acct-1", ANA),
        {
            "topic": "lead-profiles",
            "value": {
                "event_id": "p",
                "account_id": "acct-1",
                "lead_id": "ana",
                "updated_at": "2026-11-01T00:00:00Z",
            },
        },
        {
            "topic": "accounts",
            "value": {
                "event_id": "a",
                "account_id": "acct-1",
                "updated_at": "2026-11-01T00:00:00Z",
            },
        },
    ]
    done = deployed("publish", "-", given=json_lines(lines))
    assert done.code == 0
    for topic, count in Counter(line["topic"] for line in lines).items():
        assert count_of_records(deployed.settings, BY_NAME[topic]) == count


@pytest.mark.embedded
def test_refused_lines_are_told_by_number_and_the_rest_is_published(
    deployed: Commands, tmp_path: Path
) -> None:
    lines = [
        b"\xef\xbb\xbf" + json_lines([activity(1)]).strip(),
        b"no JSON",
        b"   ",
        [1],
        {"topic": "lead-activity"},
        {"topic": "control", "value": {}},
        {"topic": ["lead-activity"], "value": {}},
        {**activity(2), "key": "acct-1"},
        activity(3, occurred_at="yesterday"),
        manual_edit("acct-1"),
        manual_edit("acct-1", *[ANA] * 51),
        group("acct-1", buying_group_id="g-1"),
        activity(4),
    ]
    done = deployed("publish", "-", "--refused", "refused.jsonl", given=json_lines(lines))

    assert done.code == 3
    told = done.err.splitlines()
    assert [line.split(":")[0] for line in told[:-2]] == [
        f"line {number}" for number in (2, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    ]
    assert "line 9: lead-activity: occurred_at: should be RFC 3339" in done.err
    assert "line 10: manual-edits: the edit names no lead" in told
    assert told[-2:] == ["Published 2 events: lead-activity 2.", "10 lines refused."]
    assert count_of_records(deployed.settings, LEAD_ACTIVITY) == 2
    assert count_of_records(deployed.settings, MANUAL_EDITS) == 0
    listed = [json.loads(row) for row in (tmp_path / "refused.jsonl").read_text().splitlines()]
    assert [(row["line"], row["topic"], row["reason"]) for row in listed] == [
        (2, None, "not_json"),
        (4, None, "not_an_event"),
        (5, None, "not_an_event"),
        (6, None, "unknown_topic"),
        (7, None, "unknown_topic"),
        (8, None, "not_an_event"),
        (9, "lead-activity", "breaks_contract"),
        (10, "manual-edits", "no_edits"),
        (11, "manual-edits", "too_many_edits"),
        (12, "buying-groups", "wrong_group_id"),
    ]


@pytest.mark.embedded
def test_only_the_first_twenty_refused_lines_are_shown(deployed: Commands, tmp_path: Path) -> None:
    done = deployed("publish", "-", "--refused", "refused.jsonl", given=b"x\n" * 2030)
    assert done.code == 3
    told = done.err.splitlines()
    assert [line.split(":")[0] for line in told[:20]] == [f"line {n}" for n in range(1, 21)]
    assert told[20:] == ["… and 2,010 more", "Published 0 events.", "2,030 lines refused."]
    assert len((tmp_path / "refused.jsonl").read_text().splitlines()) == 2030


@pytest.mark.embedded
def test_a_line_too_long_for_kafka_is_refused_and_the_next_one_is_read(
    deployed: Commands,
) -> None:
    long = activity(1, attributes={"text": "x" * (2 * LONGEST_LINE)})
    done = deployed("publish", "-", given=json_lines([long, activity(2), b"x" * (LONGEST_LINE - 1)]))
    assert done.code == 3
    assert "line 1: longer than 900,000 bytes" in done.err
    assert "line 3: not JSON" in done.err
    assert "Published 1 event: lead-activity 1." in done.err


@pytest.mark.embedded
def test_the_longest_line_that_is_read_fits_into_a_record(deployed: Commands) -> None:
    frame = len(json_lines([activity(1, attributes={"text": ""})])) - 1
    line = activity(1, attributes={"text": "x" * (LONGEST_LINE - frame - 1)})
    assert deployed("publish", "-", given=json_lines([line])).code == 0


@pytest.mark.embedded
def test_an_empty_file_publishes_nothing(deployed: Commands) -> None:
    done = deployed("publish", "-", given=b"\n\n")
    assert (done.code, done.err) == (0, "Published 0 events.\n")


@pytest.mark.embedded
def test_a_stage_move_is_published_without_a_word(deployed: Commands) -> None:
    line = journey_action("acct-1", "update_stage", stage="Engaged")
    done = deployed("publish", "-", given=json_lines([line]))
    assert (done.code, done.out) == (0, "")
    assert done.err == "Published 1 event: journey-actions 1.\n"
    assert count_of_records(deployed.settings, JOURNEY_ACTIONS) == 1


@pytest.mark.embedded
def test_marketo_files_are_published_as_lead_activity(deployed: Commands) -> None:
    samples = ROOT / "examples" / "marketo"
    for name, count in (("lead-activity-stream.json", 40), ("activities-page.json", 12)):
        done = deployed(
            "publish", "--format", "marketo", samples / name, "--leads", samples / "leads.csv"
        )
        assert done.code == 0, done.err
        assert done.err == f"Published {count} events: lead-activity {count}.\n"
    assert count_of_records(deployed.settings, LEAD_ACTIVITY) == 52


@pytest.mark.embedded
def test_marketo_activity_of_a_lead_without_an_account_is_refused_by_its_place(
    deployed: Commands, tmp_path: Path
) -> None:
    samples = ROOT / "examples" / "marketo"
    (tmp_path / "leads.csv").write_text("lead_id,account_id\n5001,acct-100\n")
    page = samples / "activities-page.json"
    done = deployed("publish", page, "--format", "marketo", "--leads", "leads.csv")
    assert done.code == 3
    assert "activity 2: lead-activity: Lead 5" in done.err
    assert "activities refused." in done.err


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "marketo"], "--format marketo and --leads FILE go together"),
        (["--leads", "events.json"], "--format marketo and --leads FILE go together"),
    ],
)
def test_marketo_files_and_the_leads_file_go_together(
    deployed: Commands, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "events.json").write_text("[]")
    done = deployed("publish", "events.json", *arguments)
    assert done.code == 2
    assert said in done.err


@pytest.mark.embedded
def test_a_leads_file_without_its_columns_is_one_clear_line(deployed: Commands, tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text("[]")
    (tmp_path / "leads.csv").write_text("id\n1\n")
    done = deployed("publish", "events.json", "--format", "marketo", "--leads", "leads.csv")
    assert done.code == 1
    assert done.err.startswith("leads.csv, line 1: no column lead_id")


@pytest.mark.embedded
def test_publishing_needs_the_topics(deployed: Commands) -> None:
    done = deployed("publish", "-", NAMESPACE="elsewhere")
    assert done.code == 1
    assert done.err.startswith("elsewhere.lead-activity and 6 more: no such topic.")
    assert "topics create" in done.err


def test_a_kafka_that_does_not_answer_is_told_with_the_reason(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.publish._ANSWER_S", 1.0)
    done = commands("publish", "-", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.code == 1
    assert done.err.startswith("Kafka does not answer: ")
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.err


@pytest.mark.embedded
def test_what_the_broker_did_not_confirm_is_named_by_line(namespace: str) -> None:
    kafka = EmbeddedKafka()
    kafka.create_topics(namespace)
    settings = load_settings(kafka_bootstrap_servers=kafka.bootstrap_servers, namespace=namespace)
    publisher = Publisher(settings, CommittedRegistry(), confirm_within_s=2)
    publisher.check_deployment()

    def entries() -> Any:
        for number in range(1, 4):
            yield accepted(number)
        deadline = time.monotonic() + 10
        while publisher.outcome.unconfirmed and time.monotonic() < deadline:
            publisher._producer.poll(0.1)
        kafka.stop()
        for number in range(4, 9):
            yield accepted(number)

    outcome = publisher.publish(entries())

    assert outcome.confirmed == {"lead-activity": 3}
    assert outcome.unconfirmed == {4, 5, 6, 7, 8}
    assert outcome.why is not None
    assert outcome.whole_until == 3


def test_places_are_told_in_short() -> None:
    assert ranges_of([]) == ""
    assert ranges_of([7, 3, 8, 9]) == "3, 7-9"
    assert ranges_of(range(0, 60, 2)).endswith("16, 18 and 20 more")


@pytest.mark.embedded
def test_ctrl_c_sends_out_what_was_read_and_says_how_far_it_got(deployed: Commands) -> None:
    process = deployed.start("publish", "-")
    assert process.stdin is not None
    process.stdin.write(json_lines(activity(n) for n in range(100)))
    process.stdin.flush()
    deadline = time.monotonic() + 30
    while count_of_records(deployed.settings, LEAD_ACTIVITY) < 100:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Published 100 events: lead-activity 100." in err
    assert b"Interrupted: published up to line 100." in err
    assert b"Traceback" not in err


def accepted(number: int) -> Accepted:
    line = activity(number)
    entry = check(number, line["topic"], line["value"])
    assert not isinstance(entry, RefusedEntry)
    return entry
