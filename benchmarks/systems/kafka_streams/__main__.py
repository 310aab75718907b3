"""The job on Kafka Streams. This process becomes the JVM and runs until SIGTERM."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final, NoReturn

from benchmarks.systems.kafka_streams.build import classpath
from schemas.registry import CommittedRegistry
from tests.kafka.jars import Unavailable

NOT_HERE: Final = 3
"""The exit code where Java or Maven is missing."""

COMMIT_INTERVAL_MS: Final = {"at_least_once": 1_000, "exactly_once_v2": 100}
"""Kafka Streams' defaults are 30,000 and 100; a run lasts seconds, so 30 s would commit none of it."""


def main() -> int:
    """Build what is not built yet, then become the JVM; return where there is nothing to run."""
    options = _options()
    try:
        path = classpath()
    except Unavailable as unavailable:
        sys.stderr.write(f"Kafka Streams is not available: {unavailable}\n")
        return NOT_HERE
    if not options.prepare:
        _become_the_jvm(path, options)
    return 0


def _become_the_jvm(path: str, options: argparse.Namespace) -> NoReturn:
    scratch = Path(options.state) / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    registry = CommittedRegistry()
    command = [
        "java",
        f"-Xms{options.heap}",
        f"-Xmx{options.heap}",
        # RocksDB's library is unpacked here; a killed process would leave it behind.
        f"-Djava.io.tmpdir={scratch}",
        # Avro makes objects of trusted packages only: those of the generated classes.
        "-Dorg.apache.avro.SERIALIZABLE_PACKAGES=buying_groups,rows",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        "-cp",
        path,
        "benchmark.Job",
        f"--bootstrap={options.bootstrap}",
        f"--input={options.input}",
        f"--output={options.output}",
        f"--group={options.group}",
        f"--state={options.state}",
        f"--as-of={options.as_of}",
        f"--guarantee={options.guarantee}",
        f"--commit-interval-ms={options.commit_interval_ms or COMMIT_INTERVAL_MS[options.guarantee]}",
        f"--cache-bytes={options.cache_mib * 2**20}",
        f"--activity-id={registry.id_of('lead-activity')}",
        f"--score-id={registry.id_of('score-updated')}",
    ]
    os.execvp(command[0], command)  # noqa: S606  # no shell is wanted: the JVM is this process


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.systems.kafka_streams", description=__doc__
    )
    parser.add_argument("--prepare", action="store_true", help="fetch and compile, and run nothing")
    parser.add_argument("--bootstrap", help="where Kafka is, host:port")
    parser.add_argument("--input", help="topic of lead activity, which exists")
    parser.add_argument("--output", help="topic of score updates, which exists")
    parser.add_argument("--group", help="consumer group, Kafka Streams' application id")
    parser.add_argument("--state", help="folder of the state stores")
    parser.add_argument("--partitions", type=int, help="taken for the command line's sake: Kafka tells")
    parser.add_argument("--as-of", type=int, help="date of all scores, in days since 1970")
    parser.add_argument("--guarantee", choices=tuple(COMMIT_INTERVAL_MS), default="at_least_once")
    parser.add_argument("--commit-interval-ms", type=int, help="commit.interval.ms")
    parser.add_argument("--cache-mib", type=int, default=64, help="statestore.cache.max.bytes, in MiB")
    parser.add_argument("--heap", default="1g", help="the JVM's heap")
    options = parser.parse_args()
    needed = ("bootstrap", "input", "output", "group", "state", "as_of")
    missing = [f"--{name.replace('_', '-')}" for name in needed if getattr(options, name) is None]
    if missing and not options.prepare:
        parser.error(f"needed: {', '.join(missing)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
