"""A cluster is given what it lacks, and told how it differs from what the engine needs."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from streams.admin import ClusterError, Difference, check_topics, create_topics
from streams.settings import Settings
from streams.topics import ALL_TOPICS, DEAD_LETTERS, LEAD_ACTIVITY, changelog_name
from tests.streams.copying import settings_of

ACTIVITY_DAYS = 35
DAY_MS = 86_400_000


@pytest.fixture
def created(kafka: str, namespace: str) -> Settings:
    """A deployment whose topics were just created on a real Kafka."""
    settings = settings_of(kafka, namespace, partitions=2)
    assert create_topics(settings) == sorted(topic.full_name(namespace) for topic in ALL_TOPICS)
    return settings


@pytest.fixture
def client(kafka: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka})


def difference(settings: Settings) -> Difference:
    """Return the one difference; a broker serves what was altered a moment later."""
    deadline = time.monotonic() + 20
    found: list[Difference] = []
    while len(found) != 1 and time.monotonic() < deadline:
        time.sleep(0.05)
        # A topic that was just deleted may still be listed, and its settings be gone.
        with contextlib.suppress(ClusterError):
            found = check_topics(settings)
    (one,) = found
    return one


def done(futures: dict[Any, Any]) -> None:
    for future in futures.values():
        future.result(30)


def alter(client: AdminClient, settings: Settings, topic: str, setting: str, value: str) -> None:
    entry = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(
        ResourceType.TOPIC, f"{settings.namespace}.{topic}", incremental_configs=[entry]
    )
    done(client.incremental_alter_configs([resource]))


@pytest.mark.kafka
def test_what_was_created_is_as_it_must_be_and_is_not_created_twice(created: Settings) -> None:
    assert check_topics(created) == []
    assert create_topics(created) == []


@pytest.mark.kafka
def test_a_topic_that_is_missing_is_told_and_created(client: AdminClient, created: Settings) -> None:
    name = DEAD_LETTERS.full_name(created.namespace)
    done(client.delete_topics([name]))
    missing = difference(created)
    assert missing == Difference(name, "missing", "", "")
    assert str(missing) == f"{name}: does not exist (run: buying-groups topics create)"
    assert create_topics(created) == [name]


@pytest.mark.kafka
def test_another_number_of_partitions_is_told(client: AdminClient, created: Settings) -> None:
    """Accounts would live in other partitions than their tables."""
    name = LEAD_ACTIVITY.full_name(created.namespace)
    done(client.create_partitions([NewPartitions(name, 3)]))
    assert str(difference(created)) == f"{name}: the number of partitions is 3, must be 2"


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("topic", "setting", "found"),
    [
        (LEAD_ACTIVITY.name, "cleanup.policy", "compact"),
        (LEAD_ACTIVITY.name, "retention.ms", str(30 * DAY_MS)),
        (LEAD_ACTIVITY.name, "message.timestamp.type", "CreateTime"),
        ("accounts", "retention.ms", str(3650 * DAY_MS)),
        (changelog_name("lead_to_profile"), "cleanup.policy", "compact,delete"),
        (changelog_name("lead_to_profile"), "segment.bytes", str(1024**3)),
    ],
)
def test_a_setting_that_would_lose_something_is_told(
    client: AdminClient, created: Settings, topic: str, setting: str, found: str
) -> None:
    alter(client, created, topic, setting, found)
    told = difference(created)
    assert (told.topic, told.what) == (f"{created.namespace}.{topic}", setting)
    assert set(told.found.split(",")) == set(found.split(","))


@pytest.mark.kafka
@pytest.mark.parametrize("kept", [str(400 * DAY_MS), "-1"], ids=["longer", "for ever"])
def test_keeping_longer_and_compacting_sooner_is_fine(
    client: AdminClient, created: Settings, kept: str
) -> None:
    alter(client, created, LEAD_ACTIVITY.name, "retention.ms", kept)
    alter(client, created, changelog_name("lead_to_profile"), "segment.ms", "3600000")
    # Told last, so that the others have arrived by then.
    alter(client, created, DEAD_LETTERS.name, "retention.ms", "1")
    assert difference(created).topic == DEAD_LETTERS.full_name(created.namespace)


@pytest.mark.kafka
def test_a_cluster_that_refuses_is_told_by_the_topics_name(kafka: str, namespace: str) -> None:
    settings = settings_of(kafka, namespace, replication_factor=9)
    with pytest.raises(ClusterError, match=rf"topic {namespace}\.\S+ could not be created: "):
        create_topics(settings)


@pytest.mark.parametrize("asked", [create_topics, check_topics], ids=["create", "check"])
def test_a_cluster_that_does_not_answer_is_told_with_what_to_look_at(
    asked: Callable[[Settings], object], monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    monkeypatch.setattr("streams.admin._TIMEOUT_S", 0.2)
    with pytest.raises(ClusterError, match="Is KAFKA_BOOTSTRAP_SERVERS right"):
        asked(settings_of("127.0.0.1:1", namespace))


@pytest.mark.embedded
def test_the_embedded_kafka_lacks_no_more_than_topics(servers: str, namespace: str) -> None:
    assert check_topics(settings_of(servers, namespace)) == []
    others = settings_of(servers, f"{namespace}-2")
    assert {difference.what for difference in check_topics(others)} == {"missing"}
    assert len(create_topics(others)) == len(ALL_TOPICS)
    assert check_topics(others) == []
