"""The registry has a row for everything that crosses a broker (events.md)."""

import pytest

from schemas.contracts import CONTRACTS
from streams.admin import create_topics
from streams.embedded import EmbeddedKafka
from streams.topics import (
    ALL_TOPICS,
    BY_NAME,
    CHANGELOGS,
    CONTROL,
    DEAD_LETTERS,
    DEFINITIONS,
    INPUTS,
    LEAD_ACTIVITY,
    OUTPUTS,
    SOURCES,
    TABLES,
    Topic,
    changelog_name,
)
from tests.streams.copying import copying, settings_of

DAY_MS = 86_400_000


def retention_days(topic: Topic) -> float:
    kept = int(topic.config["retention.ms"])
    return float("inf") if kept == -1 else kept / DAY_MS


def test_every_contract_has_its_topic_and_every_avro_topic_its_contract() -> None:
    assert {topic.contract for topic in ALL_TOPICS if topic.contract} == set(CONTRACTS)
    assert all(topic.contract in (None, topic.name) for topic in ALL_TOPICS)


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_an_input_or_an_output_as_its_contract_says(topic: Topic) -> None:
    if topic.contract is not None:
        assert CONTRACTS[topic.contract].direction == topic.kind


def test_names_are_unique_and_lead_back_to_their_row() -> None:
    assert len(BY_NAME) == len(ALL_TOPICS)
    assert all(BY_NAME[topic.name] is topic for topic in ALL_TOPICS)


def test_a_full_name_begins_with_the_namespace() -> None:
    assert LEAD_ACTIVITY.full_name("acme") == "acme.lead-activity"


def test_activity_is_kept_longer_than_the_window_it_counts_in() -> None:
    assert retention_days(LEAD_ACTIVITY) >= 31


@pytest.mark.parametrize("topic", [*INPUTS, CONTROL], ids=lambda topic: topic.name)
def test_every_other_input_is_kept_for_ever_because_state_is_rebuilt_from_it(topic: Topic) -> None:
    if topic is not LEAD_ACTIVITY:
        assert retention_days(topic) == float("inf")


def test_of_definitions_the_newest_of_each_is_kept_for_ever() -> None:
    assert DEFINITIONS.config["cleanup.policy"] == "compact"
    assert "retention.ms" not in DEFINITIONS.config
    assert DEFINITIONS.key == "definition id"


@pytest.mark.parametrize("topic", [*INPUTS, DEFINITIONS], ids=lambda topic: topic.name)
def test_inputs_carry_the_brokers_time(topic: Topic) -> None:
    assert topic.config["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize("topic", INPUTS, ids=lambda topic: topic.name)
def test_inputs_but_definitions_are_keyed_by_account(topic: Topic) -> None:
    assert topic.key == "account id"


def test_a_worker_reads_every_topic_that_is_told_and_none_that_it_tells() -> None:
    assert list(SOURCES) == [topic for topic in ALL_TOPICS if topic.kind in {"input", "control"}]
    assert not {*SOURCES} & {*OUTPUTS, *CHANGELOGS}


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("score-updated", 30),
        ("completeness-changed", 30),
        ("membership-changed", 30),
        ("stage-changed", 30),
        ("status-changed", 30),
        ("assignment-outcome", 7),
        ("dead-letters", 30),
    ],
)
def test_outputs_are_kept_as_events_md_says(name: str, days: int) -> None:
    assert retention_days(BY_NAME[name]) == days


def test_definitions_states_and_changelogs_are_compacted_and_nothing_else_is() -> None:
    compacted = {topic.name for topic in ALL_TOPICS if topic.config["cleanup.policy"] == "compact"}
    assert compacted == {
        "definitions",
        "buying-group-state",
        *(changelog_name(table) for table in TABLES),
    }
    assert {topic.name for topic in CHANGELOGS} == {changelog_name(table) for table in TABLES}


def test_dead_letters_are_an_output_without_a_contract() -> None:
    assert DEAD_LETTERS in OUTPUTS
    assert DEAD_LETTERS.contract is None


@pytest.mark.embedded
def test_every_topic_has_the_same_partitions_so_that_an_account_is_in_one_workers_hands(
    embedded: EmbeddedKafka, namespace: str
) -> None:
    settings = settings_of(embedded.bootstrap_servers, namespace)
    app = copying(settings)
    assert create_topics(settings) == sorted(topic.full_name(namespace) for topic in ALL_TOPICS)
    for table in app.stored.values():
        assert table.partitions == table.changelog_topic.partitions == settings.partitions
    assert {table.changelog_topic_name for table in app.stored.values()} == {
        topic.full_name(namespace) for topic in CHANGELOGS
    }
