"""What a lead and an event cost: rows and bytes in the changelogs, outputs, memory, time.

One partition in this process, its tables in memory; Kafka is not in the figures. Every account has
five leads in two groups (benchmarks.groups). The history comes first. Then one more event for each
account, as when a tenant has so many accounts that no two events of a batch share one: once with the
accounts decoded (warm), once as after their eviction (cold). Then a day tick. ``benchmarks.scaling``
takes these figures as its inputs.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import cramjam
from rich.console import Console
from rich.table import Table

from agents.control import day_tick
from agents.inputs import READINGS
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch
from benchmarks.groups import LEADS, account_id
from benchmarks.job import ATTRIBUTES, TYPES, defined
from benchmarks.unstarted import empty_tables
from domain.calendar import MILLIS_PER_DAY, Millis, day_of
from domain.events import AccountProfile, LeadProfile
from schemas.codec import Codec
from schemas.control import ControlRecord
from schemas.inputs import LeadActivity
from schemas.registry import CommittedRegistry
from streams.delivery import Delivery
from streams.tables import EngineTable
from streams.topics import CONTROL, LEAD_ACTIVITY

SEED: Final = 7
_PER_BATCH: Final = 2_000
_PER_BLOCK: Final = 100_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.footprint")
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--activities", type=int, default=20, help="remembered for each lead")
    parser.add_argument("--days", type=int, default=10, help="over which they are spread")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    found = measure(asked.accounts, asked.activities, asked.days)
    if asked.output == "json":
        print(json.dumps({"asked": vars(asked), **found}))
        return
    table = Table(
        title=f"{asked.accounts:,} accounts, {asked.activities} activities in {asked.days} days"
    )
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, figure in found.items():
        table.add_row(name.replace("_", " "), f"{figure:,.2f}")
    Console().print(table)


def measure(accounts: int, activities: int, days: int) -> dict[str, float]:
    """Return every figure by name; sizes in bytes, times in microseconds."""
    lane = OneLane()
    leads = accounts * LEADS
    for number in range(accounts):
        lane.fold(_known(account_id(number), lane.now))
    for some in _batches(_history(accounts, activities, days, lane.now)):
        lane.read(some)
    found: dict[str, float] = _stored(lane.tables, leads) | _refilled(lane.tables, leads)
    found |= _events(lane, accounts, days)
    return found | _tick(lane, leads)


class OneLane:
    """A partition whose broker takes everything."""

    def __init__(self) -> None:
        self.codec = Codec(CommittedRegistry())
        self.tables = empty_tables()
        self.now: Millis = time.time_ns() // 1_000_000
        self.restart()

    def restart(self) -> None:
        """Go on as a worker would that has only the rows."""
        around = Surroundings(self.codec, self.tables, "/bench/engine", 1, lambda: self.now)
        self.processor = PartitionProcessor(0, around)

    def read(self, values: Iterable[bytes]) -> list[Delivery]:
        """Decode and process activity."""
        events_of = READINGS[LEAD_ACTIVITY.name].events_of
        decode = self.codec.decode
        return self.fold(
            event for value in values for event in events_of(decode(LEAD_ACTIVITY.name, value))
        )

    def fold(self, events: Iterable[Any]) -> list[Delivery]:
        """Process events as one batch."""
        return self._process(Batch(events=list(events)))

    def follow(self, record: ControlRecord) -> list[Delivery]:
        """Process a control record."""
        return self._process(Batch(control=[record]))

    def _process(self, batch: Batch) -> list[Delivery]:
        written = []
        for delivery in self.processor.steps([batch]):
            for table, key, value in delivery.rows:
                self.tables[table].stored.put(0, key, value)
            written.append(delivery)
        return written


def stored_rows(tables: dict[str, EngineTable]) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield every row of partition 0: its table, key and value."""
    for name, table in tables.items():
        for owner in list(table.stored.owners(0)):
            for key, value in table.stored.of(0, owner).items():
                yield name, key, value


def compressed(chunks: Iterable[bytes]) -> float:
    """Return the size after lz4 by the size before, in blocks of about 100 kB."""
    before = after = 0
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        if len(gathered) > _PER_BLOCK:
            before, after = before + len(gathered), after + len(bytes(cramjam.lz4.compress(gathered)))
            gathered = bytearray()
    if gathered:
        before, after = before + len(gathered), after + len(bytes(cramjam.lz4.compress(gathered)))
    return after / before


def _known(of_account: str, now: Millis) -> Iterator[Any]:
    yield AccountProfile(f"{of_account}/record", of_account, now, {"name": of_account, "country": "DE"})
    for number in range(LEADS):
        attributes: dict[str, str | bool] = {
            "first_name": "Ada",
            "last_name": "Lovelace",
            "email": f"lead-{number}@{of_account}.example.com",
            "job_title": "Chief Architect",
            "country": "DE",
        }
        yield LeadProfile(
            f"{of_account}/{number}", of_account, f"lead-{number}", now, "active", attributes
        )
    yield from defined(of_account, now)


