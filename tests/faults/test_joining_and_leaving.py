"""Workers join and leave while records come in."""

from itertools import cycle, islice

import pytest

from tests.faults.deployment import SMALL_BATCHES, FaultDeployment, Flow
from tests.faults.sizes import FULL, SIZES, chance_of
from tests.faults.streams import usual
from tests.faults.verdict import assert_promise_kept
from tests.integration.processes import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.timeout(1200 if FULL else 300)
def test_workers_that_join_and_leave_from_one_to_three_and_back_change_nothing(
    shared: FaultDeployment,
) -> None:
    chance = chance_of("changes")
    stream = usual(SIZES.change_stream, salt=3)
    working = [shared.worker(**SMALL_BATCHES)]
    with Flow(shared, stream, over_s=SIZES.changes * 6.0) as flow:
        # One to three and back to one, over and over.
        for number, joins in enumerate(islice(cycle((True, True, False, False)), SIZES.changes)):
            flow.wait_produced((number + 1) * flow.size // (SIZES.changes + 1))
            if joins:
                working.append(shared.starting_worker(**SMALL_BATCHES))
            else:
                leaving = working.pop(chance.randrange(len(working)))
                assert leaving.terminate() == 0, leaving.log_end()
            all_shared(shared, working)
        flow.rest()
    assert_promise_kept(shared, stream, flow.dead)


def all_shared(deployment: FaultDeployment, working: list[Worker]) -> None:
    """Wait until these workers have every partition between them, none twice."""
    every = list(range(deployment.settings.partitions))

    def shared() -> bool:
        assert all(worker.running for worker in working), "a worker ended by itself"
        owned = [worker.owns() for worker in working]
        return all(owned) and sorted(partition for each in owned for partition in each) == every

    wait_until(shared, f"the partitions were never shared{deployment._logs()}")
