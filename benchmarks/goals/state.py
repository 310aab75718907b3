"""A tenant's state as the worker would have written it, without letting a worker write it.

Accounts are those of ``benchmarks.job``: five leads, each in one group or in two. Each lead has a
profile and so many remembered activities, spread over so many days. Definitions, decisions and reported
figures come from the rules; the activity, which is most of it, is put together directly. The rows are
made by the same :class:`~agents.book.AccountBook` that the worker writes with.
"""

from __future__ import annotations

import copy
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from confluent_kafka import Producer
from rich.progress import track

from agents import rows
from agents.book import AccountBook
from agents.clock import Clock, dump_clock
from benchmarks.goals.stand import Deployment, screen
from benchmarks.groups import LEADS, PARTITIONS, account_id, memberships
from benchmarks.job import TYPES, defined
from domain.account import Account, Group, Lead, Tenant
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_of
from domain.engagement import DEFAULT_MODEL, first_baseline, type_key
from domain.events import AccountProfile, LeadProfile
from domain.settle import fold, rescore
from streams.delivery import Delivery
from streams.placement import partition_of
from streams.tables import encode_key
from streams.topics import changelog_name

Rows = list[tuple[str, bytes, bytes | None]]
"""Table, key and value of each row."""

_SEED: Final = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """What a lead remembers: so many activities over so many days, the last of which is ``now``'s."""

    now: Millis
    activities: int = 20
    days: int = 10
    ticked: bool = False

    @property
    def tenant(self) -> Tenant:
        """Return what the state was scored by."""
        return Tenant(day_of(self.now), self.ticked, first_baseline(), DEFAULT_MODEL)


@dataclass(slots=True)
class Sizes:
    """Rows written, and their bytes, by table."""

    rows: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)

    def note(self, table: str, key: bytes, value: bytes | None) -> None:
        """Count a row."""
        self.rows[table] += 1
        self.keys[table] += len(key)
        self.values[table] += len(value or b"")


class Maker:
    """Makes accounts of a shape, and their rows."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._types = [type_key(name) for name in TYPES]
        self._often = list(itertools.accumulate(TYPES.values()))
        self._book = AccountBook(0, {})
        # Who is in which group depends on whether the account's number is odd.
        self._patterns = [self._pattern(number) for number in (0, 1)]

    def rows(self, number: int) -> Rows:
        """Return an account's rows."""
        account = self._account(number)
        tenant = self.shape.tenant
        for lead in account.leads.values():
            lead.points = 0
        changes = rescore(account, tenant, f"{account.account_id}/last", self.shape.now)
        changes.account = True
        changes.leads.update(account.leads)
        for lead_id, lead in account.leads.items():
            changes.days.update((lead_id, day) for day in lead.days)
        for group_id, group in account.groups.items():
            changes.definitions.add(group_id)
            changes.decisions.update((group_id, lead_id) for lead_id in group.decisions)
        delivery = Delivery()
        self._book.write(account, changes, delivery)
        return delivery.rows

    def clock_row(self, partition: int) -> tuple[str, bytes, bytes]:
        """Return what a partition knows of time."""
        as_of = day_of(self.shape.now)
        clock = Clock(as_of=as_of, previous_as_of=as_of, ticked=self.shape.ticked)
        return rows.CLOCK, encode_key((partition,)), dump_clock(clock)

    def days(self, chance: random.Random) -> dict[Day, dict[str, dict[str, Millis]]]:
        """Return what a lead remembers: different events, as many on each day as on any other."""
        shape, bits = self.shape, chance.getrandbits
        today = day_of(shape.now)
        types = iter(chance.choices(self._types, cum_weights=self._often, k=shape.activities))
        found: dict[Day, dict[str, dict[str, Millis]]] = {}
        for number, activity_type in enumerate(types):
            day = today - number % shape.days
            at = day * MILLIS_PER_DAY + bits(32) % MILLIS_PER_DAY
            found.setdefault(day, {}).setdefault(activity_type, {})[_uuid7(at, bits(72))] = at
        return found

    def _account(self, number: int) -> Account:
        pattern = self._patterns[number % 2]
        name = account_id(number)
        account = Account(name, tuple(replace(record, account_id=name) for record in pattern.records))
        chance = random.Random(_SEED + number)
        for lead_id, known in pattern.leads.items():
            profile = None if known.profile is None else replace(known.profile, account_id=name)
            lead = account.leads[lead_id] = Lead(profile, days=self.days(chance))
            lead.groups = known.groups
        for known_group, told in zip(pattern.groups.values(), memberships(name), strict=True):
            account.groups[told.group_id] = _renamed(known_group, name, told.group_id)
        return account

    def _pattern(self, number: int) -> Account:
        name = account_id(number)
        now = self.shape.now
        account = Account(name)
        record = AccountProfile("record", name, now, {"name": "Example Ltd", "industry": "Software"})
        people = [
            LeadProfile(
                f"profile-{lead}",
                name,
                f"lead-{lead}",
                now,
                "active",
                {
                    "first_name": "Ada",
                    "last_name": "Lovelace",
                    "email": f"ada.{lead}@example.com",
                    "job_title": "Head of Engineering",
                },
            )
            for lead in range(LEADS)
        ]
        fold(account, [record, *people, *defined(name, now)], self.shape.tenant)
        return account


def fill(deployment: Deployment, maker: Maker, leads: int) -> Sizes:
    """Write the state of so many leads to the changelogs, as if workers had; return what it came to."""
    accounts = -(-leads // LEADS)
    sizes = Sizes()
    producer = Producer(
        {
            **deployment.settings.client_config(),
            "compression.type": "lz4",
            "linger.ms": 20,
            "queue.buffering.max.messages": 500_000,
        }
    )
    topics = {
        table: f"{deployment.namespace}.{changelog_name(table)}"
        for table in (*rows_of_accounts(), rows.CLOCK)
    }

    def send(partition: int, some: Iterable[tuple[str, bytes, bytes | None]]) -> None:
        for table, key, value in some:
            sizes.note(table, key, value)
            while True:
                try:
                    producer.produce(topics[table], value, key, partition)
                except BufferError:
                    producer.poll(0.1)
                else:
                    break

    for partition in range(PARTITIONS):
        send(partition, [maker.clock_row(partition)])
    for number in _told(range(accounts), f"writing {leads:,} leads"):
        send(partition_of(account_id(number), PARTITIONS), maker.rows(number))
        producer.poll(0)
    if producer.flush(600):
        raise SystemExit("the state could not be written")
    return sizes


def rows_of_accounts() -> tuple[str, ...]:
    """Return the tables that an account has rows in."""
    return (
        rows.ACCOUNT,
        rows.LEAD,
        rows.DAY,
        rows.PERSON,
        rows.DEFINITION,
        rows.DECISIONS,
        rows.PROGRESS,
        rows.GROUP,
    )


def _told(numbers: range, what: str) -> Iterator[int]:
    yield from track(numbers, what, console=screen, transient=True, update_period=1.0)


def _renamed(known: Group, name: str, group_id: str) -> Group:
    """Return a group as another account has it."""
    group = copy.copy(known)
    if known.record is not None:
        group.record = replace(
            known.record,
            event_id=f"{group_id}/created",
            account_id=name,
            buying_group_id=group_id,
        )
    group.define()
    return group


def _uuid7(at: Millis, chance: int) -> str:
    """Return an event id as sources make them: its time, then chance."""
    time, rest = f"{at:012x}", f"{chance:018x}"
    return f"{time[:8]}-{time[8:]}-7{rest[:3]}-8{rest[3:6]}-{rest[6:]}"
