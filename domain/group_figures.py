"""A group's own figures, measured and reported: completeness, score, stage, status, state (§7)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from domain.account import Account, Group, GroupFigures, Lead, Tenant
from domain.changes import Changes
from domain.completeness import Completeness
from domain.engagement import group_score, two_decimals
from domain.events import Decision, GroupDefinition, StageMove, StatusUpdate
from domain.makeup import Makeup
from domain.reports import (
    Cause,
    CompletenessChanged,
    DecisionAnswered,
    GroupState,
    Outcome,
    ScoreUpdated,
    StageChanged,
    StatusChanged,
)


class GroupReporter:
    """Measures groups of one account and reports what changed of them."""

    __slots__ = ("account", "changes", "tenant")

    def __init__(self, account: Account, tenant: Tenant, changes: Changes) -> None:
        self.account = account
        self.tenant = tenant
        self.changes = changes

    def measure(
        self, buying_group_id: str, cause: Cause, *, publish: bool, moved_people: Set[str]
    ) -> None:
        """Measure a group that stands, report what changed, and its state if anything did.

        ``publish`` says that the state changed even if no figure did; ``moved_people`` are leads whose
        score changed.
        """
        group = self.account.groups[buying_group_id]
        leads = self.account.leads
        makeup = makeup_of(group, leads)
        completeness = makeup.completeness
        root = makeup.root
        score = two_decimals(group_score(root, self.tenant.baseline))
        before = group.figures
        completed = (
            completeness.completeness != before.completeness
            or completeness.missing_roles != before.missing_roles
        )
        scored = score != before.score
        publish = (
            publish
            or completed
            or root != before.raw
            or not moved_people.isdisjoint(group.members.keys())
        )
        if not (scored or publish):
            return
        # Built at once and by position: a group's figures change with nearly every batch.
        group.figures = GroupFigures(
            before.score_version + scored,
            before.completeness_version + completed,
            before.membership_version,
            before.outcome_version,
            before.state_version + publish,
            score,
            root,
            completeness.completeness,
            completeness.missing_roles,
        )
        self.changes.groups.add(buying_group_id)
        if completed:
            self._report_completeness(buying_group_id, group, before, completeness, cause)
        if scored:
            self._report_score(buying_group_id, group, before, cause)
        if publish:
            self._report_state(buying_group_id, group, makeup, cause)

    def progress(self, buying_group_id: str, staged: Cause, named: Cause) -> bool:
        """Report a group's stage and status if they changed, each with its cause; return whether."""
        group = self.account.groups[buying_group_id]
        definition = definition_of(group)
        before = now = group.progress.figures
        stage = group.progress.stage(definition)
        status = None if group.progress.status is None else group.progress.status.text
        interest_id = definition.solution_interest_id
        reports = self.changes.reports
        if stage != before.stage:
            now = replace(now, stage_version=before.stage_version + 1, stage=stage)
            reports.append(
                StageChanged(
                    now.stage_version, staged, buying_group_id, interest_id, before.stage, stage
                )
            )
        if status != before.status:
            now = replace(now, status_version=before.status_version + 1, status=status)
            reports.append(
                StatusChanged(
                    now.status_version, named, buying_group_id, interest_id, before.status, status
                )
            )
        if now is before:
            return False
        group.progress = replace(group.progress, figures=now)
        self.changes.progress.add(buying_group_id)
        return True

    def answer(self, decision: Decision | StageMove | StatusUpdate, outcome: Outcome) -> None:
        """Report what became of a decision, a stage move or a status."""
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
        self,
        buying_group_id: str,
        group: Group,
        before: GroupFigures,
        current: Completeness,
        cause: Cause,
    ) -> None:
        self.changes.reports.append(
            CompletenessChanged(
                version=group.figures.completeness_version,
                cause=cause,
                buying_group_id=buying_group_id,
                solution_interest_id=definition_of(group).solution_interest_id,
                previous=before.completeness or 0.0,
                current=current,
            )
        )

    def _report_score(
        self, buying_group_id: str, group: Group, before: GroupFigures, cause: Cause
    ) -> None:
        figures = group.figures
        self.changes.reports.append(
            ScoreUpdated(
                version=figures.score_version,
                cause=cause,
                lead_id=None,
                buying_group_id=buying_group_id,
                solution_interest_id=definition_of(group).solution_interest_id,
                previous=before.score,
                current=figures.score,
                raw_previous=before.raw,
                raw_current=figures.raw,
            )
        )

    def _report_state(self, buying_group_id: str, group: Group, makeup: Makeup, cause: Cause) -> None:
        definition = definition_of(group)
        progress = group.progress.figures
        figures = group.figures
        self.changes.reports.append(
            GroupState(
                version=figures.state_version,
                cause=cause,
                account_id=self.account.account_id,
                buying_group_id=buying_group_id,
                solution_interest_id=definition.solution_interest_id,
                name=definition.name,
                roster=makeup.roster,
                scores=makeup.scores,
                completeness=makeup.completeness,
                score=figures.score,
                raw=figures.raw,
                baseline_version=self.tenant.baseline.version,
                model_version=self.tenant.model.version,
                as_of=self.tenant.as_of,
                stage=progress.stage,
                status=progress.status,
                versions={
                    "score": figures.score_version,
                    "completeness": figures.completeness_version,
                    "membership": figures.membership_version,
                    "stage": progress.stage_version,
                    "status": progress.status_version,
                },
            )
        )


def definition_of(group: Group) -> GroupDefinition:
    """Return the definition of a group that was created."""
    if group.definition is None:  # pragma: no cover - callers only settle groups that were created
        msg = "a group without a definition has no figures"
        raise ValueError(msg)
    return group.definition


def makeup_of(group: Group, leads: Mapping[str, Lead]) -> Makeup:
    """Return what follows from a group's members, worked out once until they change."""
    if group.makeup is None:
        group.makeup = Makeup(definition_of(group).roles, group.members)
        rate_members(group, leads)
    return group.makeup


def rate_members(group: Group, leads: Mapping[str, Lead]) -> None:
    """Let the scores of all members count, where they were worked out before."""
    if group.makeup is not None:
        for lead_id in group.members:
            lead = leads[lead_id]
            group.makeup.rate(lead_id, lead.score, lead.shown)
