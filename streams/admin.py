"""Creating a deployment's topics, and telling how an existing cluster differs from what is needed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from streams.acls import Access
from streams.reaching import is_embedded, metadata_of, why_unreachable
from streams.rights import missing_rights, not_allowed
from streams.settings import Settings
from streams.topics import ALL_TOPICS, Topic

_TIMEOUT_S = 30.0
_LOOK_EVERY_S = 0.1


class ClusterError(Exception):
    """The cluster could not be asked or changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a topic is not as it must be."""

    topic: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Return the difference as one line."""
        if self.what == "not allowed":
            return not_allowed([Access("topic", self.topic, "Describe", "")])
        if self.what == "missing":
            return f"{self.topic}: does not exist (run: buying-groups topics create)"
        return f"{self.topic}: {self.what} is {self.found}, must be {self.expected}"


def create_topics(settings: Settings) -> list[str]:
    """Create the topics that do not exist; return their names. Existing ones are left as they are.

    Raises:
        ClusterError: the cluster does not answer or refuses.
    """
    said: list[KafkaError] = []
    client = _client(settings, said)
    existing = _existing(client, said)
    if is_embedded(client, _TIMEOUT_S):
        return _ask_for_topics(client, settings, existing)
    wanted = [
        NewTopic(
            topic.full_name(settings.namespace),
            num_partitions=settings.partitions,
            replication_factor=settings.replication_factor,
            config=dict(topic.config),
        )
        for topic in ALL_TOPICS
        if topic.full_name(settings.namespace) not in existing
    ]
    if not wanted:
        return []
    created: list[str] = []
    for name, future in client.create_topics(wanted, operation_timeout=_TIMEOUT_S).items():
        try:
            future.result(_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            msg = f"topic {name} could not be created: {error.args[0].str()}"
            raise ClusterError(msg) from error
        created.append(name)
    _wait_until_known(client, created, said)
    return sorted(created)


def _wait_until_known(client: AdminClient, names: Iterable[str], said: list[KafkaError]) -> None:
    """Wait until the broker tells of topics that its controller has created: a busy one takes a while.

    Raises:
        ClusterError: it does not in time.
    """
    unknown = set(names)
    deadline = time.monotonic() + _TIMEOUT_S
    while unknown := unknown - _existing(client, said).keys():
        if time.monotonic() > deadline:
            msg = f"{min(unknown)} was created, and Kafka does not tell of it; try again in a moment"
            raise ClusterError(msg)
        time.sleep(_LOOK_EVERY_S)


def check_topics(settings: Settings) -> list[Difference]:
    """Return every difference between the cluster's topics and what the engine needs.

    Raises:
        ClusterError: the cluster does not answer.
    """
    said: list[KafkaError] = []
    client = _client(settings, said)
    existing = _existing(client, said)
    differences: list[Difference] = []
    hidden = _hidden(settings, existing)
    present: list[Topic] = []
    for topic in ALL_TOPICS:
        name = topic.full_name(settings.namespace)
        found = existing.get(name)
        if found is None:
            what = "not allowed" if name in hidden else "missing"
            differences.append(Difference(name, what, "", ""))
            continue
        present.append(topic)
        if found != settings.partitions:
            differences.append(
                Difference(name, "the number of partitions", str(settings.partitions), str(found))
            )
    if is_embedded(client, _TIMEOUT_S):
        # It keeps no topic settings to compare.
        return differences
    return differences + _config_differences(client, settings, present)


def settings_of_topics(settings: Settings) -> dict[str, dict[str, str]]:
    """Return each topic's broker settings, by its name without namespace; none on the embedded Kafka.

    Raises:
        ClusterError: the cluster does not answer, or a topic is missing.
    """
    said: list[KafkaError] = []
    client = _client(settings, said)
    existing = _existing(client, said)
    names = {topic.full_name(settings.namespace): topic.name for topic in ALL_TOPICS}
    missing = sorted(names.keys() - existing.keys())
    hidden = sorted(_hidden(settings, existing)) if missing else ()
    if hidden:
        raise ClusterError(not_allowed([Access("topic", name, "Describe", "") for name in hidden]))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        msg = (
            f"{missing[0]}{more}: no such topic. Is NAMESPACE right?"
            " Make the topics with: buying-groups topics create"
        )
        raise ClusterError(msg)
    if is_embedded(client, _TIMEOUT_S):
        return {}
    return {names[name]: given for name, given in _described(client, names)}


def _described(client: AdminClient, names: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    futures = client.describe_configs(
        [ConfigResource(ResourceType.TOPIC, name) for name in names], request_timeout=_TIMEOUT_S
    )
    for resource, future in futures.items():
        try:
            entries = future.result(_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                refused = Access("topic", resource.name, "DescribeConfigs", "")
                raise ClusterError(not_allowed([refused])) from error
            msg = f"the settings of {resource.name} could not be read: {error.args[0].str()}"
            raise ClusterError(msg) from error
        yield resource.name, {name: str(entry.value) for name, entry in entries.items()}


def _config_differences(
    client: AdminClient, settings: Settings, topics: Iterable[Topic]
) -> list[Difference]:
    by_name = {topic.full_name(settings.namespace): topic for topic in topics}
    if not by_name:
        return []
    differences: list[Difference] = []
    for name, given in _described(client, by_name):
        for setting, expected in by_name[name].config.items():
            found = given.get(setting, "unknown")
            if not _fits(setting, expected, found):
                differences.append(Difference(name, setting, expected, found))
    return differences


def _fits(setting: str, expected: str, found: str) -> bool:
    if setting == "cleanup.policy":
        return set(found.split(",")) == set(expected.split(","))
    if setting == "max.message.bytes":
        return found.isdigit() and int(found) >= int(expected)
    if setting.startswith("segment."):
        return found.isdigit() and int(found) <= int(expected)
    if setting == "retention.ms" and found != expected:
        # Keeping longer than needed is fine; -1 keeps for ever.
        return found == "-1" or (
            expected != "-1" and found.lstrip("-").isdigit() and int(found) >= int(expected)
        )
    return found == expected


def _client(settings: Settings, said: list[KafkaError]) -> AdminClient:
    # What librdkafka would log again and again is told once, in the error's message.
    config: dict[str, Any] = {
        **settings.client_config(),
        "client.id": f"{settings.app_id}-admin",
        "log_level": 0,
        "error_cb": said.append,
    }
    return AdminClient(config)


def _ask_for_topics(client: AdminClient, settings: Settings, existing: Mapping[str, int]) -> list[str]:
    # The embedded Kafka cannot be told to create; asking for a topic creates it.
    names = [topic.full_name(settings.namespace) for topic in ALL_TOPICS]
    wanted = sorted(name for name in names if name not in existing)
    for name in wanted:
        client.list_topics(name, timeout=_TIMEOUT_S)
    return wanted


def _existing(client: AdminClient, said: list[KafkaError]) -> dict[str, int]:
    try:
        metadata = metadata_of(client, said, _TIMEOUT_S)
    except KafkaException as error:
        raise ClusterError(why_unreachable(said, error.args[0])) from error
    return {name: len(topic.partitions) for name, topic in metadata.topics.items()}


def _hidden(settings: Settings, existing: Mapping[str, int]) -> set[str]:
    """Return those of the topics that are not told of which this user may not see."""
    names = {topic.full_name(settings.namespace) for topic in ALL_TOPICS} - existing.keys()
    asked = [Access("topic", name, "Describe", "") for name in sorted(names)]
    try:
        return {access.name for access in missing_rights(settings, asked)} if asked else set()
    except KafkaException as error:
        raise ClusterError(why_unreachable((), error.args[0])) from error
