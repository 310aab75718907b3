"""Custom fields, custom roles and role templates of a definitions file (domain.md §1, §3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, get_args

from console.definitions.conditions import condition_text
from console.definitions.form import (
    DEFAULT_ROLES,
    IDENTITY,
    MOST_ROLES,
    RoleLine,
    RoleName,
    TemplateForm,
    status_of,
)
from console.definitions.nodes import did_you_mean, plain, quoted
from console.definitions.spots import LONGEST_NAME, Entry, FirstSeen, Spot
from domain.conditions import PERSON
from schemas.definitions import definition_id_of
from schemas.inputs import Weighting

_LONGEST_ROLE: Final = LONGEST_NAME - len(definition_id_of("role", ""))
_MOST_MEMBERS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class CustomFields:
    """The custom fields that conditions may name, without ``custom.``."""

    person: tuple[str, ...] = ()
    account: tuple[str, ...] = ()


def read_custom_fields(spot: Spot | None) -> CustomFields:
    """Return the custom fields that are declared."""
    if spot is None:
        return CustomFields()
    found = spot.fields(("person", "account"))
    return CustomFields(_field_names(found, "person"), _field_names(found, "account"))


def _field_names(found: Entry, owner: str) -> tuple[str, ...]:
    seen = FirstSeen("custom field", ignore_case=False)
    names = []
    for item in found.items(owner, "names of custom fields"):
        name = item.text()
        if name.startswith("custom."):
            item.wrong("should be the name alone; custom. stands before it in conditions only")
        elif seen.add(item, name):
            names.append(name)
    return tuple(names)


def read_roles(spot: Spot | None) -> tuple[RoleName, ...]:
    """Return the custom roles."""
    seen = FirstSeen("role")
    default = {role.casefold() for role in DEFAULT_ROLES}
    roles = []
    for item in [] if spot is None else spot.items("names of roles"):
        name = item.text(_LONGEST_ROLE)
        if name.casefold() in default:
            item.wrong("is one of the six default roles, which are always there: leave it out")
        elif seen.add(item, name):
            roles.append(RoleName(name, name, item.place))
            if len(roles) == MOST_ROLES - len(DEFAULT_ROLES) + 1:
                item.wrong(f"is one role too many: {MOST_ROLES} in all, the six default ones among them")
    return tuple(roles)


def read_templates(
    spot: Spot | None, roles: Collection[RoleName], custom: CustomFields
) -> list[tuple[Spot, TemplateForm]]:
    """Return the role templates, each with its place."""
    known = (*DEFAULT_ROLES, *(role.name for role in roles))
    items = [] if spot is None else spot.items("role templates")
    return [(item, _template(item, known, custom)) for item in items]


def _template(spot: Spot, known: Collection[str], custom: CustomFields) -> TemplateForm:
    found = spot.fields(("status",), {**IDENTITY, "roles": "the list of roles, in priority order"})
    listed = found.get("roles")
    items = [] if listed is None else listed.items("roles")
    if listed is not None and plain(listed.node) == []:
        listed.wrong("needs at least one role")
    seen = FirstSeen("role")
    return TemplateForm(
        id=found.identity("id"),
        name=found.text("name"),
        place=spot.place,
        status=status_of(found),
        roles=tuple(_role(item, known, custom, seen) for item in items),
    )


def _role(spot: Spot, known: Collection[str], custom: CustomFields, seen: FirstSeen) -> RoleLine:
    found = spot.fields(
        ("weighting", "required_for_completeness", "members_required", "auto_assign"),
        {"role": "the name of one of the roles"},
    )
    named, condition = found.get("role"), found.get("auto_assign")
    role = found.text("role")
    if named is not None and seen.add(named, role) and role not in known:
        hint = did_you_mean(role, known) or f"; known are {', '.join(known)}."
        named.wrong(f"there is no role {quoted(role)}{hint} A new role goes into the list `roles`")
    return RoleLine(
        role=role,
        weighting=found.one_of("weighting", get_args(Weighting), "Normal"),
        required_for_completeness=found.flag("required_for_completeness", True),
        members_required=found.whole("members_required", 1, _MOST_MEMBERS, 1),
        auto_assign=None if condition is None else condition_text(condition, PERSON, custom.person),
    )
