"""The account fold, first half: events are taken into an account (``domain.settle`` is the second).

Folding the same events twice, in another order or in other batches ends in the same account; only what
is reported on the way differs. A batch is settled once: however many of its events touched a lead or
a group, each changed row is written once and each changed figure reported once, with the last event
that touched it as its cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from domain import creation, identity
from domain.account import Account, Group, Lead, Tenant
from domain.calendar import day_of
from domain.changes import Changes, Touched
from domain.definitions import SolutionInterest
from domain.engagement import type_key, window_start
from domain.events import (
    AccountEvent,
    AccountProfile,
    Decision,
    GroupDefinition,
    LeadActivity,
    LeadProfile,
    StageMove,
    StatusUpdate,
)
from domain.membership import NO_DECISIONS, decide, forget_until
from domain.outcome import Received, answer
from domain.reports import Cause, Reason
from domain.roster import Roster
from domain.stages import answer_move, answer_status


def take_in(account: Account, events: Iterable[AccountEvent], tenant: Tenant) -> tuple[Changes, Touched]:
    """Take events into an account without settling its figures yet."""
    intake = Intake(account, tenant)
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
                intake.account_record(event)
            case StageMove():
                intake.stage_move(event)
            case StatusUpdate():
                intake.status_update(event)
    return intake.changes, intake.touched


class Intake:
    """One pass of events into one account."""

    __slots__ = ("account", "changes", "first_day", "interests", "roster", "tenant", "touched")

    def __init__(self, account: Account, tenant: Tenant) -> None:
        self.account = account
        self.tenant = tenant
        self.interests = tenant.interests
        # Before the first tick the date may still turn out to lie earlier, so nothing is too old yet.
        self.first_day = window_start(tenant.as_of) if tenant.ticked else None
        self.changes = Changes()
        self.touched = Touched()
        self.roster = Roster(account, self.changes, self.touched)

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
        type_ = type_key(event.activity_type)
        if lead.remember(day, type_, event.event_id, event.occurred_at, self.tenant):
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
                self.roster.put(event.buying_group_id, event.lead_id, merged)
                lead = account.leads[event.lead_id]
        before = group.members.get(event.lead_id)
        self.roster.resolve(
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
        self._known_anew(event.lead_id, lead, Cause(event.event_id, event.updated_at, "membership"))

    def definition(self, event: GroupDefinition) -> None:
        """Create, change or delete a group by its record (§2.9: waiting decisions take effect)."""
        group = self.account.group(event.buying_group_id)
        if group.record is not None and group.record.order >= event.order:
            return
        group.record = event
        self.changes.definitions.add(event.buying_group_id)
        self._define(event.buying_group_id, group, event.event_id, event.created_at)

    def account_record(self, event: AccountProfile) -> None:
        """Take an account's own record in, and create the groups that follow from it (§3)."""
        account = self.account
        records = creation.remember(account.records, event)
        if records is None:
            return
        if len(records) > creation.MOST_RECORDS:
            for interest in self.interests:
                at = creation.entered_by_oldest(interest, records)
                if at is not None:
                    self._entered(interest, at)
            records = records[:-1]
        account.records = records
        self.changes.account = True
        for interest in self.interests:
            self.create(interest, event.event_id, event.updated_at)

    def create(self, interest: SolutionInterest, event_id: str, at: int) -> None:
        """Run the creation job for one solution interest; ``at`` is the cause's time (§3).

        What is known by now may show that an account never was in the audience, because a record or an
        audience came late: a group that was created by then is withdrawn.
        """
        account = self.account
        group_id = identity.buying_group_id(interest.interest_id, account.account_id)
        known = account.groups.get(group_id)
        before = None if known is None else known.created
        entered = self._first_entered(interest)
        if entered is not None:
            created = creation.group_of(interest, account.account_id, account.profile, entered)
        elif before is not None:
            created = replace(before, deleted=True)
        else:
            return
        if created != before:
            group = account.group(group_id)
            group.created = created
            self.changes.definitions.add(group_id)
            self._define(group_id, group, event_id, at)

    def _first_entered(self, interest: SolutionInterest) -> int | None:
        if not interest.live:
            return None
        moments = (
            creation.entered_at(interest, self.account.records),
            self.account.entered.get(interest.interest_id),
        )
        return min((at for at in moments if at is not None), default=None)

    def stage_move(self, event: StageMove) -> None:
        """Take a stage move in and answer it (§6)."""
        group = self.account.group(event.buying_group_id)
        outcome = answer_move(group.progress, event, group.definition)
        self.touched.answers.append((event, outcome))
        if group.progress.received(event.event_id):
            return
        before = group.progress.stage(group.definition)
        group.progress = group.progress.moved(event, group.definition)
        self.changes.progress.add(event.buying_group_id)
        if group.progress.stage(group.definition) != before:
            self.touched.staged[event.buying_group_id] = _move(event)

    def status_update(self, event: StatusUpdate) -> None:
        """Take a status in and answer it (§6)."""
        group = self.account.group(event.buying_group_id)
        outcome = answer_status(group.progress, event, group.definition)
        self.touched.answers.append((event, outcome))
        named = group.progress.named(event)
        if named is not group.progress:
            group.progress = named
            self.changes.progress.add(event.buying_group_id)
            self.touched.named[event.buying_group_id] = _move(event)

    def _entered(self, interest: SolutionInterest, at: int) -> None:
        known = self.account.entered.get(interest.interest_id)
        self.account.entered[interest.interest_id] = at if known is None else min(known, at)

    def _define(self, buying_group_id: str, group: Group, event_id: str, at: int) -> None:
        """Let a group's newest definition count, for its waiting decisions and for the job."""
        before, job = group.definition, group.job
        group.define()
        if group.definition == before:
            return
        reason: Reason = "membership" if before is None else "template"
        cause = Cause(event_id, at, reason)
        self.touched.redefined[buying_group_id] = cause
        if group.job is not None:
            self.roster.maintain_group(buying_group_id, lambda _: cause)
        elif job is not None:
            self.roster.withdraw(buying_group_id, cause)
        # Sorted: whoever folds these events numbers the changes alike.
        for lead_id in sorted(group.decisions):
            self.roster.resolve(buying_group_id, lead_id, cause)

    def _known_anew(self, lead_id: str, lead: Lead, cause: Cause) -> None:
        """Let a lead's changed profile count, for the job and for whoever decided on the lead."""
        self.roster.maintain(lead_id, lead, cause)
        for buying_group_id in lead.groups:
            self.roster.resolve(buying_group_id, lead_id, cause)

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
        lead.count(self.tenant)
        cause = Cause(event.event_id, event.updated_at, "erasure")
        self.touched.leads[event.lead_id] = cause
        for buying_group_id in list(lead.groups):
            known = self.account.groups[buying_group_id].decisions[event.lead_id]
            kept_decisions = forget_until(known, lead.erased_at)
            if kept_decisions is not known:
                self.roster.put(buying_group_id, event.lead_id, kept_decisions)
            self.roster.resolve(buying_group_id, event.lead_id, cause)
        self._known_anew(event.lead_id, lead, cause)


def _move(event: StageMove | StatusUpdate) -> Cause:
    return Cause(event.event_id, event.decided_at, "move")
