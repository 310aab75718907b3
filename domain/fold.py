"""The account fold, first half: events are taken into an account (``domain.settle`` is the second).

Folding the same events twice, in another order or in other batches ends in the same account; only what
is reported on the way differs. A batch is settled once: however many of its events touched a lead or
a group, each changed row is written once and each changed figure reported once, with the last event
that touched it as its cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.account import Account, Lead, Tenant, resolve_member
from domain.calendar import Day, day_of
from domain.engagement import type_key, window_start
from domain.events import (
    AccountEvent,
    AccountProfile,
    Decision,
    GroupDefinition,
    LeadActivity,
    LeadProfile,
)
from domain.membership import NO_DECISIONS, Member, decide, forget_until
from domain.outcome import Received, answer
from domain.reports import Cause, Outcome, Reason, Report


@dataclass(slots=True)
class Changes:
    """What a batch changed in one account: the keys of the rows to write, and the reports.

    ``days`` are (lead id, day), ``decisions`` (buying group id, lead id); the other sets hold lead ids
    or buying group ids. A row whose content is gone is to be deleted. ``too_old`` and ``erased`` count
    the activities that changed nothing because they are older than the window or than an erasure.
    """

    account: bool = False
    leads: set[str] = field(default_factory=set)
    days: set[tuple[str, Day]] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    definitions: set[str] = field(default_factory=set)
    decisions: set[tuple[str, str]] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    reports: list[Report] = field(default_factory=list)
    too_old: int = 0
    erased: int = 0


@dataclass(slots=True)
class Touched:
    """What a batch touched and settlement must look at again, each with its last cause.

    ``before`` is the membership of (group, lead) as it was before the batch.
    """

    leads: dict[str, Cause] = field(default_factory=dict)
    before: dict[tuple[str, str], Member | None] = field(default_factory=dict)
    members: dict[tuple[str, str], Cause] = field(default_factory=dict)
    groups: dict[str, Cause] = field(default_factory=dict)
    redefined: dict[str, Cause] = field(default_factory=dict)
    answers: list[tuple[Decision, Outcome]] = field(default_factory=list)


def take_in(account: Account, events: Iterable[AccountEvent], tenant: Tenant) -> tuple[Changes, Touched]:
    """Take events into an account without settling its figures yet."""
    intake = _Intake(account, tenant)
    for event in events:
        match event:
            case LeadActivity():
                intake.activity(event)
            case Decision():
                intake.decision(event)
            case LeadProfile():
                intake.profile(event)
            case GroupDefinition():
                intake.definition(event)
            case AccountProfile():
                intake.account_profile(event)
    return intake.changes, intake.touched


class _Intake:
    """One pass of events into one account."""

    __slots__ = ("account", "changes", "first_day", "touched")

    def __init__(self, account: Account, tenant: Tenant) -> None:
        self.account = account
        # Before the first tick the date may still turn out to lie earlier, so nothing is too old yet.
        self.first_day = window_start(tenant.as_of) if tenant.ticked else None
        self.changes = Changes()
        self.touched = Touched()

    def activity(self, event: LeadActivity) -> None:
        """Keep an activity that can still count (domain.md §5)."""
        known = self.account.leads.get(event.lead_id)
        if known is not None and event.occurred_at <= known.erased_at:
            self.changes.erased += 1
            return
        day = day_of(event.occurred_at)
        if self.first_day is not None and day < self.first_day:
            self.changes.too_old += 1
            return
        lead = known or self.account.lead(event.lead_id)
        if lead.remember(day, type_key(event.activity_type), event.event_id, event.occurred_at):
            self.changes.days.add((event.lead_id, day))
            self.touched.leads[event.lead_id] = Cause(event.event_id, event.occurred_at, "activity")

    def decision(self, event: Decision) -> None:
        """Take a decision in and answer it (domain.md §2, §7)."""
        account = self.account
        group = account.group(event.buying_group_id)
        lead = account.leads.get(event.lead_id)
        known = group.decisions.get(event.lead_id)
        erased_at = -1 if lead is None else lead.erased_at
        if event.decided_at > erased_at:
            merged = decide(known or NO_DECISIONS, event)
            if merged is not known and merged:
                lead = lead or account.lead(event.lead_id)
                lead.groups.add(event.buying_group_id)
                group.decisions[event.lead_id] = merged
                self.changes.decisions.add((event.buying_group_id, event.lead_id))
        before = group.members.get(event.lead_id)
        self._resolve(
            event.buying_group_id,
            event.lead_id,
            Cause(event.event_id, event.decided_at, "membership"),
        )
        outcome = answer(
            Received(
                decision=event,
                definition=group.definition,
                current=group.decisions.get(event.lead_id),
                before=before,
                after=group.members.get(event.lead_id),
                erased_at=erased_at,
                status=None if lead is None else lead.status,
            )
        )
        self.touched.answers.append((event, outcome))

    def profile(self, event: LeadProfile) -> None:
        """Take a profile in: newest wins, an erasure wipes what is dated up to it (§2.6, §2.7)."""
        lead = self.account.lead(event.lead_id)
        if event.status == "erased":
            self._erase(lead, event)
            return
        if event.updated_at <= lead.erased_at:
            return
        known = lead.profile
        if known is not None and (known.updated_at, known.event_id) >= (
            event.updated_at,
            event.event_id,
        ):
            return
        lead.profile = event
        self.changes.leads.add(event.lead_id)
        cause = Cause(event.event_id, event.updated_at, "membership")
        for buying_group_id in lead.groups:
            self._resolve(buying_group_id, event.lead_id, cause)

    def definition(self, event: GroupDefinition) -> None:
        """Create, change or delete a group (§2.9: decisions that were waiting take effect)."""
        group = self.account.group(event.buying_group_id)
        if group.definition is not None and group.definition.order >= event.order:
            return
        reason: Reason = "membership" if group.definition is None else "template"
        group.definition = event
        group.makeup = None
        self.changes.definitions.add(event.buying_group_id)
        cause = Cause(event.event_id, event.created_at, reason)
        self.touched.redefined[event.buying_group_id] = cause
        for lead_id in group.decisions:
            self._resolve(event.buying_group_id, lead_id, cause)

    def account_profile(self, event: AccountProfile) -> None:
        """Take an account's own record in: newest wins."""
        known = self.account.profile
        if known is None or (known.updated_at, known.event_id) < (event.updated_at, event.event_id):
            self.account.profile = event
            self.changes.account = True

    def _erase(self, lead: Lead, event: LeadProfile) -> None:
        if event.updated_at <= lead.erased_at:
            return
        lead.erased_at = event.updated_at
        self.changes.leads.add(event.lead_id)
        if lead.profile is not None and lead.profile.updated_at <= lead.erased_at:
            lead.profile = None
        for day in [day for day in lead.days if day <= day_of(lead.erased_at)]:
            kept = {
                activity_type: later
                for activity_type, events in lead.days[day].items()
                if (later := {i: at for i, at in events.items() if at > lead.erased_at})
            }
            if kept:
                lead.days[day] = kept
            else:
                del lead.days[day]
            self.changes.days.add((event.lead_id, day))
        cause = Cause(event.event_id, event.updated_at, "erasure")
        self.touched.leads[event.lead_id] = cause
        for buying_group_id in list(lead.groups):
            group = self.account.group(buying_group_id)
            kept_decisions = forget_until(group.decisions[event.lead_id], lead.erased_at)
            if kept_decisions:
                group.decisions[event.lead_id] = kept_decisions
            else:
                del group.decisions[event.lead_id]
                lead.groups.discard(buying_group_id)
            self.changes.decisions.add((buying_group_id, event.lead_id))
            self._resolve(buying_group_id, event.lead_id, cause)

    def _resolve(self, buying_group_id: str, lead_id: str, cause: Cause) -> None:
        group = self.account.group(buying_group_id)
        before = group.members.get(lead_id)
        after = resolve_member(self.account, buying_group_id, lead_id)
        if after == before:
            return
        key = (buying_group_id, lead_id)
        self.touched.before.setdefault(key, before)
        self.touched.members[key] = cause
        group.makeup = None
        if after is None:
            del group.members[lead_id]
        else:
            group.members[lead_id] = after
