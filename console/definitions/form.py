"""What a definitions file says once it is checked: the marketer's words, not yet events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from console.definitions.nodes import Place
from console.definitions.spots import Entry

DEFAULT_ROLES: Final = (
    "Decision Maker",
    "Influencer",
    "Practitioner",
    "Executive Steering Committee",
    "Champion",
    "Other",
)
"""The roles that every tenant has (domain.md §1)."""

MOST_ROLES: Final = 20

Status: TypeAlias = Literal["draft", "live"]

IDENTITY: Final[Mapping[str, str]] = {
    "id": "a short id that never changes, such as crm-buyers",
    "name": "the name that people read",
}
"""What everything in the file needs."""


def status_of(found: Entry) -> Status:
    """Return whether something is live; what does not say so is a draft."""
    return "live" if found.one_of("status", get_args(Status), "draft") == "live" else "draft"


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role of a template; ``auto_assign`` is the JSON text of a condition."""

    role: str
    weighting: str = "Normal"
    required_for_completeness: bool = True
    members_required: int = 1
    auto_assign: str | None = None


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage of a stage model, and the stages that can follow it."""

    name: str
    kind: str
    transitions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """What everything in the file has: an id, a name, and a place."""

    id: str
    name: str
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class RoleName(Named):
    """A custom role; its id is its name."""


@dataclass(frozen=True, slots=True)
class TemplateForm(Named):
    """A role template; its roles in priority order."""

    status: Status
    roles: tuple[RoleLine, ...]


@dataclass(frozen=True, slots=True)
class StageModelForm(Named):
    """A stage model."""

    status: Status
    stages: tuple[StageLine, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """Which accounts an interest is for: those that meet a condition, or all that have a record."""

    condition: str | None = None


@dataclass(frozen=True, slots=True)
class InterestForm(Named):
    """A solution interest; ``audience`` is None while a draft has none."""

    status: Status
    role_template: str
    stage_model: str | None
    update_existing_groups: bool
    audience: Audience | None


@dataclass(frozen=True, slots=True)
class WeightingForm(Named):
    """An activity weighting model; activity types in their canonical spelling."""

    active: bool
    bands: Mapping[str, int] = field(hash=False)
    activities: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class DefinitionsFile:
    """Everything that a file defines, in its order."""

    roles: tuple[RoleName, ...] = ()
    role_templates: tuple[TemplateForm, ...] = ()
    stage_models: tuple[StageModelForm, ...] = ()
    solution_interests: tuple[InterestForm, ...] = ()
    weighting_models: tuple[WeightingForm, ...] = ()
