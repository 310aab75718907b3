"""What must hold of a deployment after any stream and any misfortune, in one place."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from agents import definitions
from agents.inputs import READINGS
from agents.reading import Reading
from domain.calendar import Day, iso_day
from domain.definitions import TenantEvent
from domain.events import AccountEvent
from domain.identity import report_id
from domain.replay import fold_all
from domain.reports import GroupState
from schemas.fields import Contract
from schemas.outputs import BuyingGroupState
from streams.letter_headers import OFFSET, PARTITION, REASON, REDRIVEN, TOPIC
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    DEAD_LETTERS,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
    STAGE_CHANGED,
    STATUS_CHANGED,
    Topic,
)
from tests.integration.harness import Deployment, Place, Record, Written
from tests.integration.streams import Stream

VERSIONED: Final = (
    SCORE_UPDATED,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    STAGE_CHANGED,
    STATUS_CHANGED,
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
)
ALL_READINGS: Final[Mapping[str, Reading[AccountEvent | TenantEvent]]] = {
    **READINGS,
    definitions.READING.topic.name: definitions.READING,
}
EXPORTED: Final = {
    "buying_group_id",
    "account_id",
    "solution_interest_id",
    "name",
    "members",
    "completeness",
    "roles",
    "missing_roles",
    "score",
    "raw_score",
    "stage",
    "status",
    "baseline_version",
    "as_of",
    "version",
}


def assert_same_as_fold(deployment: Deployment, stream: Stream, dead: Mapping[Place, Record]) -> None:
    """Check a ticked deployment against the stream it was given.

    The states are the fold of the valid events; each broken record is in ``dead-letters``; versions
    have no gaps and their last content is the state; everything is committed.
    """
    # A tick is over once its baselines are committed; the marker behind them is a moment later.
    deployment.wait_consumed()
    states = deployment.states()
    assert_states_are_folded(states, stream.valid, stream.as_of)
    assert_dead_letters(deployment, dead)
    assert_outputs_agree(deployment, states)


def assert_export_is_fold(deployment: Deployment, stream: Stream) -> None:
    """Check that ``export`` and ``fold`` print the same groups for the stream's events."""
    path = deployment.folder / "events.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in stream.lines())
    exported = deployment.command("export")
    folded = deployment.command("fold", str(path), "--as-of", iso_day(stream.as_of))
    assert (exported.returncode, exported.stderr) == (0, "")
    assert folded.returncode == 0, folded.stderr
    assert printed(exported.stdout) == printed(folded.stdout)


def printed(lines: str) -> list[dict[str, Any]]:
    """Return printed groups without what only counts how often a group was touched."""
    groups = [json.loads(line) for line in lines.splitlines()]
    assert groups
    for group in groups:
        assert set(group) == EXPORTED
        del group["version"], group["baseline_version"]
    return groups


def assert_states_are_folded(
    states: Mapping[str, BuyingGroupState], valid: Iterable[tuple[str, Contract]], as_of: Day
) -> None:
    """Check the groups, with all figures a fold also knows."""
    expected = {state.buying_group_id: folded(state) for state in fold_all(decided(valid), as_of)}
    found = {group_id: published(state) for group_id, state in states.items()}
    assert found.keys() == expected.keys(), _missing(expected, found)
    differing = [group_id for group_id in sorted(found) if found[group_id] != expected[group_id]]
    assert not differing, _differences(expected, found, differing)


def decided(valid: Iterable[tuple[str, Contract]]) -> list[AccountEvent | TenantEvent]:
    """Return the rules' events of the contracts' events."""
    return [event for topic, value in valid for event in ALL_READINGS[topic].events_of(value)]


def folded(state: GroupState) -> dict[str, Any]:
    """Return what is compared of a folded group."""
    return {
        "account_id": state.account_id,
        "solution_interest_id": state.solution_interest_id,
        "name": state.name,
        "members": [(m.lead_id, m.role, m.source, m.added_at, m.score) for m in state.members],
        "completeness": state.completeness.completeness,
        "roles": [(r.role, r.required, r.assigned, r.completeness) for r in state.completeness.roles],
        "missing_roles": [(m.role, m.short_by) for m in state.completeness.missing_roles],
        "score": state.score,
        "raw_score": state.raw,
        "stage": state.stage,
        "status": state.status,
        "as_of": state.as_of,
    }


def published(state: BuyingGroupState) -> dict[str, Any]:
    """Return the same of a published state."""
    return {
        "account_id": state.account_id,
        "solution_interest_id": state.solution_interest_id,
        "name": state.name,
        "members": [(m.lead_id, m.role, m.source, m.added_at, m.score) for m in state.members],
        "completeness": state.completeness,
        "roles": [(r.role, r.required, r.assigned, r.completeness) for r in state.roles],
        "missing_roles": [(m.role, m.short_by) for m in state.missing_roles],
        "score": state.score,
        "raw_score": state.raw_score,
        "stage": state.stage,
        "status": state.status,
        "as_of": state.as_of,
    }


