"""The clock of the worker's machine is set while it works."""

from pathlib import Path
from typing import Final

import pytest

from streams.topics import SCORE_UPDATED
from tests.faults.deployment import FaultDeployment, Flow
from tests.faults.sizes import FULL, SIZES
from tests.faults.streams import usual
from tests.faults.tampering import CLOCK
from tests.faults.verdict import assert_promise_kept

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_DAY_S: Final = 86_400
_AHEAD_S: Final = 400 * _DAY_S


@pytest.mark.timeout(600 if FULL else 240)
def test_a_clock_that_jumps_forward_and_back_changes_nothing_but_the_stamps(
    kafka: str, namespace: str, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    stream = usual(SIZES.clock_stream, salt=7)
    own = {CLOCK: str(clock)}
    with FaultDeployment(kafka, namespace, tmp_path, own) as deployment:
        worker = deployment.worker(BATCH_SIZE="100")
        with Flow(deployment, stream, over_s=6.0) as flow:
            for number, off in enumerate((_AHEAD_S, -30 * _DAY_S, 3600, -3600, 0)):
                flow.wait_produced((number + 1) * flow.size // 7)
                deployment.wait_beyond(deployment.done())
                clock.write_text(str(off))
            flow.rest()
        # A clock that jumps is no reason to give partitions up.
        assert worker.running, worker.log_end()
        assert len(worker.said("worker is ready")) == 1, worker.log_end()
        assert_promise_kept(deployment, stream, flow.dead)
        stamps = [event.emitted_at for event in deployment.events(SCORE_UPDATED)]
        assert max(stamps) - min(stamps) > _AHEAD_S * 1000, "the clock was never off"
