"""The account fold, second half: what a batch touched is measured again and its changes are reported.

Written once per batch and touched subject, so the cost of an event does not grow with the account: it
grows with the members of the groups it touched, and is shared by all events of the batch.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.account import Account, Tenant
from domain.calendar import Day, Millis
from domain.engagement import (
    TenantPart,
    WeightingModel,
    group_strength,
    points_of,
    window_start,
)
from domain.events import AccountEvent
from domain.figures import Settlement, makeup_of
from domain.fold import Changes, take_in
from domain.reports import (
    Cause,
    Reason,
)


def fold(account: Account, events: Iterable[AccountEvent], tenant: Tenant) -> Changes:
    """Take a batch of events into an account and report what changed.

    The account is changed in place. It must have been filled and restored for this tenant.
    """
    changes, touched = take_in(account, events, tenant)
    settlement = Settlement(account, tenant, changes)
    for lead_id, cause in touched.leads.items():
        settlement.person(lead_id, cause)
    settlement.memberships(touched)
    for buying_group_id, cause in settlement.touched_groups(touched).items():
        settlement.group(buying_group_id, cause, redefined=buying_group_id in touched.redefined)
    for decision, outcome in touched.answers:
        settlement.answer(decision, outcome)
    return changes


def rescore(
    account: Account, tenant: Tenant, event_id: str, at: Millis, *, republish: bool = True
) -> Changes:
    """Measure a whole account against a new date and baseline (domain.md §5, "The baseline").

    The account must have been restored for the tenant as it was before. Once the tenant was ticked, days
    older than the window are dropped: ``as_of`` never moves back, so they cannot count again.
    ``republish`` gives every group's state, whose date or baseline changed, even if its figures did not.
    A subject's reason says what moved it: ``activity`` when kept activity came of age with the new date,
    ``decay`` when activity left the window, ``baseline`` when only the yardstick changed.
    """
    changes = Changes()
    settlement = Settlement(account, tenant, changes)
    first_day = window_start(tenant.as_of)
    reasons: dict[str, Reason] = {}
    for lead_id, lead in account.leads.items():
        for day in [day for day in lead.days if tenant.ticked and day < first_day]:
            del lead.days[day]
            changes.days.add((lead_id, day))
        points = lead.points
        lead.measure(tenant)
        reason: Reason = "baseline"
        if lead.points != points:
            reason = "activity" if lead.points > points else "decay"
        reasons[lead_id] = reason
        settlement.report_person(lead_id, lead, Cause(event_id, at, reason))
    for buying_group_id, group in account.groups.items():
        if group.stands:
            moved = {reasons[lead_id] for lead_id in group.members}
            reason = next((r for r in _BY_WEIGHT if r in moved), "baseline")
            settlement.measure_group(buying_group_id, Cause(event_id, at, reason), publish=republish)
    return changes


_BY_WEIGHT: tuple[Reason, ...] = ("activity", "decay")


def part_of(account: Account, as_of: Day, model: WeightingModel) -> TenantPart:
    """Return what an account contributes to the baseline of a date (domain.md §5)."""
    first_day = window_start(as_of)
    weight_of = model.weights.get
    weight = 0
    points: dict[str, int] = {}
    for lead_id, lead in account.leads.items():
        points[lead_id] = points_of(lead.days, as_of, model)
        for day, types in lead.days.items():
            if first_day <= day <= as_of:
                weight = max(weight, *(weight_of(kept, 0) for kept in types))
    strength = 0.0
    for group in account.groups.values():
        if group.definition is not None and group.members:
            shares = makeup_of(group, group.definition).shares
            held = ((member.role, points[lead_id]) for lead_id, member in group.members.items())
            strength = max(strength, group_strength(shares, held))
    return TenantPart(weight, max(points.values(), default=0), strength)
