"""What the made-up tenant's marketers define: interests with conditions, stages, weights."""

import json
from typing import Any, Final

from domain.calendar import MILLIS_PER_DAY, Day, Millis
from schemas import inputs
from schemas.definitions import (
    Audience,
    Definition,
    DefinitionKind,
    DefinitionStatus,
    SolutionInterest,
    WeightingModel,
    definition_id_of,
)
from schemas.fields import Contract

THREATS: Final = "threat-detection"
BACKUP: Final = "cloud-backup"
ZERO_TRUST: Final = "zero-trust"
"""Leaves existing groups alone: nobody is assigned to its groups by the system."""
DEFINED: Final = (THREATS, BACKUP, ZERO_TRUST)

INDUSTRIES: Final = ("software", "banking", "retail", "Energy")
REGIONS: Final = ("EMEA", "emea", "AMER", "APAC")
SEGMENTS: Final = ("enterprise", "commercial")
TITLES: Final = (
    "Chief Information Officer",
    "CIO",
    "Head of Data",
    "head of IT",
    "Security Engineer",
    "Intern",
    None,
)
COUNTRIES: Final = ("DE", "at", "US", None)
TIERS: Final = ("1", "2", "3.5", "none")

MOVED_TO: Final = (*["Discover"] * 4, *["Engaged"] * 3, *["Evaluate"] * 3, "Won", "Lost")
UNKNOWN_STAGE: Final = "Limbo"
STAGES: Final = inputs.StageModel(
    id="sales",
    name="Sales",
    stages=[
        inputs.Stage(name="Discover", kind="entry", transitions=["Engaged", "Lost"]),
        inputs.Stage(name="Engaged", kind="intermediate", transitions=["Evaluate", "Lost"]),
        inputs.Stage(name="Evaluate", kind="intermediate", transitions=["Engaged", "Won", "Lost"]),
        inputs.Stage(name="Won", kind="success"),
        inputs.Stage(name="Lost", kind="failure", transitions=["Discover"]),
    ],
)


def condition(field: str, operator: str, value: Any) -> dict[str, Any]:
    """Return one test."""
    return {"field": field, "operator": operator, "value": value}


CHIEF: Final = {
    "any": [condition("job_title", "starts with", "chief"), condition("job_title", "is", "cio")]
}
HEAD_NEARBY: Final = {
    "all": [
        condition("job_title", "contains", "head of"),
        condition("country", "any of", ["DE", "AT", "CH"]),
    ]
}
ENGAGED: Final = {
    "all": [
        condition("person_engagement_score", ">=", 40),
        {"field": "job_title", "operator": "is not empty"},
    ]
}
LUKEWARM: Final = condition("person_engagement_score", "between", [10, 60])
HIGH_TIER: Final = condition("custom.tier", ">=", 2)
REACHABLE: Final = {
    "all": [condition("email_invalid", "is not", True), condition("country", "not contains", "us")]
}
IN_SCOPE: Final = condition("industry", "any of", ["software", "banking"])
BUSY: Final = condition("open_opportunities", ">", 6)
LARGE_NEARBY: Final = {
    "all": [condition("region", "is", "EMEA"), condition("custom.segment", "is", "enterprise")]
}


def text(value: dict[str, Any]) -> str:
    """Return a condition as definitions carry it."""
    return json.dumps(value)


def template(identity: str, *roles: inputs.Role) -> inputs.RoleTemplate:
    """Return a template of some roles, in priority order."""
    return inputs.RoleTemplate(id=identity, version=1, name=identity, roles=list(roles))


THREATS_TEMPLATE: Final = template(
    "security-buyers",
    inputs.Role(role="Decision Maker", weighting="Vital", auto_assign=text(CHIEF)),
    inputs.Role(role="Influencer", weighting="Important", auto_assign=text(HEAD_NEARBY)),
    inputs.Role(
        role="Champion",
        weighting="Minor",
        required_for_completeness=False,
        auto_assign=text(ENGAGED),
    ),
    inputs.Role(role="Practitioner", members_required=2, auto_assign=text(HIGH_TIER)),
    inputs.Role(role="Other", weighting="Trivial"),
)
BACKUP_TEMPLATE: Final = template(
    "backup-buyers",
    inputs.Role(role="Champion", auto_assign=text(LUKEWARM)),
    inputs.Role(role="Practitioner", weighting="Vital", auto_assign=text(REACHABLE)),
    inputs.Role(role="Decision Maker", weighting="Vital"),
)
ZERO_TRUST_TEMPLATE: Final = template(
    "zero-trust-buyers",
    inputs.Role(role="Decision Maker", weighting="Vital", auto_assign=text(CHIEF)),
    inputs.Role(role="Influencer", auto_assign=text(HIGH_TIER)),
)

BANDS: Final = {"Strong": 90, "Plain": 50, "Faint": 10, "None": 0}
ACTIVITIES: Final = {
    "web.formFilledOut": "Strong",
    "event.attended": "Plain",
    "web.webpagedetails.pageViews": "Plain",
    "directMarketing.emailOpened": "Faint",
    "directMarketing.emailSent": "None",
}


