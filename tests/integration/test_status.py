"""``status`` sees from outside what workers do, and what they do not, without disturbing them."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.progress import committed
from streams.settings import Settings
from tests.console.calling import Commands, Outcome
from tests.integration.harness import Deployment, Record
from tests.integration.story import Story
from tests.integration.streams import AS_OF


def look(deployment: Deployment, *options: str) -> tuple[Outcome, dict[str, Any]]:
    """Look once; return how that ended and what was seen."""
    own = {
        name: value
        for name, value in deployment.environment.items()
        if name.lower() in Settings.model_fields
    }
    done = Commands(own)("status", "--output", "json", *options)
    assert done.code in {0, 1}, done.err
    return done, done.rows[0]


def lag_of(told: dict[str, Any], deployment: Deployment, topic: str) -> dict[str, Any]:
    """What was seen of a topic's lag."""
    name = deployment.name(topic)
    return next(each for each in told["lag"] if each["topic"] == name)


@pytest.mark.kafka
@pytest.mark.slow
def test_a_worker_its_lag_its_dead_letters_and_its_baseline_are_seen(
    real_deployment: Deployment,
) -> None:
    deployment, story = real_deployment, Story(real_deployment)
    deployment.produce([story.group(), story.activity("first")])
    done, told = look(deployment)
    assert done.code == 1
    assert [reason.split(":")[0] for reason in told["reasons"]] == ["no workers"]
    assert told["consumer_group"]["workers"] == []
    waiting = lag_of(told, deployment, "lead-activity")
    assert waiting["records"] == 1
    ((where, seconds),) = [(each["partition"], each["seconds"]) for each in waiting["waiting"]]
    assert where == story.home
    assert seconds is not None
    assert told["baseline"] is None

    worker = deployment.worker()
    deployment.produce([Record("lead-activity", b"acme", b"nobody can read this", partition=1)])
    deployment.wait_consumed()
    version = deployment.tick(AS_OF)
    deployment.wait_consumed()
    address = f"http://127.0.0.1:{worker._metrics_port}"
    done, told = look(deployment, "--worker", address)
    assert (done.code, told["reasons"], told["healthy"]) == (0, [], True)
    (member,) = told["consumer_group"]["workers"]
    assert member["partitions"] == [0, 1, 2, 3]
    assert told["consumer_group"]["state"] == "stable"
    assert {each["records"] for each in told["lag"]} == {0}
    assert told["dead_letters"]["reasons"] == {"not_avro": 1}
    assert told["baseline"]["version"] == version
    assert told["baseline"]["ticked"]
    assert told["baseline"]["partitions_behind"] == []
    (page,) = told["recovery"]
    assert (page["ready"], page["recovery_remaining"], page["owned_partitions"]) == (True, 0, 4)
    done, told = look(deployment, "--max-dead-letters", "0")
    assert told["reasons"] == ["1 dead letter in the last hour, more than 0"]
    # Nobody has joined or left: the worker was told its partitions once.
    assert len(worker.said("worker is ready")) == 1
    assert worker.terminate() == 0


@pytest.mark.kafka
def test_a_record_of_a_transaction_that_is_never_decided_is_seen_to_wait(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    producer = Producer(
        {**deployment.settings.client_config(), "transactional.id": deployment.settings.namespace}
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(deployment.name("accounts"), b"undecided", b"acme", partition=2)
    producer.flush(10)
    _, told = look(deployment)
    waiting = lag_of(told, deployment, "accounts")
    assert waiting["records"] == 1
    assert waiting["waiting"][0]["partition"] == 2
    assert waiting["seconds"] is not None
    _, told = look(deployment, "--max-lag-seconds", "0")
    assert any("of partition 2 has waited" in reason for reason in told["reasons"])
    producer.abort_transaction(30)


@pytest.mark.kafka
def test_without_topics_each_is_missing_and_nothing_else_is_made_up(
    kafka: str, namespace: str, tmp_path: Path
) -> None:
    done, told = look(Deployment(kafka, namespace, tmp_path))
    assert done.code == 1
    assert told["lag"] == []
    assert told["consumer_group"]["unowned_partitions"] == []
    assert told["reasons"][0].startswith("no workers")
    assert all("does not exist" in reason for reason in told["reasons"][1:-1])


@pytest.mark.kafka
@pytest.mark.parametrize("output", ["table", "json"])
def test_watching_ends_quietly_when_its_reader_has_seen_enough(
    real_deployment: Deployment, output: str
) -> None:
    settings = real_deployment.settings
    group = Consumer({**settings.client_config(), "group.id": settings.app_id})
    # A broker that has just started has no coordinator yet; it has once this is answered.
    committed(group, [TopicPartition(real_deployment.name("accounts"), 0)])
    group.close()
    watching = subprocess.Popen(
        [sys.executable, "-m", "console.cli", "status", "--watch", "0.5", "--output", output],
        cwd=real_deployment.folder,
        env=real_deployment.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert watching.stdout is not None
    assert watching.stderr is not None
    assert watching.stdout.readline(), (watching.stderr.read(), watching.wait(60))
    watching.stdout.close()
    assert watching.stderr.read() == b""
    assert watching.wait(60) == 0


@pytest.mark.kafka
def test_watching_prints_a_line_a_look_until_it_is_interrupted(real_deployment: Deployment) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "console.cli", "status", "--watch", "0.5", "--output", "json"],
        cwd=real_deployment.folder,
        env=real_deployment.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert watching.stdout is not None
    looks = [json.loads(watching.stdout.readline()) for _ in range(2)]
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=20)
    assert watching.returncode == 130, said
    assert looks[0]["at"] < looks[1]["at"]
    assert not looks[0]["healthy"]
