"""Seconds from starting ``buying-groups worker`` with an empty state to its first output.

A few groups, members and activities wait in the inputs. The first output is a score that is stamped by
the broker; the log says when the worker had read its settings and when its partitions were ready.
"""

from __future__ import annotations

import time

from benchmarks.goals.deploying import publish_activity, publish_groups
from benchmarks.goals.stand import STARTS, Cores, Deployment, deployed, kafka, parser_of, screen
from benchmarks.goals.telling import Row, Told, median_row, tell
from benchmarks.job import Job
from streams.topics import SCORE_UPDATED


def main() -> None:
    """Measure and print seconds."""
    parser = parser_of(__doc__, "start")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--accounts", type=int, default=10)
    parser.add_argument("--events", type=int, default=100)
    asked = parser.parse_args()
    cores = Cores.here()
    rounds: list[Row] = []
    with kafka(cores.rest) as (bootstrap, broker):
        for number in range(asked.rounds):
            with deployed(bootstrap, broker) as deployment:
                rounds.append(_round(deployment, cores, asked.events, asked.accounts))
            screen.print(f"round {number + 1}: {rounds[-1]['first output']:.2f} s")
    told = Told(
        f"seconds from the start of the process, empty state, median of {asked.rounds} rounds",
        "≤ 3 s to the first event",
        [median_row(rounds)],
        (f"first output: least {min(_firsts(rounds)):.2f}, most {max(_firsts(rounds)):.2f}",),
    )
    tell(told, asked)


def _round(deployment: Deployment, cores: Cores, events: int, accounts: int) -> Row:
    job = Job(events, accounts, time.time_ns() // 1_000_000)
    publish_groups(deployment, job)
    publish_activity(deployment, job)
    output = SCORE_UPDATED.full_name(deployment.namespace)
    with deployment.worker(cores.worker) as worker:
        ready = worker.wait_ready()
        worker.wait(lambda: deployment.stage.size(output) > 0, "writing")
        first = deployment.stage.written(output).first_at
        starts = worker.said(STARTS) or worker.started
        used = worker.cpu()
    return {
        "imports and settings": starts - worker.started,
        "ready": ready - worker.started,
        "first output": first - worker.started,
        "CPU seconds": used,
    }


def _firsts(rounds: list[Row]) -> list[float]:
    return [row["first output"] for row in rounds]


if __name__ == "__main__":
    main()
