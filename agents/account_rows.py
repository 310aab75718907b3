"""Every row of an account, and what of two rows must be the same for them to say the same.

A rebuilt row can differ from a live one without saying anything else: versions depend on which events
came in one batch, a person's raw figure is that of its last report, and a creation that was withdrawn
stands for "never created" (domain.md §3). What is compared of a row is its *facts*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from agents import rows
from agents.book import AccountBook
from domain.account import Account, GroupFigures, PersonFigures
from domain.changes import Changes
from domain.stages import NO_PROGRESS
from streams.delivery import Delivery
from streams.tables import decode_key

Row = tuple[str, bytes]
"""Which row: its table and its encoded key."""

Rows = dict[Row, bytes]
Facts = dict[str, Any]

FIGURES: Final = frozenset({rows.PERSON, rows.GROUP, rows.PROGRESS})
"""Tables with figures that were reported, and their versions."""

DERIVED: Final = (
    rows.ACCOUNT,
    rows.LEAD,
    rows.DAY,
    rows.DEFINITION,
    rows.DECISIONS,
    rows.PROGRESS,
    rows.PERSON,
    rows.GROUP,
)
"""The tables of accounts."""

_GROUP_TABLES: Final = frozenset({rows.DEFINITION, rows.DECISIONS, rows.PROGRESS, rows.GROUP})
_LEAD_PLACE: Final[Mapping[str, int]] = {rows.LEAD: 1, rows.DAY: 1, rows.PERSON: 1, rows.DECISIONS: 2}


def rows_of(account: Account) -> Rows:
    """Return all rows of an account, as a worker writes them."""
    changes = Changes(
        account=bool(account.records),
        leads={
            lead_id
            for lead_id, lead in account.leads.items()
            if lead.profile is not None or lead.erased_at >= 0
        },
        days={(lead_id, day) for lead_id, lead in account.leads.items() for day in lead.days},
        persons={lead_id for lead_id, lead in account.leads.items() if lead.figures != PersonFigures()},
        definitions={
            group_id
            for group_id, group in account.groups.items()
            if group.record is not None or group.created is not None
        },
        decisions={
            (group_id, lead_id)
            for group_id, group in account.groups.items()
            for lead_id in group.decisions
        },
        progress={
            group_id for group_id, group in account.groups.items() if group.progress != NO_PROGRESS
        },
        groups={
            group_id for group_id, group in account.groups.items() if group.figures != GroupFigures()
        },
    )
    delivery = Delivery()
    AccountBook(0, {}).write(account, changes, delivery)
    return {(table, key): value for table, key, value in delivery.rows if value is not None}


def facts_of(table: str, row: bytes | None) -> Facts:
    """Return what a row says; of a missing one what is taken for granted without it.

    Raises:
        ValueError: it cannot be read.
    """
    if row is None:
        return dict(_GRANTED.get(table, {}))
    fields = orjson.loads(row)
    if not isinstance(fields, dict):
        msg = f"not an object but {type(fields).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - it is the value of a row that is wrong
    match table:
        case rows.PERSON:
            return {"score": fields.get("score")}
        case rows.GROUP:
            return {name: fields.get(name) for name in _GROUP_FACTS}
        case rows.PROGRESS:
            figures = fields.pop("figures", None) or {}
            told = {"told stage": figures.get("stage"), "told status": figures.get("status")}
            return {**fields, **told}
        case rows.DEFINITION:
            created = fields.get("created")
            if created is not None and created.get("deleted"):
                fields["created"] = None
            return fields
        case _:
            return fields


def differing(table: str, live: bytes | None, rebuilt: bytes | None) -> dict[str, tuple[Any, Any]]:
    """Return field → (live value, rebuilt value) of what two rows do not agree on."""
    if live == rebuilt:
        return {}
    there = facts_of(table, rebuilt)
    try:
        here = facts_of(table, live)
    except ValueError as unreadable:
        return {"row": (f"unreadable: {unreadable}", there)}
    return {
        name: (here.get(name), there.get(name))
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    }


def says_what_changed(table: str, live: bytes | None, rebuilt: bytes | None) -> bool:
    """Return whether a live row has to be replaced; figures also for their versions."""
    if live == rebuilt:
        return False
    if table in FIGURES:
        if rebuilt is None:
            # Nothing was made of the log, and what was last told is still true.
            return table == rows.PROGRESS and bool(differing(table, live, None))
        if live is None:
            return True
        try:
            return bool(orjson.loads(live) != orjson.loads(rebuilt))
        except orjson.JSONDecodeError:
            return True
    return bool(differing(table, live, rebuilt))


def group_in(table: str, key: bytes) -> str | None:
    """Return the buying group that a row is about, if it is about one."""
    return decode_key(key)[1] if table in _GROUP_TABLES else None


def lead_in(table: str, key: bytes) -> str | None:
    """Return the lead that a row is about, if it is about one."""
    place = _LEAD_PLACE.get(table)
    return None if place is None else decode_key(key)[place]


_GROUP_FACTS: Final = ("score", "raw", "completeness", "missing_roles")

_GRANTED: Final[Mapping[str, Facts]] = {
    rows.PERSON: {"score": 0.0},
    rows.GROUP: {"score": 0.0, "raw": 0.0, "completeness": None, "missing_roles": []},
    rows.PROGRESS: {
        "moves": [],
        "start": None,
        "status": None,
        "told stage": None,
        "told status": None,
    },
    rows.DECISIONS: {"manual": [], "journey": [], "system": []},
    rows.DEFINITION: {"record": None, "created": None},
    rows.LEAD: {"profile": None, "erased_at": -1},
    rows.ACCOUNT: {"records": [], "entered": {}},
}
