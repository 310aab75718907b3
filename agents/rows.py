"""The rows of the tables: domain values as JSON, one small row for each thing that changes on its own.

Activity is kept per lead and day and figures apart from definitions, so that what one activity writes
does not grow with the leads, groups or members of its account (architecture.md, "State").
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from domain.account import Account, Group, GroupFigures, PersonFigures
from domain.completeness import MissingRole
from domain.events import AccountProfile, GroupDefinition, LeadProfile, TemplateRole
from domain.membership import Decisions, Opinion, Ruling
from domain.stages import Move, Progress, ProgressFigures, Status

ACCOUNT: Final = "account_to_profile"
LEAD: Final = "lead_to_profile"
DAY: Final = "lead_day_to_activity"
PERSON: Final = "lead_to_score"
DEFINITION: Final = "group_to_definition"
DECISIONS: Final = "group_lead_to_decisions"
PROGRESS: Final = "group_to_moves"
GROUP: Final = "group_to_figures"
DEFINED: Final = "partition_to_definition"
CLOCK: Final = "partition_to_clock"


def dump(value: object) -> bytes:
    """Return a row of plain values or frozen dataclasses."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def dump_lead(profile: LeadProfile | None, erased_at: int) -> bytes:
    """Return a lead's row: its profile, and the time of its newest erasure."""
    return dump({"profile": profile, "erased_at": erased_at})


def load_lead(row: bytes) -> tuple[LeadProfile | None, int]:
    """Return what :func:`dump_lead` was given."""
    fields = orjson.loads(row)
    profile = fields["profile"]
    return (None if profile is None else LeadProfile(**profile), fields["erased_at"])


def dump_account(account: Account) -> bytes:
    """Return an account's row: its newest records, and when it entered audiences by older ones."""
    return dump({"records": account.records, "entered": account.entered})


def load_account(row: bytes) -> tuple[tuple[AccountProfile, ...], dict[str, int]]:
    """Return what :func:`dump_account` was given."""
    fields = orjson.loads(row)
    return tuple(AccountProfile(**record) for record in fields["records"]), fields["entered"]


def load_day(row: bytes) -> dict[str, dict[str, int]]:
    """Return a lead's day: type key → event id → occurred_at."""
    day: dict[str, dict[str, int]] = orjson.loads(row)
    return day


def load_person(row: bytes) -> PersonFigures:
    """Return what was last reported of a person."""
    return PersonFigures(**orjson.loads(row))


def dump_definition(group: Group) -> bytes:
    """Return a group's definition row: its newest record, and what the creation job made it."""
    return dump({"record": group.record, "created": group.created})


def load_definition(row: bytes) -> tuple[GroupDefinition | None, GroupDefinition | None]:
    """Return what :func:`dump_definition` was given."""
    fields = orjson.loads(row)
    return _definition(fields["record"]), _definition(fields["created"])


def load_progress(row: bytes) -> Progress:
    """Return a group's stage moves and status."""
    fields = orjson.loads(row)
    status = fields["status"]
    return Progress(
        tuple(Move(**move) for move in fields["moves"]),
        fields["start"],
        None if status is None else Status(**status),
        ProgressFigures(**fields["figures"]),
    )


def dump_decisions(decisions: Decisions) -> bytes:
    """Return the decisions on one lead in one group."""
    return dump(decisions)


def load_decisions(row: bytes) -> Decisions:
    """Return what :func:`dump_decisions` was given."""
    fields = orjson.loads(row)
    return Decisions(**{source: _opinion(rulings) for source, rulings in fields.items()})


def load_group(row: bytes) -> GroupFigures:
    """Return what was last reported of a group."""
    fields = orjson.loads(row)
    fields["missing_roles"] = tuple(MissingRole(**role) for role in fields["missing_roles"])
    return GroupFigures(**fields)


def _definition(fields: dict[str, Any] | None) -> GroupDefinition | None:
    if fields is None:
        return None
    fields["roles"] = tuple(TemplateRole(**role) for role in fields["roles"])
    return GroupDefinition(**fields)


def _opinion(rulings: list[dict[str, Any]]) -> Opinion:
    return tuple(Ruling(**ruling) for ruling in rulings)
