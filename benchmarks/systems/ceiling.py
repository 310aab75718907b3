"""The same work over bytes in memory: no Kafka, so this is what a loop around the code can come to.

``--code engine`` reads, folds and writes rows and outputs with the engine's own code, all that a worker
does between its consumer and its producer. ``--code rules`` is what the peers do (see scoring.py there).
State and scores are written for every event, or once per batch of one partition.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.inputs import READINGS
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch, Reader
from agents.worker import collect_seldom, system_clock
from benchmarks.groups import PARTITIONS
from benchmarks.job import Job, defined
from benchmarks.scores import last_scores, to_json
from benchmarks.systems.rows import Rows
from benchmarks.systems.task import PER_BATCH, PER_EVENT
from benchmarks.unstarted import empty_tables
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.placement import partition_of
from streams.ranges import FetchedRange
from streams.topics import LEAD_ACTIVITY, SCORE_UPDATED

Records = Sequence[tuple[str, bytes]]
"""Account id and value."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A record as a consumer hands it over."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def main() -> None:
    """Measure once and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--now", type=int, required=True, help="milliseconds since 1970")
    parser.add_argument("--scores", type=Path, required=True, help="where the last scores go, JSON")
    parser.add_argument("--code", choices=("engine", "rules"), default="engine")
    parser.add_argument("--rows", choices=(PER_EVENT, PER_BATCH), default=PER_BATCH)
    parser.add_argument("--batch-size", type=int, default=5_000)
    asked = parser.parse_args()
    job = Job(asked.events, asked.accounts, asked.now)
    batches = [*_batches(job, 1 if asked.rows == PER_EVENT else asked.batch_size)]
    work = {"engine": _engine, "rules": _rules}[asked.code](job)
    outputs: list[bytes] = []
    # What was made for the measurement is left out of collections; they run as in a worker.
    gc.freeze()
    collect_seldom()
    started, cpu = time.perf_counter(), time.process_time()
    for partition, records in batches:
        outputs += work(partition, records)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    asked.scores.write_text(to_json(last_scores(outputs)))
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "outputs": len(outputs)}))


def _batches(job: Job, size: int) -> Iterator[tuple[int, Records]]:
    """Yield the stream as batches of one partition each."""
    codec = Codec(CommittedRegistry())
    gathered: list[list[tuple[str, bytes]]] = [[] for _ in range(PARTITIONS)]
    for event in job.stream():
        partition = partition_of(event.account_id, PARTITIONS)
        gathered[partition].append((event.account_id, codec.encode(LEAD_ACTIVITY.name, event)))
        if len(gathered[partition]) == size:
            yield partition, gathered[partition]
            gathered[partition] = []
    yield from ((partition, records) for partition, records in enumerate(gathered) if records)


Work = Callable[[int, Records], list[bytes]]
"""Takes a batch of a partition; returns the scores it led to."""


def _rules(job: Job) -> Work:
    rows = Rows(job.as_of)

    def work(_: int, records: Records) -> list[bytes]:
        scores = rows.take(value for _, value in records)[1]
        return [value for _, value in scores]

    return work


def _engine(job: Job) -> Work:
    codec, tables = Codec(CommittedRegistry()), empty_tables()
    around = Surroundings(codec, tables, "/bench/engine", PARTITIONS, system_clock)
    processors = [PartitionProcessor(partition, around) for partition in range(PARTITIONS)]
    reader = Reader(codec, PARTITIONS, None)

    def process(partition: int, batch: Batch) -> list[bytes]:
        """Process a batch as a lane does whose broker takes everything."""
        scores: list[bytes] = []
        for delivery in processors[partition].steps([batch]):
            for table, key, value in delivery.rows:
                tables[table].stored.put(partition, key, value)
            processors[partition].delivered(delivery)
            scores += [
                record.value or b"" for record in delivery.records if record.topic == SCORE_UPDATED.name
            ]
        return scores

    for account_id in job.account_ids():
        process(partition_of(account_id, PARTITIONS), Batch(events=[*defined(account_id, job.now)]))
    offsets = [0] * PARTITIONS

    def work(partition: int, records: Records) -> list[bytes]:
        first = offsets[partition]
        offsets[partition] += len(records)
        fetched = FetchedRange(
            LEAD_ACTIVITY.name,
            partition,
            first,
            offsets[partition],
            tuple(
                Fetched(first + place, job.now, account_id.encode(), value)
                for place, (account_id, value) in enumerate(records)
            ),
            0,
        )
        return process(partition, reader.read(fetched, READINGS[LEAD_ACTIVITY.name]))

    return work


if __name__ == "__main__":
    main()
