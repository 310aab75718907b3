"""The embedded Kafka, one for all tests of the room."""

from collections.abc import Iterator

import pytest

from streams.embedded import EmbeddedKafka


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as started:
        yield started


@pytest.fixture
def servers(embedded: EmbeddedKafka, namespace: str) -> str:
    """Bootstrap servers of the embedded Kafka, with the namespace's topics created."""
    embedded.create_topics(namespace)
    return embedded.bootstrap_servers
