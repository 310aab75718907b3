"""What the tables' rows take in memory, and what it costs to put and to read them, in microseconds.

Leads with 20 remembered activities over 10 days: ten rows of activity and one of a score each, five
leads an account, random UUIDs as event ids. The rows come as recovery takes them, some thousand at a
time, each table's of a partition together, in two orders: account by account, and day by day with the
leads shuffled, so that hardly ever two rows of an account are neighbours. ``dicts`` is a dict of each
owner's rows in a table; ``packed`` is streams/packed_rows.py, which the worker uses.

Every line is a process of its own. Its memory is what it grew by while it took the rows. Times are CPU
time. ``recovered`` is an average over all rows; ``put`` writes rows of known accounts again, once each;
``read`` reads all rows of an account when none of them is open. No Kafka takes part.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import orjson
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents import rows
from domain.account import PersonFigures
from domain.calendar import MILLIS_PER_DAY
from domain.engagement import DEFAULT_MODEL
from streams.packed_rows import MARKS, PackedRows
from streams.ranges import FetchedRecord
from streams.tables import encode_key, owner_of, runs
from streams.topics import TABLES

LEADS_PER_ACCOUNT: Final = 5
DAYS: Final = 10
PER_DAY: Final = 2
PARTITIONS: Final = 8
DAY: Final = TABLES.index(rows.DAY)
PERSON: Final = TABLES.index(rows.PERSON)
PER_FETCH: Final = 4_000
"""Rows that recovery takes at a time, of all partitions."""

_TOUCHED: Final = 2_000
_TODAY: Final = 20_778
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

Place = tuple[int, int]
"""The table's number, partition."""


class Row(NamedTuple):
    """A record as a fetch brings it."""

    place: Place
    key: bytes
    value: bytes
    offset: int = 0
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


screen = Console(stderr=True)


class Stored(Protocol):
    """Rows of one partition."""

    def of(self, owner: Any, table: int) -> Mapping[bytes, bytes]:
        """Return an owner's rows."""

    def put(self, owner: Any, table: int, key: bytes, value: bytes | None) -> None:
        """Take a row that was written."""

    def take(self, table: int, records: list[FetchedRecord]) -> None:
        """Take rows of a changelog."""

    def end(self) -> None:
        """All was recovered."""


class Dicts:
    """A dict of each owner's rows in a table."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[Any, dict[bytes, bytes]]] = {}

    def of(self, owner: Any, table: int) -> Mapping[bytes, bytes]:
        """Return an owner's rows."""
        return self._rows.get(table, {}).get(owner, {})

    def put(self, owner: Any, table: int, key: bytes, value: bytes | None) -> None:
        """Take a row that was written."""
        if value is not None:
            self._rows.setdefault(table, {}).setdefault(owner, {})[key] = value

    def take(self, table: int, records: list[FetchedRecord]) -> None:
        """Take rows of a changelog."""
        for record in records:
            if record.key is not None:
                self.put(orjson.loads(record.key)[0], table, record.key, record.value)

    def end(self) -> None:
        """Nothing to do."""


class Packed:
    """The worker's rows."""

    def __init__(self) -> None:
        self._rows = PackedRows(deque())
        self.of, self.put = self._rows.of, self._rows.put

    def take(self, table: int, records: list[FetchedRecord]) -> None:
        """Take rows of a changelog."""
        for owner, changes in runs(records, MARKS[table]):
            self._rows.recover(owner, changes)

    def end(self) -> None:
        """Pack what is left."""
        for _ in self._rows.settle():
            pass


STORES: Final[dict[str, Callable[[], Stored]]] = {"dicts": Dicts, "packed": Packed}
ORDERS: Final = ("account", "day")


