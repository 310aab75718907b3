"""What every test may ask for: a real Kafka, a namespace of its own, Hypothesis profiles."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from tests.faults.cluster import RefusingBroker
from tests.faults.sizes import ALL
from tests.kafka.broker import KafkaBroker, Unavailable, memory, why_unavailable

# The same examples on every machine and no stopwatch: a red run can be looked at again.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# New examples on every run, and many of them: HYPOTHESIS_PROFILE=search finds what ci cannot.
settings.register_profile("search", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def where_brokers_write() -> Path | None:
    """Return where a test's broker has its folder: long streams are for a disk."""
    return None if ALL else memory()


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap servers of a real Apache Kafka, shared by the whole run.

    KAFKA_BOOTSTRAP_SERVERS names one that runs; otherwise a broker is started. Where neither is
    possible the tests that asked are skipped with the reason.
    """
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
        return
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(f"real Apache Kafka: {reason}")
    broker = KafkaBroker(parent=where_brokers_write())
    try:
        broker.start()
    except Unavailable as unavailable:
        broker.close()
        pytest.skip(f"real Apache Kafka: {unavailable}")
    except BaseException:
        broker.close()
        raise
    yield broker.bootstrap
    # Its data goes away with it: a stop in good order would only take time.
    broker.kill()
    broker.close()


@pytest.fixture
def broker() -> Iterator[KafkaBroker]:
    """A Kafka of its own, to be stopped and killed."""
    broker = KafkaBroker(parent=where_brokers_write())
    with _running(broker):
        yield broker


@pytest.fixture
def refusing() -> Iterator[RefusingBroker]:
    """A Kafka of its own that can refuse to write a topic."""
    broker = RefusingBroker(parent=where_brokers_write())
    with _running(broker):
        yield broker


@contextmanager
def _running(broker: KafkaBroker) -> Iterator[None]:
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(f"real Apache Kafka: {reason}")
    try:
        with broker:
            yield
            # Its data goes away with it: a stop in good order would only take time.
            broker.kill()
    except Unavailable as unavailable:
        pytest.skip(f"real Apache Kafka: {unavailable}")


@pytest.fixture
def namespace() -> str:
    """A prefix for topics and groups that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"
