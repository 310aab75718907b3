"""Deployments for the scenarios: on the embedded Kafka, on a real one, or on both."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from streams.embedded import EmbeddedKafka
from tests.integration.harness import Deployment

BOTH: Final = [
    pytest.param("embedded", marks=pytest.mark.embedded),
    pytest.param("real", marks=pytest.mark.kafka),
]


@pytest.fixture(params=BOTH)
def deployment(request: pytest.FixtureRequest, namespace: str, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment without workers, once on the embedded Kafka and once on a real one."""
    yield from _either(request, namespace, tmp_path)


@pytest.fixture(params=BOTH, scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment with one worker for the tests of a module, each with an account of its own."""
    namespace = f"t{uuid.uuid4().hex[:12]}"
    for made in _either(request, namespace, tmp_path_factory.mktemp("running")):
        made.worker()
        yield made


@pytest.fixture
def real_deployment(kafka: str, namespace: str, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment without workers on a real Kafka."""
    yield from _on(kafka, namespace, tmp_path)


def _either(request: pytest.FixtureRequest, namespace: str, folder: Path) -> Iterator[Deployment]:
    if request.param == "embedded":
        with EmbeddedKafka() as embedded:
            embedded.create_topics(namespace)
            yield from _closing(Deployment(embedded.bootstrap_servers, namespace, folder))
    else:
        yield from _on(request.getfixturevalue("kafka"), namespace, folder)


def _on(bootstrap: str, namespace: str, folder: Path) -> Iterator[Deployment]:
    made = Deployment(bootstrap, namespace, folder)
    made.create_topics()
    yield from _closing(made)


def _closing(made: Deployment) -> Iterator[Deployment]:
    try:
        yield made
    finally:
        made.close()
