"""A producer gone wild: nothing but broken records, a great many in a row, then good ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.deployment import FaultDeployment, Flow
from tests.faults.sizes import FULL, SEED, SIZES
from tests.faults.streams import usual
from tests.faults.verdict import assert_promise_kept
from tests.integration.streams import AS_OF, PARTITIONS, Stream, _broken
from tests.integration.tenant import Tenant

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_PREPARED = 340
_LARGEST_GROWTH_KB = 300 * 1024


@pytest.mark.timeout(2400 if FULL else 240)
def test_broken_records_in_a_row_are_all_kept_and_hold_nothing_up(shared: FaultDeployment) -> None:
    tenant = Tenant(f"{SEED}/flood", 6)
    # Bytes are prepared once; each record's key tells it from all others.
    prepared = [_broken(tenant, number) for number in range(_PREPARED)]
    flood = tuple(
        replace(prepared[number % _PREPARED], key=str(number).encode(), partition=number % PARTITIONS)
        for number in range(SIZES.broken_in_a_row)
    )
    good = usual(2000, salt=8)
    stream = Stream(AS_OF, flood + good.records, good.valid)
    worker = shared.worker()
    before = _resident_kb(worker._process.pid)
    with Flow(shared, stream, over_s=0.0) as flow:
        flow.rest()
    shared.wait_moving()
    grown = _resident_kb(worker._process.pid) - before
    print(f"{len(flood)} broken records: the worker's memory went from {before} by {grown} KiB")
    assert grown < _LARGEST_GROWTH_KB
    assert_promise_kept(shared, stream, flow.dead)


def _resident_kb(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1])
