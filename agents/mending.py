"""Writing a rebuilt partition over what is there: rows that differ, and outputs that say otherwise.

Each account leaves in one transaction, its rows together with what they make subscribers hear. So
whatever of it is written when something ends it, each account is either mended or as it was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from agents import rows
from agents.account_rows import DERIVED, Row, Rows, rows_of, says_what_changed
from agents.clock import Clock, clock_key, dump_clock, move_key
from agents.comparing import BY_DATE, CLOCK_FACTS, read_state, told_otherwise
from agents.outputs import OutputWriter
from agents.reading import Origin
from agents.rebuilding import PartitionFold
from agents.told import Memory, Reports, group_told
from domain.account import Account, GroupFigures, PersonFigures
from domain.calendar import Millis
from domain.reconcile import ToldGroup, derive, rebuilding, reconcile
from domain.reports import GroupState
from domain.stages import Progress
from schemas.codec import BadRecord, Codec
from schemas.outputs import BuyingGroupState
from streams.delivery import Delivery, Outgoing
from streams.latest import ChangelogRows
from streams.topics import BUYING_GROUP_STATE

_PER_TRANSACTION: Final = 5_000
"""About so many rows and records leave together."""


class States(Protocol):
    """The published states of groups, as they stand and as they last stood."""

    values: dict[bytes, bytes]
    withdrawn: dict[bytes, bytes]


@dataclass(slots=True)
class Mended:
    """What was written: rows, outputs, and how many subjects go on from a version beyond any."""

    rows: int = 0
    outputs: int = 0
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of a partition: its live rows, what was published, and how far back that reaches.

    ``unsettled`` are accounts to be left alone.
    """

    live: ChangelogRows
    states: States
    reports: Reports
    memory: Memory
    unsettled: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Voice:
    """How a rebuild tells: ``source`` names the deployment, ``event_id`` the rebuild as the cause."""

    codec: Codec
    source: str
    event_id: str
    now: Millis


