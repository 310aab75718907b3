"""``buying-groups``: a group is created, changed or deleted, its template embedded (domain.md §1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agents.reading import Reading, Refused
from domain.conditions import ConditionError, compile_person
from domain.events import GroupDefinition, TemplateRole
from domain.identity import buying_group_id
from schemas.inputs import BuyingGroup, Role, StageModel
from streams.topics import BUYING_GROUPS

WEIGHTINGS: Final[Mapping[str, int]] = {
    "Trivial": 20,
    "Minor": 40,
    "Normal": 60,
    "Important": 80,
    "Vital": 100,
}


def events_of(value: BuyingGroup) -> tuple[GroupDefinition]:
    """Return the group's definition.

    Raises:
        Refused: ``wrong_group_id``, the id is not the one derived from interest and account;
            ``unusable_condition``, an auto-assign condition cannot be compiled.
    """
    expected = buying_group_id(value.solution_interest_id, value.account_id)
    if value.buying_group_id != expected:
        msg = (
            f"the group of {value.solution_interest_id!r} and {value.account_id!r} has the id {expected}"
        )
        raise Refused("wrong_group_id", msg)
    template = value.role_template
    return (
        GroupDefinition(
            event_id=value.event_id,
            account_id=value.account_id,
            buying_group_id=value.buying_group_id,
            solution_interest_id=value.solution_interest_id,
            name=value.name,
            created_at=value.created_at,
            update_existing_groups=value.update_existing_groups,
            template_id=template.id,
            template_version=template.version,
            roles=roles_of(template.roles),
            stage_model=stages_of(value.stage_model),
            deleted=value.deleted,
        ),
    )


def roles_of(roles: Sequence[Role]) -> tuple[TemplateRole, ...]:
    """Return a template's roles.

    Raises:
        Refused: ``unusable_condition``, an auto-assign condition cannot be compiled.
    """
    for role in roles:
        if role.auto_assign is not None:
            try:
                compile_person(role.auto_assign)
            except ConditionError as mistake:
                msg = f"auto_assign of role {role.role!r}: {mistake}"
                raise Refused("unusable_condition", msg) from mistake
    return tuple(
        TemplateRole(
            role.role,
            WEIGHTINGS[role.weighting],
            role.required_for_completeness,
            role.members_required,
            role.auto_assign,
        )
        for role in roles
    )


def stages_of(model: StageModel | None) -> str | None:
    """Return a stage model as the rules read it: the contract's JSON text."""
    return None if model is None else model.model_dump_json()


def dated(value: BuyingGroup) -> int:
    """Return when the group was created."""
    return value.created_at


READING = Reading(BUYING_GROUPS, dated, events_of)