def definition(
    kind: DefinitionKind,
    name: str,
    at: Millis,
    *,
    version: int = 1,
    status: DefinitionStatus = "live",
    payload: Contract | None = None,
) -> Definition:
    """Return one version of a definition."""
    identity = name if payload is None else payload.id  # type: ignore[attr-defined]
    definition_id = definition_id_of(kind, identity)
    return Definition(
        event_id=f"{definition_id}/{version}",
        definition_id=definition_id,
        kind=kind,
        name=name,
        status=status,
        updated_at=at,
        **({} if payload is None else {kind: payload}),  # type: ignore[arg-type]
    )


def definitions(as_of: Day) -> list[Definition]:
    """Return every version of what the tenant defines, in the order of publishing.

    One interest is renamed and its audience widened, one takes every account, one begins as a draft and
    leaves existing groups alone; a weighting model is activated by its second version.
    """

    def ago(days: int) -> Millis:
        return (as_of - days) * MILLIS_PER_DAY

    threats = SolutionInterest(
        id=THREATS,
        audiences=[Audience(since=ago(30), condition=text(IN_SCOPE))],
        role_template=THREATS_TEMPLATE,
        stage_model=STAGES,
    )
    wider = Audience(since=ago(9), condition=text({"any": [IN_SCOPE, BUSY]}))
    widened = threats.model_copy(update={"audiences": [*threats.audiences, wider]})
    backup = SolutionInterest(
        id=BACKUP, audiences=[Audience(since=ago(20))], role_template=BACKUP_TEMPLATE
    )
    zero_trust = SolutionInterest(
        id=ZERO_TRUST,
        update_existing_groups=False,
        audiences=[Audience(since=ago(14), condition=text(LARGE_NEARBY))],
        role_template=ZERO_TRUST_TEMPLATE,
        stage_model=STAGES,
    )
    house = WeightingModel(id="house", version=2, active=False, bands=BANDS, activities=ACTIVITIES)
    in_force = house.model_copy(update={"version": 3, "active": True})
    interest: DefinitionKind = "solution_interest"
    return [
        definition("role", "Keeper of the Seals", ago(40)),
        definition("role_template", "Security buyers", ago(40), payload=THREATS_TEMPLATE),
        definition("stage_model", "Sales", ago(40), payload=STAGES),
        definition("weighting_model", "House weights", ago(30), status="draft", payload=house),
        definition(interest, "Threat detection", ago(30), payload=threats),
        definition(interest, "Cloud backup", ago(20), payload=backup),
        definition(interest, "Zero trust", ago(18), status="draft", payload=zero_trust),
        definition(interest, "Zero trust", ago(14), version=2, payload=zero_trust),
        definition(interest, "Threat detection & response", ago(9), version=2, payload=widened),
        definition("weighting_model", "House weights", ago(5), version=2, payload=in_force),
    ]


def definitions_file(*, widened: bool = False) -> dict[str, Any]:
    """Return the interests, live, as a definitions file has them.

    ``widened`` is the file's next version: an interest renamed and with a wider audience, a weighting
    model active.
    """
    threats: dict[str, Any] = {"name": "Threat detection", "audience": IN_SCOPE}
    if widened:
        threats = {"name": "Threat detection & response", "audience": {"any": [IN_SCOPE, BUSY]}}
    interests = [
        {"id": THREATS, **threats, "role_template": THREATS_TEMPLATE.id, "stage_model": STAGES.id},
        {"id": BACKUP, "name": "Backup", "audience": "all", "role_template": BACKUP_TEMPLATE.id},
        {
            "id": ZERO_TRUST,
            "name": "Zero trust",
            "audience": LARGE_NEARBY,
            "role_template": ZERO_TRUST_TEMPLATE.id,
            "stage_model": STAGES.id,
            "update_existing_groups": False,
        },
    ]
    house = {"id": "house", "name": "House weights", "bands": BANDS, "activities": ACTIVITIES}
    return {
        "custom_fields": {"person": ["tier"], "account": ["segment"]},
        "role_templates": [
            {"id": each.id, "name": each.name, "status": "live", "roles": _roles_in_file(each)}
            for each in (THREATS_TEMPLATE, BACKUP_TEMPLATE, ZERO_TRUST_TEMPLATE)
        ],
        "stage_models": [{**STAGES.model_dump(), "status": "live"}],
        "solution_interests": [{**interest, "status": "live"} for interest in interests],
        "weighting_models": [{**house, "active": widened}],
    }


def _roles_in_file(template: inputs.RoleTemplate) -> list[dict[str, Any]]:
    roles = [role.model_dump(exclude_none=True) for role in template.roles]
    for role in roles:
        if "auto_assign" in role:
            role["auto_assign"] = json.loads(role["auto_assign"])
    return roles
