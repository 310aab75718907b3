"""A worker does not start on a cluster that is not as it must be, nor with settings it cannot use."""

import os
import subprocess
import sys

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from streams.admin import create_topics
from streams.settings import load_settings
from streams.topics import ALL_TOPICS, LEAD_ACTIVITY


def start(**settings: str) -> subprocess.CompletedProcess[str]:
    """Run a worker until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "console.cli", "worker"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.kafka
def test_without_topics_each_is_named_and_how_to_create_them(kafka: str, namespace: str) -> None:
    ended = start(KAFKA_BOOTSTRAP_SERVERS=kafka, NAMESPACE=namespace)
    assert ended.returncode == 1
    for topic in ALL_TOPICS:
        assert f"{topic.full_name(namespace)}: does not exist" in ended.stderr
    assert "buying-groups topics create" in ended.stderr


@pytest.mark.kafka
def test_a_topic_with_other_partitions_is_named_and_no_other(kafka: str, namespace: str) -> None:
    settings = load_settings(kafka_bootstrap_servers=kafka, namespace=namespace)
    create_topics(settings)
    name = LEAD_ACTIVITY.full_name(namespace)
    # The client must outlive its futures.
    admin = AdminClient({"bootstrap.servers": kafka})
    for change in admin.create_partitions([NewPartitions(name, 6)]).values():
        change.result(30)
    ended = start(KAFKA_BOOTSTRAP_SERVERS=kafka, NAMESPACE=namespace)
    assert ended.returncode == 1
    named = [line.strip() for line in ended.stderr.splitlines() if line.startswith("  ")]
    assert named == [f"{name}: the number of partitions is 6, must be 4"]


def test_wrong_settings_stop_the_start_with_one_line_each() -> None:
    ended = start(KAFKA_BOOTSTRAP_SERVERS="nowhere", BATCH_SIZE="0")
    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["KAFKA_BOOTSTRAP_SERVERS", "BATCH_SIZE"]
