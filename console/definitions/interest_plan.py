"""Solution interests in a plan: what a live one has fixed, and the history of its audience (§1, §3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from console.definitions.contents import newest_audience, same_audience
from console.definitions.form import InterestForm
from console.definitions.nodes import quoted
from console.definitions.steps import Known, Step, step_to
from domain.calendar import Millis
from schemas.definitions import Audience, Definition, SolutionInterest
from schemas.inputs import RoleTemplate, StageModel

_NEW_ONE = "publish a new solution interest instead, under a new id and a new name"


@dataclass(frozen=True, slots=True)
class Parts:
    """The templates and stage models that an interest can have: the file's next records, the topic's."""

    templates: Mapping[str, Definition]
    stage_models: Mapping[str, Definition]


def plan_interest(form: InterestForm, known: Known, parts: Parts) -> Step:
    """Return what publishing a solution interest would do."""
    before = known.of("solution_interest", form.id)
    there = None if before is None else before.solution_interest
    live = before is not None and before.status == "live"
    fixed = there if live else None
    refusals = list(_missing(form, parts, fixed))
    if fixed is not None:
        refusals += _changed(form, fixed)
    template, stages = _embedded(form, parts, fixed)
    if template is None:
        return Step(
            f"solution_interest:{form.id}",
            "solution_interest",
            form.name,
            "refused",
            form.place.line,
            refusals=tuple(refusals),
        )
    interest = SolutionInterest(
        id=form.id,
        update_existing_groups=form.update_existing_groups,
        audiences=_audiences(form, before, known.time_after(before)),
        role_template=template,
        stage_model=stages,
    )
    wanted = known.record("solution_interest", form, form.status, solution_interest=interest)
    return step_to(before, wanted, form.place.line, refusals)


def _missing(form: InterestForm, parts: Parts, fixed: SolutionInterest | None) -> Iterator[str]:
    named = (
        ("role template", form.role_template, parts.templates, fixed and fixed.role_template),
        ("stage model", form.stage_model, parts.stage_models, fixed and fixed.stage_model),
    )
    for kind, identity, records, there in named:
        # What a live interest has it carries with it.
        if identity is None or (there is not None and there.id == identity):
            continue
        found = records.get(identity)
        if found is None:
            yield (
                f"the {kind} {quoted(identity)} is neither in this file nor on the topic: define it,"
                " or name one that is there"
            )
        elif form.status == "live" and found.status == "draft":
            yield (
                f"the {kind} {quoted(identity)} is a draft on the topic: put it into this file as live,"
                " or leave the solution interest a draft"
            )


def _changed(form: InterestForm, there: SolutionInterest) -> Iterator[str]:
    if form.status == "draft":
        yield (
            "a live solution interest does not go back to a draft: leave it live; to end the creation"
            " of new groups, narrow its audience"
        )
    if form.role_template != there.role_template.id:
        yield (
            "the role template of a live solution interest is fixed, here"
            f" {quoted(there.role_template.id)}: {_NEW_ONE}"
        )
    stages = None if there.stage_model is None else there.stage_model.id
    if form.stage_model != stages:
        fixed = "none" if stages is None else quoted(stages)
        yield f"the stage model of a live solution interest is fixed, here {fixed}: {_NEW_ONE}"
    if form.update_existing_groups != there.update_existing_groups:
        yield (
            "update_existing_groups of a live solution interest is fixed, here"
            f" {str(there.update_existing_groups).lower()}: {_NEW_ONE}"
        )


def _embedded(
    form: InterestForm, parts: Parts, fixed: SolutionInterest | None
) -> tuple[RoleTemplate | None, StageModel | None]:
    """Return the template and stages of the next record: a live interest keeps those it has."""
    template = parts.templates.get(form.role_template)
    stages = None if form.stage_model is None else parts.stage_models.get(form.stage_model)
    embedded = (
        None if template is None else template.role_template,
        None if stages is None else stages.stage_model,
    )
    if fixed is None:
        return embedded
    same_stages = (fixed.stage_model and fixed.stage_model.id) == form.stage_model
    return (
        fixed.role_template if fixed.role_template.id == form.role_template else embedded[0],
        fixed.stage_model if same_stages else embedded[1],
    )


def _audiences(form: InterestForm, before: Definition | None, at: Millis) -> list[Audience]:
    """Return the history of the audience: it begins when the interest goes live."""
    wanted = None if form.audience is None else Audience(since=at, condition=form.audience.condition)
    there = None if before is None else before.solution_interest
    if before is not None and there is not None and before.status == form.status:
        if same_audience(newest_audience(there), wanted):
            return there.audiences
        if form.status == "live" and wanted is not None:
            return [*there.audiences, wanted]
    return [] if wanted is None else [wanted]
