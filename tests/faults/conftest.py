"""What fault tests share: which of them run, the seed in every failure, brokers and deployments."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.deployment import FaultDeployment
from tests.faults.sizes import ALL, how_to_repeat
from tests.kafka.broker import Unavailable, why_unavailable

HERE = Path(__file__).parent

LONGEST = (
    "test_killed_workers",
    "test_broker_outages",
    "test_three_brokers",
    "test_bad_stream",
    "test_flood",
    "test_joining_and_leaving",
    "test_not_writable",
    "test_zombies",
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "quick: a fault that every run of the tests tries")


def pytest_report_header() -> str:
    return f"faults: {how_to_repeat()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long faults to ``make test-faults``, which begins with what takes longest."""
    if ALL:
        items.sort(key=_longest_first)
        return
    left = [
        item for item in items if item.path.is_relative_to(HERE) and not item.get_closest_marker("quick")
    ]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


def _longest_first(item: pytest.Item) -> int:
    """Two processes that run the tests are then done at about the same time."""
    name = item.path.stem
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Say with every failure what repeats it."""
    try:
        return (yield)
    except BaseException as failure:
        if item.path.is_relative_to(HERE):
            failure.add_note(how_to_repeat())
        raise


@pytest.fixture
def shared(kafka: str, namespace: str, tmp_path: Path) -> Iterator[FaultDeployment]:
    """A deployment without workers on the Kafka that all tests share."""
    with FaultDeployment(kafka, namespace, tmp_path) as made:
        yield made


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Three brokers of its own."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(f"real Apache Kafka: {reason}")
    try:
        with Cluster() as started:
            yield started
    except Unavailable as unavailable:
        pytest.skip(f"real Apache Kafka: {unavailable}")
