"""Every mistake of a definitions file in one run, and what the file says when there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.definitions.file import read
from console.definitions.form import DefinitionsFile, Named
from console.definitions.interests import check_references, read_interests
from console.definitions.nodes import Mistake
from console.definitions.spots import FirstSeen, Spot
from console.definitions.stages import read_stage_models
from console.definitions.templates import read_custom_fields, read_roles, read_templates
from console.definitions.weightings import read_weighting_models

SECTIONS: Final = (
    "custom_fields",
    "roles",
    "role_templates",
    "stage_models",
    "solution_interests",
    "weighting_models",
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was read: what it defines, or its mistakes by line; ``notes`` are no mistakes."""

    file: DefinitionsFile | None
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()


def check(text: str) -> Checked:
    """Return what a definitions file says, or everything that is wrong with it."""
    node, mistakes = read(text)
    if node is None:
        return Checked(None, tuple(sorted(mistakes)))
    file, notes = _file(Spot(node, (), mistakes))
    if mistakes:
        return Checked(None, tuple(sorted(mistakes)))
    return Checked(file, (), tuple(notes))


def _file(root: Spot) -> tuple[DefinitionsFile, list[str]]:
    found = root.fields(SECTIONS)
    custom = read_custom_fields(found.get("custom_fields"))
    roles = read_roles(found.get("roles"))
    templates = read_templates(found.get("role_templates"), roles, custom)
    models = read_stage_models(found.get("stage_models"))
    interests = read_interests(found.get("solution_interests"), custom.account)
    weightings = read_weighting_models(found.get("weighting_models"))
    _check_unique("role template", templates)
    _check_unique("stage model", models)
    _check_unique("solution interest", interests)
    _check_unique("weighting model", weightings)
    file = DefinitionsFile(
        roles=roles,
        role_templates=tuple(form for _, form in templates),
        stage_models=tuple(form for _, form in models),
        solution_interests=tuple(form for _, form in interests),
        weighting_models=tuple(form for _, form in weightings),
    )
    return file, check_references(interests, file.role_templates, file.stage_models)


def _check_unique(kind: str, forms: Sequence[tuple[Spot, Named]]) -> None:
    ids = FirstSeen(f"{kind} id", ignore_case=False)
    names = FirstSeen(f"{kind} name")
    for spot, form in forms:
        ids.add(spot.at(("id",)), form.id)
        names.add(spot.at(("name",)), form.name)