def assert_dead_letters(deployment: Deployment, dead: Mapping[Place, Record]) -> None:
    """Check that exactly the broken records are there, unchanged, once each.

    A worker that died after it wrote and before it committed writes again; repeats carry the same
    place and are dropped, as a reader of dead letters would. So are the marks of a redrive.
    """
    found: dict[Place, Written] = {}
    for written in deployment.read(DEAD_LETTERS):
        if written.header(REASON) == REDRIVEN:
            continue
        place = (
            written.header(TOPIC),
            int(written.header(PARTITION)),
            int(written.header(OFFSET)),
        )
        known = found.setdefault(place, written)
        assert (known.key, known.value) == (written.key, written.value), f"{place} differs"
    reasons = Counter((place[0], one.header(REASON)) for place, one in found.items())
    expected = Counter((place[0], record.dlq_reason) for place, record in dead.items())
    assert reasons == expected
    for place, record in dead.items():
        written = found[place]
        assert (written.key, written.value) == (record.key, record.value), f"{place} was changed"
        assert written.header(REASON) == record.dlq_reason
        assert written.header("dlq_detail")
        assert written.headers[: len(record.headers)] == record.headers


def assert_outputs_agree(deployment: Deployment, states: Mapping[str, BuyingGroupState]) -> None:
    """Check that a subscriber that followed any output knows what the states say."""
    last = {topic.name: assert_gapless(deployment, topic) for topic in VERSIONED}
    scores, complete = last[SCORE_UPDATED.name], last[COMPLETENESS_CHANGED.name]
    stages, statuses = last[STAGE_CHANGED.name], last[STATUS_CHANGED.name]
    members = _replayed_members(deployment)
    for topic in (STAGE_CHANGED, STATUS_CHANGED):
        _assert_each_follows_from_the_last(deployment, topic)
    for group_id, state in states.items():
        score = scores.get(group_id)
        assert state.score == (0.0 if score is None else score.current)
        assert state.versions["score"] == (0 if score is None else score.version)
        assert state.completeness == complete[group_id].current
        assert state.missing_roles == complete[group_id].missing_roles
        assert state.versions["completeness"] == complete[group_id].version
        assert {m.lead_id: (m.role, m.source) for m in state.members} == members.get(group_id, {})
        for kind, current, told in (
            ("stage", state.stage, stages.get(group_id)),
            ("status", state.status, statuses.get(group_id)),
        ):
            assert current == (None if told is None else told.current)
            assert state.versions[kind] == (0 if told is None else told.version)
        for member in state.members:
            person = scores.get(f"{state.account_id}/{member.lead_id}")
            assert member.score == (0.0 if person is None else person.current)


def assert_gapless(deployment: Deployment, topic: Topic) -> dict[str, Any]:
    """Check versions and ids of a topic; return the newest event of each subject."""
    seen: dict[str, dict[int, Any]] = defaultdict(dict)
    newest: dict[str, int] = {}
    for written in deployment.read(topic):
        if written.value is None:
            continue
        event: Any = deployment.codec.decode(topic.name, written.value)
        subject = written.header("ce_subject")
        assert event.event_id == report_id(topic.name, subject, event.version)
        known = seen[subject].setdefault(event.version, event)
        assert known == event, f"{topic.name} {subject} has two versions {event.version}"
        assert event.version >= newest.get(subject, 0), f"{topic.name} {subject} went back"
        newest[subject] = event.version
    for subject, versions in seen.items():
        assert sorted(versions) == list(range(1, len(versions) + 1)), f"{topic.name} {subject}"
    return {subject: versions[max(versions)] for subject, versions in seen.items()}


def _replayed_members(deployment: Deployment) -> dict[str, dict[str, tuple[str, str]]]:
    members: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for event in deployment.events(MEMBERSHIP_CHANGED):
        group = members[event.buying_group_id]
        before = group.get(event.lead_id)
        previous = event.previous and (event.previous.role, event.previous.source)
        assert before == previous, f"{event.event_id} says {previous}, known is {before}"
        if event.current is None:
            del group[event.lead_id]
        else:
            group[event.lead_id] = (event.current.role, event.current.source)
    return members


def _assert_each_follows_from_the_last(deployment: Deployment, topic: Topic) -> None:
    known: dict[str, str | None] = {}
    for event in deployment.events(topic):
        assert event.previous == known.get(event.buying_group_id), f"{topic.name} {event.event_id}"
        assert event.current != event.previous, f"{topic.name} {event.event_id} changes nothing"
        known[event.buying_group_id] = event.current


def _missing(wanted: Collection[str], found: Collection[str]) -> str:
    """Return a sentence on the ids that are on one side only."""
    lost, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    return f"{len(lost)} missing, e.g. {lost[:3]}; {len(extra)} too many, e.g. {extra[:3]}"


def _differences(
    expected: Mapping[str, dict[str, Any]], found: Mapping[str, dict[str, Any]], ids: list[str]
) -> str:
    lines = [f"{len(ids)} of {len(expected)} groups differ from the fold"]
    for group_id in ids[:3]:
        lines.extend(
            f"{group_id} {name}: folded {value!r}, published {found[group_id][name]!r}"
            for name, value in expected[group_id].items()
            if value != found[group_id][name]
        )
    return "\n".join(lines)
