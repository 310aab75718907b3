"""A build that is broken on purpose is caught: else the fault suite would prove nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streams.topics import BY_NAME
from tests.faults.cluster import RefusingBroker
from tests.faults.deployment import SMALL_BATCHES, FaultDeployment, Flow
from tests.faults.misfortunes import refused_for_a_while, sleep_past_the_session
from tests.faults.sizes import FULL, chance_of
from tests.faults.streams import usual, worse
from tests.faults.tampering import MUTANT
from tests.faults.verdict import assert_promise_kept
from tests.integration.harness import Place, Record
from tests.integration.processes import NeverHappened
from tests.integration.streams import Stream

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not FULL, reason="broken builds are tried with FAULTS=full"),
]

Tried = tuple[Stream, dict[Place, Record]]


def killed_while_refused(broker: RefusingBroker, deployment: FaultDeployment) -> Tried:
    """Kill the worker while an output cannot be written."""
    stream = usual(3000, salt=11)
    deployment.worker(**SMALL_BATCHES)
    with Flow(deployment, stream, over_s=5.0) as flow:
        flow.wait_produced(flow.size // 4)
        deployment.wait_beyond(0)
        topic = BY_NAME["assignment-outcome"]
        refused_for_a_while(broker, deployment, topic, "too_large", 8.0, kill=True)
        flow.rest()
    return stream, flow.dead


def woken_late(_: RefusingBroker, deployment: FaultDeployment) -> Tried:
    """Pause the worker in a transaction until another has its partitions."""
    chance = chance_of("mutants")
    stream = usual(4000, salt=12)
    sleeper = deployment.worker(**SMALL_BATCHES)
    with Flow(deployment, stream, over_s=10.0) as flow:
        deployment.wait_beyond(0)
        sleep_past_the_session(deployment, sleeper, flow, chance, flow.size // 2)
        flow.rest()
    return stream, flow.dead


def misplaced(_: RefusingBroker, deployment: FaultDeployment) -> Tried:
    """Publish a stream with misplaced records."""
    stream = worse(3000)
    deployment.worker()
    with Flow(deployment, stream, over_s=0.0) as flow:
        flow.rest()
    return stream, flow.dead


Scenario = Callable[[RefusingBroker, FaultDeployment], Tried]

CAUGHT_BY: list[tuple[str, Scenario]] = [
    ("acknowledges_early", killed_while_refused),
    ("loosens_outputs", killed_while_refused),
    ("fences_nobody", woken_late),
    ("checks_no_placement", misplaced),
]


@pytest.mark.parametrize(("mutant", "scenario"), CAUGHT_BY, ids=[name for name, _ in CAUGHT_BY])
def test_a_build_that_is_broken_on_purpose_is_caught(
    refusing: RefusingBroker, namespace: str, tmp_path: Path, mutant: str, scenario: Scenario
) -> None:
    own = {MUTANT: mutant}
    with FaultDeployment(refusing.bootstrap, namespace, tmp_path, own) as deployment:
        stream, dead = scenario(refusing, deployment)
        with pytest.raises(AssertionError) as caught:
            assert_promise_kept(deployment, stream, dead, patience_s=90.0)
        # It is caught by what it wrote, not because it did not get anywhere.
        assert not isinstance(caught.value, NeverHappened), str(caught.value)
        print(f"{mutant} is caught: {str(caught.value).splitlines()[:2]}")


@pytest.mark.parametrize("scenario", [killed_while_refused, woken_late, misplaced])
def test_the_same_misfortunes_find_nothing_in_the_build_as_it_is(
    refusing: RefusingBroker, namespace: str, tmp_path: Path, scenario: Scenario
) -> None:
    with FaultDeployment(refusing.bootstrap, namespace, tmp_path) as deployment:
        stream, dead = scenario(refusing, deployment)
        assert_promise_kept(deployment, stream, dead)
