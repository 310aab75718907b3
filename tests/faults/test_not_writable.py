"""The broker refuses one topic for a while; the worker that meets it goes on, or dies meanwhile."""

from pathlib import Path

import pytest

from streams.topics import BY_NAME
from tests.faults.cluster import Refusal, RefusingBroker
from tests.faults.deployment import SMALL_BATCHES, FaultDeployment, Flow
from tests.faults.misfortunes import refused_for_a_while
from tests.faults.sizes import FULL, SIZES
from tests.faults.streams import usual
from tests.faults.verdict import assert_promise_kept

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

OUTPUT, CHANGELOG = "assignment-outcome", "engine-lead_day_to_activity-changelog"
LONG, SHORT = SIZES.refused_s, min(SIZES.refused_s, 20.0)


@pytest.mark.timeout(900 if FULL else 240)
@pytest.mark.parametrize(
    ("topic", "how", "kill", "seconds"),
    [
        pytest.param("dead-letters", "too_large", False, LONG, id="dead_letters"),
        pytest.param(OUTPUT, "too_large", False, LONG, id="outputs"),
        pytest.param(CHANGELOG, "too_large", False, LONG, id="changelog"),
        pytest.param("dead-letters", "not_authorised", False, SHORT, id="dead_letters_no_right_to"),
        pytest.param(OUTPUT, "not_authorised", True, SHORT, id="outputs_and_killed"),
        pytest.param(CHANGELOG, "too_large", True, SHORT, id="changelog_and_killed"),
    ],
)
def test_a_topic_that_cannot_be_written_for_a_while_delays_and_loses_nothing(
    refusing: RefusingBroker,
    namespace: str,
    tmp_path: Path,
    topic: str,
    how: Refusal,
    kill: bool,
    seconds: float,
) -> None:
    refused = BY_NAME[topic]
    stream = usual(SIZES.refused_stream, salt=6)
    with FaultDeployment(refusing.bootstrap, namespace, tmp_path) as deployment:
        deployment.worker(**SMALL_BATCHES)
        with Flow(deployment, stream, over_s=seconds) as flow:
            flow.wait_produced(flow.size // 4)
            deployment.wait_beyond(0)
            ended = refused_for_a_while(refusing, deployment, refused, how, seconds, kill=kill)
            flow.rest()
        # A topic it has no right to write ends it (librdkafka cannot undo a transaction that no
        # partition got into); for anything else it waits and needs no help after.
        assert not ended or how == "not_authorised", deployment.workers[0].log_end()
        assert_promise_kept(deployment, stream, flow.dead)
