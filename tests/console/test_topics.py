"""``topics``: what is missing or different is named, and creating makes it right."""

from collections.abc import Iterator

import pytest

from console.choices import Output
from console.topics import print_differences
from schemas.contracts import CONTRACTS
from streams.admin import Difference
from streams.embedded import EmbeddedKafka
from streams.topics import ALL_TOPICS
from tests.console.calling import Commands, json_lines
from tests.console.events import activity
from tests.schemas.registry_server import RegistryState, registry_server

NAMES = {topic.name for topic in ALL_TOPICS}


@pytest.fixture
def fresh(embedded: EmbeddedKafka, namespace: str, commands: Commands) -> Commands:
    """The command line of a deployment on the embedded Kafka that has no topics yet."""
    del commands
    return Commands({"KAFKA_BOOTSTRAP_SERVERS": embedded.bootstrap_servers, "NAMESPACE": namespace})


@pytest.fixture
def registry() -> Iterator[RegistryState]:
    with registry_server() as state:
        yield state


@pytest.mark.embedded
def test_every_missing_topic_is_named(fresh: Commands) -> None:
    done = fresh("topics", "check", "--output", "json")
    assert done.code == 1
    namespace = fresh.settings.namespace
    assert {row["topic"] for row in done.rows} == {f"{namespace}.{name}" for name in NAMES}
    assert all(list(row) == ["topic", "what", "expected", "found"] for row in done.rows)
    assert {row["what"] for row in done.rows} == {"missing"}


@pytest.mark.embedded
def test_creating_names_what_it_made_and_is_safe_to_repeat(fresh: Commands) -> None:
    first = fresh("topics", "create")
    assert (first.code, first.out) == (0, "")
    namespace = fresh.settings.namespace
    *made, last = first.err.splitlines()
    assert set(made) == {f"created {namespace}.{name}" for name in NAMES}
    assert last == "Every topic is as it must be."
    second = fresh("topics", "create")
    assert second.code == 0
    assert second.err.splitlines() == [
        f"All {len(NAMES)} topics exist.",
        "Every topic is as it must be.",
    ]
    assert fresh("topics", "check").code == 0


@pytest.mark.embedded
def test_another_number_of_partitions_is_a_difference(fresh: Commands) -> None:
    assert fresh("topics", "create").code == 0
    done = fresh("topics", "check", "--output", "json", PARTITIONS="5")
    assert done.code == 1
    assert {(row["what"], row["expected"], row["found"]) for row in done.rows} == {
        ("the number of partitions", "5", "4")
    }
    assert fresh("topics", "create", PARTITIONS="5").code == 1


@pytest.mark.kafka
def test_a_setting_of_a_topic_on_a_real_kafka_is_a_difference(
    kafka: str, namespace: str, commands: Commands
) -> None:
    del commands
    real = Commands({"KAFKA_BOOTSTRAP_SERVERS": kafka, "NAMESPACE": namespace})
    assert real("topics", "create").code == 0
    assert real("topics", "check").code == 0
    done = real("topics", "check", "--output", "json", PARTITIONS="6")
    assert done.code == 1
    assert len(done.rows) == len(NAMES)


def test_differences_make_a_table_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    print_differences([Difference("bg.accounts", "retention.ms", "-1", "86400000")], Output.TABLE)
    row = capsys.readouterr().out.splitlines()[3]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "bg.accounts",
        "retention.ms",
        "-1",
        "86400000",
    ]


@pytest.mark.embedded
def test_creating_registers_the_schemas_and_publishing_uses_their_ids(
    fresh: Commands, registry: RegistryState
) -> None:
    fresh.environment["SCHEMA_REGISTRY_URL"] = registry.url
    namespace = fresh.settings.namespace

    before = _publish_after_plain_creation(fresh)
    assert "is not registered under" in before
    assert "topics create" in before
    created = fresh("topics", "create")

    assert created.code == 0, created.err
    assert f"{len(CONTRACTS)} schemas are registered at {registry.url}." in created.err
    assert set(registry.subjects) == {f"{namespace}.{name}-value" for name in CONTRACTS}
    done = fresh("publish", "-", given=json_lines([activity(1)]))
    assert done.code == 0, done.err


def _publish_after_plain_creation(deployed: Commands) -> str:
    """What publish says when topics exist and schemas do not."""
    assert deployed("topics", "create", SCHEMA_REGISTRY_URL="").code == 0
    done = deployed("publish", "-", given=json_lines([activity(1)]))
    assert done.code == 1
    return done.err


@pytest.mark.embedded
def test_a_refused_schema_stops_the_creation_in_the_registrys_words(
    fresh: Commands, registry: RegistryState
) -> None:
    registry.instead = (409, {"error_code": 409, "message": "incompatible with an earlier schema"})
    done = fresh("topics", "create", SCHEMA_REGISTRY_URL=registry.url)
    assert done.code == 1
    assert "incompatible with an earlier schema" in done.err


@pytest.mark.embedded
def test_a_schema_registry_that_stays_away_is_told(
    fresh: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.topics._REGISTRY_WITHIN_S", 0.5)
    done = fresh("topics", "create", SCHEMA_REGISTRY_URL="http://127.0.0.1:1")
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("the schema registry did not answer")
