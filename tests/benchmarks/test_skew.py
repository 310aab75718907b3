import json
import random
import subprocess
import sys

import pytest

from benchmarks.skew import (
    MOST_PARTITIONS,
    PARTITIONS,
    AccountOfTenant,
    Lead,
    account_sizes,
    fullest,
    largest_share,
    measure,
    tenant,
    travels,
)
from streams.placement import partition_of


def test_even_loads_make_no_partition_fuller_than_the_mean() -> None:
    assert fullest([(place, 1.0) for place in range(64)], 8) == pytest.approx(1.0)


def test_the_fullest_partition_is_told_by_the_mean() -> None:
    assert fullest([(0, 3.0), (1, 1.0)], 2) == pytest.approx(1.5)
    assert fullest([(0, 3.0), (1, 1.0)], 4) == pytest.approx(3.0)


@pytest.mark.parametrize("partitions", PARTITIONS)
def test_a_place_among_the_most_partitions_tells_the_place_among_fewer(partitions: int) -> None:
    for number in range(200):
        key = f"acct-{number}"
        assert partition_of(key, MOST_PARTITIONS) % partitions == partition_of(key, partitions)


def test_a_lead_travels_when_any_of_its_groups_lives_elsewhere() -> None:
    assert not travels(Lead(5, 1.0, ()), 8)
    assert not travels(Lead(5, 1.0, (13,)), 8)
    assert travels(Lead(5, 1.0, (13,)), 16)
    assert travels(Lead(5, 1.0, (13, 6)), 8)


def test_shares_are_of_traffic_not_of_leads() -> None:
    busy = AccountOfTenant(0, (Lead(0, 9.0, (1, 2)),))
    quiet = AccountOfTenant(1, (Lead(1, 0.5, ()), Lead(2, 0.5, (2,))))
    found = measure([busy, quiet])
    assert found.largest_share == pytest.approx(0.9)
    assert found.copies_by_group == pytest.approx(1.85)
    assert found.unplaced_by_group == pytest.approx(0.05)
    assert [row.second_hop for row in found.rows] == pytest.approx([0.9] * len(PARTITIONS))


def test_one_account_fills_a_partition_of_its_own_by_account_and_spreads_by_lead() -> None:
    (row, *_) = measure(tenant([2_000], 0.0, random.Random(1))).rows
    assert row.by_account == pytest.approx(8.0)
    assert row.by_lead < 1.5


def test_sizes_are_cut_off_and_repeat_with_their_seed() -> None:
    sizes = account_sizes(5_000, 1.25, 300, random.Random(3))
    assert sizes == account_sizes(5_000, 1.25, 300, random.Random(3))
    assert (min(sizes), max(sizes)) == (1, 300)


def test_an_account_may_have_what_one_lane_does() -> None:
    assert largest_share(1_000_000, 5_000) == pytest.approx(0.005)
    assert largest_share(1_000, 5_000) == 1.0


def test_the_command_prints_json() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.skew", "--accounts", "300", "--output", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout)
    assert found["accounts"] == 300
    assert [row["partitions"] for row in found["rows"]] == list(PARTITIONS)
