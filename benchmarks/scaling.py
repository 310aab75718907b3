"""The sums for a large tenant: partitions, workers, brokers, disks, recovery, memory, price.

Nothing is measured here. Every input is a flag. The defaults are what the commands in docs/scaling.md
measured; those marked as chosen are not measured at all. Whoever has figures of his own puts them in.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final

from rich.console import Console
from rich.table import Table

_DAY_S: Final = 86_400
_WINDOW_DAYS: Final = 30
_SHORT: Final = 100


def _flag(default: float, about: str) -> Any:
    return field(default=default, metadata={"help": about})


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the sums start from; the flags of the command."""

    leads: float = _flag(1e9, "in the tenant")
    leads_per_account: float = _flag(5, "as in benchmarks.footprint")
    events: float = _flag(1e6, "a second, at the busiest")
    remembered: float = _flag(20, "activities of a lead in 30 days; they set the mean rate")
    partitions: float = _flag(4096, "of every topic (chosen)")
    replication: float = _flag(3, "(chosen)")
    load: float = _flag(0.6, "how busy a worker's core may be (chosen)")
    readers: float = _flag(1, "subscribers that read every output (chosen)")
    broker_mb: float = _flag(100, "MB/s that one broker takes in, replicas included (chosen)")
    retention_days: float = _flag(35, "of lead-activity")
    output_days: float = _flag(30, "of the outputs")
    kept: float = _flag(20_000, "accounts that a worker keeps decoded")
    warm_us: float = _flag(110, "an event of a decoded account")
    cold_us: float = _flag(1_180, "an event of an account that is decoded for it")
    record_us: float = _flag(7.2, "a record in a transaction of 1,000")
    transaction_ms: float = _flag(5.8, "a transaction of 10 records")
    input_bytes: float = _flag(198, "of an event")
    input_lz4: float = _flag(0.22, "what lz4 leaves of it")
    rows: float = _flag(2.15, "written by an event that shares none")
    row_bytes: float = _flag(482, "of them")
    outputs: float = _flag(1.73, "written by an event that shares none")
    output_bytes: float = _flag(901, "of them")
    written_lz4: float = _flag(0.27, "what lz4 leaves of rows and outputs")
    touched: float = _flag(5, "topics that an event's transaction writes to")
    lead_rows: float = _flag(14.5, "of a lead in the changelogs")
    lead_bytes: float = _flag(3_118, "of them")
    lead_lz4: float = _flag(0.29, "what lz4 leaves of them")
    lead_memory: float = _flag(986, "bytes of a lead in a worker, by benchmarks.goals.memory")
    account_memory: float = _flag(54_000, "bytes of a decoded account")
    put_us: float = _flag(6.0, "a recovered record, by benchmarks.goals.recovery")
    dirty: float = _flag(2, "rows in a changelog by rows alive, before it is compacted again")
    tick_us: float = _flag(330, "of a lead in a day tick")
    tick_bytes: float = _flag(989, "of a lead, written by a day tick that moves its score")
    definition: float = _flag(450_000, "bytes of the longest definition")
    group_limit: float = _flag(1_048_588, "max.message.bytes of __consumer_offsets")
    price_core: float = _flag(0, "a core for a month")
    price_gib: float = _flag(0, "a GiB of memory for a month")
    price_disk: float = _flag(0, "a GiB of disk for a month")
    price_traffic: float = _flag(0, "a GB between brokers and workers")


@dataclass(frozen=True, slots=True)
class Sum:
    """One figure, its unit, and how it comes about."""

    name: str
    value: float
    unit: str
    how: str


def event_us(given: Inputs) -> float:
    """Return the core time of an event: most accounts are cold where a worker has many."""
    cold = max(0.0, 1 - given.kept * workers(given) / _accounts(given))
    return given.warm_us + cold * (given.cold_us - given.warm_us) + _records_us(given)


def workers(given: Inputs) -> int:
    """Return the workers that the busiest second asks for: one core each, as Python has it.

    Each keeps some accounts decoded, which makes an event cheaper for all of them: w = cores × (cold +
    records - saved × w), and never fewer than all accounts decoded would need.
    """
    cores = given.events / 1e6 / given.load
    saved = given.kept * (given.cold_us - given.warm_us) / _accounts(given)
    cold = cores * (given.cold_us + _records_us(given)) / (1 + cores * saved)
    return math.ceil(max(cold, cores * (given.warm_us + _records_us(given))))


def _accounts(given: Inputs) -> float:
    return given.leads / given.leads_per_account


def _records_us(given: Inputs) -> float:
    return (given.rows + given.outputs) * given.record_us


def group_record(members: float, partitions: float) -> float:
    """Return the bytes of a consumer group's record, fitted to benchmarks.coordination."""
    return members * (97 * partitions + 650 * members)


def most_workers(given: Inputs) -> int:
    """Return with how many workers the group's record still fits."""
    linear = 97 * given.partitions
    return int((math.sqrt(linear**2 + 4 * 650 * given.group_limit) - linear) / (2 * 650))


def transactions(given: Inputs) -> float:
    """Return the transactions a second of all partitions.

    A lane commits what gathered while it committed: n = rate × (t + n × u), so (1 − load) / t a second
    where the worker's core is busy to its load, and never more than it has events.
    """
    each = (1 - given.load) / (given.transaction_ms / 1000)
    return min(given.partitions * each, given.events)


