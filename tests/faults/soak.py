"""A soak: steady traffic and a kill every minute, with memory and file handles told in a table.

``python -m tests.faults.soak --minutes 30``. One of two workers is killed at a random moment of each
minute and another started; the one that is left works on, longer each time, until its turn comes. One
more worker is never killed: what it holds at the end, by the same figures, must not have grown.
"""

import argparse
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.deployment import FaultDeployment, Flow
from tests.faults.sizes import SEED
from tests.faults.streams import steady
from tests.faults.verdict import assert_promise_kept
from tests.integration.processes import Worker
from tests.kafka.broker import KafkaBroker

EVENTS_PER_S: Final = 100
_MINUTE_S: Final = 60.0
_WARM_MINUTES: Final = 5
_GROWTH_A_MINUTE_KB: Final = 2048
_MORE_FILES: Final = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """What the worker that lives through it all holds at a moment."""

    minute: int
    produced: int
    consumed: int
    resident_kb: int
    files: int
    partitions: int


def main() -> int:
    """Soak as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.faults.soak")
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, KafkaBroker() as broker:
        namespace = f"soak{uuid.uuid4().hex[:8]}"
        with FaultDeployment(broker.bootstrap, namespace, Path(folder)) as deployment:
            soak(deployment, given.minutes, random.Random(given.seed))
        broker.kill()
    return 0


def soak(deployment: FaultDeployment, minutes: int, chance: random.Random) -> None:
    """Let events flow, kill each minute, and judge at the end."""
    stream = steady(int(minutes * _MINUTE_S * EVENTS_PER_S), chance.randrange(2**32))
    witness = deployment.worker()
    samples: list[Sample] = []
    print(f"{len(stream.records)} records over {minutes} minutes, a kill in each")
    print("minute  produced  consumed  MiB resident  file handles  partitions", flush=True)
    with Flow(deployment, stream, over_s=minutes * _MINUTE_S, parts=minutes * 60) as flow:
        for minute in _minutes(minutes):
            victim = deployment.starting_worker()
            time.sleep(15 + chance.random() * 40)
            assert victim.running, victim.log_end()
            victim.kill()
            samples.append(_sample(deployment, flow, witness, minute))
            assert witness.running, witness.log_end()
        flow.rest()
    assert_flat(samples)
    assert_promise_kept(deployment, stream, flow.dead)


def assert_flat(samples: list[Sample]) -> None:
    """Check that neither memory nor file handles grow from minute to minute once all is warm."""
    warm = samples[_WARM_MINUTES:] or samples
    first, last = warm[0], warm[-1]
    grown = (last.resident_kb - first.resident_kb) / max(1, last.minute - first.minute)
    print(f"memory grew by {grown:.0f} KiB a minute, file handles by {last.files - first.files}")
    assert grown < _GROWTH_A_MINUTE_KB, f"memory grows by {grown:.0f} KiB a minute"
    assert last.files - first.files < _MORE_FILES, f"{last.files - first.files} more files are open"


def _minutes(count: int) -> Iterator[int]:
    """Return the numbers of the minutes, each at its end."""
    began = time.monotonic()
    for minute in range(1, count + 1):
        yield minute
        time.sleep(max(0.0, began + minute * _MINUTE_S - time.monotonic()))


def _sample(deployment: FaultDeployment, flow: Flow, worker: Worker, minute: int) -> Sample:
    process = Path(f"/proc/{worker._process.pid}")
    (line,) = [
        line for line in (process / "status").read_text().splitlines() if line.startswith("VmRSS:")
    ]
    made = Sample(
        minute,
        flow.produced,
        deployment.done(),
        int(line.split()[1]),
        sum(1 for _ in (process / "fd").iterdir()),
        len(worker.owns()),
    )
    print(
        f"{made.minute:>6}  {made.produced:>8}  {made.consumed:>8}  {made.resident_kb / 1024:>12.1f}"
        f"  {made.files:>12}  {made.partitions:>10}",
        flush=True,
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
