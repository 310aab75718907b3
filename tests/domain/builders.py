"""Events, templates and tenants with named defaults: a test names only what its rule is about."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, TypeVar

from domain.account import Account, Tenant
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_from_date
from domain.changes import Changes
from domain.definitions import Audience, ModelDefinition, SolutionInterest
from domain.engagement import (
    DEFAULT_MODEL,
    Baseline,
    TenantPart,
    WeightingModel,
    baseline_of,
    first_baseline,
)
from domain.events import (
    AccountEvent,
    AccountProfile,
    Decision,
    GroupDefinition,
    LeadActivity,
    LeadProfile,
    LeadStatus,
    Operation,
    Source,
    StageMove,
    StatusUpdate,
    TemplateRole,
)
from domain.identity import buying_group_id
from domain.membership import Decisions, Member, Ruling
from domain.settle import fold, points_part, strength_part

ACCOUNT: Final = "acme"
INTEREST: Final = "crm-suite"
GROUP: Final = buying_group_id(INTEREST, ACCOUNT)
LEAD: Final = "ada"

DECISION_MAKER: Final = "Decision Maker"
INFLUENCER: Final = "Influencer"
PRACTITIONER: Final = "Practitioner"

FORM: Final = "web.formFilledOut"
"""Weight 40 in the default model."""
EMAIL_OPENED: Final = "directMarketing.emailOpened"
"""Weight 30 in the default model."""
ATTENDED: Final = "event.attended"
"""Weight 60, the default model's greatest."""

TODAY: Final[Day] = day_from_date(date(2026, 11, 21))
HOUR: Final[Millis] = 3_600_000


def moment(day: Day = TODAY, *, hour: int = 12, ms: Millis = 0) -> Millis:
    """Return an instant of a day; noon unless told."""
    return day * MILLIS_PER_DAY + hour * HOUR + ms


def role(
    name: str = DECISION_MAKER,
    *,
    weighting: int = 60,
    required: bool = True,
    members_required: int = 1,
    when: str | None = None,
) -> TemplateRole:
    """Return a role; ``when`` is its auto-assign condition."""
    return TemplateRole(name, weighting, required, members_required, when)


def condition(field: str, operator: str, value: object = None) -> str:
    """Return a condition of one test, as JSON text."""
    told = {"field": field, "operator": operator}
    return json.dumps(told if value is None else {**told, "value": value})


def titled(word: str) -> str:
    """Return the condition that the job title contains a word."""
    return condition("job_title", "contains", word)


def scored(operator: str, bound: float) -> str:
    """Return a condition on the person's engagement score."""
    return condition("person_engagement_score", operator, bound)


THREE_ROLES: Final = (
    role(DECISION_MAKER, weighting=100),
    role(INFLUENCER, weighting=80),
    role(PRACTITIONER, weighting=60),
)


def activity(
    lead: str = LEAD,
    *,
    event_id: str = "activity",
    account: str = ACCOUNT,
    activity_type: str = FORM,
    at: Millis = moment(),
) -> LeadActivity:
    return LeadActivity(event_id, account, lead, activity_type, at)


def activities(
    count: int,
    lead: str = LEAD,
    *,
    named: str = "activity",
    account: str = ACCOUNT,
    activity_type: str = FORM,
    at: Millis = moment(),
    apart: Millis = 0,
) -> list[LeadActivity]:
    """Return distinct activities, each ``apart`` milliseconds after the one before."""
    return [
        activity(
            lead,
            event_id=f"{named}-{i:03d}",
            account=account,
            activity_type=activity_type,
            at=at + i * apart,
        )
        for i in range(count)
    ]


def decide(
    operation: Operation = "assign",
    lead: str = LEAD,
    *,
    role: str = DECISION_MAKER,
    source: Source = "manual",
    at: Millis = moment(),
    event_id: str = "decision",
    account: str = ACCOUNT,
    group: str | None = None,
    position: int = 0,
) -> Decision:
    return Decision(
        event_id,
        account,
        group or buying_group_id(INTEREST, account),
        lead,
        source,
        operation,
        role if operation == "assign" else None,
        at,
        position,
    )


def profile(
    status: LeadStatus = "active",
    lead: str = LEAD,
    *,
    at: Millis = moment(),
    event_id: str = "profile",
    account: str = ACCOUNT,
    title: str | None = None,
    attributes: Mapping[str, str | bool] | None = None,
    custom: Mapping[str, str] | None = None,
) -> LeadProfile:
    known = dict(attributes or {})
    if title is not None:
        known["job_title"] = title
    return LeadProfile(event_id, account, lead, at, status, known, dict(custom or {}))


def account_profile(
    *,
    at: Millis = moment(),
    event_id: str = "account",
    account: str = ACCOUNT,
    name: str | None = "Acme",
    attributes: Mapping[str, str | int] | None = None,
    custom: Mapping[str, str] | None = None,
) -> AccountProfile:
    named = {} if name is None else {"name": name}
    return AccountProfile(event_id, account, at, {**named, **(attributes or {})}, dict(custom or {}))


