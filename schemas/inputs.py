"""The input events (events.md, "Inputs")."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.fields import AnyText, Contract, Id, Int32, Millis, NestedContract, Text, TextMap

Operation = Literal["assign", "remove", "release"]
JourneyOperation = Literal["assign", "remove", "release", "update_stage", "update_status"]
ProfileStatus = Literal["active", "left", "erased"]
Weighting = Literal["Trivial", "Minor", "Normal", "Important", "Vital"]
StageKind = Literal["entry", "intermediate", "success", "failure"]
Status = Annotated[str, Field(max_length=50)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


class LeadActivity(Contract):
    """Something a lead did. `occurred_at` decides the day it counts for (domain.md §5)."""

    event_id: Id
    account_id: Id
    lead_id: Id
    activity_type: Id
    occurred_at: Millis
    attributes: TextMap = Field(default_factory=dict)


_NEEDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # action: what it must carry, what it must not
    "assign": (frozenset({"lead_id", "role"}), frozenset()),
    "remove": (frozenset({"lead_id"}), frozenset({"role"})),
    "release": (frozenset({"lead_id"}), frozenset({"role"})),
    "update_stage": (frozenset({"stage"}), frozenset()),
    "update_status": (frozenset({"status"}), frozenset()),
}


class JourneyAction(Contract):
    """What a journey decided for the group of (account, solution interest) (domain.md §2, §6)."""

    event_id: Id
    account_id: Id
    solution_interest_id: Id
    journey_id: Id
    node_id: Id | None = None
    decided_at: Millis
    action: JourneyOperation
    lead_id: Id | None = None
    role: Id | None = None
    stage: Id | None = None
    status: Status | None = None

    @model_validator(mode="after")
    def _carries_what_the_action_needs(self) -> Self:
        needed, refused = _NEEDS[self.action]
        for name in sorted(needed):
            if getattr(self, name) is None:
                raise ValueError(f"{self.action} needs {name}")
        for name in sorted(refused):
            if getattr(self, name) is not None:
                raise ValueError(f"{self.action} takes no {name}")
        return self


class Edit(Contract):
    """One lead of a manual edit: one decision (domain.md §2 rule 8)."""

    lead_id: Id
    operation: Operation
    role: Id | None = None

    @model_validator(mode="after")
    def _role_only_for_assign(self) -> Self:
        if self.operation == "assign" and self.role is None:
            raise ValueError("assign needs role")
        if self.operation != "assign" and self.role is not None:
            raise ValueError(f"{self.operation} takes no role")
        return self


class ManualEdit(NestedContract):
    """Decisions a person made in one go. How many edits are allowed is the worker's to answer."""

    event_id: Id
    account_id: Id
    buying_group_id: Id
    edited_by: Id
    decided_at: Millis
    edits: list[Edit]


class LeadProfile(Contract):
    """A lead's profile in one account; newest `updated_at` wins, ties by `event_id`."""

    event_id: Id
    account_id: Id
    lead_id: Id
    updated_at: Millis
    status: ProfileStatus = "active"
    first_name: Text | None = None
    last_name: Text | None = None
    job_title: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    mobile_phone: Text | None = None
    city: Text | None = None
    state: Text | None = None
    country: Text | None = None
    postal_code: Text | None = None
    inferred_state_region: Text | None = None
    email_invalid: bool | None = None
    email_suspended: bool | None = None
    custom: TextMap = Field(default_factory=dict)


class Account(Contract):
    """An account's own data; newest `updated_at` wins, ties by `event_id`."""

    event_id: Id
    account_id: Id
    updated_at: Millis
    name: Text | None = None
    industry: Text | None = None
    region: Text | None = None
    parent_account_id: Id | None = None
    open_opportunities: Int32 | None = None
    custom: TextMap = Field(default_factory=dict)


class Role(Contract):
    """A role of a template (domain.md §1). `auto_assign` is JSON text of a condition, or null."""

    role: Id
    weighting: Weighting = "Normal"
    required_for_completeness: bool = True
    members_required: Count = 1
    auto_assign: AnyText | None = None


class RoleTemplate(Contract):
    """The ordered roles of a group: 1 to 20, names unique; order is priority."""

    id: Id
    version: Count
    name: Text
    roles: Annotated[list[Role], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _role_names_are_unique(self) -> Self:
        if len({role.role for role in self.roles}) != len(self.roles):
            raise ValueError("a role stands twice in the template")
        return self


class Stage(Contract):
    """A stage and the names of the stages a group may move to from it (domain.md §6)."""

    name: Id
    kind: StageKind
    transitions: list[AnyText] = Field(default_factory=list)


class StageModel(Contract):
    """The stages of a solution interest (domain.md §6)."""

    id: Id
    name: Text
    stages: list[Stage]


class BuyingGroup(NestedContract):
    """A buying group as defined, with its template and stages embedded."""

    event_id: Id
    account_id: Id
    buying_group_id: Id
    solution_interest_id: Id
    name: Text
    created_at: Millis
    update_existing_groups: bool = True
    role_template: RoleTemplate
    stage_model: StageModel | None = None
    deleted: bool = False
