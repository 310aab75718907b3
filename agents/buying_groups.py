"""``buying-groups``: a group is created, changed or deleted, its template embedded (domain.md §1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agents.reading import Reading, Refused
from domain.events import GroupDefinition, TemplateRole
from domain.identity import buying_group_id
from schemas.inputs import BuyingGroup
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
        Refused: ``wrong_group_id``, the id is not the one derived from interest and account.
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
            roles=tuple(
                TemplateRole(
                    role.role,
                    WEIGHTINGS[role.weighting],
                    role.required_for_completeness,
                    role.members_required,
                    role.auto_assign,
                )
                for role in template.roles
            ),
            stage_model=(None if value.stage_model is None else value.stage_model.model_dump_json()),
            deleted=value.deleted,
        ),
    )


def dated(value: BuyingGroup) -> int:
    """Return when the group was created."""
    return value.created_at


READING = Reading(BUYING_GROUPS, dated, events_of)
