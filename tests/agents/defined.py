"""Definitions as a marketer publishes them: by name with defaults, or from what the rules are told."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from agents.buying_groups import WEIGHTINGS
from domain.calendar import Millis
from domain.definitions import ModelDefinition, SolutionInterest, TenantEvent
from domain.identity import buying_group_id
from schemas import definitions as contract
from schemas.definitions import Definition, DefinitionKind, DefinitionStatus, definition_id_of
from schemas.inputs import BuyingGroup, Role, RoleTemplate, Stage, StageModel, Weighting
from tests.domain.builders import DECISION_MAKER, INTEREST, TODAY, condition, moment, scored, titled
from tests.schemas.events import EXAMPLES

PUBLISHED: Final[Millis] = moment(TODAY - 50)
CHIEFS: Final = titled("chief")
ENGAGED: Final = scored(">=", 50)
IN_SOFTWARE: Final = condition("industry", "is", "Software")

_WEIGHTING_OF: Final[Mapping[int, Weighting]] = {WEIGHTINGS[name]: name for name in get_args(Weighting)}


def role(
    name: str = DECISION_MAKER, *, weighting: Weighting = "Normal", auto_assign: str | None = None
) -> Role:
    return Role(role=name, weighting=weighting, auto_assign=auto_assign)


SALES: Final = StageModel(
    id="sales",
    name="Sales",
    stages=[
        Stage(name="New", kind="entry", transitions=["Talking", "Lost"]),
        Stage(name="Talking", kind="intermediate", transitions=["Won", "Lost"]),
        Stage(name="Won", kind="success"),
        Stage(name="Lost", kind="failure", transitions=["New"]),
    ],
)


def interest(
    interest_id: str = INTEREST,
    *,
    event_id: str = "interest",
    name: str = "CRM Suite",
    status: DefinitionStatus = "live",
    at: Millis = PUBLISHED,
    audiences: Sequence[tuple[Millis, str | None]] = ((PUBLISHED, None),),
    roles: Sequence[Role] = (role(),),
    stages: StageModel | None = None,
    update_existing_groups: bool = True,
) -> Definition:
    """Return a solution interest; ``audiences`` are (since, condition)."""
    return Definition(
        event_id=event_id,
        definition_id=definition_id_of("solution_interest", interest_id),
        kind="solution_interest",
        name=name,
        status=status,
        updated_at=at,
        solution_interest=contract.SolutionInterest(
            id=interest_id,
            update_existing_groups=update_existing_groups,
            audiences=[
                contract.Audience(since=since, condition=condition) for since, condition in audiences
            ],
            role_template=template(roles),
            stage_model=stages,
        ),
    )


def template(roles: Sequence[Role] = (role(),)) -> RoleTemplate:
    return RoleTemplate(id="template", version=1, name="Template", roles=list(roles))


def weighting(
    model_id: str = "bold",
    *,
    version: int = 2,
    active: bool = True,
    weights: Mapping[str, int],
    event_id: str = "weighting",
    at: Millis = PUBLISHED,
    status: DefinitionStatus = "live",
) -> Definition:
    """Return a weighting model with a band for each activity type."""
    return Definition(
        event_id=event_id,
        definition_id=definition_id_of("weighting_model", model_id),
        kind="weighting_model",
        name=model_id,
        status=status,
        updated_at=at,
        weighting_model=contract.WeightingModel(
            id=model_id,
            version=version,
            active=active,
            bands={f"band of {kind}": weight for kind, weight in weights.items()},
            activities={kind: f"band of {kind}" for kind in weights},
        ),
    )


def plain(
    kind: DefinitionKind, name: str, *, event_id: str = "plain", at: Millis = PUBLISHED
) -> Definition:
    """Return a role, a role template or a stage model that stands for itself."""
    payloads: dict[str, Any] = {
        "role_template": template().model_copy(update={"id": name}),
        "stage_model": SALES.model_copy(update={"id": name}),
    }
    payload = payloads.get(kind)
    return Definition(
        event_id=event_id,
        definition_id=definition_id_of(kind, name),
        kind=kind,
        name=name,
        status="live",
        updated_at=at,
        **({} if payload is None else {kind: payload}),
    )


def published(event: TenantEvent) -> Definition:
    """Return the contract that tells the rules of a definition."""
    if isinstance(event, ModelDefinition):
        return weighting(
            event.model.model_id,
            version=event.model.version,
            active=event.active,
            weights=event.model.weights,
            event_id=event.event_id,
            at=event.updated_at,
        )
    return interest(
        event.interest_id,
        event_id=event.event_id,
        name=event.name,
        status="live" if event.live else "draft",
        at=event.updated_at,
        audiences=[(one.since, one.condition) for one in event.audiences],
        roles=_roles(event),
        stages=None if event.stage_model is None else StageModel.model_validate_json(event.stage_model),
        update_existing_groups=event.update_existing_groups,
    )


def _roles(event: SolutionInterest) -> list[Role]:
    return [
        Role(
            role=one.role,
            weighting=_WEIGHTING_OF[one.weighting],
            required_for_completeness=one.required,
            members_required=one.members_required,
            auto_assign=one.auto_assign,
        )
        for one in event.roles
    ]


def buying_group(*roles: Role, **more: Any) -> BuyingGroup:
    """Return the group of an account of ``tests.schemas.events`` as its record tells it."""
    known = EXAMPLES["buying-groups"]
    assert isinstance(known, BuyingGroup)
    group_id = buying_group_id(known.solution_interest_id, known.account_id)
    named = {"buying_group_id": group_id, "role_template": template(roles or [role()]), **more}
    return known.model_copy(update=named)
