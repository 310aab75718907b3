"""The system's jobs on workers: definitions, account and lead streams are enough (domain.md §3, §6)."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from console.groups import group_object
from domain.identity import buying_group_id
from schemas.definitions import Definition
from streams.placement import partition_of
from streams.topics import (
    ASSIGNMENT_OUTCOME,
    BUYING_GROUPS,
    COMPLETENESS_CHANGED,
    JOURNEY_ACTIONS,
    MEMBERSHIP_CHANGED,
    OUTPUTS,
    SCORE_UPDATED,
    STAGE_CHANGED,
)
from tests.integration.comparison import assert_same_as_fold, printed
from tests.integration.harness import Deployment, Record
from tests.integration.marketing import BACKUP, THREATS, ZERO_TRUST, definitions
from tests.integration.processes import Worker, wait_until
from tests.integration.replaying import Where, log_of, woven
from tests.integration.story import ADA, BOB, Story
from tests.integration.streams import AS_OF, Stream, generate

pytestmark = pytest.mark.slow

CIO: Final = "Chief Information Officer"
DECISION_MAKER: Final = ("Decision Maker", "system")


class Feed:
    """Produces records and keeps them, so that what they lead to can be folded."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.records: list[Record] = []

    def __call__(self, *records: Record) -> None:
        self._deployment.produce(records)
        self.records.extend(records)

    def defines(self, identity: str, versions: Iterable[int] = (1, 2)) -> None:
        """Publish versions of a solution interest or a weighting model."""
        for version in versions:
            self(self._deployment.record("definitions", definition_of(identity, version)))

    def stream(self) -> Stream:
        """Return everything that was fed; what was fed twice stands there twice."""
        decode = self._deployment.codec.decode
        valid = tuple((each.topic, decode(each.topic, each.value)) for each in self.records)
        return Stream(AS_OF, tuple(self.records), valid)


def definition_of(identity: str, version: int) -> Definition:
    """Return a version of what the made-up tenant defines under an id."""
    wanted = f":{identity}/{version}"
    return next(each for each in definitions(AS_OF) if each.event_id.endswith(wanted))


def members_of(deployment: Deployment, interest: str, account: str) -> dict[str, tuple[str, str]] | None:
    """Return the members of a group by lead id, with role and source; None without the group."""
    state = deployment.states().get(buying_group_id(interest, account))
    return None if state is None else {each.lead_id: (each.role, each.source) for each in state.members}


def comes_to(
    deployment: Deployment, interest: str, account: str, members: Mapping[str, tuple[str, str]]
) -> None:
    """Wait until a group has exactly these members."""

    def has() -> bool:
        return members_of(deployment, interest, account) == members

    wait_until(has, f"{interest} of {account} never had the members {members}")


