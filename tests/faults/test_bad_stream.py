"""One stream with everything that producers get wrong, while workers come and go."""

import pytest

from tests.faults.deployment import FaultDeployment, Flow
from tests.faults.sizes import FULL, SIZES
from tests.faults.streams import worse
from tests.faults.verdict import assert_promise_kept

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.timeout(1200 if FULL else 240)
def test_a_stream_with_records_twice_out_of_order_misplaced_and_broken_folds_as_its_good_events(
    shared: FaultDeployment,
) -> None:
    stream = worse(SIZES.bad_stream)
    records = len(stream.records)
    for kind, least in (("twice", 0.1), ("misplaced", 0.1), ("broken", 0.05)):
        assert stream.counts[kind] >= least * records, (kind, stream.counts, records)
    for reason in ("not_avro", "unknown_schema", "from_the_future", "breaks_contract"):
        assert stream.counts[reason], reason
    print(f"{records} records: {dict(stream.counts)}")
    shared.worker()
    with Flow(shared, stream, over_s=0.0) as flow:
        flow.rest()
    assert_promise_kept(shared, stream, flow.dead)
