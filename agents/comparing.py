"""What live state says otherwise than the log it came from: which group, which field, which values.

Workers may go on meanwhile. The live rows hold all that is acknowledged, and maybe more of what stands
in the log. So a field that what is *pending* would change is not judged (``undecided``), and every other
field must be what the acknowledged inputs lead to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from agents import rows
from agents.account_rows import DERIVED, Row, Rows, differing, group_in, lead_in, rows_of
from agents.clock import clock_key, dump_clock
from agents.outputs import state_contract
from agents.rebuilding import PartitionFold, Pending
from domain.account import Account
from domain.reconcile import derive
from domain.reports import GroupState
from schemas.codec import BadRecord, Codec
from schemas.outputs import BuyingGroupState
from streams.latest import ChangelogRows
from streams.tables import decode_key
from streams.topics import BUYING_GROUP_STATE

_BY_SCORE: Final = frozenset({rows.PERSON, rows.GROUP, rows.DECISIONS})
"""Tables that the date has a say in: before the first tick an account follows it when it is touched."""

BY_DATE: Final = frozenset(
    {"members", "completeness", "roles", "missing_roles", "score", "raw_score"}
    | {"baseline_version", "model_version", "as_of"}
)

CLOCK_FACTS: Final = ("ticked", "as_of", "baseline", "model", "asked", "ticks", "underway", "issued")
"""What of a clock follows from the log. The rest says only what the last rescoring was for."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that live state and log do not agree on; ``where`` is a table or a topic."""

    partition: int
    where: str
    field: str
    live: Any
    rebuilt: Any
    account_id: str | None = None
    buying_group_id: str | None = None
    lead_id: str | None = None


@dataclass(slots=True)
class Comparison:
    """What a look at one partition found. ``suspects`` are the accounts to look at again."""

    accounts: int = 0
    groups: int = 0
    differences: list[Difference] = field(default_factory=list)
    undecided: int = 0
    suspects: set[str] = field(default_factory=set)


class Comparer:
    """Compares one partition's fold with its live rows and the published states."""

    def __init__(
        self,
        fold: PartitionFold,
        live: ChangelogRows,
        states: Mapping[bytes, bytes],
        codec: Codec,
    ) -> None:
        self._fold = fold
        self._live = live
        self._states = states
        self._codec = codec

    def accounts(self) -> set[str]:
        """Return every account that either side knows."""
        return {*self._fold.accounts, *self._live.accounts()}

    def compare(self, account_ids: Iterable[str], pending: Pending) -> Comparison:
        """Compare some accounts, and what all of the partition's accounts share."""
        found = Comparison()
        for account_id in account_ids:
            self._account(account_id, pending, found)
        if not pending.steered:
            found.differences.extend(self._shared())
        return found

    def unsettled(self, pending: Pending) -> set[str]:
        """Return the accounts that differ in nothing but what is pending: a worker was ahead with them.

        After a worker was killed its rows may hold more than is acknowledged. Who reads on from there
        comes to the same, so there is nothing to be mended.
        """
        found: set[str] = set()
        for account_id in pending.events:
            one = Comparison()
            self._account(account_id, pending, one)
            if not pending.everybody and one.undecided and not one.differences:
                found.add(account_id)
        return found

    def _account(self, account_id: str, pending: Pending, found: Comparison) -> None:
        account = self._fold.accounts.get(account_id) or Account(account_id)
        states = derive(account, self._fold.tenant)
        rebuilt = rows_of(account)
        found.accounts += 1
        found.groups += len(states)
        differences = {
            (row, one.field): one
            for row, one in (*self._rows(account, rebuilt), *self._published(account, states))
        }
        if not differences:
            return
        found.suspects.add(account_id)
        if pending.everybody:
            found.undecided += len(differences)
            return
        if account_id in pending.events:
            for place in self._in_motion(account_id, rebuilt, states, pending) & differences.keys():
                del differences[place]
                found.undecided += 1
        found.differences.extend(differences.values())

    def _rows(self, account: Account, rebuilt: Rows) -> Iterator[tuple[Row, Difference]]:
        live = self._live.of(account.account_id)
        for row in sorted({*live, *rebuilt}):
            table, key = row
            if table not in DERIVED:
                continue
            for name, (here, there) in differing(table, live.get(row), rebuilt.get(row)).items():
                if self._is_judged(account, table, key, name):
                    yield (
                        row,
                        Difference(
                            self._fold.partition,
                            table,
                            name,
                            here,
                            there,
                            account.account_id,
                            group_in(table, key),
                            lead_in(table, key),
                        ),
                    )

    def _is_judged(self, account: Account, table: str, key: bytes, name: str) -> bool:
        if table in _BY_SCORE and not self._fold.clock.ticked:
            return False
        if table == rows.GROUP or name.startswith("told "):
            # What was last told of a group that was deleted does not follow from the log.
            group = account.groups.get(group_in(table, key) or "")
            return group is not None and group.stands
        return True

    def _published(
        self, account: Account, states: Mapping[str, GroupState]
    ) -> Iterator[tuple[Row, Difference]]:
        for group_id in sorted(account.groups):
            expected = states.get(group_id)
            key = group_id.encode()
            published = self._states.get(key)
            for name, (here, there) in told_otherwise(self._codec, published, expected).items():
                if name in BY_DATE and not self._fold.clock.ticked:
                    continue
                yield (
                    (BUYING_GROUP_STATE.name, key),
                    Difference(
                        self._fold.partition,
                        BUYING_GROUP_STATE.name,
                        name,
                        here,
                        there,
                        account.account_id,
                        group_id,
                    ),
                )

    def _in_motion(
        self, account_id: str, rebuilt: Rows, states: Mapping[str, GroupState], pending: Pending
    ) -> set[tuple[Row, str]]:
        """Return (row, field) that what is pending would change."""
        later = self._fold.with_pending(account_id, pending)
        later_states = derive(later, self._fold.tenant)
        later_rows = rows_of(later)
        found = {
            (row, name)
            for row in {*rebuilt, *later_rows}
            for name in differing(row[0], later_rows.get(row), rebuilt.get(row))
        }
        for group_id in {*states, *later_states}:
            here, there = states.get(group_id), later_states.get(group_id)
            row = (BUYING_GROUP_STATE.name, group_id.encode())
            if here is None or there is None:
                found.add((row, "state"))
            found |= {(row, name) for name in _otherwise(_shown(here), _shown(there))}
        return found

    def _shared(self) -> Iterator[Difference]:
        """Compare definitions and clock, which belong to the partition."""
        partition = self._fold.partition
        live, rebuilt = self._live.of(partition), self._fold.definition_rows()
        for row in sorted({row for row in live if row[0] == rows.DEFINED} | set(rebuilt)):
            if differing(rows.DEFINED, live.get(row), rebuilt.get(row)):
                name = decode_key(row[1])[1]
                yield Difference(partition, rows.DEFINED, name, _text(live, row), _text(rebuilt, row))
        there = orjson.loads(dump_clock(self._fold.clock))
        try:
            clock = live.get((rows.CLOCK, clock_key(partition)))
            here = {} if clock is None else orjson.loads(clock)
        except orjson.JSONDecodeError:
            here = {}
        if not there["ticked"] and not here.get("ticked"):
            return
        for name in CLOCK_FACTS:
            if here.get(name) != there[name]:
                yield Difference(partition, rows.CLOCK, name, here.get(name), there[name])