def _history(accounts: int, activities: int, days: int, now: Millis) -> Iterator[LeadActivity]:
    chance = random.Random(SEED)
    types, often = list(TYPES), list(TYPES.values())
    for number in range(accounts):
        for lead in range(LEADS):
            for nth in range(activities):
                yield LeadActivity(
                    event_id=_event_id(chance),
                    account_id=account_id(number),
                    lead_id=f"lead-{lead}",
                    activity_type=chance.choices(types, often)[0],
                    occurred_at=now - nth % days * MILLIS_PER_DAY,
                    attributes=ATTRIBUTES,
                )


def _event_id(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def _batches(events: Iterable[LeadActivity]) -> Iterator[list[bytes]]:
    codec = Codec(CommittedRegistry())
    batch: list[bytes] = []
    for event in events:
        batch.append(codec.encode(LEAD_ACTIVITY.name, event))
        if len(batch) == _PER_BATCH:
            yield batch
            batch = []
    yield batch


def _stored(tables: dict[str, EngineTable], leads: int) -> dict[str, float]:
    rows = [(key, value) for _, key, value in stored_rows(tables)]
    size = sum(len(key) + len(value) for key, value in rows)
    return {
        "rows_per_lead": len(rows) / leads,
        "row_bytes_per_lead": size / leads,
        "rows_lz4": compressed(key + value for key, value in rows),
    }


def _refilled(tables: dict[str, EngineTable], leads: int) -> dict[str, float]:
    """Return what the rows take in memory, and how fast a store takes them in."""
    # Cut out of one buffer, as recovery cuts records out of what was fetched.
    buffer, ends = bytearray(), []
    for table, key, value in stored_rows(tables):
        buffer += key + value
        ends.append((table, len(buffer) - len(value), len(buffer)))
    whole, anew, start = bytes(buffer), empty_tables(), 0
    gc.collect()
    before, started = _resident(), time.process_time()
    for table, middle, end in ends:
        anew[table].stored.put(0, whole[start:middle], whole[middle:end])
        start = end
    seconds = time.process_time() - started
    return {
        "put_us_per_row": seconds / len(ends) * 1e6,
        "memory_bytes_per_lead": (_resident() - before) / leads,
    }


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _events(lane: OneLane, accounts: int, days: int) -> dict[str, float]:
    found: dict[str, float] = {}
    # Whose memory were free again, the next one's would not be seen to grow.
    former = lane.processor
    for nth, state in enumerate(("first", "warm", "cold")):
        if state == "cold":
            lane.restart()
        chance = random.Random(SEED + nth)
        events = [
            LeadActivity(
                event_id=_event_id(chance),
                account_id=account_id(number),
                lead_id=f"lead-{chance.randrange(LEADS)}",
                activity_type=chance.choices(list(TYPES), list(TYPES.values()))[0],
                occurred_at=lane.now - chance.randrange(days) * MILLIS_PER_DAY,
                attributes=ATTRIBUTES,
            )
            for number in range(accounts)
        ]
        batches = [batch for batch in _batches(events) if batch]
        gc.collect()
        before, started = _resident(), time.process_time()
        written = [delivery for batch in batches for delivery in lane.read(batch)]
        found[f"event_us_{state}"] = (time.process_time() - started) / accounts * 1e6
    del found["event_us_first"]
    found["decoded_bytes_per_account"] = (_resident() - before) / accounts
    del former
    encoded = [value for batch in batches for value in batch]
    found["input_bytes"] = sum(map(len, encoded)) / accounts
    found["input_lz4"] = compressed(encoded)
    return found | _written(written, accounts, "event")


def _tick(lane: OneLane, leads: int) -> dict[str, float]:
    """Return what a day tick takes, all its rounds and both walks, and what it writes."""
    waiting = deque([day_tick("tick-1", day_of(lane.now), lane.now)])
    lane.restart()
    written: list[Delivery] = []
    started = time.process_time()
    while waiting:
        for delivery in lane.follow(waiting.popleft()):
            written.append(delivery)
            for record in delivery.records:
                if record.topic == CONTROL.name:
                    told = lane.codec.decode(CONTROL.name, record.value)
                    waiting.append(cast("ControlRecord", told))
    taken = (time.process_time() - started) / leads * 1e6
    return {"tick_us_per_lead": taken, **_written(written, leads, "tick")}


def _written(deliveries: Iterable[Delivery], by: int, what: str) -> dict[str, float]:
    rows = [key + (value or b"") for delivery in deliveries for _, key, value in delivery.rows]
    outputs = [
        (record.key or b"")
        + (record.value or b"")
        + b"".join(name.encode() + value for name, value in record.headers)
        for delivery in deliveries
        for record in delivery.records
    ]
    return {
        f"rows_per_{what}": len(rows) / by,
        f"row_bytes_per_{what}": sum(map(len, rows)) / by,
        f"outputs_per_{what}": len(outputs) / by,
        f"output_bytes_per_{what}": sum(map(len, outputs)) / by,
        f"written_lz4_{what}": compressed([*rows, *outputs]),
    }


if __name__ == "__main__":
    main()
