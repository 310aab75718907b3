"""How fast a worker reads its state back: seconds from its assignment until it is ready.

The changelogs are filled without a worker, by the rows that one would write. They hold each row once, as
after compaction, in batches as large as a producer makes them.
"""

from __future__ import annotations

import time

from benchmarks.goals.recovering import recovered
from benchmarks.goals.stand import Cores, deployed, kafka, parser_of, screen
from benchmarks.goals.state import Maker, Shape, Sizes, fill
from benchmarks.goals.telling import Row, Told, median_row, tell


def main() -> None:
    """Measure and print records per second."""
    parser = parser_of(__doc__, "recovery")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--activities", type=int, default=20, help="of each lead")
    parser.add_argument("--days", type=int, default=10, help="over which they are spread")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    cores = Cores.here()
    maker = Maker(Shape(time.time_ns() // 1_000_000, asked.activities, asked.days))
    rounds: list[Row] = []
    with kafka(cores.rest) as (bootstrap, broker), deployed(bootstrap, broker) as deployment:
        with deployment.worker(cores.worker) as worker:
            empty = recovered(deployment, worker).resident
        sizes = fill(deployment, maker, asked.leads)
        records = sizes.rows.total()
        for number in range(asked.rounds):
            screen.print(f"round {number + 1}: {records:,} records", highlight=False)
            with deployment.worker(cores.worker) as worker:
                found = recovered(deployment, worker)
            rounds.append(
                {
                    "leads": asked.leads,
                    "records": records,
                    "seconds": found.seconds,
                    "records/s": records / found.seconds,
                    "MB/s": _bytes(sizes) / found.seconds / 1e6,
                    "worker CPU %": found.cpu / found.seconds * 100,
                    "worker CPU µs/record": found.cpu / records * 1e6,
                    "broker CPU %": found.broker_cpu / found.seconds * 100,
                    "MiB resident": found.resident / 2**20,
                    "bytes/lead": (found.resident - empty) / asked.leads,
                }
            )
            screen.print(f"  {rounds[-1]['records/s']:,.0f} records/s", highlight=False)
    told = Told(
        f"recovery of {asked.leads:,} leads by one worker on one core, median of {asked.rounds} rounds",
        "1,000,000 leads at ≥ 100,000 records/s",
        [median_row(rounds)],
    )
    tell(told, asked)


def _bytes(sizes: Sizes) -> int:
    return sizes.keys.total() + sizes.values.total()


if __name__ == "__main__":
    main()
