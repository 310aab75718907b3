"""The rows of the tables: domain values as JSON, one small row for each thing that changes on its own.

Activity is kept per lead and day and figures apart from definitions, so that what one activity writes
does not grow with the leads, groups or members of its account (architecture.md, "State").
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from domain.account import GroupFigures, PersonFigures
from domain.completeness import MissingRole
from domain.events import AccountProfile, GroupDefinition, LeadProfile, TemplateRole
from domain.membership import Decisions, Opinion, Ruling

ACCOUNT: Final = "account_to_profile"
LEAD: Final = "lead_to_profile"
DAY: Final = "lead_day_to_activity"
PERSON: Final = "lead_to_score"
DEFINITION: Final = "group_to_definition"
DECISIONS: Final = "group_lead_to_decisions"
GROUP: Final = "group_to_figures"
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


def load_account(row: bytes) -> AccountProfile:
    """Return an account's own record."""
    return AccountProfile(**orjson.loads(row))


def load_day(row: bytes) -> dict[str, dict[str, int]]:
    """Return a lead's day: type key → event id → occurred_at."""
    day: dict[str, dict[str, int]] = orjson.loads(row)
    return day


def load_person(row: bytes) -> PersonFigures:
    """Return what was last reported of a person."""
    return PersonFigures(**orjson.loads(row))


def load_definition(row: bytes) -> GroupDefinition:
    """Return a group's definition."""
    fields = orjson.loads(row)
    fields["roles"] = tuple(TemplateRole(**role) for role in fields["roles"])
    return GroupDefinition(**fields)


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


def _opinion(rulings: list[dict[str, Any]]) -> Opinion:
    return tuple(Ruling(**ruling) for ruling in rulings)
