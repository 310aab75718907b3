"""Milliseconds from sending an activity to reading the score it caused, on a real Kafka with one worker.

The worker has one core; broker, sender and reader share another. Readers see committed records only.
"""

from __future__ import annotations

import time
from typing import Final

from benchmarks.goals.deploying import publish_groups, wait_consumed
from benchmarks.goals.flow import Flow, row_of
from benchmarks.goals.stand import Cores, Deployment, deployed, kafka, numbers, parser_of, screen
from benchmarks.goals.telling import Row, Told, median_row, tell
from benchmarks.job import Job
from benchmarks.measuring import cpu_seconds, on_core

_WARM_S: Final = 5
"""So many seconds of each round are left out: accounts are touched for the first time."""


def main() -> None:
    """Measure and print the percentiles."""
    parser = parser_of(__doc__, "latency")
    parser.add_argument("--rate", type=numbers, default=[1_000, 200, 20], help="events per second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--setting", action="append", default=[], help="of the worker: NAME=value")
    asked = parser.parse_args()
    settings = dict(setting.split("=", 1) for setting in asked.setting)
    cores = Cores.here()
    rounds: dict[int, list[Row]] = {rate: [] for rate in asked.rate}
    with kafka(cores.rest) as (bootstrap, broker):
        for number in range(asked.rounds):
            for rate in asked.rate:
                screen.print(f"round {number + 1}: {rate} events/s for {asked.seconds} s …")
                with deployed(bootstrap, broker) as deployment:
                    row = _round(deployment, cores, rate, asked.seconds, asked.accounts, settings)
                screen.print(f"  p50 {row['p50 ms']:.1f} ms, p99 {row['p99 ms']:.1f} ms")
                rounds[rate].append(row)
    told = Told(
        f"milliseconds from sending to reading, {asked.seconds} s, {asked.accounts} accounts,"
        f" median of {asked.rounds} rounds",
        "1,000 events/s: p50 ≤ 8 ms, p99 ≤ 25 ms",
        [median_row(some) for some in rounds.values()],
        ("parts: " + _parts(),),
    )
    tell(told, asked)


def _round(
    deployment: Deployment,
    cores: Cores,
    rate: int,
    seconds: int,
    accounts: int,
    settings: dict[str, str],
) -> Row:
    # Dated back, so that no event is ahead of the broker's clock by the end.
    job = Job(rate * (seconds + _WARM_S), accounts, time.time_ns() // 1_000_000)
    counted = publish_groups(deployment, job)
    with deployment.worker(cores.worker, **settings) as worker:
        worker.wait_ready()
        wait_consumed(deployment, worker, counted)
        with on_core(cores.rest):
            flow = Flow(deployment, list(job.stream()), rate)
            flow.start()
        time.sleep(_WARM_S)
        before, at = (worker.cpu(), _of(deployment.broker)), time.time()
        time.sleep(seconds)
        took = time.time() - at
        used = (worker.cpu() - before[0]) / took, (_of(deployment.broker) - before[1]) / took
        ways = [way for way in flow.ways() if at <= way.sent < at + seconds]
    return {
        "events/s": f"{rate:,}",
        **row_of(ways),
        "worker CPU %": used[0] * 100,
        "broker CPU %": used[1] * 100,
        "sent late ms": flow.late * 1000,
    }


def _of(pid: int | None) -> float:
    return 0.0 if pid is None else cpu_seconds(pid) or 0.0


def _parts() -> str:
    return (
        "appended = sent → event on the broker; taken → worker stamps the score;"
        " written → score on the broker; read → a reader of committed records has it"
    )


if __name__ == "__main__":
    main()
