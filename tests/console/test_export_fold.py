"""``export`` and ``fold``: the same groups in the same form, from a topic or from a file."""

import json
import signal
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from console.groups import FIELDS, whole
from domain.identity import buying_group_id
from schemas.codec import Codec
from schemas.outputs import BuyingGroupState, Member, MissingRole, RoleCompleteness
from schemas.registry import CommittedRegistry
from streams.admin import create_topics
from streams.settings import Settings
from streams.topics import BUYING_GROUP_STATE, LEAD_ACTIVITY
from tests.console.calling import Commands, json_lines
from tests.console.events import (
    INTEREST,
    activity,
    group,
    journey_action,
    manual_edit,
)
from tests.console.topic_reading import count_of_records

AS_OF = ("--as-of", "2026-11-20")
SMALL = [
    activity(1),
    activity(2),
    activity(2),
    activity(3, lead_id="ben", activity_type="DIRECTMARKETING.emailopened"),
    # The day before the window of 2026-11-20 begins.
    activity(4, lead_id="ben", occurred_at="2026-10-21T23:59:59.999Z"),
    manual_edit("acct-1", {"lead_id": "ana", "operation": "assign", "role": "Decision Maker"}),
    journey_action("acct-1", "assign", lead_id="ben", role="Influencer"),
    journey_action("acct-1", "remove", lead_id="ana"),
    group("acct-1"),
    group("acct-2"),
]
"""Two groups whose figures are worked out by hand below."""

ROLES = [
    {"role": "Decision Maker", "required": 1, "assigned": 1, "completeness": 100.0},
    {"role": "Influencer", "required": 1, "assigned": 1, "completeness": 100.0},
    {"role": "Practitioner", "required": 2, "assigned": 0, "completeness": 0.0},
]


def test_a_small_file_folds_to_what_the_rules_say_by_hand(commands: Commands) -> None:
    done = commands("fold", "-", *AS_OF, given=json_lines(SMALL))

    assert (done.code, done.err) == (0, "")
    first, second = sorted(done.rows, key=lambda row: row["account_id"])
    assert [tuple(row) for row in done.rows] == [FIELDS, FIELDS]
    # The greatest weight that occurred is 40. Ana: 2 x 40 / 40, root 1.414, the greatest: 100.
    # Ben: 30 / 40, root 0.866: 61.24. Shares of the filled roles: 100/180 and 80/180.
    assert first["members"] == [
        {
            "lead_id": "ana",
            "role": "Decision Maker",
            "source": "manual",
            "added_at": "2026-11-02T08:30:00.000Z",
            "score": 100.0,
        },
        {
            "lead_id": "ben",
            "role": "Influencer",
            "source": "journey",
            "added_at": "2026-11-03T12:00:00.000Z",
            "score": 61.24,
        },
    ]
    assert first["raw_score"] == pytest.approx((100 * 100 / 180 + 61.2372 * 80 / 180) ** 0.5)
    assert (first["score"], first["completeness"]) == (100.0, 66.67)
    assert first["roles"] == ROLES
    assert first["missing_roles"] == [{"role": "Practitioner", "short_by": 2}]
    assert (first["as_of"], first["baseline_version"]) == ("2026-11-20", 2)
    assert first["buying_group_id"] == buying_group_id(INTEREST, "acct-1")
    assert (first["solution_interest_id"], first["name"]) == (INTEREST, "CRM for acct-1")
    assert (second["members"], second["score"], second["completeness"]) == ([], 0.0, 0.0)


def test_groups_are_sorted_by_their_id(commands: Commands) -> None:
    lines = [group(f"acct-{number}") for number in range(30)]
    ids = [row["buying_group_id"] for row in commands("fold", "-", *AS_OF, given=json_lines(lines)).rows]
    assert ids == sorted(ids)
    assert len(set(ids)) == 30


def test_the_order_of_lines_does_not_matter(commands: Commands) -> None:
    forward = commands("fold", "-", *AS_OF, given=json_lines(SMALL))
    backward = commands("fold", "-", *AS_OF, given=json_lines(SMALL[::-1]))
    assert forward.out == backward.out