def told_otherwise(
    codec: Codec, published: bytes | None, expected: GroupState | None
) -> dict[str, tuple[Any, Any]]:
    """Return field → (published value, rebuilt value) of what a published state says otherwise."""
    state: BuyingGroupState | None = None
    if published is not None:
        try:
            state = read_state(codec, published)
        except BadRecord as bad:
            return {"record": (f"unreadable: {bad.detail}", None if expected is None else "a state")}
    if state is None and expected is not None:
        return {"state": (None, f"{expected.name!r} with {len(expected.roster)} members")}
    if state is not None and expected is None:
        return {"state": (f"{state.name!r} with {len(state.members)} members", None)}
    return _otherwise(_read(state), _shown(expected))


def read_state(codec: Codec, published: bytes) -> BuyingGroupState:
    """Return a published state.

    Raises:
        BadRecord: it is none.
    """
    state = codec.decode(BUYING_GROUP_STATE.name, published)
    if not isinstance(state, BuyingGroupState):
        raise TypeError(type(state))
    return state


def _otherwise(here: dict[str, Any], there: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (here.get(name), there.get(name))
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    }


def _read(state: BuyingGroupState | None) -> dict[str, Any]:
    if state is None:
        return {}
    plain = {name: getattr(state, name) for name in _PLAIN}
    return plain | {
        "members": {
            one.lead_id: (one.role, one.source, one.added_at, one.score) for one in state.members
        },
        "completeness": state.completeness,
        "raw_score": state.raw_score,
        "roles": [(one.role, one.required, one.assigned, one.completeness) for one in state.roles],
        "missing_roles": [(one.role, one.short_by) for one in state.missing_roles],
    }


def _shown(state: GroupState | None) -> dict[str, Any]:
    return _read(None if state is None else state_contract(state, 0))


_PLAIN: Final = (
    "account_id",
    "solution_interest_id",
    "name",
    "score",
    "baseline_version",
    "model_version",
    "as_of",
    "stage",
    "status",
)


def _text(found: Mapping[Row, bytes], row: Row) -> str | None:
    value = found.get(row)
    return None if value is None else value.decode(errors="replace")
