"""The broker goes away in mid-stream, in good order and not, and comes back."""

import time
from pathlib import Path

import pytest

from tests.faults.deployment import SMALL_BATCHES, FaultDeployment, Flow
from tests.faults.misfortunes import going_on_after
from tests.faults.sizes import FULL, SIZES, chance_of
from tests.faults.streams import usual
from tests.faults.verdict import assert_promise_kept
from tests.kafka.broker import KafkaBroker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.timeout(2400 if FULL else 300)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_broker_that_goes_away_and_comes_back_costs_nothing(
    broker: KafkaBroker, namespace: str, tmp_path: Path, how: str
) -> None:
    chance = chance_of(how)
    stream = usual(SIZES.broker_stream, salt=4)
    with FaultDeployment(broker.bootstrap, namespace, tmp_path) as deployment:
        worker = deployment.worker(**SMALL_BATCHES)
        with Flow(deployment, stream, over_s=SIZES.broker_ends * 10.0) as flow:
            for number in range(SIZES.broker_ends):
                flow.wait_produced((number + 1) * flow.size // (SIZES.broker_ends + 2))
                worker = going_on_after(deployment, worker, deployment.done())
                broker.stop() if how == "stop" else broker.kill()
                time.sleep(chance.random() * 4)
                broker.start()
                worker = going_on_after(deployment, worker, deployment.done())
            flow.rest()
        ended = len(deployment.workers) - 1
        print(f"{how}: {ended} of {SIZES.broker_ends} times the worker ended and was started again")
        # A worker may still find out that the group's coordinator has forgotten it.
        going_on_after(deployment, worker, None)
        assert_promise_kept(deployment, stream, flow.dead)
