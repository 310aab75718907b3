"""Three brokers, every partition on all of them: the one that leads is killed."""

from pathlib import Path

import pytest

from streams.topics import LEAD_ACTIVITY
from tests.faults.cluster import Cluster
from tests.faults.deployment import SMALL_BATCHES, FaultDeployment, Flow
from tests.faults.misfortunes import going_on_after
from tests.faults.sizes import FULL, SIZES, chance_of
from tests.faults.streams import usual
from tests.faults.verdict import assert_promise_kept

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

HOT = 0


@pytest.mark.timeout(2400 if FULL else 400)
def test_the_leader_of_a_busy_partition_may_die_again_and_again(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    chance = chance_of("leaders")
    stream = usual(SIZES.replicated_stream, salt=5)
    with FaultDeployment(cluster.bootstrap, namespace, tmp_path, replicas=3) as deployment:
        busy = deployment.name(LEAD_ACTIVITY)
        worker = deployment.worker(**SMALL_BATCHES)
        with Flow(deployment, stream, over_s=SIZES.leader_kills * 12.0) as flow:
            for number in range(SIZES.leader_kills):
                flow.wait_produced((number + 1) * flow.size // (SIZES.leader_kills + 2))
                worker = going_on_after(deployment, worker, deployment.done())
                leader = cluster.leader(busy, HOT)
                leader.kill()
                cluster.wait_led(busy, HOT, leader)
                for _ in range(chance.randint(1, 3)):
                    worker = going_on_after(deployment, worker, deployment.done())
                leader.start()
                cluster.wait_whole(busy)
            flow.rest()
        ended = len(deployment.workers) - 1
        print(f"{ended} of {SIZES.leader_kills} times the worker ended and was started again")
        going_on_after(deployment, worker, None)
        assert_promise_kept(deployment, stream, flow.dead)
