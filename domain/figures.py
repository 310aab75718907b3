"""What a batch touched is measured again and reported: people, memberships, groups (domain.md §7)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from domain.account import Account, Group, Lead, Makeup, Tenant
from domain.completeness import Completeness, completeness_of
from domain.engagement import (
    group_root,
    group_score,
    person_root,
    role_shares,
    two_decimals,
)
from domain.events import Decision, GroupDefinition
from domain.fold import Changes, Touched
from domain.membership import Member
from domain.reports import (
    Cause,
    CompletenessChanged,
    DecisionAnswered,
    GroupGone,
    GroupState,
    MembershipChange,
    MembershipChanged,
    MemberState,
    Outcome,
    ScoreUpdated,
)


class Settlement:
    """Reports the changes of one batch in one account."""

    __slots__ = ("account", "changes", "moved_people", "tenant")

    def __init__(self, account: Account, tenant: Tenant, changes: Changes) -> None:
        self.account = account
        self.tenant = tenant
        self.changes = changes
        self.moved_people: dict[str, Cause] = {}

    def person(self, lead_id: str, cause: Cause) -> None:
        """Measure a touched lead again."""
        lead = self.account.leads[lead_id]
        before = lead.score
        lead.measure(self.tenant)
        if lead.score != before:
            self.moved_people[lead_id] = cause
        self.report_person(lead_id, lead, cause)

    def report_person(self, lead_id: str, lead: Lead, cause: Cause) -> None:
        """Report a person's score if its two decimals changed."""
        figures = lead.figures
        score = two_decimals(lead.score)
        if score == figures.score:
            return
        raw = person_root(lead.points, self.tenant.baseline)
        lead.figures = replace(figures, version=figures.version + 1, score=score, raw=raw)
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
                    solution_interest_id=_definition(group).solution_interest_id,
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
            for buying_group_id in self.account.leads[lead_id].groups:
                if lead_id in self.account.groups[buying_group_id].members:
                    groups.setdefault(buying_group_id, cause)
        return groups

    def group(self, buying_group_id: str, cause: Cause, *, redefined: bool) -> None:
        """Settle one touched group."""
        group = self.account.groups[buying_group_id]
        if group.stands:
            publish = redefined or cause.reason != "activity"
            self.measure_group(buying_group_id, cause, publish=publish)
        elif redefined and group.figures.state_version:
            # The figures stay as they were last reported: should the group be created again, what is
            # reported then follows on from them.
            self.changes.reports.append(GroupGone(buying_group_id))

    def measure_group(self, buying_group_id: str, cause: Cause, *, publish: bool) -> None:
        """Measure a group that stands, report what changed, and its state if anything did.

        ``publish`` says that the state changed even if no figure did.
        """
        group = self.account.groups[buying_group_id]
        definition = _definition(group)
        makeup = makeup_of(group, definition)
        completeness, shares = makeup.completeness, makeup.shares
        publish |= self._report_completeness(buying_group_id, group, completeness, cause)
        leads = self.account.leads
        root = group_root(
            shares,
            ((member.role, leads[lead_id].score) for lead_id, member in group.members.items()),
        )
        publish = (
            publish
            or root != group.figures.raw
            or any(lead_id in group.members for lead_id in self.moved_people)
        )
        self._report_score(buying_group_id, group, root, cause)
        if publish:
            self._report_state(buying_group_id, group, completeness, root, cause)

    def answer(self, decision: Decision, outcome: Outcome) -> None:
        """Report what became of a decision."""
        group = self.account.groups[decision.buying_group_id]
        group.figures = replace(group.figures, outcome_version=group.figures.outcome_version + 1)
        self.changes.groups.add(decision.buying_group_id)
        definition = group.definition
        self.changes.reports.append(
            DecisionAnswered(
                version=group.figures.outcome_version,
                decision=decision,
                solution_interest_id=None if definition is None else definition.solution_interest_id,
                outcome=outcome,
            )
        )

    def _report_completeness(
        self, buying_group_id: str, group: Group, current: Completeness, cause: Cause
    ) -> bool:
        figures = group.figures
        if (
            figures.completeness == current.completeness
            and figures.missing_roles == current.missing_roles
        ):
            return False
        group.figures = replace(
            figures,
            completeness_version=figures.completeness_version + 1,
            completeness=current.completeness,
            missing_roles=current.missing_roles,
        )
        self.changes.groups.add(buying_group_id)
        self.changes.reports.append(
            CompletenessChanged(
                version=group.figures.completeness_version,
                cause=cause,
                buying_group_id=buying_group_id,
                solution_interest_id=_definition(group).solution_interest_id,
                previous=figures.completeness or 0.0,
                current=current,
            )
        )
        return True

    def _report_score(self, buying_group_id: str, group: Group, root: float, cause: Cause) -> None:
        figures = group.figures
        score = two_decimals(group_score(root, self.tenant.baseline))
        if score == figures.score:
            return
        group.figures = replace(figures, score_version=figures.score_version + 1, score=score, raw=root)
        self.changes.groups.add(buying_group_id)
        self.changes.reports.append(
            ScoreUpdated(
                version=group.figures.score_version,
                cause=cause,
                lead_id=None,
                buying_group_id=buying_group_id,
                solution_interest_id=_definition(group).solution_interest_id,
                previous=figures.score,
                current=score,
                raw_previous=figures.raw,
                raw_current=root,
            )
        )

    def _report_state(
        self,
        buying_group_id: str,
        group: Group,
        completeness: Completeness,
        root: float,
        cause: Cause,
    ) -> None:
        definition = _definition(group)
        leads = self.account.leads
        figures = group.figures = replace(
            group.figures, state_version=group.figures.state_version + 1, raw=root
        )
        self.changes.groups.add(buying_group_id)
        self.changes.reports.append(
            GroupState(
                version=figures.state_version,
                cause=cause,
                account_id=self.account.account_id,
                buying_group_id=buying_group_id,
                solution_interest_id=definition.solution_interest_id,
                name=definition.name,
                members=tuple(
                    MemberState(
                        lead_id,
                        member.role,
                        member.source,
                        member.added_at,
                        two_decimals(leads[lead_id].score),
                    )
                    for lead_id, member in sorted(group.members.items())
                ),
                completeness=completeness,
                score=figures.score,
                raw=root,
                baseline_version=self.tenant.baseline.version,
                model_version=self.tenant.model.version,
                as_of=self.tenant.as_of,
                versions={
                    "score": figures.score_version,
                    "completeness": figures.completeness_version,
                    "membership": figures.membership_version,
                },
            )
        )


def _definition(group: Group) -> GroupDefinition:
    if group.definition is None:  # pragma: no cover - callers only settle groups that were created
        msg = "a group without a definition has no figures"
        raise ValueError(msg)
    return group.definition


def makeup_of(group: Group, definition: GroupDefinition) -> Makeup:
    """Return a group's completeness and role shares, counted once until its members change."""
    if group.makeup is None:
        assigned = Counter(member.role for member in group.members.values())
        group.makeup = Makeup(
            completeness_of(definition.roles, assigned), role_shares(definition.roles, assigned)
        )
    return group.makeup


def _change(before: Member | None, after: Member | None) -> MembershipChange | None:
    if before is None:
        return None if after is None else "added"
    if after is None:
        return "removed"
    if before.role != after.role:
        return "role_changed"
    return None if before.source == after.source else "source_changed"
