"""Traffic, accounts and groups that are far from even."""

from collections.abc import Callable

import pytest

from tests.faults import streams
from tests.faults.deployment import FaultDeployment, Flow
from tests.faults.sizes import FULL, SIZES
from tests.faults.verdict import assert_promise_kept
from tests.integration.streams import Stream

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

UNEVEN: list[Callable[[], Stream]] = [
    lambda: streams.hot(SIZES.hot_stream),
    lambda: streams.with_many_leads(SIZES.many_leads),
    lambda: streams.with_many_members(SIZES.many_members),
]


@pytest.mark.timeout(1800 if FULL else 240)
@pytest.mark.parametrize("made", UNEVEN, ids=["half_about_one_account", "many_leads", "many_members"])
def test_uneven_accounts_fold_as_all_others_do(
    shared: FaultDeployment, made: Callable[[], Stream]
) -> None:
    stream = made()
    shared.worker()
    with Flow(shared, stream, over_s=0.0) as flow:
        flow.rest()
    assert_promise_kept(shared, stream, flow.dead)
    states = shared.states().values()
    print(f"the largest group has {max(len(state.members) for state in states)} members")