def interest(
    roles: Iterable[TemplateRole] = THREE_ROLES,
    *audiences: Audience,
    event_id: str = "interest",
    interest_id: str = INTEREST,
    name: str = "CRM Suite",
    at: Millis = moment(TODAY - 50, hour=0),
    live: bool = True,
    update: bool = True,
    stage_model: str | None = None,
) -> SolutionInterest:
    """Return a solution interest, for every account since it was published unless told."""
    return SolutionInterest(
        event_id=event_id,
        interest_id=interest_id,
        name=name,
        updated_at=at,
        live=live,
        update_existing_groups=update,
        template_id="template",
        template_version=1,
        roles=tuple(roles),
        audiences=audiences or (Audience(at),),
        stage_model=stage_model,
    )


def model_definition(
    weights: Mapping[str, int],
    *,
    version: int = 2,
    active: bool = True,
    at: Millis = moment(),
    event_id: str = "model",
    model_id: str = "test",
) -> ModelDefinition:
    return ModelDefinition(event_id, at, active, WeightingModel(model_id, version, dict(weights)))


def stages(**transitions: str) -> str:
    """Return a stage model as JSON text: each stage with those it leads to; the first is the entry."""
    listed = [
        {
            "name": name,
            "kind": "entry" if place == 0 else "intermediate",
            "transitions": onward.split(),
        }
        for place, (name, onward) in enumerate(transitions.items())
    ]
    return json.dumps({"id": "stages", "name": "Stages", "stages": listed})


def move(
    stage: str,
    *,
    event_id: str | None = None,
    at: Millis = moment(),
    account: str = ACCOUNT,
    group: str | None = None,
) -> StageMove:
    target = group or buying_group_id(INTEREST, account)
    return StageMove(event_id or f"to {stage}", account, target, stage, at)


def status(
    text: str,
    *,
    event_id: str = "status",
    at: Millis = moment(),
    account: str = ACCOUNT,
    group: str | None = None,
) -> StatusUpdate:
    return StatusUpdate(event_id, account, group or buying_group_id(INTEREST, account), text, at)


def group(
    roles: Iterable[TemplateRole] = THREE_ROLES,
    *,
    interest: str = INTEREST,
    account: str = ACCOUNT,
    at: Millis = moment(TODAY - 100, hour=0),
    event_id: str = "group",
    deleted: bool = False,
    update: bool = False,
    stage_model: str | None = None,
) -> GroupDefinition:
    return GroupDefinition(
        event_id=event_id,
        account_id=account,
        buying_group_id=buying_group_id(interest, account),
        solution_interest_id=interest,
        name=f"{interest} for {account}",
        created_at=at,
        update_existing_groups=update,
        template_id="template",
        template_version=1,
        roles=tuple(roles),
        stage_model=stage_model,
        deleted=deleted,
    )


def ruling(
    operation: Operation = "assign",
    role: str = DECISION_MAKER,
    *,
    at: Millis = moment(),
    event_id: str = "decision",
) -> Ruling:
    return Ruling(operation, role if operation == "assign" else None, at, event_id)


def opinions(
    *,
    manual: Ruling | None = None,
    journey: Ruling | None = None,
    system: Ruling | None = None,
) -> Decisions:
    return Decisions(*(() if one is None else (one,) for one in (manual, journey, system)))


def baseline(
    *,
    version: int = 1,
    greatest_weight: int = 60,
    person_root: float = 10.0,
    group_root: float = 10.0,
) -> Baseline:
    return Baseline(version, 1, greatest_weight, person_root, group_root)


def model(weights: Mapping[str, int], *, version: int = 2) -> WeightingModel:
    return WeightingModel("test", version, dict(weights))


def tenant(
    as_of: Day = TODAY,
    *,
    ticked: bool = True,
    measured_by: Baseline | None = None,
    weighted_by: WeightingModel = DEFAULT_MODEL,
    interests: Iterable[SolutionInterest] = (),
) -> Tenant:
    by = measured_by or first_baseline(weighted_by)
    return Tenant(as_of, ticked, by, weighted_by, tuple(interests))


def folded(
    *events: AccountEvent, by: Tenant | None = None, into: Account | None = None
) -> tuple[Account, Changes]:
    """Return an account after one batch, and what the batch changed."""
    account = into or Account(events[0].account_id if events else ACCOUNT)
    return account, fold(account, events, by or tenant())


def part_of(
    *accounts: Account, as_of: Day = TODAY, weighted_by: WeightingModel = DEFAULT_MODEL
) -> TenantPart:
    """Return what accounts contribute to a baseline, in the two rounds of a tick (domain.md §5)."""
    part = TenantPart()
    for account in accounts:
        part = part.merge(points_part(account, as_of, weighted_by))
    yardstick = baseline_of(part, weighted_by, 0)
    for account in accounts:
        part = part.merge(strength_part(account, as_of, weighted_by, yardstick))
    return part


def members(*events: AccountEvent, by: Tenant | None = None) -> dict[str, Member]:
    """Return the members of the default group after one batch."""
    account, _ = folded(*events, by=by)
    return account.group(GROUP).members


Reported = TypeVar("Reported")


def reports(changes: Changes, kind: type[Reported]) -> list[Reported]:
    """Return the reports of one kind, in their order."""
    return [report for report in changes.reports if isinstance(report, kind)]


def only(changes: Changes, kind: type[Reported]) -> Reported:
    """Return the one report of a kind."""
    (report,) = reports(changes, kind)
    return report
