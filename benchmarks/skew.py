"""How evenly a key spreads the work: account id against lead id and buying group id.

A seeded tenant with few large and many small accounts is placed by the engine's own partitioner. Nothing
runs; shares are added up. For each number of partitions:

- fullest ÷ mean: the traffic of the fullest partition by that of the mean one. A deployment must be
  sized for the fullest.
- second hop: the share of events whose lead is in a group that lives in another partition, so that a
  record of the score has to travel once more before the group's score can change. By account it is none.
- copies: what an event becomes when it is keyed by group, one record for each group of its lead.

Sizes are Pareto distributed, cut off at ``--largest``; traffic goes with the leads, times a lognormal
factor of each account's own. A lead is in none, one or two groups: of a large account only some leads
are buyers.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from streams.placement import partition_of

MOST_PARTITIONS: Final = 4096
PARTITIONS: Final = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Powers of two: a key's partition among few follows from its partition among the most."""

BUYERS: Final = 10
"""So many leads of an account are in its groups, at most."""

SECOND_GROUP: Final = 0.4
"""So many of the buyers are in a second group as well."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead: where its key lies among the most partitions, its traffic, where its groups lie."""

    place: int
    traffic: float
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AccountOfTenant:
    """An account: where its key lies among the most partitions, and its leads."""

    place: int
    leads: tuple[Lead, ...]

    @property
    def traffic(self) -> float:
        """Return the traffic of all its leads."""
        return sum(lead.traffic for lead in self.leads)


@dataclass(frozen=True, slots=True)
class Row:
    """The figures for one number of partitions."""

    partitions: int
    by_account: float
    by_lead: float
    by_group: float
    second_hop: float


@dataclass(frozen=True, slots=True)
class Skew:
    """What is reported of a tenant."""

    accounts: int
    leads: int
    largest_leads: int
    largest_share: float
    copies_by_group: float
    unplaced_by_group: float
    rows: tuple[Row, ...]


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        prog="python -m benchmarks.skew",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--alpha", type=float, default=1.25, help="of the Pareto distribution of leads")
    parser.add_argument("--largest", type=int, default=20_000, help="leads of an account, at most")
    parser.add_argument("--spread", type=float, default=1.0, help="sigma of an account's own traffic")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--events", type=float, default=1e6, help="a second, in the whole tenant")
    parser.add_argument("--lane", type=float, default=5_668, help="events a second that one lane does")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    sizes = account_sizes(asked.accounts, asked.alpha, asked.largest, random.Random(asked.seed))
    found = measure(tenant(sizes, asked.spread, random.Random(asked.seed + 1)))
    if asked.output == "json":
        limits = {"largest_share": largest_share(asked.events, asked.lane)}
        print(json.dumps({"asked": vars(asked), **asdict(found), "limits": limits}))
    else:
        _print(found, asked)


def account_sizes(accounts: int, alpha: float, largest: int, chance: random.Random) -> list[int]:
    """Return how many leads each account has: Pareto from 1 on, cut off."""
    return [min(largest, int(chance.paretovariate(alpha))) for _ in range(accounts)]


def tenant(sizes: Iterable[int], spread: float, chance: random.Random) -> list[AccountOfTenant]:
    """Return accounts of these sizes with their traffic and groups."""
    return [_account(f"acct-{number}", size, spread, chance) for number, size in enumerate(sizes)]


def _account(account_id: str, size: int, spread: float, chance: random.Random) -> AccountOfTenant:
    own = chance.lognormvariate(0.0, spread)
    groups = [partition_of(f"{account_id}/si-{number}", MOST_PARTITIONS) for number in (1, 2)]
    leads = []
    for number in range(size):
        of = 0 if number >= BUYERS else 2 if chance.random() < SECOND_GROUP else 1
        place = partition_of(f"{account_id}/lead-{number}", MOST_PARTITIONS)
        leads.append(Lead(place, own * chance.expovariate(1.0), tuple(groups[:of])))
    return AccountOfTenant(partition_of(account_id, MOST_PARTITIONS), tuple(leads))


def measure(accounts: Sequence[AccountOfTenant]) -> Skew:
    """Return how a tenant's traffic spreads by each key."""
    leads = [lead for account in accounts for lead in account.leads]
    whole = sum(lead.traffic for lead in leads)
    by_account = [(account.place, account.traffic) for account in accounts]
    by_lead = [(lead.place, lead.traffic) for lead in leads]
    by_group = [(group, lead.traffic) for lead in leads for group in lead.groups]
    rows = tuple(
        Row(
            partitions,
            fullest(by_account, partitions),
            fullest(by_lead, partitions),
            fullest(by_group, partitions),
            sum(lead.traffic for lead in leads if travels(lead, partitions)) / whole,
        )
        for partitions in PARTITIONS
    )
    return Skew(
        len(accounts),
        len(leads),
        max(len(account.leads) for account in accounts),
        max(account.traffic for account in accounts) / whole,
        sum(lead.traffic * len(lead.groups) for lead in leads) / whole,
        sum(lead.traffic for lead in leads if not lead.groups) / whole,
        rows,
    )


def fullest(placed: Iterable[tuple[int, float]], partitions: int) -> float:
    """Return the load of the fullest partition by the mean; ``placed`` are (place, traffic)."""
    loads = [0.0] * partitions
    for place, traffic in placed:
        loads[place % partitions] += traffic
    return max(loads) * partitions / sum(loads)


def travels(lead: Lead, partitions: int) -> bool:
    """Return whether a group of the lead lives in another partition than the lead's key."""
    return any(group % partitions != lead.place % partitions for group in lead.groups)


def largest_share(events: float, lane: float) -> float:
    """Return the share of all events at which one account alone fills a lane."""
    return min(1.0, lane / events)


def _print(found: Skew, asked: argparse.Namespace) -> None:
    table = Table(
        title=f"{found.accounts:,} accounts, {found.leads:,} leads, seed {asked.seed}; the largest"
        f" account has {found.largest_leads:,} leads and {found.largest_share:.2%} of the traffic"
    )
    headings = ("partitions", "by account", "by lead", "by group", "second hop by lead", "mean share")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in found.rows:
        table.add_row(
            f"{row.partitions:,}",
            f"{row.by_account:.2f}",
            f"{row.by_lead:.2f}",
            f"{row.by_group:.2f}",
            f"{row.second_hop:.1%}",
            f"{1 / row.partitions:.3%}",
        )
    limit = largest_share(asked.events, asked.lane)
    table.caption = (
        f"fullest ÷ mean. By group an event becomes {found.copies_by_group:.2f} records, and"
        f" {found.unplaced_by_group:.0%} of the events have no group to go to.\n"
        f"At {asked.events:,.0f} events/s a lane of {asked.lane:,.0f}/s is full with {limit:.2%}."
    )
    Console().print(table)


if __name__ == "__main__":
    main()