class Mender:
    """Works out what has to be written for one partition."""

    def __init__(self, fold: PartitionFold, found: Found, voice: Voice) -> None:
        self.mended = Mended()
        self._fold = fold
        self._live = found.live
        self._states = found.states
        self._reports = found.reports
        self._memory = found.memory
        self._unsettled = found.unsettled
        self._codec = voice.codec
        self._now = voice.now
        self._cause = rebuilding(voice.event_id, voice.now)
        self._origins = {voice.event_id: Origin(None, replay=True)}
        self._writer = OutputWriter(voice.codec, voice.source)

    def accounts(self) -> list[str]:
        """Return every account that the log, the rows or the outputs know and that may be written."""
        known = {*self._fold.accounts, *self._live.accounts()}
        known |= self._reports.people.keys() | self._reports.groups.keys()
        return sorted(known - self._unsettled)

    def deliveries(self) -> Iterator[Delivery]:
        """Yield what has to be written, account after account; definitions first, the clock last."""
        delivery = self._definitions()
        for account_id in self.accounts():
            self._account(account_id, delivery)
            if len(delivery.rows) + len(delivery.records) >= _PER_TRANSACTION:
                yield self._counted(delivery)
                delivery = Delivery()
        delivery.rows.extend(self._clock())
        delivery.rows.extend((table, key, None) for table, key in self._live.nameless)
        if delivery:
            yield self._counted(delivery)

    def _counted(self, delivery: Delivery) -> Delivery:
        self.mended.rows += len(delivery.rows)
        self.mended.outputs += len(delivery.records)
        return delivery

    def _account(self, account_id: str, delivery: Delivery) -> None:
        account = self._fold.accounts.get(account_id) or Account(account_id)
        live = self._live.of(account_id)
        people = self._people(account, live)
        for lead_id in people:
            account.lead(lead_id)
        told_rows = _figures_in(live)
        for group_id in {*told_rows, *self._reports.groups.get(account_id, {})}:
            account.group(group_id)
        tenant = self._fold.tenant
        states = derive(account, tenant)
        groups: dict[str, ToldGroup] = {}
        outdated: set[str] = set()
        for group_id in account.groups:
            groups[group_id] = self._group(account, group_id, told_rows)
            if self._is_outdated(group_id, states.get(group_id)):
                outdated.add(group_id)
        changes = reconcile(account, tenant, people, groups, outdated, self._cause)
        rebuilt = rows_of(account)
        for row in sorted({*live, *rebuilt}):
            table, key = row
            if table in DERIVED and says_what_changed(table, live.get(row), rebuilt.get(row)):
                delivery.rows.append((table, key, rebuilt.get(row)))
        delivery.records.extend(
            self._writer.write(report, account_id, tenant, self._origins, self._now)
            for report in changes.reports
        )

    def _people(self, account: Account, live: Mapping[Row, bytes]) -> dict[str, PersonFigures]:
        reports = self._reports.people.get(account.account_id, {})
        told_rows: dict[str, PersonFigures] = {}
        for (table, key), row in live.items():
            if table == rows.PERSON:
                figures = _readable(rows.load_person, row)
                if figures is not None:
                    told_rows[orjson.loads(key)[1]] = figures
        people: dict[str, PersonFigures] = {}
        for lead_id in {*account.leads, *told_rows, *reports}:
            told = self._memory.person(told_rows.get(lead_id), reports.get(lead_id))
            if told is not None:
                people[lead_id] = told
                self.mended.beyond += told.version == self._memory.beyond
        return people

    def _group(self, account: Account, group_id: str, told_rows: Mapping[str, Any]) -> ToldGroup:
        figures, progress = told_rows.get(group_id, (None, None))
        reports = self._reports.groups.get(account.account_id, {}).get(group_id, {})
        key = group_id.encode()
        published = self._states.values.get(key)
        state = self._state(published or self._states.withdrawn.get(key))
        defined = account.groups[group_id].definition is not None
        if not (defined or figures or progress or reports or state):
            # At most decisions on it were answered, longer ago than answers are kept.
            forgotten = self._memory.forgets("outcome")
            self.mended.beyond += forgotten
            return ToldGroup(GroupFigures(outcome_version=self._memory.beyond if forgotten else 0))
        told = group_told(
            figures,
            None if progress is None else progress.figures,
            reports,
            state,
            self._memory,
            published=published is not None,
        )
        self.mended.beyond += self._memory.beyond in {
            told.figures.outcome_version,
            told.figures.state_version,
        }
        return told

    def _is_outdated(self, group_id: str, expected: GroupState | None) -> bool:
        published = self._states.values.get(group_id.encode())
        fields = told_otherwise(self._codec, published, expected).keys()
        return bool(fields if self._fold.clock.ticked else fields - BY_DATE)

    def _state(self, published: bytes | None) -> BuyingGroupState | None:
        try:
            return None if published is None else read_state(self._codec, published)
        except BadRecord:
            return None

    def _definitions(self) -> Delivery:
        live = self._live.of(self._fold.partition)
        rebuilt: Rows = self._fold.definition_rows()
        delivery = Delivery()
        for row in sorted({row for row in live if row[0] == rows.DEFINED} | set(rebuilt)):
            if says_what_changed(row[0], live.get(row), rebuilt.get(row)):
                delivery.rows.append((row[0], row[1], rebuilt.get(row)))
        return delivery

    def _clock(self) -> Iterator[tuple[str, bytes, bytes | None]]:
        partition = self._fold.partition
        live_rows = self._live.of(partition)
        key, move = clock_key(partition), move_key(partition)
        if (rows.CLOCK, move) in live_rows:
            # Every account was written as of the clock, so no move of it is under way.
            yield rows.CLOCK, move, None
        row = live_rows.get((rows.CLOCK, key))
        clock = self._fold.clock
        rebuilt = orjson.loads(dump_clock(clock))
        live = None if row is None else _readable(orjson.loads, row)
        if live is None:
            if clock != Clock():
                yield rows.CLOCK, key, dump_clock(clock)
        elif any(live.get(name) != rebuilt[name] for name in CLOCK_FACTS):
            yield rows.CLOCK, key, dump_clock(clock)


def withdrawals(group_ids: Iterable[bytes]) -> Delivery:
    """Return what withdraws states that no group of the log belongs to."""
    return Delivery(records=[Outgoing(BUYING_GROUP_STATE.name, key, None) for key in group_ids])


def _figures_in(live: Mapping[Row, bytes]) -> dict[str, tuple[GroupFigures | None, Progress | None]]:
    """Return what the rows say was last told of each group."""
    found: dict[str, tuple[GroupFigures | None, Progress | None]] = {}
    for (table, key), row in live.items():
        if table not in {rows.GROUP, rows.PROGRESS}:
            continue
        group_id = orjson.loads(key)[1]
        figures, progress = found.get(group_id, (None, None))
        if table == rows.GROUP:
            figures = _readable(rows.load_group, row)
        else:
            progress = _readable(rows.load_progress, row)
        found[group_id] = (figures, progress)
    return found


def _readable(load: Any, row: bytes) -> Any:
    """Return what a row holds; None where it cannot be read, which counts as if it were not there."""
    try:
        return load(row)
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        return None