def test_a_table_for_people_shows_whole_numbers_rounded_half_up(commands: Commands) -> None:
    done = commands("fold", "-", *AS_OF, "--output", "table", given=json_lines(SMALL), COLUMNS="120")
    assert done.code == 0
    row = next(line for line in done.out.splitlines() if "acct-1" in line)
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells == ["CRM for acct-1", "acct-1", "2", "67", "100", "Practitioner × 2"]


def test_a_name_with_markup_or_control_characters_is_shown_as_plain_text(
    commands: Commands,
) -> None:
    line = group("acct-1", name="[red]A\x1b[2J :smile:")
    done = commands("fold", "-", *AS_OF, "--output", "table", given=json_lines([line]), COLUMNS="120")
    assert "[red]A?[2J :smile:" in done.out


@given(st.integers(0, 10_000))
def test_whole_numbers_are_rounded_half_up(hundredths: int) -> None:
    assert int(whole(hundredths / 100)) == (hundredths + 50) // 100


def test_refused_lines_are_told_and_the_rest_is_folded(commands: Commands, tmp_path: Path) -> None:
    bad = [b"no JSON", manual_edit("acct-9"), group("acct-3", buying_group_id="g")]
    ahead = activity(9, lead_id="ben", occurred_at="2999-01-01T00:00:00Z")
    done = commands(
        "fold", "-", *AS_OF, "--refused", "refused.jsonl", given=json_lines([*SMALL, *bad, ahead])
    )
    assert done.code == 3
    assert done.out == commands("fold", "-", *AS_OF, given=json_lines(SMALL)).out
    assert "line 14: lead-activity: dated 2999-01-01T00:00:00.000Z, more than 5 minutes" in done.err
    assert done.err.endswith("4 lines refused.\n")
    listed = [json.loads(row) for row in (tmp_path / "refused.jsonl").read_text().splitlines()]
    assert [(row["line"], row["reason"]) for row in listed] == [
        (11, "not_json"),
        (12, "no_edits"),
        (13, "wrong_group_id"),
        (14, "from_the_future"),
    ]


def test_a_status_and_a_stage_are_shown_where_a_group_has_them(commands: Commands) -> None:
    move = journey_action("acct-1", "update_status", status="Warm")
    done = commands("fold", "-", *AS_OF, given=json_lines([*SMALL, move]))
    before = commands("fold", "-", *AS_OF, given=json_lines(SMALL))
    assert (done.code, done.err) == (0, "")
    shown = {each["account_id"]: each for each in map(json.loads, done.out.splitlines())}
    bare = {each["account_id"]: each for each in map(json.loads, before.out.splitlines())}
    assert (shown["acct-1"]["stage"], shown["acct-1"]["status"]) == (None, "Warm")
    assert shown.pop("acct-1") == {**bare.pop("acct-1"), "status": "Warm"}
    assert shown == bare
    table = commands(
        "fold", "-", *AS_OF, "--output", "table", given=json_lines([*SMALL, move]), COLUMNS="120"
    )
    assert "Status" in table.out
    assert "Stage" not in table.out


def test_a_definitions_file_shows_what_it_would_make_of_the_events(
    commands: Commands, tmp_path: Path
) -> None:
    (tmp_path / "definitions.yaml").write_text(DEFINITIONS)
    account = {"event_id": "a", "account_id": "acct-1", "updated_at": "2026-11-01T00:00:00Z"}
    lead = {
        "event_id": "p",
        "account_id": "acct-1",
        "lead_id": "ana",
        "updated_at": "2026-11-02T00:00:00Z",
        "job_title": "CIO",
    }
    events = [
        orjson.dumps({"topic": "accounts", "value": {**account, "name": "Acme"}}),
        orjson.dumps({"topic": "lead-profiles", "value": lead}),
    ]
    done = commands("fold", "-", *AS_OF, "--definitions", "definitions.yaml", given=json_lines(events))
    assert (done.code, done.err) == (0, "")
    (shown,) = map(json.loads, done.out.splitlines())
    assert shown["name"] == "CRM for Acme"
    assert [(each["lead_id"], each["source"]) for each in shown["members"]] == [("ana", "system")]


