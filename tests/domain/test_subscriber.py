"""Whoever believes every report has the state, by versions without gaps (domain.md §7)."""

from hypothesis import given

from domain.account import Account, Tenant
from domain.calendar import Day
from domain.engagement import person_root, points_of, two_decimals
from domain.membership import Member
from domain.reports import (
    CompletenessChanged,
    DecisionAnswered,
    GroupGone,
    GroupState,
    MembershipChanged,
    Report,
    ScoreUpdated,
    StageChanged,
    StatusChanged,
)
from tests.domain.deployment import Deployment
from tests.domain.running import as_of_days, run, thorough
from tests.domain.stream import Stream
from tests.domain.streams import DAYS, dates, streams


class Subscriber:
    """Believes what is reported, and checks that it hangs together."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, ...], int] = {}
        self.scores: dict[tuple[str, ...], tuple[float, float]] = {}
        self.members: dict[str, dict[str, Member]] = {}
        self.completeness: dict[str, CompletenessChanged] = {}
        self.progress: dict[tuple[str, str], str | None] = {}
        self.states: dict[str, GroupState] = {}

    def hear(self, account_id: str, report: Report) -> None:
        match report:
            case ScoreUpdated(lead_id=str() as lead_id):
                self._next("person", account_id, lead_id, version=report.version)
                self._score(report, account_id, lead_id)
            case ScoreUpdated():
                group_id = report.buying_group_id or ""
                self._next("score", group_id, version=report.version)
                self._score(report, group_id)
            case CompletenessChanged():
                self._next("completeness", report.buying_group_id, version=report.version)
                known = self.completeness.get(report.buying_group_id)
                assert report.previous == (known.current.completeness if known else 0.0)
                assert known is None or report.current != known.current
                self.completeness[report.buying_group_id] = report
            case MembershipChanged():
                self._next("membership", report.buying_group_id, version=report.version)
                self._membership(report)
            case StageChanged():
                self._next("stage", report.buying_group_id, version=report.version)
                self._progress("stage", report)
            case StatusChanged():
                self._next("status", report.buying_group_id, version=report.version)
                self._progress("status", report)
            case DecisionAnswered():
                group_id = report.decision.buying_group_id
                self._next("outcome", group_id, version=report.version)
            case GroupState():
                self._next("state", report.buying_group_id, version=report.version)
                self.states[report.buying_group_id] = report
            case GroupGone():
                # Figures are not taken back: what a group that is created again reports follows on.
                self.states.pop(report.buying_group_id, None)
                assert not self.members.get(report.buying_group_id)

    def _next(self, *subject: str, version: int) -> None:
        assert version == self.versions.get(subject, 0) + 1
        self.versions[subject] = version

    def _score(self, report: ScoreUpdated, *subject: str) -> None:
        previous, _ = self.scores.get(subject, (0.0, 0.0))
        assert report.previous == previous
        assert report.current != report.previous
        self.scores[subject] = (report.current, report.raw_current)

    def _progress(self, kind: str, report: StageChanged | StatusChanged) -> None:
        key = (kind, report.buying_group_id)
        assert report.previous == self.progress.get(key)
        assert report.current != report.previous
        self.progress[key] = report.current

    def _membership(self, report: MembershipChanged) -> None:
        members = self.members.setdefault(report.buying_group_id, {})
        known = members.pop(report.lead_id, None)
        assert shown(report.previous) == shown(known)
        assert shown(report.current) != shown(known)
        if report.current is not None:
            members[report.lead_id] = report.current


def shown(member: Member | None) -> tuple[str, str] | None:
    return None if member is None else (member.role, member.source)


@thorough
@given(streams(), dates(2), as_of_days)
def test_versions_have_no_gaps_and_the_last_report_of_each_kind_is_the_state(
    stream: Stream, ticks: list[Day], as_of: Day
) -> None:
    deployment = run(stream, as_of, ticks=ticks, restarts=True)
    subscriber = Subscriber()
    for account_id, report in deployment.reports():
        subscriber.hear(account_id, report)
    for account, partition in deployment.accounts():
        assert_believed(subscriber, account, partition.tenant)


def assert_believed(subscriber: Subscriber, account: Account, tenant: Tenant) -> None:
    for lead_id, lead in account.leads.items():
        assert lead.points == points_of(lead.days, tenant.as_of, tenant.model)
        score, raw = subscriber.scores.get((account.account_id, lead_id), (0.0, 0.0))
        assert score == two_decimals(lead.score)
        assert raw == lead.figures.raw
        if tenant.ticked and lead.figures.version and not lead.points:
            assert raw == person_root(0, tenant.baseline)
    for group_id, group in account.groups.items():
        believed = subscriber.members.get(group_id, {})
        assert {i: shown(m) for i, m in believed.items()} == {
            i: shown(m) for i, m in group.members.items()
        }
        state = subscriber.states.get(group_id)
        assert (state is not None) is group.stands
        if state is None:
            continue
        assert {m.lead_id: Member(m.role, m.source, m.added_at) for m in state.members} == group.members
        assert all(m.score == two_decimals(account.leads[m.lead_id].score) for m in state.members)
        assert state.completeness == subscriber.completeness[group_id].current or (
            state.completeness.missing_roles == subscriber.completeness[group_id].current.missing_roles
        )
        assert state.score == subscriber.scores.get((group_id,), (0.0, 0.0))[0]
        assert state.score == group.figures.score
        assert state.version == group.figures.state_version
        assert state.stage == subscriber.progress.get(("stage", group_id))
        assert state.status == subscriber.progress.get(("status", group_id))
        assert state.stage == group.progress.stage(group.definition)


@thorough
@given(streams(), dates(1))
def test_a_published_group_is_never_behind_what_it_was_computed_from(
    stream: Stream, ticks: list[Day]
) -> None:
    """After every batch, not only at the end: the last state of a group is its state."""
    deployment = Deployment()
    deployment.tick(ticks[0] if ticks else DAYS[2])
    subscriber = Subscriber()
    heard = 0
    for batch in stream.batches():
        deployment.fold(batch)
        all_reports = list(deployment.reports())
        for account_id, report in all_reports[heard:]:
            subscriber.hear(account_id, report)
        heard = len(all_reports)
        for account, partition in deployment.accounts():
            assert_believed(subscriber, account, partition.tenant)
