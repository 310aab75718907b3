"""What every system is told on its command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.groups import PARTITIONS
from domain.calendar import Day

PER_EVENT: Final = "event"
PER_BATCH: Final = "batch"


@dataclass(frozen=True, slots=True)
class Task:
    """Read all of a topic, write scores to another, keep state in the folder or in topics."""

    bootstrap: str
    input: str
    output: str
    group: str
    state: Path
    partitions: int
    as_of: Day
    rows: str
    """State is written for every ``event`` or once per ``batch``, where a system can do both."""


def task(description: str | None, arguments: Sequence[str] | None = None) -> Task:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bootstrap", required=True, help="host:port of Kafka")
    parser.add_argument("--input", required=True, help="topic of activity")
    parser.add_argument("--output", required=True, help="topic of scores")
    parser.add_argument("--group", required=True, help="consumer group, application id")
    parser.add_argument("--state", required=True, type=Path, help="folder of its own")
    parser.add_argument("--partitions", type=int, default=PARTITIONS)
    parser.add_argument("--as-of", required=True, type=int, help="date of the scores, days since 1970")
    parser.add_argument("--rows", choices=(PER_EVENT, PER_BATCH), default=PER_EVENT)
    return Task(**vars(parser.parse_args(arguments)))