def main() -> None:
    """Measure every store in every order and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        prog="python -m benchmarks.store",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--leads", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3, help="the stores take turns so many times")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    parser.add_argument("--one", nargs=2, metavar=("STORE", "ORDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        store, order = asked.one
        print(json.dumps(_measured(STORES[store], order, asked.leads)))
        return
    kinds = [(store, order) for order in ORDERS for store in STORES]
    found: dict[tuple[str, str], list[dict[str, float]]] = {kind: [] for kind in kinds}
    for _ in track(range(asked.rounds), "rounds", console=screen):
        for kind in kinds:
            command = [sys.executable, "-m", "benchmarks.store", "--leads", str(asked.leads)]
            told = subprocess.run([*command, "--one", *kind], stdout=subprocess.PIPE, check=True)
            found[kind].append(json.loads(told.stdout))
    medians = {kind: _medians(rounds) for kind, rounds in found.items()}
    if asked.output == "json":
        print(
            json.dumps(
                [{"store": store, "order": order, **medians[store, order]} for store, order in kinds]
            )
        )
    else:
        _print(medians, asked.leads, asked.rounds)


def _measured(making: Callable[[], Stored], order: str, leads: int) -> dict[str, float]:
    """Return what one store takes; the process is fresh."""
    stores = [making() for _ in range(PARTITIONS)]
    source = _fetches(_by_account(leads) if order == "account" else _by_day(leads))
    gc.collect()
    before, peak, spent, count = _resident(), 0, 0.0, 0
    for fetch in source:
        fetched: dict[Place, list[FetchedRecord]] = {}
        for row in fetch:
            fetched.setdefault(row.place, []).append(row)
        started = time.process_time()
        for (table, partition), records in fetched.items():
            stores[partition].take(table, records)
        spent += time.process_time() - started
        count += len(fetch)
        peak = max(peak, _resident())
    del fetch, fetched, records, row
    started = time.process_time()
    for stored in stores:
        stored.end()
    spent += time.process_time() - started
    gc.collect()
    after = _resident()
    read = _timed(lambda account: _rows_of(stores, account), _some(leads))
    known = [(account % PARTITIONS, [*_rows_of(stores, account)[0].items()]) for account in _some(leads)]
    started = time.process_time()
    for partition, owned in known:
        put = stores[partition].put
        for key, value in owned:
            put(owner_of(key), DAY, key, value)
    written = (time.process_time() - started) / sum(len(owned) for _, owned in known)
    return {
        "bytes": (after - before) / leads,
        "peak": (peak - before) / leads,
        "recovered": spent / count * 1e6,
        "put": written * 1e6,
        "read": read * 1e6,
    }


def _timed(call: Callable[[int], object], accounts: list[int]) -> float:
    started = time.process_time()
    for account in accounts:
        call(account)
    return (time.process_time() - started) / len(accounts)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _fetches(source: Iterator[Row]) -> Iterator[list[Row]]:
    while fetch := list(islice(source, PER_FETCH)):
        yield fetch


def _some(leads: int) -> list[int]:
    accounts = range(leads // LEADS_PER_ACCOUNT)
    return random.Random(2).sample(accounts, min(_TOUCHED, len(accounts)))


def _name(account: int) -> str:
    return f"acct-{account}"


def _rows_of(stores: list[Stored], account: int) -> list[Mapping[bytes, bytes]]:
    stored = stores[account % PARTITIONS]
    return [stored.of(_name(account), table) for table in (DAY, PERSON)]


def _by_account(leads: int) -> Iterator[Row]:
    chance = random.Random(1)
    for lead in range(leads):
        yield from (_day(chance, lead, _TODAY - day) for day in range(DAYS))
        yield _score(chance, lead)


def _by_day(leads: int) -> Iterator[Row]:
    chance = random.Random(1)
    order = list(range(leads))
    for day in reversed(range(DAYS)):
        chance.shuffle(order)
        for lead in order:
            yield _day(chance, lead, _TODAY - day)
    yield from (_score(chance, lead) for lead in order)


def _day(chance: random.Random, lead: int, day: int) -> Row:
    account = lead // LEADS_PER_ACCOUNT
    kept: dict[str, dict[str, int]] = {}
    for _ in range(PER_DAY):
        digits = f"{chance.getrandbits(128):032x}"
        event_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        occurred_at = day * MILLIS_PER_DAY + chance.randrange(MILLIS_PER_DAY)
        kept.setdefault(chance.choice(_TYPES), {})[event_id] = occurred_at
    key = encode_key((_name(account), f"lead-{lead}", day))
    return Row((DAY, account % PARTITIONS), _fetched(key), _fetched(rows.dump(kept)))


def _score(chance: random.Random, lead: int) -> Row:
    account = lead // LEADS_PER_ACCOUNT
    figures = PersonFigures(chance.randrange(50), round(chance.random() * 100, 2), chance.random() * 100)
    key = encode_key((_name(account), f"lead-{lead}"))
    return Row((PERSON, account % PARTITIONS), _fetched(key), _fetched(rows.dump(figures)))


def _fetched(made: bytes) -> bytes:
    """Return it as a fetch would bring it: what orjson returns keeps the buffer it was written in."""
    return bytes(memoryview(made))


_TYPES: Final = sorted(DEFAULT_MODEL.weights)


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def _print(medians: dict[tuple[str, str], dict[str, float]], leads: int, rounds: int) -> None:
    table = Table(title=f"{leads:,} leads; medians of {rounds} rounds; {os.cpu_count()} cores")
    for heading in ("order", "store"):
        table.add_column(heading)
    for heading in ("bytes a lead", "at most", "recovered, µs a row", "put µs", "read µs"):
        table.add_column(heading, justify="right")
    for (store, order), found in medians.items():
        table.add_row(
            order,
            store,
            f"{found['bytes']:,.0f}",
            f"{found['peak']:,.0f}",
            *(f"{found[name]:.2f}" for name in ("recovered", "put", "read")),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