def sums(given: Inputs) -> Iterator[Sum]:
    """Yield every figure."""
    needed, mean = workers(given), given.leads * given.remembered / _WINDOW_DAYS / _DAY_S
    yield Sum("mean rate", mean, "events/s", "leads × remembered / 30 days")
    yield Sum("an event", event_us(given), "µs", "cold and warm by share, + records × record_us")
    yield Sum("workers", needed, "cores", "events × an event / load")
    yield Sum("partitions a worker", given.partitions / needed, "", "")
    yield Sum("workers that fit into a group", most_workers(given), "", "group record = group_limit")
    record = group_record(needed, given.partitions)
    yield Sum("group record", record / 1e6, "MB", "workers × (97 × partitions + 650 × workers)")
    yield from _traffic(given, mean)
    yield from _state(given, needed)
    yield from _tick(given, needed)
    yield Sum(
        "one definition", given.definition * given.partitions / 1e6, "MB", "definition × partitions"
    )


def _traffic(given: Inputs, mean: float) -> Iterator[Sum]:
    read = given.events * given.input_bytes * given.input_lz4
    written = given.events * (given.row_bytes + given.output_bytes) * given.written_lz4
    out = given.events * given.output_bytes * given.written_lz4 * given.readers
    into = (read + written) * given.replication
    copied = (read + written) * (given.replication - 1)
    commits = transactions(given)
    yield Sum("into the brokers", into / 1e6, "MB/s", "(inputs + rows + outputs) × lz4 × replication")
    yield Sum("out of the brokers", (copied + read + out) / 1e6, "MB/s", "replicas + workers + readers")
    yield Sum("brokers", math.ceil(into / 1e6 / given.broker_mb), "", "into / broker_mb")
    yield Sum("transactions", commits, "a second", "partitions × (1 − load) / transaction_ms")
    markers = commits * (given.touched + 3) * given.replication
    yield Sum("markers and states", markers, "a second", "(topics touched + 3) × replication")
    inputs = mean * given.input_bytes * given.input_lz4 * given.retention_days
    outputs = mean * given.output_bytes * given.written_lz4 * given.output_days
    kept = (inputs + outputs) * _DAY_S * given.replication
    yield Sum("disk of inputs and outputs", kept / 1e12, "TB", "mean rate × days × replication")


def _state(given: Inputs, needed: int) -> Iterator[Sum]:
    alive = given.leads * given.lead_bytes
    disk = alive * given.lead_lz4 * given.dirty * given.replication
    rows = given.leads * given.lead_rows * given.dirty / needed
    kept = min(given.kept * needed, _accounts(given))
    decoded = kept * given.account_memory
    yield Sum("rows alive", given.leads * given.lead_rows / 1e9, "billion", "leads × lead_rows")
    yield Sum("changelogs, alive and plain", alive / 1e12, "TB", "leads × lead_bytes")
    yield Sum("changelogs on disk", disk / 1e12, "TB", "× lz4 × dirty × replication")
    yield Sum("memory of rows", given.leads * given.lead_memory / 2**40, "TiB", "leads × lead_memory")
    yield Sum("memory of decoded accounts", decoded / 2**40, "TiB", "accounts kept × account_memory")
    memory = (given.leads * given.lead_memory + decoded) / needed / 2**30
    yield Sum("memory a worker", memory, "GiB", "")
    yield Sum("recovery of a worker", rows * given.put_us / 1e6, "s", "rows × dirty × put_us")


def _tick(given: Inputs, needed: int) -> Iterator[Sum]:
    took = given.leads * given.tick_us / 1e6 / needed
    gathered = 5_500 * given.partitions
    yield Sum("day tick", took, "s", "leads × tick_us / workers")
    yield Sum("day tick writes", given.leads * given.tick_bytes / 1e9, "GB", "leads × tick_bytes, plain")
    answers = (2 * given.partitions + 1) * given.transaction_ms / 1000
    yield Sum("partition 0, answers", answers, "s", "(2 × partitions + 1) × transaction_ms")
    yield Sum("partition 0, rows of answers", gathered / 1e6, "MB", "5,500 × partitions")


def price(given: Inputs) -> float:
    """Return the month's price of workers, disks and traffic by the reader's own prices."""
    found = {one.name: one.value for one in sums(given)}
    disk = (found["changelogs on disk"] + found["disk of inputs and outputs"]) * 1e12 / 2**30
    traffic = (found["into the brokers"] + found["out of the brokers"]) / 1e3 * 30 * _DAY_S
    mean = found["mean rate"] / given.events
    memory = found["memory a worker"] * found["workers"]
    return (
        found["workers"] * given.price_core
        + memory * given.price_gib
        + disk * given.price_disk
        + traffic * mean * given.price_traffic
    )


def main() -> None:
    """Print the sums."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.scaling")
    for known in fields(Inputs):
        flag = f"--{known.name.replace('_', '-')}"
        about = f"{known.metadata['help']}; {known.default:,}"
        parser.add_argument(flag, type=float, default=known.default, help=about)
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = vars(parser.parse_args())
    output = asked.pop("output")
    given = Inputs(**asked)
    found = list(sums(given))
    if output == "json":
        told = {one.name: one.value for one in found}
        print(json.dumps({"asked": asked, "sums": told, "price": price(given)}))
        return
    table = Table(title=f"{given.leads:,.0f} leads, {given.events:,.0f} events/s")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column()
    table.add_column("sum")
    for one in found:
        table.add_row(one.name, _shown(one.value), one.unit, one.how)
    Console().print(table)
    if price(given):
        print(f"price of a month: {price(given):,.0f}")


def _shown(value: float) -> str:
    return f"{value:,.1f}" if value < _SHORT else f"{value:,.0f}"


if __name__ == "__main__":
    main()
