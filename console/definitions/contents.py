"""What two definitions have in common: equal content, and the fields in which they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from console.definitions.conditions import in_words, normal_text
from domain.engagement import ACTIVITY_TYPES, type_key
from schemas.definitions import Audience, Definition, SolutionInterest, WeightingModel
from schemas.inputs import Role, RoleTemplate, Stage, StageModel

Outline: TypeAlias = Mapping[str, "str | Outline"]
"""Fields and what they say to people; an inner outline for each part that has a name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs: what it was and what it would be; None where it is not there."""

    field: str
    old: str | None
    new: str | None


def same_content(one: Definition, other: Definition) -> bool:
    """Return whether two definitions say the same, however their conditions are spelled."""
    return _normal(one) == _normal(other)


def differences(old: Definition, new: Definition) -> tuple[Difference, ...]:
    """Return the fields in which two versions of a definition differ."""
    return tuple(_differences(outline(old), outline(new), ""))


def outline(definition: Definition) -> Outline:
    """Return what a definition says, field by field."""
    said: dict[str, str | Outline] = {"name": definition.name, "status": definition.status}
    match definition:
        case Definition(role_template=RoleTemplate() as template):
            said |= _template(template)
        case Definition(stage_model=StageModel() as model):
            said |= _stages(model)
        case Definition(solution_interest=SolutionInterest() as interest):
            said |= _interest(interest)
        case Definition(weighting_model=WeightingModel() as weighting):
            # Of a weighting model the status says no more than whether it is active.
            said = {
                "name": definition.name,
                "version": str(weighting.version),
                "active": _yes(weighting.active),
                "bands": {name: str(value) for name, value in weighting.bands.items()},
                "activities": dict(_activities(weighting)),
            }
        case _:
            pass
    return said


def audience_in_words(audience: Audience | None) -> str:
    """Return which accounts an audience has."""
    if audience is None:
        return "none"
    return "all accounts" if audience.condition is None else in_words(audience.condition)


def newest_audience(interest: SolutionInterest) -> Audience | None:
    """Return the audience that an interest has now."""
    return interest.audiences[-1] if interest.audiences else None


def same_roles(one: RoleTemplate, other: RoleTemplate) -> bool:
    """Return whether two templates say the same, whatever their versions."""
    unnumbered = {"version": 1}
    return _normal_template(one).model_copy(update=unnumbered) == _normal_template(other).model_copy(
        update=unnumbered
    )


def same_weights(one: WeightingModel, other: WeightingModel) -> bool:
    """Return whether two weighting models weigh alike, whatever their versions and state."""
    return one.bands == other.bands and dict(_activities(one)) == dict(_activities(other))


def same_audience(one: Audience | None, other: Audience | None) -> bool:
    """Return whether two audiences have the same accounts, since whenever they do."""
    if one is None or other is None:
        return one is other
    return normal_text(one.condition) == normal_text(other.condition)


def _normal(definition: Definition) -> Definition:
    changed: dict[str, Any] = {"event_id": "", "updated_at": 0}
    match definition:
        case Definition(role_template=RoleTemplate() as template):
            changed["role_template"] = _normal_template(template)
        case Definition(solution_interest=SolutionInterest() as interest):
            changed["solution_interest"] = interest.model_copy(
                update={
                    "role_template": _normal_template(interest.role_template),
                    "audiences": [*map(_normal_audience, interest.audiences)],
                }
            )
        case Definition(weighting_model=WeightingModel() as model):
            activities = dict(_activities(model))
            changed["weighting_model"] = model.model_copy(update={"activities": activities})
        case _:
            pass
    return definition.model_copy(update=changed)


def _normal_template(template: RoleTemplate) -> RoleTemplate:
    roles = [
        role.model_copy(update={"auto_assign": normal_text(role.auto_assign)}) for role in template.roles
    ]
    return template.model_copy(update={"roles": roles})


def _normal_audience(audience: Audience) -> Audience:
    return audience.model_copy(update={"condition": normal_text(audience.condition)})


def _differences(old: Outline, new: Outline, before: str) -> Iterator[Difference]:
    for name in {**old, **new}:
        was, will = old.get(name), new.get(name)
        if was == will:
            continue
        field = f"{before}{name}"
        if isinstance(was, Mapping) and isinstance(will, Mapping):
            yield from _differences(was, will, f"{field}: ")
        else:
            yield Difference(field, _said(was), _said(will))


def _said(value: str | Outline | None) -> str | None:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    return value


def _template(template: RoleTemplate) -> Outline:
    return {
        "version": str(template.version),
        "order of roles": ", ".join(role.role for role in template.roles),
        **{f"role {role.role}": _role(role) for role in template.roles},
    }


def _role(role: Role) -> Outline:
    return {
        "weighting": role.weighting,
        "required_for_completeness": _yes(role.required_for_completeness),
        "members_required": str(role.members_required),
        "auto_assign": "nobody" if role.auto_assign is None else in_words(role.auto_assign),
    }


def _stages(model: StageModel) -> Outline:
    return {
        "order of stages": ", ".join(stage.name for stage in model.stages),
        **{f"stage {stage.name}": _stage(stage) for stage in model.stages},
    }


def _stage(stage: Stage) -> Outline:
    return {"kind": stage.kind, "transitions": ", ".join(stage.transitions) or "none"}


def _interest(interest: SolutionInterest) -> Outline:
    template, stages = interest.role_template, interest.stage_model
    return {
        "role_template": template.id,
        "version of the template": str(template.version),
        "stage_model": "none" if stages is None else stages.id,
        **({} if stages is None else {"stages": _stages(stages)}),
        "update_existing_groups": _yes(interest.update_existing_groups),
        "audience": audience_in_words(newest_audience(interest)),
    }


def _activities(model: WeightingModel) -> Iterator[tuple[str, str]]:
    for name, band in model.activities.items():
        yield ACTIVITY_TYPES.get(type_key(name), name), band


def _yes(value: bool) -> str:
    return "yes" if value else "no"
