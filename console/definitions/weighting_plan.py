"""Activity weighting models in a plan: their versions, and which is in force (domain.md §5).

The active model with the greatest version is in force, so a model is activated by a new version, and
what is in force goes out of it only when another model comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.definitions.contents import same_weights
from console.definitions.form import WeightingForm
from console.definitions.nodes import quoted
from console.definitions.steps import Known, Step, step_to
from domain.engagement import DEFAULT_MODEL
from schemas.definitions import Definition, WeightingModel

_UNCLEAR: Final = (
    "it is in force and changed, but not active in this file: make it active to rescore by the change,"
    " or make another model active"
)


def in_force(definitions: Sequence[Definition]) -> str:
    """Return the id of the weighting model in force, of the built-in one if none is active."""
    models = (each.weighting_model for each in definitions)
    active = [(model.version, model.id) for model in models if model is not None and model.active]
    return max(active)[1] if active else DEFAULT_MODEL.model_id


def plan_weightings(forms: Sequence[WeightingForm], known: Known) -> tuple[list[Step], list[str]]:
    """Return what publishing the weighting models would do, in the file's order, and notes."""
    there = known.of_kind("weighting_model")
    force = in_force(there)
    models = [each.weighting_model for each in there if each.weighting_model is not None]
    numbers = _Numbers(max([DEFAULT_MODEL.version, *(model.version for model in models)]))
    stays = not any(form.active for form in forms)
    # The one that comes into force is numbered last: it must have the greatest version.
    order = sorted(range(len(forms)), key=lambda position: forms[position].active)
    steps = {position: _step(forms[position], known, numbers, force, stays=stays) for position in order}
    notes = [_note_of(force, there)] if forms and stays else []
    return [steps[position] for position in range(len(forms))], notes


@dataclass(slots=True)
class _Numbers:
    last: int

    def next(self) -> int:
        self.last += 1
        return self.last


def _step(form: WeightingForm, known: Known, numbers: _Numbers, force: str, *, stays: bool) -> Step:
    before = known.of("weighting_model", form.id)
    there = None if before is None else before.weighting_model
    kept = form.id == force and stays
    model = WeightingModel(
        id=form.id,
        version=1,
        active=form.active or kept,
        bands=dict(form.bands),
        activities=dict(form.activities),
    )
    same = there is not None and same_weights(there, model)
    comes_into_force = form.active and form.id != force
    keeps = there is not None and same and not comes_into_force
    version = there.version if there is not None and keeps else numbers.next()
    model = model.model_copy(update={"version": version})
    wanted = known.record(
        "weighting_model", form, "live" if model.active else "draft", weighting_model=model
    )
    refusals = [_UNCLEAR] if kept and not same else []
    return step_to(before, wanted, form.place.line, refusals)


def _note_of(force: str, there: Sequence[Definition]) -> str:
    name = next(
        (each.name for each in there if each.weighting_model and each.weighting_model.id == force), ""
    )
    said = (
        f"{quoted(name)} stays in force" if name else "the one in force stays, which is the built-in one"
    )
    return f"No weighting model of the file is active: {said}."
