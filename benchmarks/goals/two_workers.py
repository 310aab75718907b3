"""Events per second of two workers, divided by those of one.

Workers are started, are given their partitions, and are stopped in time (SIGSTOP). Then the stream is
published, and they go on together: what is measured is from the first score on the broker to the last.
One worker has the first core and the broker the second. Where there are four cores, two workers have one
each and the broker the rest; where there are but two, the second worker shares the broker's.

So a machine of two cores cannot show the whole gain. What it can show is that nothing else stands in the
way: CPU time for an event, which says what two workers would do on cores of their own, and the broker's
part of a core.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Any, Final

from benchmarks.goals.deploying import publish_activity, publish_groups, wait_consumed
from benchmarks.goals.stand import Deployment, Worker, deployed, kafka, parser_of, screen
from benchmarks.goals.telling import Row, Told, median_row, tell
from benchmarks.job import Job
from benchmarks.measuring import Usage
from streams.topics import SCORE_UPDATED

_PAUSABLE: Final = {"SESSION_TIMEOUT": "300"}
"""Longer than publishing takes: workers that stand still are not to be missed."""

_ENOUGH: Final = 4
_OWNED: Final = "buying_groups_owned_partitions"
_QUIET_S: Final = 2.0


def main() -> None:
    """Measure and print rates and their ratio."""
    parser = parser_of(__doc__, "two_workers")
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    places = {1: cores[:1], 2: cores[:2]}
    rest = cores[2:] if len(cores) >= _ENOUGH else cores[1:2]
    rounds: dict[int, list[Row]] = {1: [], 2: []}
    with kafka(rest[0] if rest else None) as (bootstrap, broker):
        if broker is not None and len(rest) > 1:
            for thread in os.listdir(f"/proc/{broker}/task"):  # noqa: PTH208 - ids, not paths
                os.sched_setaffinity(int(thread), rest)
        for number in range(asked.rounds):
            for count, theirs in places.items():
                screen.print(f"round {number + 1}: {count} at work", highlight=False)
                job = Job(asked.events, asked.accounts, time.time_ns() // 1_000_000)
                with deployed(bootstrap, broker) as deployment:
                    rounds[count].append(_round(deployment, job, count, theirs))
                screen.print(f"  {rounds[count][-1]['events/s']:,.0f} events/s", highlight=False)
    one, two = median_row(rounds[1]), median_row(rounds[2])
    ratio = two["events/s"] / one["events/s"]
    told = Told(
        f"{asked.events:,} events, {asked.accounts} accounts, median of {asked.rounds} rounds",
        "two ÷ one ≥ 1.7, the broker not being the bottleneck",
        [one, two],
        (
            f"two ÷ one: {ratio:.2f}",
            f"by CPU time for an event, on cores of their own: {_by_cpu(one, two):.2f}",
            f"cores: workers {places[2]}, broker {rest}"
            + ("" if len(cores) >= _ENOUGH else " (shared with a worker: too few cores)"),
        ),
    )
    tell(told, asked)


def _by_cpu(one: Row, two: Row) -> float:
    """Return what two cores would do, if each had one worker and an event cost what it costs here."""
    ratio: float = 2 * one["CPU µs/event"] / two["CPU µs/event"]
    return ratio


def _round(deployment: Deployment, job: Job, count: int, cores: list[int]) -> Row:
    counted = publish_groups(deployment, job)
    with deployment.worker(cores[0]) as worker:
        worker.wait_ready()
        wait_consumed(deployment, worker, counted)
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(deployment.worker(cores[place % len(cores)], **_PAUSABLE))
            for place in range(count)
        ]
        _wait_shared(deployment, workers)
        for worker in workers:
            worker.run.process.send_signal(signal.SIGSTOP)
        try:
            publish_activity(deployment, job)
        finally:
            for worker in workers:
                worker.run.process.send_signal(signal.SIGCONT)
        return _measured(deployment, workers, job)


def _wait_shared(deployment: Deployment, workers: list[Worker]) -> None:
    """Wait until each worker has as many partitions as the others, recovered."""
    share = deployment.settings.partitions // len(workers)

    def settled() -> bool:
        owned = [worker.metrics().get(_OWNED, 0.0) for worker in workers]
        return owned == [share] * len(workers)

    for worker in workers:
        worker.wait_ready()
    workers[0].wait(settled, "given its share of the partitions")
    # The last assignment is being recovered; its tables hold next to nothing.
    time.sleep(3)


def _measured(deployment: Deployment, workers: list[Worker], job: Job) -> Row:
    output = SCORE_UPDATED.full_name(deployment.namespace)
    stage = deployment.stage
    usages = [Usage(worker.pid) for worker in workers]
    broker = None if deployment.broker is None else Usage(deployment.broker)
    size, since = 0, time.monotonic()
    closing = job.closing_subjects()
    while True:
        for usage in (*usages, *([broker] if broker else [])):
            usage.look()
        now = stage.size(output)
        if now != size:
            size, since = now, time.monotonic()
        elif size and time.monotonic() - since > _QUIET_S:
            written = stage.written(output)
            if closing <= written.scores.keys():
                break
            since = time.monotonic()
        if any(worker.run.process.poll() is not None for worker in workers):
            raise SystemExit(workers[0].run.log.read_text(errors="replace")[-2_000:])
        time.sleep(0.1)
    seconds = written.last_at - written.first_at
    used = [_between(usage, written) for usage in usages]
    row: Row = {
        "workers": str(len(workers)),
        "events/s": job.events / seconds,
        "seconds": seconds,
        "CPU µs/event": sum(used) / job.events * 1e6,
        "worker CPU %": max(used) / seconds * 100,
        "broker CPU %": 0.0 if broker is None else _between(broker, written) / seconds * 100,
    }
    return row


def _between(usage: Usage, written: Any) -> float:
    # The broker's stamps are of this machine's clock.
    return usage.between(written.first_at, written.last_at)


if __name__ == "__main__":
    main()
