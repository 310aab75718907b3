"""The whole of a tenant from its events alone: what any worker must agree with."""

from __future__ import annotations

from collections.abc import Iterable

from domain.account import Account, Tenant
from domain.calendar import MILLIS_PER_DAY, Day
from domain.engagement import (
    DEFAULT_MODEL,
    TenantPart,
    WeightingModel,
    baseline_of,
    first_baseline,
)
from domain.events import AccountEvent
from domain.reports import GroupState
from domain.settle import fold, part_of, rescore

TICK_ID = "fold"
"""The cause that the final date stands for in what is reported."""


def fold_all(
    events: Iterable[AccountEvent], as_of: Day, model: WeightingModel = DEFAULT_MODEL
) -> list[GroupState]:
    """Return every group of a tenant as it stands on a date, sorted by buying group id.

    One tick: all events, then the date with its new baseline. What a worker publishes after the same
    events in any order and a tick to the same date shows the same members, roles, sources, completeness
    and scores.
    """
    by_account: dict[str, list[AccountEvent]] = {}
    for event in events:
        by_account.setdefault(event.account_id, []).append(event)
    opening = Tenant(as_of, ticked=False, baseline=first_baseline(model), model=model)
    accounts: list[Account] = []
    part = TenantPart()
    for account_id, theirs in by_account.items():
        account = Account(account_id)
        fold(account, theirs, opening)
        part = part.merge(part_of(account, as_of, model))
        accounts.append(account)
    baseline = baseline_of(part, model, version=opening.baseline.version + 1)
    tenant = Tenant(as_of, ticked=True, baseline=baseline, model=model)
    states = [
        report
        for account in accounts
        for report in rescore(account, tenant, TICK_ID, as_of * MILLIS_PER_DAY).reports
        if isinstance(report, GroupState)
    ]
    return sorted(states, key=lambda state: state.buying_group_id)
