"""``definitions publish``, ``show`` and ``diff`` on a deployment."""

import json
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.definitions import Definition
from schemas.registry import CommittedRegistry
from streams.placement import partition_of
from streams.topics import DEFINITIONS
from tests.console.calling import Commands
from tests.console.test_definitions_check import EXAMPLE
from tests.console.test_definitions_plan import interest, model, template
from tests.console.topic_reading import count_of_records, records_of

pytestmark = pytest.mark.embedded

CODEC = Codec(CommittedRegistry())


def on_topic(deployed: Commands) -> list[Definition]:
    """Every record of the topic, as workers read it."""
    found = []
    for message in records_of(deployed.settings, DEFINITIONS):
        record = CODEC.decode(DEFINITIONS.name, message.value())
        assert isinstance(record, Definition)
        found.append(record)
    return found


def as_json(**sections: object) -> bytes:
    return json.dumps(sections).encode()


LIVE = as_json(role_templates=[template()], solution_interests=[interest()])


def test_publishing_the_example_puts_each_definition_under_its_id(deployed: Commands) -> None:
    done = deployed("definitions", "publish", EXAMPLE, COLUMNS="120")

    assert done.code == 0
    assert done.err == "Sent 8 definitions: 8 new.\n"
    assert "solution_interest:crm-suite" in done.out
    messages = records_of(deployed.settings, DEFINITIONS)
    assert len(messages) == 8
    for message in messages:
        record = CODEC.decode(DEFINITIONS.name, message.value())
        assert isinstance(record, Definition)
        key = message.key()
        assert key == record.definition_id.encode()
        assert message.partition() == partition_of(record.definition_id, deployed.settings.partitions)
        headers = dict(message.headers() or [])
        assert headers["ce_id"] == record.event_id.encode()
        assert headers["ce_subject"] == key
        assert headers["ce_type"] == b"buying-groups.definitions"


def test_publishing_the_same_file_again_sends_nothing(deployed: Commands) -> None:
    assert deployed("definitions", "publish", EXAMPLE).code == 0
    again = deployed("definitions", "publish", EXAMPLE)
    assert (again.code, again.out) == (0, "")
    assert again.err == "Nothing to send: 8 unchanged.\n"
    assert count_of_records(deployed.settings, DEFINITIONS) == 8


def test_only_what_differs_is_sent(deployed: Commands) -> None:
    assert deployed("definitions", "publish", "-", given=LIVE).code == 0
    other = as_json(role_templates=[template()], solution_interests=[interest(name="J")])
    done = deployed("definitions", "publish", "-", "--output", "json", given=other)
    assert done.code == 0
    assert done.rows == [
        {
            "definition_id": "solution_interest:i",
            "kind": "solution_interest",
            "name": "J",
            "what": "changed",
            "line": 1,
            "changes": [{"field": "name", "old": "I", "new": "J"}],
            "reasons": [],
        }
    ]
    assert count_of_records(deployed.settings, DEFINITIONS) == 3


def test_a_refused_change_leaves_the_topic_untouched(deployed: Commands) -> None:
    assert deployed("definitions", "publish", "-", given=LIVE).code == 0
    other = as_json(
        roles=["Buyer"],
        role_templates=[template(roles=[{"role": "Other"}])],
        solution_interests=[interest(name="J")],
    )
    done = deployed("definitions", "publish", "-", given=other)
    assert (done.code, done.out) == (3, "")
    never = (
        "a live role template never changes: publish a copy under a new id and a new name, and point a"
        " new solution interest at it; groups keep the one they began with"
    )
    assert done.err.splitlines() == [
        "standard input:1  role_template:t",
        f"    {never}",
        "Nothing was sent: 1 new, 1 changed, 1 refused.",
    ]
    assert count_of_records(deployed.settings, DEFINITIONS) == 2


def test_a_file_with_mistakes_is_not_published(deployed: Commands) -> None:
    done = deployed("definitions", "publish", "-", given=b"roles: [5]\n")
    assert (done.code, done.out) == (3, "")
    assert done.err.endswith("1 mistake in standard input.\n")
    assert deployed("definitions", "diff", "-", given=b"roles: [5]\n").code == 3
    assert count_of_records(deployed.settings, DEFINITIONS) == 0


def test_what_is_shown_as_json_is_one_event_a_line_that_workers_take(deployed: Commands) -> None:
    assert deployed("definitions", "publish", EXAMPLE).code == 0
    done = deployed("definitions", "show", "--output", "json")
    assert (done.code, done.err) == (0, "")
    assert [list(row) for row in done.rows] == [["topic", "value"]] * 8
    assert {row["topic"] for row in done.rows} == {"definitions"}
    shown = {
        record.definition_id: record
        for row in done.rows
        if isinstance(record := CODEC.parse_json(DEFINITIONS.name, row["value"]), Definition)
    }
    assert shown == {record.definition_id: record for record in on_topic(deployed)}


