"""The misfortunes that happen to workers, apart from which build they happen to."""

import random
import time
from typing import Final

from streams.topics import Topic
from tests.faults.cluster import Refusal, RefusingBroker
from tests.faults.deployment import LONG_S, SMALL_BATCHES, FaultDeployment, Flow
from tests.integration.processes import Worker, wait_until
from tests.integration.test_misfortunes import one_owns_all

_TRIES: Final = 400
_ONE_LIFE_S: Final = 9.0
"""About how long a killed worker's partitions take to be worked on again."""


def kill_again_and_again(
    deployment: FaultDeployment, flow: Flow, kills: int, chance: random.Random
) -> int:
    """Kill workers at random moments of the stream; return how many died with work before them.

    Most die at work, some on their way there: while they join, recover, or read their first batch.
    """
    at_work = 0
    for number in range(kills):
        before = deployment.done()
        worker = deployment.starting_worker(**SMALL_BATCHES)
        flow.wait_produced((number + 1) * flow.size // (kills + 1))
        if chance.random() < 0.75:
            deployment.wait_beyond(before)
            time.sleep(chance.random())
        else:
            time.sleep(chance.random() * _ONE_LIFE_S)
        assert worker.running, worker.log_end()
        worker.kill()
        at_work += bool(deployment.unconsumed())
    return at_work


def pause_in_mid_transaction(
    deployment: FaultDeployment, worker: Worker, chance: random.Random
) -> list[tuple[str, int]]:
    """Pause a worker at a moment when records of it wait for their commit; return where."""
    for _ in range(_TRIES):
        worker.pause()
        found = deployment.open_transactions()
        if found:
            return found
        worker.resume()
        assert worker.running, worker.log_end()
        time.sleep(chance.random() * 0.2)
    raise AssertionError(f"{worker.log.name}: no transaction was ever under way")


def sleep_past_the_session(
    deployment: FaultDeployment, sleeper: Worker, flow: Flow, chance: random.Random, until: int
) -> Worker:
    """Pause a worker in a transaction until another has its partitions; continue it, await its end.

    ``until`` is how much the stream has produced when it wakes up. Returns the other worker.
    """
    pause_in_mid_transaction(deployment, sleeper, chance)
    heir = deployment.starting_worker(**SMALL_BATCHES)
    one_owns_all(deployment, heir)
    flow.wait_produced(until)
    deployment.wait_beyond(deployment.done())
    sleeper.resume()
    return heir


def going_on_after(deployment: FaultDeployment, worker: Worker, before: int | None) -> Worker:
    """Return the worker once it goes on, or one in its place where it gave up, as it may after a while.

    It goes on when more than ``before`` is committed, or everything is, which None waits for.
    """

    def goes_on() -> bool:
        if before is not None and deployment.done() > before:
            return True
        return deployment.all_consumed()

    wait_until(
        lambda: not worker.running or goes_on(),
        f"the worker neither went on nor ended{deployment._logs()}",
        LONG_S,
    )
    if worker.running:
        return worker
    assert worker.code == 1, worker.log_end()
    return deployment.worker(**SMALL_BATCHES)


def refused_for_a_while(
    broker: RefusingBroker,
    deployment: FaultDeployment,
    topic: Topic,
    how: Refusal,
    seconds: float,
    *,
    kill: bool,
) -> int:
    """Have a topic refused while workers write to it; return how many workers ended by themselves.

    ``kill`` ends the worker in that time. One that ended is started again when the topic can be
    written, as whoever supervises it would until then without success.
    """
    (worker,) = deployment.living()
    name = deployment.name(topic)
    broker.refuse(name, how)
    began = time.monotonic()
    wait_until(
        lambda: bool(worker.said("delivery failed, trying again")) or not worker.running,
        f"{topic.name} was never refused:\n{worker.log_end()}",
        LONG_S,
    )
    if kill:
        # A moment in which whoever acknowledges too early commits.
        time.sleep(2.0)
        worker.kill()
    time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    broker.allow(name, how, topic.config.get("max.message.bytes"))
    ended = 0
    if not worker.running and not kill:
        assert worker.code == 1, worker.log_end()
        ended = 1
    if not deployment.living():
        deployment.starting_worker()
    return ended
