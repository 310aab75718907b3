"""How complete a buying group is, and which roles it still misses (domain.md §4).

Counted in exact fractions and rounded once, half-even to two decimals, so 2 of 3 is 66.67 everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from domain.events import TemplateRole


@dataclass(frozen=True, slots=True)
class RoleCompleteness:
    """One role: how many members it needs and has; ``completeness`` is 0.00 to 100.00."""

    role: str
    required: int
    assigned: int
    completeness: float


@dataclass(frozen=True, slots=True)
class MissingRole:
    """A required role below its threshold, and by how many members."""

    role: str
    short_by: int


@dataclass(frozen=True, slots=True)
class Completeness:
    """A group's completeness, 0.00 to 100.00, with its roles in the template's order."""

    completeness: float
    roles: tuple[RoleCompleteness, ...]
    missing_roles: tuple[MissingRole, ...]


def completeness_of(roles: Iterable[TemplateRole], assigned: Mapping[str, int]) -> Completeness:
    """Return the completeness of a group from its template's roles and the members in each.

    Roles that are not required are listed and do not count. A group whose template requires no role is
    complete (100).
    """
    listed: list[RoleCompleteness] = []
    missing: list[MissingRole] = []
    required: list[Fraction] = []
    for role in roles:
        count = assigned.get(role.role, 0)
        part = min(Fraction(count, role.members_required), Fraction(1)) * 100
        listed.append(RoleCompleteness(role.role, role.members_required, count, two_decimals(part)))
        if role.required:
            required.append(part)
            if count < role.members_required:
                missing.append(MissingRole(role.role, role.members_required - count))
    whole = sum(required, Fraction(0)) / len(required) if required else Fraction(100)
    return Completeness(two_decimals(whole), tuple(listed), tuple(missing))


def two_decimals(value: Fraction) -> float:
    """Return an exact figure rounded half-even to two decimals."""
    return round(value * 100) / 100
