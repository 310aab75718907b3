"""One partition with its tables in memory, and an activity that costs what it costs."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.progress import track

from agents import rows
from agents.clock import Clock, dump_clock
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch
from benchmarks.goals.stand import screen
from benchmarks.groups import TEMPLATE
from benchmarks.unstarted import empty_tables
from domain.calendar import MILLIS_PER_DAY, Millis, day_of
from domain.engagement import Baseline
from domain.events import AccountEvent, Decision, GroupDefinition, LeadActivity
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.delivery import Delivery
from streams.tables import encode_key

_TYPE: Final = "event.attended"
_DAYS: Final = 29
_PER_BATCH: Final = 500
_LONG: Final = 10_000
_LEAD: Final = "lead-0"
_BASELINE: Final = Baseline(1, 1, 60, person_root=50.0, group_root=10.0)
"""No score reaches 100, and each of the first 500 activities moves it by more than a hundredth."""


@dataclass(frozen=True, slots=True)
class Size:
    """The account's leads, the groups that its first lead is in, their members, the accounts.

    All accounts but the last have one lead in one group, and one activity.
    """

    leads: int
    groups: int
    members: int
    accounts: int

    @property
    def records(self) -> int:
        """Return how many records an activity writes: rows and outputs of the lead and of each group."""
        return 3 + 3 * self.groups


class Tenant:
    """A partition whose last account is the one that is measured."""

    def __init__(self, size: Size) -> None:
        self.records = size.records
        self._size = size
        self._now: Millis = time.time_ns() // 1_000_000
        self._codec = Codec(CommittedRegistry())
        self._tables = empty_tables()
        self._account = f"acct-{size.accounts - 1}"
        self._serial = 0
        self._chance = random.Random(3)
        as_of = day_of(self._now)
        clock = Clock(as_of=as_of, previous_as_of=as_of, ticked=True, baseline=_BASELINE)
        self._tables[rows.CLOCK].stored.put(0, encode_key((0,)), dump_clock(clock))
        self.restart()
        for events in self._setting_up():
            self._process(events)

    def restart(self) -> None:
        """Go on as a worker would that has only the rows, and nothing of the lead's activity."""
        for table in (rows.DAY, rows.PERSON):
            stored = self._tables[table].stored
            for key in list(stored.of(0, self._account)):
                stored.put(0, key, None)
        self._serial = 0
        around = Surroundings(self._codec, self._tables, "/bench/engine", 1, lambda: self._now)
        self._processor = PartitionProcessor(0, around)

    def activity(self) -> float:
        """Let the lead do something; return the microseconds that it took.

        Raises:
            RuntimeError: it led to other records than at any other size.
        """
        self._serial += 1
        event = self._activity(self._account, self._serial)
        started = time.perf_counter_ns()
        delivered = self._process([event])
        taken = (time.perf_counter_ns() - started) / 1_000
        groups = self._size.groups
        wanted = {"score-updated": 1 + groups, "buying-group-state": groups}
        found = Counter(record.topic for record in delivered.records)
        if found != wanted or len(delivered.rows) + found.total() != self.records:
            msg = f"an activity wrote {dict(found)} and {len(delivered.rows)} rows, not {wanted}"
            raise RuntimeError(msg)
        return taken

    def activity_anywhere(self) -> float:
        """Let the only lead of any account do something; return the microseconds that it took."""
        self._serial += 1
        account_id = f"acct-{self._chance.randrange(self._size.accounts)}"
        event = self._activity(account_id, self._serial)
        started = time.perf_counter_ns()
        self._process([event])
        return (time.perf_counter_ns() - started) / 1_000

    def touch(self, times: int) -> None:
        """Let so many accounts be at hand as there are in a worker that has run for a while."""
        for _ in range(times):
            self.activity_anywhere()

    def _activity(self, account_id: str, number: int) -> LeadActivity:
        at = self._now - number % _DAYS * MILLIS_PER_DAY
        event_id = f"018f6d3c-7b1e-7000-8000-{number:012d}"
        return LeadActivity(event_id, account_id, _LEAD, _TYPE, at)

    def _process(self, events: list[AccountEvent]) -> Delivery:
        """Process a batch as a lane does whose broker takes everything."""
        (delivery,) = self._processor.steps([Batch(events=events)])
        for table, key, value in delivery.rows:
            self._tables[table].stored.put(0, key, value)
        return delivery

    def _setting_up(self) -> Iterator[list[AccountEvent]]:
        batch: list[AccountEvent] = []
        for number in track(
            range(self._size.accounts - 1),
            f"filling {self._size.accounts:,} accounts",
            console=screen,
            transient=True,
            disable=self._size.accounts < _LONG,
        ):
            account_id = f"acct-{number}"
            batch += self._group(account_id, 0, 1)
            batch.append(self._activity(account_id, 0))
            if len(batch) > _PER_BATCH:
                yield batch
                batch = []
        yield batch
        size = self._size
        for number in range(size.groups):
            yield self._group(self._account, number, size.members)
        others = range(size.members, size.leads)
        yield [
            LeadActivity(
                f"other-{lead}", self._account, f"lead-{lead}", "directMarketing.emailSent", self._now
            )
            for lead in others
        ]

    def _group(self, account_id: str, number: int, members: int) -> list[AccountEvent]:
        group_id = f"group-{number}-of-{account_id}"
        before = self._now - MILLIS_PER_DAY
        interest = f"si-{number}"
        found: list[AccountEvent] = [
            GroupDefinition(
                event_id=f"{group_id}/created",
                account_id=account_id,
                buying_group_id=group_id,
                solution_interest_id=interest,
                name=interest,
                created_at=before,
                update_existing_groups=False,
                template_id="template-1",
                template_version=1,
                roles=TEMPLATE,
            )
        ]
        found += [
            Decision(
                event_id=f"{group_id}/{lead}",
                account_id=account_id,
                buying_group_id=group_id,
                lead_id=f"lead-{lead}",
                source="journey",
                operation="assign",
                role=TEMPLATE[lead % len(TEMPLATE)].role,
                decided_at=before,
            )
            for lead in range(members)
        ]
        return found
