"""Role templates and stage models in a plan: drafts change freely, live ones never (§1, §6)."""

from __future__ import annotations

from console.definitions.contents import same_content, same_roles
from console.definitions.form import StageModelForm, TemplateForm
from console.definitions.steps import Known, Step, step_to
from schemas.definitions import Definition
from schemas.inputs import Role, RoleTemplate, Stage, StageModel

_COPY = (
    "publish a copy under a new id and a new name, and point a new solution interest at it;"
    " groups keep the one they began with"
)


def plan_template(form: TemplateForm, known: Known) -> Step:
    """Return what publishing a role template would do."""
    before = known.of("role_template", form.id)
    template = RoleTemplate(
        id=form.id,
        version=1,
        name=form.name,
        roles=[
            Role.model_validate(
                {
                    "role": line.role,
                    "weighting": line.weighting,
                    "required_for_completeness": line.required_for_completeness,
                    "members_required": line.members_required,
                    "auto_assign": line.auto_assign,
                }
            )
            for line in form.roles
        ],
    )
    if before is not None and before.role_template is not None:
        there = before.role_template
        version = there.version if same_roles(there, template) else there.version + 1
        template = template.model_copy(update={"version": version})
    wanted = known.record("role_template", form, form.status, role_template=template)
    return step_to(before, wanted, form.place.line, _refusals("role template", before, wanted))


def plan_stage_model(form: StageModelForm, known: Known) -> Step:
    """Return what publishing a stage model would do."""
    before = known.of("stage_model", form.id)
    model = StageModel(
        id=form.id,
        name=form.name,
        stages=[
            Stage.model_validate(
                {"name": line.name, "kind": line.kind, "transitions": list(line.transitions)}
            )
            for line in form.stages
        ],
    )
    wanted = known.record("stage_model", form, form.status, stage_model=model)
    return step_to(before, wanted, form.place.line, _refusals("stage model", before, wanted))


def _refusals(kind: str, before: Definition | None, wanted: Definition) -> list[str]:
    if before is None or before.status != "live" or same_content(before, wanted):
        return []
    if wanted.status == "draft":
        return [f"a live {kind} does not go back to a draft: leave it live, or {_COPY}"]
    return [f"a live {kind} never changes: {_COPY}"]
