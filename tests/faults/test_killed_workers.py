"""Workers end as a machine's crash ends them, at any moment."""

import pytest

from tests.faults.deployment import FaultDeployment, Flow
from tests.faults.misfortunes import kill_again_and_again
from tests.faults.sizes import FULL, SIZES, chance_of
from tests.faults.streams import usual
from tests.faults.verdict import assert_promise_kept

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.quick
@pytest.mark.timeout(2400 if FULL else 240)
def test_workers_killed_at_random_moments_lose_nothing_and_count_nothing_twice(
    shared: FaultDeployment,
) -> None:
    stream = usual(SIZES.kill_stream)
    with Flow(shared, stream, over_s=SIZES.kills * 6.0) as flow:
        at_work = kill_again_and_again(shared, flow, SIZES.kills, chance_of("kills"))
        flow.rest()
    assert at_work >= SIZES.kills / 2
    assert_promise_kept(shared, stream, flow.dead)
