"""Resident memory of a worker for each lead it has recovered, and how it grows with the leads.

What a worker without state holds is taken off. ``in bytes`` is what the rows are, keys and values; the
rest is what Python and the tables hold for each of them. The second table says which rows they are.
"""

from __future__ import annotations

import time
from typing import Final

from benchmarks.goals.recovering import recovered
from benchmarks.goals.stand import Cores, deployed, kafka, numbers, parser_of, screen
from benchmarks.goals.state import Maker, Shape, Sizes, fill
from benchmarks.goals.telling import Row, Told, tell

_GIB: Final = 2**30


def main() -> None:
    """Measure and print bytes per lead."""
    parser = parser_of(__doc__, "memory")
    parser.add_argument("--leads", type=numbers, default=[50_000, 100_000, 200_000, 1_000_000])
    parser.add_argument("--activities", type=int, default=20, help="of each lead")
    parser.add_argument("--days", type=int, default=10, help="over which they are spread")
    parser.add_argument("--most-gib", type=float, default=10.0, help="leave out what would need more")
    asked = parser.parse_args()
    cores = Cores.here()
    maker = Maker(Shape(time.time_ns() // 1_000_000, asked.activities, asked.days))
    found: list[Row] = []
    left_out: list[str] = []
    sizes, last = Sizes(), 1
    with kafka(cores.rest) as (bootstrap, broker):
        with deployed(bootstrap, broker) as deployment, deployment.worker(cores.worker) as worker:
            empty = recovered(deployment, worker).resident
        for leads in asked.leads:
            needed = empty + leads * max((row["bytes/lead"] for row in found), default=0.0)
            if needed > asked.most_gib * _GIB:
                left_out.append(f"{leads:,} leads are left out: about {needed / _GIB:.1f} GiB")
                screen.print(left_out[-1], highlight=False)
                continue
            with deployed(bootstrap, broker) as deployment:
                sizes, last = fill(deployment, maker, leads), leads
                with deployment.worker(cores.worker) as worker:
                    resident = recovered(deployment, worker).resident
            in_rows = (sizes.keys.total() + sizes.values.total()) / leads
            found.append(
                {
                    "leads": leads,
                    "MiB": resident / 2**20,
                    "of it empty": empty / 2**20,
                    "bytes/lead": (resident - empty) / leads,
                    "in bytes": in_rows,
                    "rows/lead": sizes.rows.total() / leads,
                    "held/row": (resident - empty) / sizes.rows.total(),
                }
            )
            screen.print(f"{leads:,} leads: {found[-1]['bytes/lead']:,.0f} bytes", highlight=False)
    notes = (*_by_table(sizes, last), *left_out)
    told = Told(
        f"resident memory after recovery, {asked.activities} activities over {asked.days} days a lead",
        "≤ 1,000 bytes/lead with 1,000,000 leads",
        found,
        notes,
    )
    tell(told, asked)


def _by_table(sizes: Sizes, leads: int) -> list[str]:
    return [
        f"{table}: {rows / leads:.2f} rows/lead, keys {sizes.keys[table] / leads:.0f} bytes/lead,"
        f" values {sizes.values[table] / leads:.0f} bytes/lead"
        for table, rows in sizes.rows.items()
    ]


if __name__ == "__main__":
    main()
