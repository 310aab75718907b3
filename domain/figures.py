"""What a batch touched is measured again and reported: people, memberships, groups (domain.md §7)."""

from __future__ import annotations

from dataclasses import replace

from domain.account import Account, Lead, PersonFigures, Tenant
from domain.changes import Changes, Touched
from domain.engagement import person_root
from domain.group_figures import GroupReporter, definition_of
from domain.membership import Member
from domain.reports import Cause, GroupGone, MembershipChange, MembershipChanged, ScoreUpdated


class Settlement:
    """Reports the changes of one batch in one account."""

    __slots__ = ("account", "changes", "groups", "moved_people", "tenant")

    def __init__(self, account: Account, tenant: Tenant, changes: Changes) -> None:
        self.account = account
        self.tenant = tenant
        self.changes = changes
        self.groups = GroupReporter(account, tenant, changes)
        self.moved_people: dict[str, Cause] = {}

    def person(self, lead_id: str, cause: Cause) -> None:
        """Measure a touched lead again."""
        lead = self.account.leads[lead_id]
        before = lead.score
        lead.measure(self.tenant.baseline)
        if lead.score != before:
            self.moved_people[lead_id] = cause
        self.report_person(lead_id, lead, cause)

    def report_person(self, lead_id: str, lead: Lead, cause: Cause) -> None:
        """Report a person's score if its two decimals changed."""
        figures = lead.figures
        score = lead.shown
        if score == figures.score:
            return
        raw = person_root(lead.points, self.tenant.baseline)
        lead.figures = PersonFigures(figures.version + 1, score, raw)
        self.moved_people[lead_id] = cause
        self.changes.persons.add(lead_id)
        self.changes.reports.append(
            ScoreUpdated(
                version=lead.figures.version,
                cause=cause,
                lead_id=lead_id,
                buying_group_id=None,
                solution_interest_id=None,
                previous=figures.score,
                current=score,
                raw_previous=figures.raw,
                raw_current=raw,
            )
        )

    def memberships(self, touched: Touched) -> None:
        """Report the memberships that differ from before the batch."""
        for key, cause in touched.members.items():
            buying_group_id, lead_id = key
            group = self.account.groups[buying_group_id]
            before, after = touched.before[key], group.members.get(lead_id)
            change = _change(before, after)
            if change is None:
                if before != after:
                    touched.groups[buying_group_id] = cause
                continue
            edited = (
                change == "role_changed"
                and cause.reason == "membership"
                and after is not None
                and after.source == "manual"
            )
            told = replace(cause, reason="role_edit") if edited else cause
            touched.groups[buying_group_id] = told
            group.figures = replace(
                group.figures, membership_version=group.figures.membership_version + 1
            )
            self.changes.groups.add(buying_group_id)
            self.changes.reports.append(
                MembershipChanged(
                    version=group.figures.membership_version,
                    cause=told,
                    buying_group_id=buying_group_id,
                    solution_interest_id=definition_of(group).solution_interest_id,
                    lead_id=lead_id,
                    change=change,
                    previous=before,
                    current=after,
                )
            )

    def touched_groups(self, touched: Touched) -> dict[str, Cause]:
        """Return the groups to settle, each with its cause.

        A change of members or of the group itself is named before activity: it is what moved the
        completeness, and a journey must not take it for engagement.
        """
        groups = dict(touched.redefined)
        groups.update(touched.groups)
        for lead_id, cause in self.moved_people.items():
            lead = self.account.leads[lead_id]
            for buying_group_id in lead.groups:
                group = self.account.groups[buying_group_id]
                if lead_id in group.members:
                    groups.setdefault(buying_group_id, cause)
                    if group.makeup is not None:
                        group.makeup.rate(lead_id, lead.score, lead.shown)
        for moved in (touched.staged, touched.named):
            for buying_group_id, cause in moved.items():
                groups.setdefault(buying_group_id, cause)
        return groups

    def group(self, buying_group_id: str, cause: Cause, touched: Touched) -> None:
        """Settle one touched group."""
        group = self.account.groups[buying_group_id]
        redefined = buying_group_id in touched.redefined
        if group.stands:
            publish = redefined or buying_group_id in touched.groups
            if redefined or buying_group_id in touched.staged or buying_group_id in touched.named:
                staged = touched.staged.get(buying_group_id, cause)
                named = touched.named.get(buying_group_id, cause)
                publish |= self.groups.progress(buying_group_id, staged, named)
            self.measure_group(buying_group_id, cause, publish=publish)
        elif redefined and group.figures.state_version:
            # The figures stay as they were last reported: should the group be created again, what is
            # reported then follows on from them.
            self.changes.reports.append(GroupGone(buying_group_id))

    def measure_group(self, buying_group_id: str, cause: Cause, *, publish: bool) -> None:
        """Measure a group that stands; ``publish`` its state even if no figure changed."""
        self.groups.measure(
            buying_group_id, cause, publish=publish, moved_people=self.moved_people.keys()
        )


def _change(before: Member | None, after: Member | None) -> MembershipChange | None:
    if before is None:
        return None if after is None else "added"
    if after is None:
        return "removed"
    if before.role != after.role:
        return "role_changed"
    return None if before.source == after.source else "source_changed"
