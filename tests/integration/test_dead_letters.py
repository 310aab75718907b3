"""``dead-letters`` beside a real worker: what is mended is taken, the rest comes back and ends."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from console.topic_reading import records_of
from schemas.codec import Codec
from schemas.confluent import ConfluentRegistry
from schemas.registry import current_version
from streams.letter_headers import ATTEMPTS
from streams.sending import send_all
from streams.topics import DEAD_LETTERS, LEAD_ACTIVITY, SCORE_UPDATED
from tests.console.refused import letter_of
from tests.integration.comparison import assert_dead_letters
from tests.integration.harness import Deployment, Record, Written
from tests.integration.processes import wait_until
from tests.integration.story import Story
from tests.schemas.registry_server import RegistryState, registry_server
from tests.streams.copying import Made

pytestmark = [pytest.mark.slow, pytest.mark.kafka]

Row = dict[str, Any]


def listed(deployment: Deployment, *arguments: str) -> list[Row]:
    done = deployment.command("dead-letters", "list", "--output", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def redrive(deployment: Deployment, *arguments: str, code: int = 0) -> str:
    done = deployment.command("dead-letters", "redrive", "--yes", *arguments)
    assert done.returncode == code, done.stderr
    return done.stderr


def redriven(deployment: Deployment) -> list[Written]:
    """Every record of lead-activity that was given to the workers again."""
    return [record for record in deployment.read(LEAD_ACTIVITY) if ATTEMPTS in dict(record.headers)]


def refused(deployment: Deployment, count: int) -> list[Made]:
    """Write the dead letters of so many records, as a worker does; each has bytes of its own."""
    records = [Made(n, b"\xffrefused %d" % n, b"key-%d" % n) for n in range(count)]
    namespace = deployment.settings.namespace
    send_all(deployment.settings, [letter_of(each, namespace=namespace) for each in records])
    return records


def test_what_is_still_broken_comes_back_with_its_attempts_and_ends_after_three(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    worker = deployment.worker()
    trace = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    broken = Record("lead-activity", b"acme", b"\xffbroken", headers=(trace,))
    ((_, partition, offset),) = deployment.produce([broken])
    deployment.wait_consumed()
    (row,) = listed(deployment, "--reason", "not_avro", "--topic", "lead-activity", "--since", "1h")
    assert (row["partition"], row["offset"], row["attempts"]) == (partition, offset, 1)

    for attempts in (2, 3):
        assert "Redriven 1 dead letter: lead-activity 1." in redrive(deployment)
        deployment.wait_consumed()
        (row,) = listed(deployment, "--waiting")
        assert row["attempts"] == attempts
    rows = listed(deployment)
    assert [row["redriven_at"] is None for row in rows] == [False, False, True]
    # Marks stand among the letters, and are none.
    assert_dead_letters(
        deployment,
        {
            (deployment.name(LEAD_ACTIVITY), row["partition"], row["offset"]): replace(
                broken,
                headers=(trace, *([(ATTEMPTS, b"%d" % row["attempts"])] if row["attempts"] > 1 else ())),
                dlq_reason="not_avro",
            )
            for row in rows
        },
    )

    told = redrive(deployment, code=3)
    assert "workers were given them as often as --max-attempts allows" in told
    assert "2 dead letters were redriven before and not refused since." in told
    again = redriven(deployment)
    assert [(each.key, each.value) for each in again] == [(broken.key, broken.value)] * 2
    assert [each.headers for each in again] == [
        (trace, (ATTEMPTS, b"2")),
        (trace, (ATTEMPTS, b"3")),
    ]
    assert worker.terminate() == 0


def test_a_record_from_the_future_is_taken_once_its_time_has_come_wherever_its_key_leads(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    story, allowance = Story(deployment), 5 * 60_000
    worker = deployment.worker()
    come = time.time_ns() // 1_000_000 + 8_000
    early = story.activity("early", occurred_at=come + allowance, key=b"someone-else")
    deployment.produce([early])
    deployment.wait_consumed()
    (row,) = listed(deployment)
    assert row["reason"] == "from_the_future"
    told = deployment.command("dead-letters", "redrive", "--only-mended", "--dry-run")
    if time.time_ns() // 1_000_000 < come:
        assert told.returncode == 3, told.stderr
    wait_until(lambda: time.time_ns() // 1_000_000 > come + 500, "its time never came")

    redrive(deployment, "--only-mended")
    deployment.wait_consumed()
    (score,) = deployment.events(SCORE_UPDATED)
    assert score.cause_event_id == "early"
    assert listed(deployment, "--waiting") == []
    # It was routed on from its key's partition to its account's.
    assert {each.partition for each in redriven(deployment)} >= {story.home}
    assert all(each.header(ATTEMPTS) == "2" for each in redriven(deployment))
    assert "were redriven before" in redrive(deployment)
    assert worker.terminate() == 0


@pytest.fixture
def registry() -> Iterator[RegistryState]:
    with registry_server() as state:
        yield state


def test_a_record_of_an_unknown_schema_is_taken_once_the_schema_is_registered(
    real_deployment: Deployment, registry: RegistryState
) -> None:
    deployment = real_deployment
    subject = f"{deployment.settings.namespace}.lead-activity-value"
    ours = ConfluentRegistry(registry.url, deployment.settings.namespace)
    ours.register_all()
    schema = json.loads(current_version("lead-activity").text)
    theirs = {**schema, "fields": [*schema["fields"], {"name": "extra", "type": "int", "default": 0}]}
    foreign = 100 + len(registry.schemas)
    activity = deployment.codec.decode("lead-activity", Story(deployment).activity("mended").value)
    frame = Codec(ours).encode("lead-activity", activity)
    written = b"\0" + foreign.to_bytes(4, "big") + frame[5:] + b"\2"

    worker = deployment.worker(SCHEMA_REGISTRY_URL=registry.url)
    deployment.produce([Record("lead-activity", b"acme", written)])
    deployment.wait_consumed()
    (row,) = listed(deployment)
    assert row["reason"] == "unknown_schema"

    assert registry.add(subject, json.dumps(theirs)) == foreign
    # A worker remembers for a minute that an id is unknown.
    assert worker.terminate() == 0
    worker = deployment.worker(SCHEMA_REGISTRY_URL=registry.url)
    redrive(deployment)
    deployment.wait_consumed()
    assert len(deployment.read(SCORE_UPDATED)) == 1
    assert listed(deployment, "--waiting") == []
    assert worker.terminate() == 0


def test_a_redrive_that_is_killed_has_sent_nothing_twice_and_the_next_one_goes_on(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    records = refused(deployment, 40)
    dying = start_redrive(deployment, "--rate", "1")
    wait_until(lambda: len(redriven(deployment)) > 0, "it never began")
    dying.kill()
    dying.communicate()
    begun = len(redriven(deployment))
    assert 0 < begun < len(records), "it was to be killed half-way"

    redrive(deployment)
    values = Counter(each.value for each in redriven(deployment))
    assert values == Counter(record.value for record in records)
    assert listed(deployment, "--waiting") == []
    assert "40 dead letters were redriven before" in redrive(deployment)


def test_a_second_redrive_ends_the_first_and_nothing_is_sent_twice(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    records = refused(deployment, 40)
    first = start_redrive(deployment, "--rate", "1")
    wait_until(lambda: len(redriven(deployment)) > 0, "it never began")
    redrive(deployment)
    _, told = first.communicate(timeout=60)
    assert first.returncode == 1, told
    assert "Another redrive of this deployment was started" in told
    values = Counter(each.value for each in redriven(deployment))
    assert values == Counter(record.value for record in records)


def start_redrive(deployment: Deployment, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "console.cli", "dead-letters", "redrive", "--yes", *arguments],
        cwd=deployment.folder,
        env=deployment.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_ends_a_redrive_after_what_is_on_its_way(real_deployment: Deployment) -> None:
    deployment = real_deployment
    refused(deployment, 40)
    redriving = start_redrive(deployment, "--rate", "1")
    wait_until(lambda: len(redriven(deployment)) > 0, "it never began")
    redriving.send_signal(signal.SIGINT)
    _, told = redriving.communicate(timeout=60)
    assert redriving.returncode == 130, told
    sent = len(redriven(deployment))
    assert f"Redriven {sent} dead letter{'s'[: sent - 1]}: lead-activity {sent}." in told
    assert f"Interrupted: {40 - sent} were not sent." in told
    assert len(listed(deployment, "--waiting")) == 40 - sent


def test_a_record_that_the_broker_does_not_take_any_more_is_told_and_the_rest_goes(
    real_deployment: Deployment, tmp_path: Path
) -> None:
    deployment = real_deployment
    huge = random.Random(1).randbytes(1_500_000)
    name = deployment.name(LEAD_ACTIVITY)
    letters = Producer({**deployment.settings.client_config(), "message.max.bytes": 4_000_000})
    for offset, value in enumerate((b"\xffsmall", huge, b"\xffsmall too")):
        told = {"topic": name, "partition": "0", "offset": str(offset), "reason": "not_avro"}
        headers: Any = [(f"dlq_{key}", content.encode()) for key, content in told.items()]
        letters.produce(deployment.name(DEAD_LETTERS), value, b"acme", headers=headers)
    assert letters.flush(30) == 0

    said = redrive(deployment, code=3)
    assert "Redriven 2 dead letters: lead-activity 2." in said
    assert "1 dead letter not sent: Kafka refuses them: " in said
    assert "lead-activity/0/1" in said
    # After a refusal each is tried by itself, and what failed with it may come later: in any order.
    assert sorted(each.value or b"" for each in redriven(deployment)) == [b"\xffsmall", b"\xffsmall too"]
    (left,) = listed(deployment, "--waiting")
    assert left["bytes"] == len(huge)


def test_a_purge_deletes_what_it_says_and_nothing_else(real_deployment: Deployment) -> None:
    deployment = real_deployment
    refused(deployment, 20)
    places = standing(deployment)
    (partition, count), *_ = Counter(number for number, _ in places).most_common()
    offset = [at for number, at in places if number == partition][count // 2]

    planned = deployment.command(
        "dead-letters", "purge", "--before", str(offset), "--partition", str(partition), "--dry-run",
        "--output", "json",
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    assert len(planned.stdout.splitlines()) == count // 2
    assert len(listed(deployment)) == 20
    purge(deployment, "--before", str(offset), "--partition", str(partition))
    assert standing(deployment) == [
        (number, at) for number, at in places if number != partition or at >= offset
    ]

    purge(deployment, "--before", "1h")
    assert len(listed(deployment)) == 20 - count // 2
    redrive(deployment)
    purge(deployment, "--before", "0s")
    assert standing(deployment) == []
    assert listed(deployment) == []


def standing(deployment: Deployment) -> list[tuple[int, int]]:
    """Partition and offset of every dead letter and mark, from where the partitions begin now."""
    messages = records_of(deployment.settings, DEAD_LETTERS, "test", print)
    return sorted((each.partition() or 0, each.offset() or 0) for each in messages)


def purge(deployment: Deployment, *arguments: str) -> None:
    done = deployment.command("dead-letters", "purge", "--yes", *arguments)
    assert done.returncode == 0, done.stderr
