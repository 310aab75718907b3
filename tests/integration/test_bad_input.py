"""Each row of events.md, "What bad input gets", and what producers do that is merely unusual."""

import random
import time
from dataclasses import replace

import pytest

from streams.topics import (
    ASSIGNMENT_OUTCOME,
    DEAD_LETTERS,
    DEFINITIONS,
    OUTPUTS,
    SCORE_UPDATED,
    SOURCES,
)
from tests.integration.comparison import assert_dead_letters, assert_same_as_fold
from tests.integration.harness import Deployment, Record
from tests.integration.story import ADA, BOB, HOME, Story
from tests.integration.streams import AS_OF, generate

pytestmark = pytest.mark.slow


def test_what_cannot_be_read_or_must_not_be_taken_ends_in_dead_letters_and_the_rest_goes_on(
    deployment: Deployment,
) -> None:
    stream = generate(400, seed=8)
    dead = deployment.placed(stream.records, deployment.produce(stream.records))
    assert {record.dlq_reason for record in dead.values()} == {
        "not_avro",
        "unknown_schema",
        "breaks_contract",
        "from_the_future",
        "wrong_group_id",
        "unusable_condition",
        "too_many_edits",
        "no_edits",
    }
    deployment.worker()
    deployment.tick(stream.as_of)

    assert_same_as_fold(deployment, stream, dead)


def test_every_input_topic_and_the_control_topic_survive_garbage(deployment: Deployment) -> None:
    garbage = [
        Record(topic.name, key, value, partition, dlq_reason="not_avro")
        for topic in SOURCES
        for partition, (key, value) in enumerate(
            [
                (b"acme", b"\xffgarbage"),
                # A compacted topic takes no record without a key.
                (b"unnamed" if topic is DEFINITIONS else None, b""),
                (b"\xff", None),
                (b"", b"\0\0"),
            ]
        )
    ]
    dead = deployment.placed(garbage, deployment.produce(garbage))
    worker = deployment.worker()
    deployment.wait_consumed()

    assert_dead_letters(deployment, dead)
    assert [topic.name for topic in OUTPUTS if deployment.read(topic)] == [DEAD_LETTERS.name]
    assert worker.terminate() == 0


def test_an_event_may_be_five_minutes_ahead_of_the_brokers_clock_and_not_more(
    running: Deployment,
) -> None:
    story, minute = Story(running, "hasty"), time.time_ns() // 60_000_000_000 - AS_OF * 24 * 60
    early = story.journey("early", "remove", ADA, minute=minute + 4)
    far = story.journey("far", "remove", BOB, minute=minute + 7)
    running.produce([early, far])
    running.wait_consumed()

    (letter,) = running.read(DEAD_LETTERS)
    assert letter.header("dlq_reason") == "from_the_future"
    assert (letter.key, letter.value) == (far.key, far.value)
    assert [each.lead_id for each in story.mine(ASSIGNMENT_OUTCOME)] == [ADA]


def test_activity_older_than_the_window_is_counted_in_a_metric_and_changes_nothing(
    deployment: Deployment,
) -> None:
    worker = deployment.worker()
    story = Story(deployment)
    deployment.produce([story.activity("now")])
    deployment.tick(AS_OF)
    before = [deployment.read(topic) for topic in OUTPUTS]
    day = 24 * 60
    deployment.produce(
        [story.activity("old", minute=-29 * day - 1), story.activity("edge", BOB, minute=-29 * day)]
    )
    deployment.wait_consumed()

    (score,) = [each for each in deployment.events(SCORE_UPDATED) if each.lead_id == BOB]
    assert score.cause_event_id == "edge"
    assert sum(map(len, before)) + 1 == sum(len(deployment.read(topic)) for topic in OUTPUTS)
    assert worker.metric("buying_groups_too_old_activity_total") == 1.0


