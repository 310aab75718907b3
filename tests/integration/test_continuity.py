"""A worker goes on where the last one was, and what was delivered before changes nothing."""

from typing import Any, Final

import pytest

from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    COMPLETENESS_CHANGED,
    DEAD_LETTERS,
    MEMBERSHIP_CHANGED,
    OUTPUTS,
    SCORE_UPDATED,
    STAGE_CHANGED,
    STATUS_CHANGED,
)
from tests.integration.comparison import assert_same_as_fold
from tests.integration.harness import Deployment
from tests.integration.story import ADA, BOB, GROUP, Outputs, Story, names
from tests.integration.streams import generate

pytestmark = pytest.mark.slow

CHANGES: Final = (
    SCORE_UPDATED,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    STAGE_CHANGED,
    STATUS_CHANGED,
)


def test_a_stopped_worker_leaves_nothing_open_and_the_next_goes_on_where_it_was(
    deployment: Deployment,
) -> None:
    first = deployment.worker()
    story, outputs = Story(deployment), Outputs(deployment)
    outputs.after(
        story.group(),
        story.manual("m-1", "assign", ADA, "Decision Maker", minute=10),
        story.activity("activity-1"),
    )
    before = deployment.states()[GROUP]

    assert first.terminate() == 0
    assert not deployment.unconsumed()
    deployment.worker()

    after = outputs.after(story.activity("activity-2"))
    assert after.keys() == names(SCORE_UPDATED, BUYING_GROUP_STATE)
    scores: list[Any] = [
        deployment.codec.decode(SCORE_UPDATED.name, each.value) for each in after["score-updated"]
    ]
    state = deployment.states()[GROUP]
    assert {each.cause_event_id for each in scores} == {"activity-2"}
    assert {each.version for each in scores} == {2}
    group = next(each for each in scores if each.subject_type == "group")
    assert (group.previous, group.current) == (before.score, state.score)
    assert state.version == before.version + 1
    assert state.versions == {**before.versions, "score": 2}
    assert state.members[0].added_at == before.members[0].added_at


@pytest.mark.kafka
def test_tables_are_the_same_after_a_restart(real_deployment: Deployment) -> None:
    deployment = real_deployment
    stream = generate(1000, seed=6)
    begun, rest = stream.cut(0.5)
    dead = deployment.placed(begun, deployment.produce(begun))
    first = deployment.worker()
    deployment.wait_consumed()
    assert first.terminate() == 0

    deployment.worker()
    dead |= deployment.placed(rest, deployment.produce(rest))
    deployment.tick(stream.as_of)

    assert_same_as_fold(deployment, stream, dead)


def test_everything_delivered_twice_changes_nothing_but_the_outcomes(
    deployment: Deployment,
) -> None:
    stream = generate(800, seed=7)
    deployment.produce(stream.records)
    deployment.worker()
    deployment.tick(stream.as_of)
    before = {topic.name: deployment.read(topic) for topic in OUTPUTS}

    deployment.produce(stream.records)
    deployment.wait_consumed()

    after = {topic.name: deployment.read(topic) for topic in OUTPUTS}
    for topic in (*CHANGES, BUYING_GROUP_STATE):
        assert after[topic.name] == before[topic.name], topic.name
    broken = sum(record.dlq_reason is not None for record in stream.records)
    assert len(before[DEAD_LETTERS.name]) == broken
    assert len(after[DEAD_LETTERS.name]) == 2 * broken
    answered = deployment.events(ASSIGNMENT_OUTCOME)
    assert len(answered) == 2 * len(before[ASSIGNMENT_OUTCOME.name])
    last = {each.event_id for each in answered} - {
        deployment.codec.decode(ASSIGNMENT_OUTCOME.name, each.value).event_id  # type: ignore[attr-defined]
        for each in before[ASSIGNMENT_OUTCOME.name]
    }
    again = [each for each in answered if each.event_id in last]
    assert {each.outcome for each in again} <= {"no_change", "stale", "overridden", "void", "pending"}


def test_outputs_of_what_was_there_before_the_worker_are_marked_when_it_replays(
    deployment: Deployment,
) -> None:
    story = Story(deployment)
    deployment.produce([story.group(), story.journey("j-1", "assign", ADA, "Champion", minute=10)])
    deployment.worker(REPLAY="true")
    deployment.wait_consumed()
    deployment.produce([story.journey("j-2", "assign", BOB, "Champion", minute=11)])
    deployment.wait_consumed()

    assert [(each.lead_id, each.replay) for each in deployment.events(MEMBERSHIP_CHANGED)] == [
        (ADA, True),
        (BOB, False),
    ]
    assert deployment.events(BUYING_GROUP_STATE)[0].replay is True
    assert deployment.states()[GROUP].replay is False
