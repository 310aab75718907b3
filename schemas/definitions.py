"""What a marketer defines (events.md, "Inputs", `definitions`): one event a definition."""

from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.fields import AnyText, Contract, Id, Millis, NestedContract
from schemas.inputs import Count, RoleTemplate, StageModel

DefinitionKind = Literal["role", "role_template", "stage_model", "solution_interest", "weighting_model"]
DefinitionStatus = Literal["draft", "live"]
Name = Annotated[str, Field(min_length=1, max_length=1024)]
BandValue = Annotated[int, Field(ge=0, le=100)]

_PAYLOADS: Final = ("role_template", "stage_model", "solution_interest", "weighting_model")


class Audience(Contract):
    """The audience of a solution interest from `since` on.

    `condition` is JSON text; null takes in every account that has an account record.
    """

    since: Millis
    condition: AnyText | None = None


class SolutionInterest(Contract):
    """What is being sold, with its template and stages embedded (domain.md §1, §3).

    `audiences` is the history of its audience: a change of the audience is appended.
    """

    id: Id
    update_existing_groups: bool = True
    audiences: list[Audience]
    role_template: RoleTemplate
    stage_model: StageModel | None = None

    @model_validator(mode="after")
    def _audiences_follow_each_other(self) -> Self:
        starts = [audience.since for audience in self.audiences]
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise ValueError("each of the audiences must have a later `since` than the one before it")
        return self


class WeightingModel(Contract):
    """An activity weighting model: bands with values, and the band of each activity type (§5)."""

    id: Id
    version: Count
    active: bool
    bands: Annotated[dict[Id, BandValue], Field(min_length=1)]
    activities: dict[Id, Id]

    @model_validator(mode="after")
    def _every_activity_type_has_one_band_of_the_model(self) -> Self:
        seen: set[str] = set()
        for activity_type, band in self.activities.items():
            if band not in self.bands:
                raise ValueError(f"the band of activity {activity_type!r} is none of the bands")
            # Types match without regard to case, so two spellings could ask for two bands.
            if activity_type.lower() in seen:
                raise ValueError(f"activity {activity_type!r} stands twice, in another case")
            seen.add(activity_type.lower())
        return self


class Definition(NestedContract):
    """A definition as it stands from `updated_at`; the newest wins, ties by `event_id`.

    It carries the payload of its kind and no other. A role has none: `name` is the role.
    """

    event_id: Id
    definition_id: Id
    kind: DefinitionKind
    name: Name
    status: DefinitionStatus
    updated_at: Millis
    role_template: RoleTemplate | None = None
    stage_model: StageModel | None = None
    solution_interest: SolutionInterest | None = None
    weighting_model: WeightingModel | None = None

    @model_validator(mode="after")
    def _carries_the_payload_of_its_kind(self) -> Self:
        for payload in _PAYLOADS:
            carried = getattr(self, payload) is not None
            if payload == self.kind and not carried:
                raise ValueError(f"a definition of kind {self.kind} needs {payload}")
            if payload != self.kind and carried:
                raise ValueError(f"a definition of kind {self.kind} takes no {payload}")
        return self

    @model_validator(mode="after")
    def _definition_id_is_derived(self) -> Self:
        payload = getattr(self, self.kind, None)
        if self.definition_id != definition_id_of(self.kind, payload.id if payload else self.name):
            wanted = "role:<name>" if self.kind == "role" else f"{self.kind}:<id of the {self.kind}>"
            raise ValueError(f"definition_id must be {wanted}")
        return self

    @model_validator(mode="after")
    def _live_interest_has_an_audience(self) -> Self:
        interest = self.solution_interest
        if self.status == "live" and interest is not None and not interest.audiences:
            raise ValueError("a live solution_interest needs at least one of audiences")
        return self


def definition_id_of(kind: DefinitionKind, identity: str) -> str:
    """The definition id, also the record's key: of a role by its name, of all else by its own id."""
    return f"{kind}:{identity}"