def exported(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the groups as ``export`` prints them, but for what counts how often they were touched."""
    groups = sorted(deployment.states().items())
    return printed("\n".join(json.dumps(group_object(state)) for _, state in groups))


def accounts_of_every_partition(prefix: str) -> list[str]:
    """Return an account id for each of the four partitions."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < 4:
        name = f"{prefix}-{number}"
        found.setdefault(partition_of(name, 4), name)
        number += 1
    return [found[partition] for partition in sorted(found)]


def share_the_partitions(one: Worker, other: Worker) -> None:
    """Wait until both have some."""
    one.wait_until(
        lambda: bool(one.owns()) and bool(other.owns()) and not one.owns() & other.owns(),
        "sharing the partitions",
    )


def test_groups_appear_fill_and_stay_right_though_nobody_writes_one(deployment: Deployment) -> None:
    deployment.worker()
    feed, acme, globex = Feed(deployment), Story(deployment), Story(deployment, "globex")
    feed(
        acme.account("acme-1", minute=1, industry="Software"),
        globex.account("globex-1", minute=1, industry="retail", busy=9),
        acme.profile("ada-1", ADA, minute=1, title=CIO),
        acme.profile("bob-1", BOB, minute=1, title="Intern"),
        acme.profile("cem-1", "cem", minute=1, title="intern"),
        globex.profile("gil-1", "gil", minute=1, title="cio"),
    )
    feed.defines(THREATS, [1])
    comes_to(deployment, THREATS, "acme", {ADA: DECISION_MAKER})
    assert members_of(deployment, THREATS, "globex") is None

    # A title and a score change; whom a person has ruled out stays out.
    feed(
        acme.profile("bob-2", BOB, minute=2, title="CIO"),
        acme.manual("m-1", "remove", ADA, minute=2, interest=THREATS),
        *(acme.activity(f"form-{i}", "cem", minute=3 + i) for i in range(6)),
    )
    comes_to(deployment, THREATS, "acme", {BOB: DECISION_MAKER, "cem": ("Champion", "system")})

    # A wider audience, an account that enters it, and an interest for every account.
    initech = Story(deployment, "initech")
    feed(initech.account("initech-1", minute=1, industry="retail"))
    feed.defines(THREATS, [2])
    feed.defines(BACKUP, [1])
    feed(initech.account("initech-2", minute=5, industry="banking"))
    comes_to(deployment, THREATS, "globex", {"gil": DECISION_MAKER})
    comes_to(deployment, THREATS, "initech", {})
    comes_to(deployment, BACKUP, "initech", {})

    feed(
        acme.manual("m-2", "release", ADA, minute=8, interest=THREATS),
        acme.profile("bob-3", BOB, minute=9, title="retired"),
        acme.journey("s-1", "update_stage", minute=9, interest=THREATS, stage="Discover"),
        acme.journey("s-2", "update_stage", minute=9, interest=THREATS, stage="Won"),
        acme.journey("s-3", "update_stage", minute=9, interest=THREATS, stage="Engaged"),
        acme.journey("s-4", "update_status", minute=9, interest=THREATS, status="warm"),
    )
    comes_to(deployment, THREATS, "acme", {ADA: DECISION_MAKER, "cem": ("Champion", "system")})
    feed.defines("house")
    deployment.tick(AS_OF)

    assert not deployment.read(BUYING_GROUPS)
    assert_same_as_fold(deployment, feed.stream(), {})
    changes: dict[str, list[str]] = defaultdict(list)
    for each in deployment.events(MEMBERSHIP_CHANGED):
        if each.buying_group_id == buying_group_id(THREATS, "acme"):
            assert each.reason == "membership"
            changes[each.lead_id].append(each.change)
    assert changes == {ADA: ["added", "removed", "added"], BOB: ["added", "removed"], "cem": ["added"]}
    rescored = [each for each in deployment.events(SCORE_UPDATED) if each.baseline_version == 2]
    assert {(each.reason, each.model_version) for each in rescored} == {("model", 3)}
    state = deployment.states()[buying_group_id(THREATS, "acme")]
    assert (state.name, state.stage, state.status) == (
        "Threat detection & response for Acme",
        "Engaged",
        "warm",
    )
    answers = {each.decision_event_id: each for each in deployment.events(ASSIGNMENT_OUTCOME)}
    assert answers.keys() == {"m-1", "m-2", "s-1", "s-2", "s-3", "s-4"}, "nobody asked the system"
    assert (answers["s-2"].outcome, answers["s-2"].lead_id) == ("void", None)


@pytest.mark.kafka
def test_workers_that_start_again_or_join_know_every_definition_and_create_each_group_once(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    feed = Feed(deployment)
    first = deployment.worker()
    for interest, versions in ((THREATS, [1, 2]), (ZERO_TRUST, [1, 2]), (BACKUP, [1])):
        feed.defines(interest, versions)
    deployment.wait_consumed()
    assert first.terminate() == 0

    second = deployment.worker()
    early, late = accounts_of_every_partition("early"), accounts_of_every_partition("late")
    for account in early:
        story = Story(deployment, account)
        feed(
            story.account(f"{account}-1", minute=1, industry="banking"),
            story.profile(f"{account}-ada", ADA, minute=1, title=CIO),
        )
    for account in early:
        comes_to(deployment, THREATS, account, {ADA: DECISION_MAKER})

    third = deployment.starting_worker()
    share_the_partitions(second, third)
    for partition in range(4):
        # Both workers hear of everything, of the definitions too, and more than once.
        for account in late:
            story = Story(deployment, account)
            feed(story.account(f"{account}-1", minute=2, industry="software", partition=partition))
        for version in (2, 1):
            definition = definition_of(THREATS, version)
            feed(deployment.record("definitions", definition, partition=partition))
    for account in late:
        feed(Story(deployment, account).profile(f"{account}-bob", BOB, minute=2, title=CIO))
    for account in early:
        story = Story(deployment, account)
        feed(
            story.profile(f"{account}-ada-2", ADA, minute=3, title="gardener"),
            story.profile(f"{account}-bob", BOB, minute=3, title="cio"),
        )
    for account in early + late:
        comes_to(deployment, THREATS, account, {BOB: DECISION_MAKER})
    deployment.tick(AS_OF)
    assert_same_as_fold(deployment, feed.stream(), {})
    before = {topic.name: deployment.read(topic) for topic in OUTPUTS}

    feed(*feed.records)
    deployment.wait_consumed()
    assert {topic.name: deployment.read(topic) for topic in OUTPUTS} == before
    expected = {
        buying_group_id(interest, account): (interest, account)
        for account in early + late
        for interest in (THREATS, BACKUP)
    }
    assert expected == {
        group_id: (state.solution_interest_id, state.account_id)
        for group_id, state in deployment.states().items()
    }
    firsts = [
        each.buying_group_id for each in deployment.events(COMPLETENESS_CHANGED) if each.version == 1
    ]
    assert sorted(firsts) == sorted(expected)


@pytest.mark.kafka
def test_a_replay_from_the_log_ends_the_same_wherever_definitions_come_between_the_events(
    real_deployment: Deployment,
) -> None:
    deployment, stream = real_deployment, generate(800, seed=12)
    dead = deployment.placed(stream.records, deployment.produce(stream.records))
    deployment.worker()
    deployment.tick(stream.as_of)
    assert_same_as_fold(deployment, stream, dead)
    expected = exported(deployment)
    log = log_of(deployment, dead)
    deployment.close()

    def replay(definitions: Where) -> list[dict[str, Any]]:
        again = deployment.neighbour(definitions)
        try:
            again.create_topics()
            again.worker()
            for part in woven(log, len(definitions), definitions):
                again.produce(part)
                again.wait_consumed()
            again.tick(stream.as_of)
            again.wait_consumed()
            return exported(again)
        finally:
            again.close()

    places: tuple[Where, ...] = ("first", "midway", "last")
    with ThreadPoolExecutor(len(places)) as threads:
        for where, found in zip(places, threads.map(replay, places), strict=True):
            assert found == expected, f"definitions {where}"


@pytest.mark.kafka
def test_stage_moves_that_are_delivered_again_after_a_kill_apply_once(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    feed = Feed(deployment)
    stories = [Story(deployment, account) for account in accounts_of_every_partition("a")]
    feed.defines(THREATS)
    for story in stories:
        feed(story.account(f"{story.account_id}-1", minute=1, industry="software"))
    worker = deployment.worker(BATCH_SIZE="1")
    wait_until(lambda: len(deployment.states()) == len(stories), "the groups were not created")
    path = ("Discover", "Won", "Engaged", "Evaluate", "Engaged", "Evaluate", "Lost", "Discover")
    waves, delivered_again = 0, False
    while not delivered_again:
        before = len(deployment.read(ASSIGNMENT_OUTCOME))
        feed(
            *(
                story.journey(
                    f"{story.account_id}-{waves}-{place}",
                    "update_stage",
                    minute=10 - place,
                    interest=THREATS,
                    stage=stage,
                )
                for place, stage in enumerate(path)
                for story in stories
            )
        )
        waves += 1
        wait_until(
            lambda: len(deployment.read(ASSIGNMENT_OUTCOME)) > before,  # noqa: B023 - called at once
            "no move was answered",
        )
        # What it wrote is there for good; that it has read the moves is committed once a second.
        worker.kill()
        read = sum(deployment.committed([JOURNEY_ACTIONS]).values())
        delivered_again = len(deployment.read(ASSIGNMENT_OUTCOME)) > read
        worker = deployment.worker(BATCH_SIZE="1")
    deployment.tick(AS_OF)

    assert_same_as_fold(deployment, feed.stream(), {})
    answered = deployment.events(ASSIGNMENT_OUTCOME)
    assert len(answered) > waves * len(path) * len(stories), "nothing was delivered again"
    # Won does not follow Discover. Each wave ends at Discover, where the next one has nothing to enter.
    moves = (len(path) - 1 + (waves - 1) * (len(path) - 2)) * len(stories)
    applied = [each.decision_event_id for each in answered if each.outcome == "applied"]
    assert len(applied) == len(set(applied)) == moves
    changes = [each.cause_event_id for each in deployment.events(STAGE_CHANGED)]
    assert len(changes) == len(set(changes)), "a move changed a stage twice"
