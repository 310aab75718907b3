"""What subscribers were told: versions and last reported figures, from whatever still says so.

Three sources hold a subject's last version: its row in a changelog, the newest event about it in an
output topic, and, for a group, its state in ``buying-group-state``. The greatest version counts, because
that is what a subscriber goes by. Where none of them reaches back far enough the version is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from domain.account import GroupFigures, PersonFigures
from domain.completeness import MissingRole
from domain.membership import Member
from domain.reconcile import ToldGroup
from domain.stages import ProgressFigures
from schemas import outputs
from schemas.codec import BadRecord, Codec
from schemas.outputs import BuyingGroupState
from streams.ranges import FetchedRange
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
    STAGE_CHANGED,
    STATUS_CHANGED,
    Topic,
)

REPORTED: Final[Mapping[str, Topic]] = {
    "score": SCORE_UPDATED,
    "completeness": COMPLETENESS_CHANGED,
    "membership": MEMBERSHIP_CHANGED,
    "stage": STAGE_CHANGED,
    "status": STATUS_CHANGED,
    "outcome": ASSIGNMENT_OUTCOME,
}
"""Kinds of reports that are keyed by account, so that a partition's are in the same partition."""

Said = tuple[int, Any]
"""A version and what was said with it."""


@dataclass(slots=True)
class Reports:
    """The newest report of each subject and kind in one partition's outputs, by account."""

    people: dict[str, dict[str, PersonFigures]] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[str, Said]]] = field(default_factory=dict)

    def take(self, kind: str, fetched: Iterable[FetchedRange], codec: Codec) -> None:
        """Take the reports of one kind in; what is no report is passed over."""
        topic = REPORTED[kind]
        for one in fetched:
            for record in one.records:
                try:
                    report: Any = codec.decode(topic.name, record.value)
                except BadRecord:
                    continue
                if report.buying_group_id is None:
                    self._person(report)
                else:
                    self._group(kind, report)

    def _person(self, report: outputs.ScoreUpdated) -> None:
        people = self.people.setdefault(report.account_id, {})
        known = people.get(report.lead_id or "")
        if known is None or known.version <= report.version:
            people[report.lead_id or ""] = PersonFigures(
                report.version, report.current, report.raw_current
            )

    def _group(self, kind: str, report: Any) -> None:
        kinds = self.groups.setdefault(report.account_id, {}).setdefault(report.buying_group_id, {})
        known = kinds.get(kind)
        if known is None or known[0] <= report.version:
            kinds[kind] = (report.version, _said(kind, report))


@dataclass(frozen=True, slots=True)
class Memory:
    """How far back the sources reach. ``beyond`` is the version to go on from where none does.

    ``truncated`` are the kinds of reports whose oldest retention has taken. ``people`` and ``groups``
    say that the changelog with the figures of people, of groups, was there.
    """

    truncated: frozenset[str]
    people: bool
    groups: bool
    beyond: int

    def person(self, row: PersonFigures | None, report: PersonFigures | None) -> PersonFigures | None:
        """Return what was told of a person; None where nothing was."""
        known = [figures for figures in (row, report) if figures is not None]
        if known:
            return max(known, key=lambda figures: figures.version)
        if not self.people and "score" in self.truncated:
            return PersonFigures(self.beyond)
        return None

    def forgets(self, kind: str) -> bool:
        """Return whether a group's report of a kind may have been made and be known nowhere."""
        return not self.groups and kind in self.truncated


def group_told(
    row: GroupFigures | None,
    progress: ProgressFigures | None,
    reports: Mapping[str, Said],
    state: BuyingGroupState | None,
    memory: Memory,
    *,
    published: bool,
) -> ToldGroup:
    """Return what was told of a group; ``published`` says that its state was not withdrawn since."""
    figures, moved = row or GroupFigures(), progress or ProgressFigures()
    by_state = _by_state(state)

    def newest(kind: str, version: int, value: Any) -> Said:
        said = [one for one in (by_state.get(kind), reports.get(kind)) if one is not None]
        if not said and version == 0 and memory.forgets(kind):
            return memory.beyond, value
        # The first of equals counts: a state before a report before a row.
        return max([*said, (version, value)], key=lambda one: one[0])

    score_version, score = newest("score", figures.score_version, figures.score)
    completeness_version, (completeness, missing) = newest(
        "completeness", figures.completeness_version, (figures.completeness, figures.missing_roles)
    )
    membership_version, _ = newest("membership", figures.membership_version, None)
    outcome_version, _ = newest("outcome", figures.outcome_version, None)
    stage_version, stage = newest("stage", moved.stage_version, moved.stage)
    status_version, status = newest("status", moved.status_version, moved.status)
    state_version = figures.state_version
    if state is not None:
        state_version = max(state_version, state.version)
    elif state_version == 0 and completeness_version and not memory.groups:
        # Published once and withdrawn, and compaction has taken what was published.
        state_version = memory.beyond
    return ToldGroup(
        GroupFigures(
            score_version,
            completeness_version,
            membership_version,
            outcome_version,
            state_version,
            score,
            figures.raw if state is None else state.raw_score,
            completeness,
            missing,
        ),
        ProgressFigures(stage_version, status_version, stage, status),
        {}
        if state is None or not published
        else {
            member.lead_id: Member(member.role, member.source, member.added_at)
            for member in state.members
        },
        published,
    )


def _by_state(state: BuyingGroupState | None) -> dict[str, Said]:
    if state is None:
        return {}
    versions = state.versions
    return {
        "score": (versions.get("score", 0), state.score),
        "completeness": (
            versions.get("completeness", 0),
            (state.completeness, _missing(state.missing_roles)),
        ),
        "membership": (versions.get("membership", 0), None),
        "stage": (versions.get("stage", 0), state.stage),
        "status": (versions.get("status", 0), state.status),
    }


def _said(kind: str, report: Any) -> Any:
    match kind:
        case "completeness":
            return report.current, _missing(report.missing_roles)
        case "score" | "stage" | "status":
            return report.current
        case _:
            return None


def _missing(roles: Iterable[outputs.MissingRole]) -> tuple[MissingRole, ...]:
    return tuple(MissingRole(role.role, role.short_by) for role in roles)
