"""A command line to call, its environment empty but for what a test sets, and an embedded Kafka."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from streams.embedded import EmbeddedKafka
from streams.settings import Settings
from tests.console.calling import Commands


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedKafka]:
    """One embedded Kafka for a file's tests; each has its namespace."""
    with EmbeddedKafka() as kafka:
        yield kafka


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Commands]:
    """The command line in an empty folder, without any setting."""
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield Commands({})
    structlog.reset_defaults()


@pytest.fixture
def deployed(embedded: EmbeddedKafka, namespace: str, commands: Commands) -> Commands:
    """The command line of a deployment on the embedded Kafka that has its topics."""
    embedded.create_topics(namespace)
    return Commands({"KAFKA_BOOTSTRAP_SERVERS": embedded.bootstrap_servers, "NAMESPACE": namespace})
