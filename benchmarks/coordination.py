"""What grows with the workers and the partitions: the group's assignment, and a day tick's answers.

Assignment: Faust's own assignor, and the engine's that leaves the map of who has which partition out,
deal the engine's topics and tables to so many workers; then once more, as at any later rebalance, when
every worker's request carries what it was told before. The group's record is what the group coordinator
writes to ``__consumer_offsets``: every member's request and its assignment. Nothing is connected.

Answers: partition 0 takes the points and the strength of every partition, one transaction each.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from faust.assignor.client_assignment import ClientAssignment, ClientMetadata
from faust.assignor.partition_assignor import PartitionAssignor
from rich.console import Console
from rich.table import Table

from agents import control
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch
from benchmarks.unstarted import empty_tables, unstarted_app
from domain.calendar import day_of
from domain.engagement import DEFAULT_MODEL, TenantPart, baseline_of
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.assignor import EngineAssignor
from streams.topics import CHANGELOGS, SOURCES

LARGEST_BATCH: Final = 1_048_588
"""Kafka's default ``message.max.bytes``, which also holds for ``__consumer_offsets``."""

_NOW: Final = 1_794_592_984_123


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group after a rebalance that was not its first."""

    workers: int
    partitions: int
    record_bytes: int
    request_bytes: int
    seconds: float
    without_map_bytes: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What partition 0 does to gather a tick."""

    partitions: int
    transactions: int
    written_bytes: int
    seconds: float


class _Cluster:
    """What the assignor asks of a cluster's metadata."""

    def __init__(self, partitions: int) -> None:
        self._partitions = set(range(partitions))

    def partitions_for_topic(self, _: str) -> set[int]:
        """Return the partitions of any topic."""
        return self._partitions


def main() -> None:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.coordination")
    parser.add_argument("--workers", type=_numbers, default=(8, 16, 32, 64, 128))
    parser.add_argument("--partitions", type=_numbers, default=(64, 256, 1024))
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    groups = [group(workers, asked.partitions[-1]) for workers in asked.workers]
    answers = [gathered(partitions) for partitions in asked.partitions]
    if asked.output == "json":
        found: dict[str, list[Any]] = {"groups": groups, "answers": answers}
        print(json.dumps({name: [_fields(one) for one in many] for name, many in found.items()}))
        return
    _print(f"rebalance of {asked.partitions[-1]:,} partitions", groups)
    _print("partition 0 gathers a day tick", answers)


def group(workers: int, partitions: int) -> Group:
    """Return the size of a group's second assignment, and the time its leader needs for it."""
    app = unstarted_app(partitions)
    sizes, record, seconds = _second(PartitionAssignor(app), workers, partitions)
    _, mapless, _ = _second(EngineAssignor(app), workers, partitions)
    return Group(workers, partitions, record, max(sizes), seconds, mapless)


def _second(assignor: PartitionAssignor, workers: int, partitions: int) -> tuple[list[int], int, float]:
    """Return the bytes of each request, those of the group's record, and the leader's seconds."""
    topics = sorted(f"bench.{topic.name}" for topic in (*SOURCES, *CHANGELOGS))
    cluster: Any = _Cluster(partitions)
    members = {
        f"faust-0.15.3-{number:036d}": ClientMetadata(
            assignment=ClientAssignment(actives={}, standbys={}),
            url=f"http://worker-{number}:6066",
            changelog_distribution={},
            external_topic_distribution={},
            topic_groups={},
        ).dumps()
        for number in range(workers)
    }
    for _ in range(2):
        requests: Any = {
            member: ConsumerProtocolMemberMetadata(assignor.version, topics, told)
            for member, told in members.items()
        }
        started = time.process_time()
        assigned = assignor.assign(cluster, requests)
        seconds = time.process_time() - started
        members = {
            member: assignor._decompress(cast("Any", one).user_data)  # noqa: SLF001 - what a member does
            for member, one in assigned.items()
        }
    sizes = [len(request.encode()) for request in requests.values()]
    return sizes, sum(sizes) + sum(len(one.encode()) for one in assigned.values()), seconds


def gathered(partitions: int) -> Answers:
    """Return what the answers of so many partitions cost partition 0."""
    tables = empty_tables()
    around = Surroundings(Codec(CommittedRegistry()), tables, "/bench/engine", partitions, lambda: _NOW)
    processor = PartitionProcessor(0, around)
    part = TenantPart(greatest_weight=60, greatest_points=123_456, greatest_strength=98_765.4321)
    as_of, yardstick = day_of(_NOW), baseline_of(part, DEFAULT_MODEL, 2)
    answers = [control.day_tick("day-2026-11-14", as_of, _NOW)]
    for number in range(partitions):
        asked = control.points_asked("day-2026-11-14", as_of, DEFAULT_MODEL, number, _NOW)
        answers.append(control.baseline_part(asked, part, _NOW))
    for number in range(partitions):
        asked = control.strength_asked("day-2026-11-14", as_of, DEFAULT_MODEL, yardstick, number, _NOW)
        answers.append(control.strength_part(asked, part, _NOW))
    transactions = written = 0
    started = time.process_time()
    for answer in answers:
        for delivery in processor.steps([Batch(control=[answer])]):
            transactions += bool(delivery)
            for table, key, value in delivery.rows:
                tables[table].stored.put(0, key, value)
                written += len(key) + len(value or b"")
            written += sum(len(record.value or b"") for record in delivery.records)
    return Answers(partitions, transactions, written, time.process_time() - started)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _fields(one: Group | Answers) -> dict[str, Any]:
    return asdict(one)


def _print(title: str, rows: list[Group] | list[Answers]) -> None:
    table = Table(title=title)
    for name in _fields(rows[0]):
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        fields = _fields(row).items()
        table.add_row(
            *(f"{value:,.2f}" if name == "seconds" else f"{value:,}" for name, value in fields)
        )
    Console().print(table)


if __name__ == "__main__":
    main()
