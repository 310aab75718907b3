"""An account that was folded anew, settled against what subscribers were told of it before.

A rebuilt account knows everything that follows from its inputs. How often its figures were reported does
not follow from them: that depends on which events came in one batch. So versions and last reported
figures are given, and only what differs from them is reported, with the next version.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from domain.account import Account, GroupFigures, PersonFigures, Tenant
from domain.calendar import Millis
from domain.changes import Changes, Touched
from domain.figures import Settlement
from domain.membership import Member
from domain.reports import Cause, GroupGone, GroupState
from domain.settle import rescore
from domain.stages import ProgressFigures


@dataclass(frozen=True, slots=True)
class ToldGroup:
    """What subscribers were told of a group; ``published`` says that its state stands with them."""

    figures: GroupFigures = field(default_factory=GroupFigures)
    progress: ProgressFigures = field(default_factory=ProgressFigures)
    members: Mapping[str, Member] = field(default_factory=dict)
    published: bool = False


NOTHING_TOLD = ToldGroup()


def derive(account: Account, tenant: Tenant) -> dict[str, GroupState]:
    """Work out all that follows from an account's events for a tenant; return its groups' states.

    The account's figures are those that a report would have now; their versions say nothing.
    """
    changes = rescore(account, tenant, "", 0)
    for group in account.groups.values():
        if group.stands:
            status = group.progress.status
            figures = ProgressFigures(
                stage=group.progress.stage(group.definition),
                status=None if status is None else status.text,
            )
            group.progress = replace(group.progress, figures=figures)
    return {
        report.buying_group_id: replace(
            report,
            stage=account.groups[report.buying_group_id].progress.figures.stage,
            status=account.groups[report.buying_group_id].progress.figures.status,
        )
        for report in changes.reports
        if isinstance(report, GroupState)
    }


def reconcile(
    account: Account,
    tenant: Tenant,
    people: Mapping[str, PersonFigures],
    groups: Mapping[str, ToldGroup],
    outdated: Container[str],
    cause: Cause,
) -> Changes:
    """Report in what a derived account differs from what was told of it.

    ``outdated`` are the groups whose state must be told again even if no figure differs.
    """
    changes, touched = Changes(), Touched()
    settlement = Settlement(account, tenant, changes)
    for lead_id, lead in account.leads.items():
        lead.figures = people.get(lead_id, PersonFigures())
        settlement.report_person(lead_id, lead, cause)
    joined = replace(cause, reason="membership")
    for buying_group_id, group in account.groups.items():
        told = groups.get(buying_group_id, NOTHING_TOLD)
        group.figures = told.figures
        group.progress = replace(group.progress, figures=told.progress)
        if group.definition is None:
            continue
        for lead_id in sorted(told.members.keys() | group.members.keys()):
            before = told.members.get(lead_id)
            if before != group.members.get(lead_id):
                touched.before[buying_group_id, lead_id] = before
                touched.members[buying_group_id, lead_id] = joined
    settlement.memberships(touched)
    moved = replace(cause, reason="move")
    for buying_group_id, group in account.groups.items():
        told = groups.get(buying_group_id, NOTHING_TOLD)
        if group.stands:
            publish = buying_group_id in outdated or buying_group_id in touched.groups
            publish |= settlement.groups.progress(buying_group_id, moved, moved)
            because = touched.groups.get(buying_group_id, cause)
            settlement.measure_group(buying_group_id, because, publish=publish)
        elif told.published:
            changes.reports.append(GroupGone(buying_group_id))
    return changes


def rebuilding(event_id: str, at: Millis) -> Cause:
    """Return the cause that a rebuild gives for what it reports: never activity."""
    return Cause(event_id, at, "baseline")
