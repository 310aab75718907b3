"""Who is in which group of an account, kept as decisions, profiles, templates and scores change."""

from __future__ import annotations

from collections.abc import Callable

from domain.account import Account, Lead, decisions_on, resolve_member
from domain.changes import Changes, Touched
from domain.membership import NO_DECISIONS, Decisions, with_opinion
from domain.reports import Cause


class Roster:
    """Brings memberships up to date and notes what changed; one for each batch and account."""

    __slots__ = ("account", "changes", "touched")

    def __init__(self, account: Account, changes: Changes, touched: Touched) -> None:
        self.account = account
        self.changes = changes
        self.touched = touched

    def put(self, buying_group_id: str, lead_id: str, decisions: Decisions) -> None:
        """Keep the decisions on a lead in a group; none are forgotten."""
        group = self.account.group(buying_group_id)
        lead = self.account.lead(lead_id)
        if decisions:
            group.decisions[lead_id] = decisions
            lead.groups.add(buying_group_id)
        else:
            group.decisions.pop(lead_id, None)
            lead.groups.discard(buying_group_id)
        self.changes.decisions.add((buying_group_id, lead_id))

    def resolve(self, buying_group_id: str, lead_id: str, cause: Cause) -> None:
        """Work out a lead's membership of a group again (domain.md §2)."""
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

    def maintain(self, lead_id: str, lead: Lead, cause: Cause, *, scored_only: bool = False) -> None:
        """Run the maintenance job on one lead, in every group that has one (domain.md §3).

        ``scored_only`` leaves out the groups whose conditions do not ask for the person's score.
        """
        for buying_group_id, group in self.account.groups.items():
            if group.job is not None and (group.job.uses_score or not scored_only):
                self._maintain(buying_group_id, lead_id, lead, lambda _: cause)

    def maintain_group(self, buying_group_id: str, cause_of: Callable[[str], Cause]) -> None:
        """Run the maintenance job on every lead of the account, in one group that has one."""
        for lead_id, lead in sorted(self.account.leads.items()):
            self._maintain(buying_group_id, lead_id, lead, cause_of)

    def _maintain(
        self, buying_group_id: str, lead_id: str, lead: Lead, cause_of: Callable[[str], Cause]
    ) -> None:
        group = self.account.groups[buying_group_id]
        known = group.decisions.get(lead_id, NO_DECISIONS)
        decisions = decisions_on(group, lead_id, lead, lead.score)
        if decisions is not known:
            self.put(buying_group_id, lead_id, decisions)
            self.resolve(buying_group_id, lead_id, cause_of(lead_id))

    def withdraw(self, buying_group_id: str, cause: Cause) -> None:
        """Take back what the maintenance job decided in a group that it does not maintain any more."""
        group = self.account.groups[buying_group_id]
        for lead_id, known in sorted(group.decisions.items()):
            decisions = with_opinion(known, "system", ())
            if decisions is not known:
                self.put(buying_group_id, lead_id, decisions)
                self.resolve(buying_group_id, lead_id, cause)
