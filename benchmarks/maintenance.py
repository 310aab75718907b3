"""What one changed profile costs: the rules, the rows and the outputs, in microseconds.

A lead's title changes back and forth, so that each profile moves the lead in or out of its account's
group: the maintenance job tests it, a row is written for the profile and one for the decision, and the
change of membership, the completeness and the state are encoded. All that a partition does is in the
figure, its tables in memory; Kafka is not.

One thing grows at a time, everything else stays as small as it is: the leads of the account, or the
accounts of the tenant. The groups have the same number of members all along. The sizes take turns, so a
machine that slows down slows all of them. Python's garbage collector rests while they are measured.

The first touch is the same, in a worker that has just started: it decodes the account's rows, so this
alone grows with the account. It is paid once while the account is among the 20,000 that a worker
keeps decoded.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents.control import definition_told
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch
from benchmarks.unstarted import empty_tables
from domain.calendar import MILLIS_PER_DAY, Millis
from domain.events import AccountProfile, LeadProfile
from schemas.codec import Codec
from schemas.definitions import Audience, Definition, SolutionInterest
from schemas.inputs import Role, RoleTemplate
from schemas.registry import CommittedRegistry
from streams.delivery import Delivery

TITLE: Final = '{"field": "job_title", "operator": "starts with", "value": "chief"}'
STRANGERS: Final = "intern"
FEW_LEADS: Final = 10
FEW_ACCOUNTS: Final = 100
_PER_BATCH: Final = 2_000

screen = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Size:
    """So many accounts with so many leads each; the profiles change in the last one."""

    accounts: int
    leads: int
    others: int
    """Leads of the other accounts."""


def main() -> None:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        prog="python -m benchmarks.maintenance",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--leads", type=_numbers, default=(10, 100, 1_000, 10_000), help="of the account: 10,100,…"
    )
    parser.add_argument(
        "--accounts", type=_numbers, default=(100, 1_000, 5_000, 20_000), help="of the tenant"
    )
    parser.add_argument("--members", type=int, default=5, help="members of each group")
    parser.add_argument("--rounds", type=int, default=20, help="the sizes take turns so many times")
    parser.add_argument("--profiles", type=int, default=100, help="changed profiles a size and round")
    asked = parser.parse_args()
    if asked.members >= FEW_LEADS:
        parser.error(f"--members must be less than {FEW_LEADS}, the leads of a small account")
    by_leads = [Size(FEW_ACCOUNTS, leads, FEW_LEADS) for leads in asked.leads]
    by_accounts = [Size(accounts, FEW_LEADS, FEW_LEADS) for accounts in asked.accounts]
    _print("leads in the account", list(asked.leads), _measured(by_leads, asked), asked)
    _print("accounts in the tenant", list(asked.accounts), _measured(by_accounts, asked), asked)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _measured(sizes: list[Size], asked: argparse.Namespace) -> list[tuple[list[float], list[float]]]:
    """Return for each size the microseconds of every profile, and of every first touch."""
    tenants = [_Tenant(size, asked.members) for size in track(sizes, "filling tables", console=screen)]
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in tenants]
    gc.collect()
    gc.disable()
    for _ in track(range(asked.rounds), "changing profiles", console=screen):
        for tenant, (warm, first) in zip(tenants, times, strict=True):
            tenant.restart()
            first.append(tenant.change_a_title())
            warm.extend(tenant.change_a_title() for _ in range(asked.profiles))
    gc.enable()
    return times


class _Tenant:
    """One partition with its tables in memory."""

    def __init__(self, size: Size, members: int) -> None:
        self._now: Millis = time.time_ns() // 1_000_000
        self._codec = Codec(CommittedRegistry())
        self._tables = empty_tables()
        self._account = f"acct-{size.accounts - 1}"
        self._serial = 0
        self.restart()
        for batch in _batches(self._setting_up(size, members)):
            self._process(batch)
        self._process(Batch(control=[definition_told(_interest(self._now), 0, self._now)]))

    def restart(self) -> None:
        """Go on as a worker would that has only the rows."""
        around = Surroundings(self._codec, self._tables, "/bench/engine", 1, lambda: self._now)
        self._processor = PartitionProcessor(0, around)

    def change_a_title(self) -> float:
        """Let a lead in or out of the group; return the microseconds that it took."""
        self._serial += 1
        title = "Chief Architect" if self._serial % 2 else STRANGERS
        profile = self._profile(self._account, FEW_LEADS - 1, title)
        batch = Batch(events=[profile])
        started = time.perf_counter_ns()
        delivered = self._process(batch)
        taken = (time.perf_counter_ns() - started) / 1000
        if {record.topic for record in delivered.records} != _EXPECTED:
            msg = f"a changed title led to {[record.topic for record in delivered.records]}"
            raise RuntimeError(msg)
        return taken

    def _process(self, batch: Batch) -> Delivery:
        """Process a batch as a lane does whose broker takes everything."""
        whole = Delivery()
        for delivery in self._processor.steps([batch]):
            for table, key, value in delivery.rows:
                self._tables[table].stored.put(0, key, value)
            whole.records.extend(delivery.records)
        return whole

    def _setting_up(self, size: Size, members: int) -> Iterator[AccountProfile | LeadProfile]:
        for number in range(size.accounts):
            account_id = f"acct-{number}"
            yield AccountProfile(f"{account_id}/record", account_id, self._now, {"name": account_id})
            leads = size.leads if account_id == self._account else size.others
            for lead in range(leads):
                title = f"Chief of {lead}" if lead < members else STRANGERS
                yield self._profile(account_id, lead, title)

    def _profile(self, account_id: str, lead: int, title: str) -> LeadProfile:
        return LeadProfile(
            f"{account_id}/{lead}/{self._serial}",
            account_id,
            f"lead-{lead}",
            self._now + self._serial,
            "active",
            {"first_name": "Ada", "email": f"{lead}@example.com", "job_title": title},
            {"tier": "1"},
        )


_EXPECTED: Final = {"membership-changed", "completeness-changed", "buying-group-state"}


def _interest(now: Millis) -> Definition:
    template = RoleTemplate(
        id="template-1",
        version=1,
        name="Buyers",
        roles=[
            # More than there are leads: each that joins moves the completeness.
            Role(role="Decision Maker", weighting="Vital", members_required=10, auto_assign=TITLE),
            Role(
                role="Influencer",
                auto_assign='{"field": "job_title", "operator": "contains", "value": "head of"}',
            ),
            Role(
                role="Practitioner",
                auto_assign='{"field": "custom.tier", "operator": ">=", "value": 2}',
            ),
        ],
    )
    return Definition(
        event_id="interest-1",
        definition_id="solution_interest:si-1",
        kind="solution_interest",
        name="Threat detection",
        status="live",
        updated_at=now - MILLIS_PER_DAY,
        solution_interest=SolutionInterest(
            id="si-1", audiences=[Audience(since=now - MILLIS_PER_DAY)], role_template=template
        ),
    )


def _batches(events: Iterable[AccountProfile | LeadProfile]) -> Iterator[Batch]:
    batch = Batch()
    for event in events:
        batch.events.append(event)
        if len(batch.events) == _PER_BATCH:
            yield batch
            batch = Batch()
    yield batch


def _print(
    what: str,
    numbers: list[int],
    results: list[tuple[list[float], list[float]]],
    asked: argparse.Namespace,
) -> None:
    rounds = f"{asked.rounds} rounds of {asked.profiles} profiles, {asked.members} members a group"
    table = Table(title=f"one changed profile; {rounds}; {os.cpu_count()} cores")
    for heading in (what, "median µs", "ratio", "95 % within µs", "first touch µs"):
        table.add_column(heading, justify="right")
    base = statistics.median(results[0][0])
    for number, (warm, first) in zip(numbers, results, strict=True):
        median = statistics.median(warm)
        table.add_row(
            f"{number:,}",
            f"{median:.0f}",
            f"{median / base:.2f}",
            f"{statistics.quantiles(warm, n=20)[-1]:.0f}",
            f"{statistics.median(first):,.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
