"""The whole of a tenant from its events alone: what any worker must agree with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.account import Account, Tenant
from domain.calendar import MILLIS_PER_DAY, Day
from domain.definitions import ModelDefinition, SolutionInterest, TenantEvent, catalog_of
from domain.engagement import TenantPart, baseline_of, first_baseline
from domain.events import AccountEvent
from domain.reports import GroupState
from domain.settle import fold, points_part, rescore, strength_part

TICK_ID: Final = "fold"
"""The cause that the final date stands for in what is reported."""


def fold_all(events: Iterable[AccountEvent | TenantEvent], as_of: Day) -> list[GroupState]:
    """Return every group of a tenant as it stands on a date, sorted by buying group id.

    One tick: all events, then the date with its new baseline. What a worker publishes after the same
    events in any order and a tick to the same date shows the same members, roles, sources, completeness
    and scores. Stage moves alone count in the order in which they are given (domain.md §6).
    """
    by_account: dict[str, list[AccountEvent]] = {}
    defined: list[TenantEvent] = []
    for event in events:
        if isinstance(event, SolutionInterest | ModelDefinition):
            defined.append(event)
        else:
            by_account.setdefault(event.account_id, []).append(event)
    catalog = catalog_of(defined)
    model = catalog.model
    opening = Tenant(as_of, False, first_baseline(model), model, catalog.live_interests)
    accounts: list[Account] = []
    part = TenantPart()
    for account_id, theirs in by_account.items():
        account = Account(account_id)
        fold(account, theirs, opening)
        part = part.merge(points_part(account, as_of, model))
        accounts.append(account)
    yardstick = baseline_of(part, model, version=opening.baseline.version + 1)
    for account in accounts:
        part = part.merge(strength_part(account, as_of, model, yardstick))
    baseline = baseline_of(part, model, yardstick.version)
    tenant = Tenant(as_of, True, baseline, model, catalog.live_interests)
    states = [
        report
        for account in accounts
        for report in rescore(account, tenant, TICK_ID, as_of * MILLIS_PER_DAY).reports
        if isinstance(report, GroupState)
    ]
    return sorted(states, key=lambda state: state.buying_group_id)
