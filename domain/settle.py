"""The account fold, second half: what a batch touched is measured again and its changes are reported.

Written once per batch and touched subject, so the cost of an event does not grow with the account: it
grows with the members of the groups it touched, and is shared by all events of the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from domain.account import Account, Group, Tenant, decisions_on, member_by
from domain.calendar import Day, Millis
from domain.changes import Changes, Touched
from domain.definitions import SolutionInterest
from domain.engagement import (
    Baseline,
    TenantPart,
    WeightingModel,
    group_strength,
    person_score,
    points_of,
    role_shares,
    window_start,
)
from domain.events import AccountEvent
from domain.figures import Settlement
from domain.fold import Intake, take_in
from domain.group_figures import rate_members
from domain.membership import Member
from domain.reports import Cause, Reason
from domain.roster import Roster


def fold(account: Account, events: Iterable[AccountEvent], tenant: Tenant) -> Changes:
    """Take a batch of events into an account and report what changed.

    The account is changed in place. It must have been filled and restored for this tenant.
    """
    changes, touched = take_in(account, events, tenant)
    _settle(account, tenant, changes, touched)
    return changes


def create(account: Account, interest: SolutionInterest, tenant: Tenant) -> Changes:
    """Create or change what a solution interest that was just heard of means for an account (§3)."""
    intake = Intake(account, tenant)
    intake.create(interest, interest.event_id, interest.updated_at)
    _settle(account, tenant, intake.changes, intake.touched)
    return intake.changes


def _settle(account: Account, tenant: Tenant, changes: Changes, touched: Touched) -> None:
    settlement = Settlement(account, tenant, changes)
    for lead_id, cause in touched.leads.items():
        settlement.person(lead_id, cause)
    if settlement.moved_people and account.asks_for_scores:
        _maintain_by_score(settlement, Roster(account, changes, touched))
    settlement.memberships(touched)
    for buying_group_id, cause in settlement.touched_groups(touched).items():
        settlement.group(buying_group_id, cause, touched)
    for decision, outcome in touched.answers:
        settlement.groups.answer(decision, outcome)


def _maintain_by_score(settlement: Settlement, roster: Roster) -> None:
    """Test the people whose score moved again: it may have crossed a bound of a condition.

    Whoever joins by an activity joins: to a journey that is a change of membership.
    """
    for lead_id, moved in settlement.moved_people.items():
        lead = roster.account.leads[lead_id]
        roster.maintain(lead_id, lead, _joining(moved), scored_only=True)


def _joining(moved: Cause) -> Cause:
    """Return the cause of a membership that a score brought about."""
    reason: Reason = "membership" if moved.reason == "activity" else moved.reason
    return Cause(moved.event_id, moved.occurred_at, reason)


def rescore(
    account: Account,
    tenant: Tenant,
    event_id: str,
    at: Millis,
    *,
    republish: bool = True,
    remodelled: bool = False,
) -> Changes:
    """Measure a whole account against a new date and baseline (domain.md §5, "The baseline").

    The account must have been restored for the tenant as it was before. Once the tenant was ticked, days
    older than the window are dropped: ``as_of`` never moves back, so they cannot count again.
    ``republish`` gives every group's state, whose date or baseline changed, even if its figures did not.
    A subject's reason says what moved it: ``model`` when the weighting model is another one
    (``remodelled``), ``activity`` when kept activity came of age with the new date, ``decay`` when
    activity left the window, ``baseline`` when only the yardstick changed.
    """
    changes, touched = Changes(), Touched()
    settlement = Settlement(account, tenant, changes)
    first_day = window_start(tenant.as_of)
    unmoved: Reason = "model" if remodelled else "baseline"
    causes: dict[str, Cause] = {}
    for lead_id, lead in account.leads.items():
        for day in [day for day in lead.days if tenant.ticked and day < first_day]:
            del lead.days[day]
            changes.days.add((lead_id, day))
        points = lead.points
        lead.count(tenant)
        lead.measure(tenant.baseline)
        reason = unmoved
        if lead.points != points and not remodelled:
            reason = "activity" if lead.points > points else "decay"
        causes[lead_id] = Cause(event_id, at, reason)
        settlement.report_person(lead_id, lead, causes[lead_id])
    roster = Roster(account, changes, touched)
    for buying_group_id, group in account.groups.items():
        if group.job is not None and group.job.uses_score:
            roster.maintain_group(buying_group_id, lambda lead_id: _joining(causes[lead_id]))
    settlement.memberships(touched)
    joined: dict[str, set[Reason]] = {}
    for (buying_group_id, _), cause in touched.members.items():
        joined.setdefault(buying_group_id, set()).add(cause.reason)
    for buying_group_id, group in account.groups.items():
        if group.stands:
            moved = {causes[lead_id].reason for lead_id in group.members}
            moved |= joined.get(buying_group_id, set())
            reason = next((r for r in _BY_WEIGHT if r in moved), unmoved)
            publish = republish or buying_group_id in touched.groups
            rate_members(group, account.leads)
            settlement.measure_group(buying_group_id, Cause(event_id, at, reason), publish=publish)
    return changes


_BY_WEIGHT: Final[tuple[Reason, ...]] = ("activity", "decay", "membership")


def points_part(account: Account, as_of: Day, model: WeightingModel) -> TenantPart:
    """Return an account's greatest weight and points on a date (domain.md §5)."""
    first_day = window_start(as_of)
    weight_of = model.weights.get
    weight = points = 0
    for lead in account.leads.values():
        points = max(points, points_of(lead.days, as_of, model))
        for day, types in lead.days.items():
            if first_day <= day <= as_of:
                weight = max(weight, *(weight_of(kept, 0) for kept in types))
    return TenantPart(weight, points)


def strength_part(
    account: Account, as_of: Day, model: WeightingModel, yardstick: Baseline
) -> TenantPart:
    """Return an account's greatest group strength on a date (domain.md §5).

    ``yardstick`` is the coming baseline without its group root. Person scores by it decide who will be a
    member where conditions ask for them, so the strength is that of the members to come.
    """
    points = {
        lead_id: points_of(lead.days, as_of, model) if lead.days else 0
        for lead_id, lead in account.leads.items()
    }
    strength = 0.0
    for group in account.groups.values():
        members = _members_to_come(account, group, points, yardstick)
        if members and group.definition is not None:
            held = Counter(member.role for member in members.values())
            shares = role_shares(group.definition.roles, held)
            roots = ((member.role, points[lead_id]) for lead_id, member in members.items())
            strength = max(strength, group_strength(shares, roots))
    return TenantPart(greatest_strength=strength)


def _members_to_come(
    account: Account, group: Group, points: dict[str, int], yardstick: Baseline
) -> dict[str, Member]:
    if group.job is None or not group.job.uses_score:
        return group.members
    found: dict[str, Member] = {}
    for lead_id, lead in account.leads.items():
        score = person_score(points[lead_id], yardstick)
        member = member_by(group, decisions_on(group, lead_id, lead, score), lead)
        if member is not None:
            found[lead_id] = member
    return found
