"""What every test may ask for: a real Kafka, a namespace of its own, Hypothesis profiles."""

import os
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.kafka.broker import KafkaBroker, Unavailable, why_unavailable

# The same examples on every machine and no stopwatch: a red run can be looked at again.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# New examples on every run, and many of them: HYPOTHESIS_PROFILE=search finds what ci cannot.
settings.register_profile("search", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


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
    broker = KafkaBroker()
    try:
        broker.start()
    except Unavailable as unavailable:
        broker.close()
        pytest.skip(f"real Apache Kafka: {unavailable}")
    except BaseException:
        broker.close()
        raise
    yield broker.bootstrap
    broker.close()


@pytest.fixture
def namespace() -> str:
    """A prefix for topics and groups that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"