def test_a_role_outside_the_template_is_void_and_says_which_roles_there_are(
    running: Deployment,
) -> None:
    story = Story(running, "misled")
    running.produce([story.group()])
    running.wait_consumed()
    running.produce(
        [
            story.manual("m-1", "assign", ADA, "Influenser", minute=10),
            story.journey("j-1", "assign", BOB, "Keeper of the Keys", minute=10),
        ]
    )
    running.wait_consumed()

    outcomes = story.mine(ASSIGNMENT_OUTCOME)
    assert {(each.lead_id, each.outcome) for each in outcomes} == {(ADA, "void"), (BOB, "void")}
    assert all("Decision Maker, Influencer, Champion" in each.detail for each in outcomes)
    assert running.states()[story.group_id].members == []


def test_a_record_goes_to_its_accounts_partition_whatever_its_key_and_place(
    running: Deployment,
) -> None:
    story = Story(running, "wanderer")
    trace = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    wandering = [
        story.activity("misplaced", "a", partition=story.elsewhere, headers=(trace,)),
        story.activity("keyless", "b", key=None, partition=story.home),
        story.activity("keyless and misplaced", "c", key=None, partition=story.elsewhere),
        story.activity("another key", "d", key=b"someone-else"),
        story.activity("empty key", "e", key=b"", partition=story.elsewhere),
    ]
    running.produce(wandering)
    running.wait_consumed()

    key = story.account_id.encode()
    scored = [each for each in running.read(SCORE_UPDATED) if each.key == key]
    assert {each.partition for each in scored} == {story.home}
    found = {running.codec.decode(SCORE_UPDATED.name, each.value).lead_id: each for each in scored}  # type: ignore[attr-defined]
    assert sorted(found) == ["a", "b", "c", "d", "e"]
    assert [lead for lead, each in found.items() if trace in each.headers] == ["a"]
    routed = [each for each in running.read("lead-activity") if each.partition == story.home]
    assert {record.value for record in wandering} <= {each.value for each in routed}


def test_misplaced_records_are_told_with_their_topic_and_counted(running: Deployment) -> None:
    story = Story(running, "stray")
    name = 'buying_groups_misplaced_records_total{topic="accounts"}'
    record = replace(story.account("account-1", minute=1), partition=story.elsewhere)
    running.produce([record] * 3)
    running.wait_consumed()

    (worker,) = running.workers
    told = [line for line in worker.lines() if "wrong partition" in line.get("event", "")]
    mine = [line for line in told if line["topic"] == running.name("accounts")]
    assert sum(line["records"] for line in mine) == 3
    assert worker.metric(name) == 3.0


@pytest.mark.kafka
def test_records_too_large_to_be_written_again_are_no_stumbling_block(
    real_deployment: Deployment,
) -> None:
    """As large as the broker takes; and larger, packed so well by its producer that it came in."""
    deployment = real_deployment
    chance = random.Random(1)
    largest = Record(
        "lead-activity",
        b"acme",
        bytes([1]) + chance.randbytes(1_048_588 - 109),
        HOME,
        dlq_reason="too_large",
    )
    packed = replace(largest, value=bytes([0]) + chance.randbytes(900_000).hex().encode())
    places = deployment.produce([largest]) + deployment.produce([packed], compression="zstd")
    dead = deployment.placed([largest, packed], places)
    deployment.worker()
    deployment.wait_consumed()

    assert_dead_letters(deployment, dead)


def test_every_compression_that_producers_use_is_read(running: Deployment) -> None:
    story = Story(running, "squeezed")
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    for codec in codecs:
        wordy = {"page": "/pricing " * 100}
        running.produce(
            [story.activity(f"{codec}-{i}", codec, minute=i, attributes=wordy) for i in range(5)],
            compression=codec,
        )
    running.wait_consumed()

    last = {each.lead_id: each.current for each in story.mine(SCORE_UPDATED)}
    assert last.keys() == set(codecs)
    assert len(set(last.values())) == 1
