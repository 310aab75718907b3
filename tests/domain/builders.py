"""Events, templates and tenants with named defaults: a test names only what its rule is about."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, TypeVar

from domain.account import Account, Tenant
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_from_date
from domain.engagement import DEFAULT_MODEL, Baseline, WeightingModel, first_baseline
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
    TemplateRole,
)
from domain.fold import Changes
from domain.identity import buying_group_id
from domain.membership import Decisions, Member, Ruling
from domain.settle import fold

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
) -> TemplateRole:
    return TemplateRole(name, weighting, required, members_required)


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
    attributes: Mapping[str, str | bool] | None = None,
) -> LeadProfile:
    return LeadProfile(event_id, account, lead, at, status, dict(attributes or {}))


def account_profile(
    *, at: Millis = moment(), event_id: str = "account", account: str = ACCOUNT, name: str = "Acme"
) -> AccountProfile:
    return AccountProfile(event_id, account, at, {"name": name})


def group(
    roles: Iterable[TemplateRole] = THREE_ROLES,
    *,
    interest: str = INTEREST,
    account: str = ACCOUNT,
    at: Millis = moment(TODAY - 100, hour=0),
    event_id: str = "group",
    deleted: bool = False,
) -> GroupDefinition:
    return GroupDefinition(
        event_id=event_id,
        account_id=account,
        buying_group_id=buying_group_id(interest, account),
        solution_interest_id=interest,
        name=f"{interest} for {account}",
        created_at=at,
        update_existing_groups=False,
        template_id="template",
        template_version=1,
        roles=tuple(roles),
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
) -> Tenant:
    return Tenant(as_of, ticked, measured_by or first_baseline(weighted_by), weighted_by)


def folded(
    *events: AccountEvent, by: Tenant | None = None, into: Account | None = None
) -> tuple[Account, Changes]:
    """Return an account after one batch, and what the batch changed."""
    account = into or Account(events[0].account_id if events else ACCOUNT)
    return account, fold(account, events, by or tenant())


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
