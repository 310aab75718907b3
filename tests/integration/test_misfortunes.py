"""Whatever happens to workers and brokers in mid-stream, the groups are those of ``fold``."""

import os
from pathlib import Path
from typing import Final

import pytest

from agents.ticker import send_tick
from domain.calendar import MILLIS_PER_DAY, Day
from tests.integration.comparison import assert_export_is_fold, assert_same_as_fold
from tests.integration.harness import Deployment, Place, Record
from tests.integration.processes import Worker, wait_until
from tests.integration.streams import AS_OF, Stream, generate
from tests.kafka.broker import KafkaBroker

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

STREAM_EVENTS: Final = int(os.environ.get("STREAM_EVENTS", "10000"))
"""How long the stream of the crash is; a release is tried with 100,000."""

SMALL_BATCHES: Final = {"BATCH_SIZE": "100"}
"""Many transactions, so that what happens to a worker happens in the middle of one."""


class Publishing:
    """A stream on its way into a deployment, part by part."""

    def __init__(self, deployment: Deployment, stream: Stream, *shares: float) -> None:
        self._deployment = deployment
        self._parts = stream.cut(*shares)
        self.dead: dict[Place, Record] = {}

    def some(self) -> None:
        """Produce the next part."""
        part = self._parts.pop(0)
        self.dead |= self._deployment.placed(part, self._deployment.produce(part))

    def rest(self) -> None:
        """Produce all that is left."""
        while self._parts:
            self.some()


def tick_without_waiting(deployment: Deployment, as_of: Day) -> None:
    """Send a tick into the middle of whatever goes on."""
    send_tick(
        deployment.settings,
        deployment.codec,
        f"early-{as_of}",
        as_of,
        as_of * MILLIS_PER_DAY,
        "/test",
    )


def one_owns_all(deployment: Deployment, worker: Worker) -> None:
    """Wait until a worker says that it owns every partition."""
    every = set(range(deployment.settings.partitions))
    worker.wait_until(lambda: worker.owns() == every, "the owner of everything")


def both_own_some(one: Worker, other: Worker) -> None:
    """Wait until the partitions are shared."""
    one.wait_until(
        lambda: bool(one.owns()) and bool(other.owns()) and not one.owns() & other.owns(),
        "sharing the partitions",
    )


def test_a_worker_killed_in_the_middle_of_a_stream_loses_nothing_and_counts_nothing_twice(
    real_deployment: Deployment,
) -> None:
    deployment, stream = real_deployment, generate(STREAM_EVENTS)
    publishing = Publishing(deployment, stream, 0.5)
    publishing.some()
    victim = deployment.worker(**SMALL_BATCHES)
    deployment.wait_begun()
    publishing.rest()
    victim.kill()
    assert deployment.unconsumed()

    survivor = deployment.worker()
    deployment.tick(stream.as_of)

    assert_same_as_fold(deployment, stream, publishing.dead)
    assert_export_is_fold(deployment, stream)
    assert survivor.terminate() == 0


def test_a_worker_killed_in_the_middle_of_a_tick_leaves_it_to_be_finished(
    real_deployment: Deployment,
) -> None:
    deployment, stream = real_deployment, generate(3000, seed=2, accounts=1500)
    publishing = Publishing(deployment, stream)
    publishing.rest()
    victim = deployment.worker()
    deployment.wait_consumed()
    before = sum(deployment.committed().values())
    tick_without_waiting(deployment, AS_OF - 1)
    wait_until(lambda: sum(deployment.committed().values()) > before, "the tick never began")
    victim.kill()

    deployment.worker()
    deployment.tick(stream.as_of)

    assert_same_as_fold(deployment, stream, publishing.dead)


def test_workers_that_join_leave_and_die_in_the_middle_of_a_stream_change_nothing(
    real_deployment: Deployment,
) -> None:
    deployment, stream = real_deployment, generate(7000, seed=3)
    publishing = Publishing(deployment, stream, 0.2, 0.4, 0.6, 0.8)
    first = deployment.worker(**SMALL_BATCHES)
    publishing.some()
    deployment.wait_begun()
    second = deployment.starting_worker(**SMALL_BATCHES)
    publishing.some()
    both_own_some(first, second)
    publishing.some()
    tick_without_waiting(deployment, AS_OF - 3)
    assert first.terminate() == 0
    publishing.some()
    third = deployment.starting_worker(**SMALL_BATCHES)
    both_own_some(second, third)
    publishing.some()
    second.kill()

    one_owns_all(deployment, third)
    deployment.tick(stream.as_of)

    assert_same_as_fold(deployment, stream, publishing.dead)
    assert third.terminate() == 0


def test_a_worker_that_wakes_up_after_its_partitions_moved_writes_nothing_that_stays(
    real_deployment: Deployment,
) -> None:
    deployment, stream = real_deployment, generate(6000, seed=4)
    publishing = Publishing(deployment, stream, 0.4, 0.8)
    sleeper = deployment.worker(**SMALL_BATCHES)
    publishing.some()
    deployment.wait_begun()
    publishing.some()
    sleeper.pause()
    heir = deployment.starting_worker()
    one_owns_all(deployment, heir)
    deployment.wait_consumed()

    sleeper.resume()
    publishing.rest()
    deployment.tick(stream.as_of)

    # Its first attempt to write is refused. It may also find out that it was left out before.
    if sleeper.said("worker stops because it cannot go on"):
        assert sleeper.wait() == 1
    else:
        assert sleeper.terminate() == 0
    assert heir.running
    assert_same_as_fold(deployment, stream, publishing.dead)


def test_a_broker_that_is_stopped_and_later_killed_in_mid_stream_costs_nothing(
    broker: KafkaBroker, namespace: str, tmp_path: Path
) -> None:
    deployment, stream = Deployment(broker.bootstrap, namespace, tmp_path), generate(5000, seed=5)
    deployment.create_topics()
    publishing = Publishing(deployment, stream, 0.3, 0.5, 0.6, 0.9)
    try:
        worker = deployment.worker(**SMALL_BATCHES)
        publishing.some()
        deployment.wait_begun()
        for end in (broker.stop, broker.kill):
            publishing.some()
            end()
            broker.start()
            publishing.some()
            worker = one_that_goes_on(deployment, worker)
        publishing.rest()
        deployment.tick(stream.as_of)
        assert_same_as_fold(deployment, stream, publishing.dead)
    finally:
        deployment.close()


def one_that_goes_on(deployment: Deployment, worker: Worker) -> Worker:
    """Return the worker once it has consumed everything, or one in the place of one that gave up."""
    wait_until(
        lambda: not worker.running or not deployment.unconsumed(),
        "the worker neither went on nor ended",
    )
    if worker.running:
        return worker
    assert worker.code != 0
    return deployment.worker(**SMALL_BATCHES)
