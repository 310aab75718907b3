import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.coordination import LARGEST_BATCH, gathered, group
from benchmarks.footprint import compressed, measure
from benchmarks.scaling import (
    Inputs,
    event_us,
    group_record,
    most_workers,
    price,
    sums,
    transactions,
    workers,
)


def figures(given: Inputs) -> dict[str, float]:
    return {one.name: one.value for one in sums(given)}


def test_accounts_that_are_all_kept_are_warm() -> None:
    few = Inputs(leads=1_000, partitions=4, rows=0, outputs=0)
    assert event_us(few) == few.warm_us


def test_the_share_of_cold_accounts_weighs_both_times() -> None:
    given = Inputs(
        leads=400,
        leads_per_account=1,
        events=1_000,
        kept=100,
        warm_us=100,
        cold_us=500,
        rows=0,
        outputs=0,
    )
    assert event_us(given) == pytest.approx(0.25 * 100 + 0.75 * 500)


def test_workers_are_rounded_up_and_leave_room() -> None:
    given = Inputs(leads=1, events=10_000, warm_us=100, rows=0, outputs=0, load=0.6)
    assert workers(given) == 2
    assert workers(replace(given, load=0.25)) == 4


def test_workers_are_as_many_as_the_accounts_that_they_keep_decoded_leave_to_do() -> None:
    given = Inputs(leads=4_000_000, leads_per_account=1, events=1_000_000, kept=1_000)
    share = given.load * 1e6
    assert given.events * event_us(given) <= workers(given) * share
    fewer = replace(given, kept=given.kept * (workers(given) - 2) / workers(given))
    assert given.events * event_us(fewer) > (workers(given) - 2) * share


def test_the_most_workers_just_fit() -> None:
    given = Inputs(partitions=1024)
    most = most_workers(given)
    assert group_record(most, 1024) <= given.group_limit < group_record(most + 1, 1024)


@pytest.mark.parametrize(("members", "partitions"), [(8, 256), (24, 256), (8, 1024), (24, 1024)])
def test_the_fitted_record_is_near_what_the_assignor_makes(members: int, partitions: int) -> None:
    made = group(members, partitions)
    assert group_record(members, partitions) == pytest.approx(made.record_bytes, rel=0.15)


def test_a_group_beyond_the_limit_fits_without_the_map() -> None:
    made = group(32, 256)
    assert made.record_bytes > LARGEST_BATCH > made.without_map_bytes


def test_a_tick_takes_two_answers_of_every_partition() -> None:
    few, many = gathered(8), gathered(64)
    assert (few.transactions, many.transactions) == (17, 129)
    assert many.written_bytes < 9 * few.written_bytes, (
        "an answer costs the same however many came before"
    )


def test_no_more_transactions_than_events() -> None:
    assert transactions(Inputs(events=10)) == 10
    assert transactions(Inputs(partitions=10, load=0.42, transaction_ms=5.8)) == pytest.approx(1_000)


def test_replicas_count_on_the_way_in_and_on_disk() -> None:
    once, thrice = figures(Inputs(replication=1)), figures(Inputs(replication=3))
    for name in ("into the brokers", "changelogs on disk", "disk of inputs and outputs"):
        assert thrice[name] == pytest.approx(3 * once[name])


def test_the_price_is_what_each_costs() -> None:
    given = Inputs()
    found = figures(given)
    assert price(given) == 0
    assert price(replace(given, price_core=2)) == pytest.approx(2 * found["workers"])
    both = price(replace(given, price_core=2, price_disk=3))
    assert both == pytest.approx(2 * found["workers"] + price(replace(given, price_disk=3)))


def test_a_lead_has_a_row_for_each_of_its_days() -> None:
    short, long = measure(4, 6, 2), measure(4, 6, 3)
    assert long["rows_per_lead"] == pytest.approx(short["rows_per_lead"] + 1)
    assert long["rows_per_event"] >= 1


def test_what_repeats_is_compressed() -> None:
    def repeated() -> Iterator[bytes]:
        for _ in range(30_000):
            yield b"the same again "

    assert compressed(repeated()) < 0.1


def test_the_command_takes_its_inputs_as_flags() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.scaling",
            "--leads",
            "1e6",
            "--price-core",
            "1",
            "--output",
            "json",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout)
    assert found["asked"]["leads"] == 1e6
    assert found["price"] == found["sums"]["workers"]