def test_of_each_definition_the_newest_is_shown(deployed: Commands) -> None:
    for name in ("I", "K"):
        text = as_json(role_templates=[template()], solution_interests=[interest(name=name)])
        assert deployed("definitions", "publish", "-", given=text).code == 0
    # One that comes late and is older does not count, as for workers.
    oldest = next(each for each in on_topic(deployed) if each.name == "I")
    _write(deployed, oldest.definition_id, CODEC.encode(DEFINITIONS.name, oldest))
    done = deployed("definitions", "show", "--output", "json")
    assert [row["value"]["name"] for row in done.rows] == ["T", "K"]


def test_the_tables_show_conditions_in_words_and_what_is_in_force(deployed: Commands) -> None:
    assert deployed("definitions", "publish", EXAMPLE).code == 0
    done = deployed("definitions", "show", COLUMNS="200")
    assert done.code == 0
    for said in (
        "Data Protection Officer",
        "crm-buyers, live,",
        'and job_title is not "Chief of Staff"',
        "person_engagement_score >= 70",
        "by people only",
        "Evaluating, Lost",
        'or custom.tier is "strategic"',
        "all accounts",
        "standard, in force, version 3",
        "event-season, not in force, version 2",
    ):
        assert said in done.out, said


def test_an_empty_topic_is_told(deployed: Commands) -> None:
    for output in ("json", "table"):
        done = deployed("definitions", "show", "--output", output)
        assert (done.code, done.out) == (0, "")
        assert done.err.startswith("Nothing is defined yet")


def test_a_difference_is_shown_and_nothing_is_sent(deployed: Commands) -> None:
    first = as_json(roles=["Buyer"], role_templates=[template(status="draft")])
    assert deployed("definitions", "publish", "-", given=first).code == 0
    second = as_json(role_templates=[template()], solution_interests=[interest()])
    done = deployed("definitions", "diff", "-", given=second, COLUMNS="120")
    assert done.code == 0
    assert done.err == "1 new, 1 changed, 1 only on the topic.\n"
    assert "status: draft → live" in done.out
    assert count_of_records(deployed.settings, DEFINITIONS) == 2


def test_a_difference_that_would_be_refused_ends_with_3(deployed: Commands) -> None:
    assert deployed("definitions", "publish", "-", given=LIVE).code == 0
    other = as_json(role_templates=[template(name="U")])
    done = deployed("definitions", "diff", "-", "--output", "json", given=other)
    assert done.code == 3
    assert [(row["definition_id"], row["what"]) for row in done.rows] == [
        ("role_template:t", "refused"),
        ("solution_interest:i", "only_on_topic"),
    ]
    assert done.rows[0]["changes"] == [{"field": "name", "old": "T", "new": "U"}]
    assert done.rows[0]["reasons"][0].startswith("a live role template never changes")


def test_what_is_in_force_although_the_file_activates_nothing_is_told(deployed: Commands) -> None:
    active = as_json(weighting_models=[model(active=True)])
    assert deployed("definitions", "publish", "-", given=active).code == 0
    for command in ("diff", "publish"):
        done = deployed("definitions", command, "-", given=as_json(weighting_models=[model()]))
        assert done.code == 0
        assert '"W" stays in force' in done.err


def test_a_record_that_is_no_definition_is_told_and_left_out(deployed: Commands) -> None:
    assert deployed("definitions", "publish", "-", given=LIVE).code == 0
    _write(deployed, "role:x", b"broken")
    done = deployed("definitions", "show", "--output", "json")
    assert done.code == 0
    assert len(done.rows) == 2
    assert done.err.startswith("A record with the key 'role:x' is no definition and is left out: ")


def test_the_topic_must_be_there(deployed: Commands) -> None:
    for command in (("show",), ("diff", EXAMPLE), ("publish", EXAMPLE)):
        done = deployed("definitions", *command, NAMESPACE="elsewhere")
        assert done.code == 1
        assert done.err.startswith("elsewhere.definitions: no such topic.")


def test_a_kafka_is_needed_to_publish_and_none_to_check(commands: Commands, tmp_path: Path) -> None:
    assert commands("definitions", "check", EXAMPLE).code == 0
    done = commands("definitions", "publish", EXAMPLE)
    assert done.code == 2
    assert done.err.startswith("KAFKA_BOOTSTRAP_SERVERS is not set")


def _write(deployed: Commands, key: str, value: bytes) -> None:
    """Write a record as any producer could."""
    settings = deployed.settings
    producer = Producer({**settings.client_config(), "partitioner": "murmur2_random"})
    producer.produce(DEFINITIONS.full_name(settings.namespace), value, key.encode())
    assert producer.flush(30) == 0