def test_a_definitions_file_with_mistakes_folds_nothing(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "definitions.yaml").write_text(DEFINITIONS.replace("job_title", "job_titel"))
    done = commands("fold", "-", *AS_OF, "--definitions", "definitions.yaml", given=json_lines(SMALL))
    assert (done.code, done.out) == (3, "")
    assert "job_titel" in done.err


DEFINITIONS = """
role_templates:
  - id: buyers
    name: Buyers
    status: live
    roles:
      - role: Decision Maker
        auto_assign: {field: job_title, operator: is, value: cio}
solution_interests:
  - {id: crm, name: CRM, status: live, role_template: buyers, audience: all}
"""


def test_folding_needs_no_settings(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARTITIONS=none\n")
    assert commands("fold", "-", *AS_OF, given=json_lines(SMALL)).code == 0


@pytest.mark.parametrize("lines", [b"", b"\n\n"])
def test_a_file_without_events_has_no_groups(commands: Commands, lines: bytes) -> None:
    done = commands("fold", "-", *AS_OF, given=lines)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_missing_file_is_wrong_use(commands: Commands, tmp_path: Path) -> None:
    assert "there is no file gone.jsonl" in commands("fold", "gone.jsonl", *AS_OF).err
    assert commands("fold", "gone.jsonl", *AS_OF).code == 2
    assert commands("fold", tmp_path, *AS_OF).code == 2


def test_a_reader_that_has_seen_enough_is_no_error(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(json_lines(group(f"acct-{n}") for n in range(2000)))
    process = commands.start("fold", "events.jsonl", *AS_OF)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b'{"buying_group_id"')
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""


def test_ctrl_c_ends_a_fold_without_a_traceback(commands: Commands) -> None:
    process = commands.start("fold", "-", *AS_OF)
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(b"no JSON\n")
    process.stdin.flush()
    # Told as soon as it was read: by now the command waits for more.
    assert process.stderr.readline().startswith(b"line 1: not JSON")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.embedded
def test_an_empty_deployment_has_no_groups(deployed: Commands) -> None:
    done = deployed("export")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.embedded
def test_the_last_state_of_each_group_that_stands_is_exported(deployed: Commands) -> None:
    writer = StateWriter(deployed.settings)
    for number in range(20):
        for version in (1, 2, 3):
            writer.write(f"group-{number:02}", version)
    writer.withdraw("group-07")
    writer.withdraw("group-08")
    writer.write("group-08", 4)
    writer.flush()

    done = deployed("export")

    assert (done.code, done.err) == (0, "")
    versions = {row["buying_group_id"]: row["version"] for row in done.rows}
    assert list(versions) == [f"group-{number:02}" for number in range(20) if number != 7]
    assert versions.pop("group-08") == 4
    assert set(versions.values()) == {3}
    assert done.rows[0] == {
        "buying_group_id": "group-00",
        "account_id": "acct-1",
        "solution_interest_id": INTEREST,
        "name": "CRM for acct-1",
        "members": [
            {
                "lead_id": lead_id,
                "role": "Influencer",
                "source": "manual",
                "added_at": "2026-11-02T08:30:00.000Z",
                "score": 61.24,
            }
            for lead_id in ("ana", "ben")
        ],
        "completeness": 66.67,
        "roles": ROLES,
        "missing_roles": [{"role": "Practitioner", "short_by": 2}],
        "score": 100.0,
        "raw_score": 9.1,
        "stage": None,
        "status": None,
        "baseline_version": 2,
        "as_of": "2026-11-20",
        "version": 3,
    }
    assert tuple(done.rows[0]) == FIELDS


@pytest.mark.embedded
def test_exporting_twice_prints_the_same_and_writes_nothing(deployed: Commands) -> None:
    writer = StateWriter(deployed.settings)
    writer.write("group-1", 1)
    writer.flush()
    first, second = deployed("export"), deployed("export")
    assert first.out == second.out != ""
    assert count_of_records(deployed.settings, BUYING_GROUP_STATE) == 1
    assert count_of_records(deployed.settings, LEAD_ACTIVITY) == 0


@pytest.mark.embedded
def test_a_record_that_is_no_state_is_told_by_its_key(deployed: Commands) -> None:
    writer = StateWriter(deployed.settings)
    writer.producer.produce(writer.topic, b"broken", b"group-1")
    writer.flush()
    done = deployed("export")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("the state of group 'group-1' cannot be read: ")


@pytest.mark.embedded
def test_exporting_needs_the_topic(deployed: Commands) -> None:
    done = deployed("export", NAMESPACE="elsewhere")
    assert done.code == 1
    assert done.err.startswith("elsewhere.buying-group-state: no such topic.")


@pytest.fixture
def on_real_kafka(kafka: str, namespace: str, commands: Commands) -> Commands:
    """The command line of a deployment on a real Kafka."""
    del commands
    deployed = Commands({"KAFKA_BOOTSTRAP_SERVERS": kafka, "NAMESPACE": namespace})
    create_topics(deployed.settings)
    return deployed


@pytest.mark.kafka
def test_what_a_worker_did_not_commit_is_not_exported(
    on_real_kafka: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.export._UNDECIDED_S", 0.5)
    writer = StateWriter(on_real_kafka.settings, transactional_id="test")
    producer = writer.producer
    producer.init_transactions(30)
    producer.begin_transaction()
    writer.write("group-1", 1)
    producer.commit_transaction(30)
    producer.begin_transaction()
    writer.write("group-1", 2)
    writer.write("group-2", 1)
    writer.flush()
    producer.abort_transaction(30)
    producer.begin_transaction()
    writer.write("group-1", 3)
    writer.flush()

    undecided = on_real_kafka("export")
    assert [(row["buying_group_id"], row["version"]) for row in undecided.rows] == [("group-1", 1)]
    assert undecided.err.startswith("A worker is in the middle of a transaction")

    producer.commit_transaction(30)
    decided = on_real_kafka("export")
    assert [(row["buying_group_id"], row["version"]) for row in decided.rows] == [("group-1", 3)]
    assert decided.err == ""


class StateWriter:
    """Writes group states as a worker would."""

    def __init__(self, settings: Settings, transactional_id: str | None = None) -> None:
        self.topic = BUYING_GROUP_STATE.full_name(settings.namespace)
        self.codec = Codec(CommittedRegistry())
        config = {**settings.client_config(), "partitioner": "murmur2_random"}
        if transactional_id is not None:
            config["transactional.id"] = f"{settings.namespace}.{transactional_id}"
        self.producer = Producer(config)

    def write(self, group_id: str, version: int) -> None:
        """Write one state; its members are not in order."""
        state = BuyingGroupState(
            version=version,
            event_id="event",
            account_id="acct-1",
            buying_group_id=group_id,
            solution_interest_id=INTEREST,
            name="CRM for acct-1",
            members=[
                Member(
                    lead_id=lead_id,
                    role="Influencer",
                    source="manual",
                    added_at=1_793_608_200_000,
                    score=61.24,
                )
                for lead_id in ("ben", "ana")
            ],
            completeness=66.67,
            roles=[RoleCompleteness.model_validate(role) for role in ROLES],
            missing_roles=[MissingRole(role="Practitioner", short_by=2)],
            score=100.0,
            raw_score=9.1,
            baseline_version=2,
            model_version=1,
            as_of=20_777,
            versions={},
            emitted_at=0,
            cause_event_id="cause",
            replay=False,
        )
        value = self.codec.encode(BUYING_GROUP_STATE.name, state)
        self.producer.produce(self.topic, value, group_id.encode())

    def withdraw(self, group_id: str) -> None:
        """Write a tombstone."""
        self.producer.produce(self.topic, None, group_id.encode())

    def flush(self) -> None:
        """Wait until everything is on the broker."""
        assert self.producer.flush(30) == 0
