"""Workers that were taken for dead wake up in the middle of a transaction."""

import pytest

from tests.faults.deployment import SMALL_BATCHES, FaultDeployment, Flow
from tests.faults.misfortunes import sleep_past_the_session
from tests.faults.sizes import FULL, SIZES, chance_of
from tests.faults.streams import usual
from tests.faults.verdict import assert_promise_kept
from tests.integration.test_misfortunes import one_owns_all

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.quick
@pytest.mark.timeout(1200 if FULL else 240)
def test_a_worker_that_wakes_up_in_a_transaction_after_its_partitions_moved_writes_nothing(
    shared: FaultDeployment,
) -> None:
    chance = chance_of("zombies")
    stream = usual(SIZES.pauses * 4000, salt=2)
    sleeper = shared.worker(**SMALL_BATCHES)
    with Flow(shared, stream, over_s=SIZES.pauses * 10.0) as flow:
        for number in range(SIZES.pauses):
            shared.wait_beyond(shared.done())
            woken = (number + 1) * flow.size // (SIZES.pauses + 1)
            heir = sleep_past_the_session(shared, sleeper, flow, chance, woken)
            # What it was in the middle of is refused, and it ends rather than go on with what it holds.
            assert sleeper.wait() == 1, sleeper.log_end()
            assert sleeper.said("worker stops because it cannot go on"), sleeper.log_end()
            one_owns_all(shared, heir)
            sleeper = heir
        flow.rest()
    assert_promise_kept(shared, stream, flow.dead)
