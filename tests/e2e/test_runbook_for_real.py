"""Every command of the runbook, typed as printed, on a real Kafka with workers and records.

A test follows one section, in its order and in the situation that it is for, and leaves the deployment
as it found it: two workers, and nothing that is wrong. What stands for a date, a place or a port is in
`reader.STANDS_FOR`; what cannot be run here is in `reader.NOT_HERE`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from schemas.confluent import ConfluentRegistry
from streams.topics import ALL_TOPICS, CHANGELOGS
from tests.e2e.reader import (
    NOT_HERE,
    STANDS_FOR,
    Reader,
    Steps,
    can_be_run,
    today,
    why_no_curl,
    why_no_tools,
)
from tests.e2e.runbook import COMMANDS, Command
from tests.e2e.troubles import delete_topics, keep_for_a_year, lead_profile, now
from tests.integration.harness import Deployment, Record
from tests.integration.losing import tamper_with_score
from tests.integration.processes import wait_until
from tests.kafka.broker import KafkaBroker, why_unavailable
from tests.schemas.registry_server import registry_server

EXAMPLE: Final = "examples/first-group.jsonl"
GROUP: Final = "86b19194-402e-50d9-bd78-33e53058a18e"
ALL_IS_WELL: Final = "Every topic is as it must be."
FOLLOWED: Final[dict[str, int]] = {}
"""How many commands of a section are run."""


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A deployment under the runbook's names, on a Kafka of its own, with records and a baseline."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(f"real Apache Kafka: {reason}")
    with KafkaBroker() as broker:
        deployment = Deployment(broker.bootstrap, "bg", tmp_path_factory.mktemp("runbook"))
        try:
            deployment.create_topics()
            reader = Reader(deployment)
            reader.as_usual()
            deployment.produce([lead_profile(deployment, "lead-1", now())])
            reader.type(f"buying-groups publish {EXAMPLE}").expect(0)
            reader.type(f"buying-groups tick --as-of {today()}").expect(0)
            yield reader
        finally:
            deployment.close()
            broker.kill()


@pytest.fixture
def reader(standing: Reader) -> Reader:
    """The deployment with both workers ready."""
    standing.as_usual()
    return standing


def follows(section: str, count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of somebody who follows a section, so many commands of which are run."""
    FOLLOWED[section] = count

    def made(test: Callable[[Steps], None]) -> Callable[[Reader], None]:
        def followed(reader: Reader) -> None:
            steps = Steps(reader, section)
            test(steps)
            steps.end()

        followed.__doc__ = test.__doc__
        for mark in (pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(240)):
            followed = mark(followed)
        return followed

    return made


@follows("Where to type the commands", 2)
def test_the_commands_are_typed_where_the_workers_run(steps: Steps) -> None:
    steps.follow().expect(0, ALL_IS_WELL)
    steps.follow().expect(0, ALL_IS_WELL)


@follows("First look", 5)
def test_a_first_look_finds_nothing_wrong(steps: Steps) -> None:
    steps.follow().expect(0, "worker is ready")
    asked = steps.follow_if(why_no_curl())
    steps.follow().expect(0, ": healthy", "consumer group bg.engine, stable")
    steps.follow().expect(0, ALL_IS_WELL)
    pages = [json.loads(steps.follow().expect(0))]
    if asked is not None:
        pages.append(json.loads(asked.expect(0)))
        assert sorted(number for page in pages for number in page["partitions"]) == [0, 1, 2, 3]
    for page in pages:
        assert (page["status"], page["problems"]) == ("ok", [])


@follows("Worker down", 2)
def test_a_worker_that_does_not_start_says_why_and_ends_with_the_code(steps: Steps) -> None:
    reader = steps.reader
    reader.stop("worker-1")
    taken = str(reader.workers["worker-2"].port)
    reader.type("buying-groups worker", SESSION_TIMEOUT="soon").expect(2, "SESSION_TIMEOUT")
    reader.type("buying-groups worker", PARTITIONS="8").expect(
        1, "The worker does not start on a cluster that differs:"
    )
    reader.type("buying-groups worker", METRICS_PORT=taken).expect(
        1, "METRICS_PORT cannot be opened, the worker does not start"
    )
    steps.follow().expect(0, "worker is ready")
    steps.follow().expect(0, ALL_IS_WELL)


@follows("Not ready", 2)
def test_the_consumer_group_is_stable_and_every_partition_has_an_owner(steps: Steps) -> None:
    state = steps.follow_if(why_no_tools())
    owners = steps.follow_if(why_no_tools())
    if state is None or owners is None:
        return
    (row,) = _rows(state.expect(0), "bg.engine")
    assert row[-2:] == ["Stable", "2"]
    rows = _rows(owners.expect(0), "bg.engine")
    assert {row[2] for row in rows} == {"0", "1", "2", "3"}
    assert all(row[6] != "-" for row in rows)
    assert len({row[6] for row in rows}) == 2


@follows("Delivery failing", 2)
def test_logs_and_topics_are_looked_at_where_delivery_fails(steps: Steps) -> None:
    steps.follow().expect(0, "worker is ready")
    steps.follow().expect(0, ALL_IS_WELL)


@follows("Recovery stuck", 2)
def test_no_partition_is_unavailable(steps: Steps) -> None:
    unavailable = steps.follow_if(why_no_tools())
    if unavailable is not None:
        assert unavailable.expect(0) == ""
    steps.follow().expect(0, ALL_IS_WELL)


@follows("Dead letters", 5)
def test_dead_letters_are_listed_shown_and_given_back_once_they_are_mended(steps: Steps) -> None:
    reader, deployment = steps.reader, steps.reader.deployment
    come = now() + 1_500
    early = lead_profile(deployment, "lead-2", come + 5 * 60_000)
    broken = Record("lead-activity", b"acct-900", b"\xffbroken")
    (_, partition, offset), _ = deployment.produce([broken, early])
    reader.dead_letter = f"lead-activity/{partition}/{offset}"
    deployment.wait_consumed()

    steps.follow().expect(0, "not_avro", "from_the_future", reader.dead_letter)
    steps.follow().expect(0, "not_avro", "acct-900")
    steps.follow().expect(0, "is fine")
    wait_until(lambda: now() > come + 500, "its time never came")
    left = f"would refuse them again (--only-mended): {reader.dead_letter}"
    steps.follow().expect(3, "1 dead letter would go", left)
    steps.follow(answer="y\n").expect(3, "Redriven 1 dead letter: lead-profiles 1.", left)


@follows("Day tick missing", 2)
def test_the_day_is_moved_on_by_hand(steps: Steps) -> None:
    steps.follow().expect(0, "worker is ready")
    steps.follow().expect(0, f"The day is {today()}, the baseline is number ")


@follows("Topics differ", 3)
def test_topics_that_differ_are_made_and_set_right(steps: Steps) -> None:
    reader, deployment = steps.reader, steps.reader.deployment
    reader.stop("worker-1", "worker-2")
    delete_topics(deployment, [deployment.name("dead-letters")])
    no_tools = why_no_tools()
    if no_tools is None:
        keep_for_a_year(deployment, deployment.name("accounts"))

    reader.type("buying-groups worker").expect(
        1, "The worker does not start on a cluster that differs:", "bg.dead-letters: does not exist"
    )
    found = [json.loads(line) for line in steps.follow().expect(1).splitlines()]
    wrong = {(each["topic"], each["what"]) for each in found}
    created = steps.follow()
    altered = steps.follow_if(no_tools)

    if altered is None:
        created.expect(0, "created bg.dead-letters", ALL_IS_WELL)
    else:
        assert ("bg.accounts", "retention.ms") in wrong
        created.expect(1, "created bg.dead-letters", "retention.ms")
        altered.expect(0)
    assert any(topic == "bg.dead-letters" for topic, _ in wrong)
    reader.type("buying-groups topics check").expect(0, ALL_IS_WELL)


@follows("A group is not what somebody expects", 7)
def test_a_group_in_doubt_is_exported_folded_and_compared(steps: Steps) -> None:
    steps.follow().expect(0)
    exported = steps.follow().expect(0)
    steps.follow().expect(0, "Threat Detection for Northwind Bank")
    folded = steps.follow().expect(0)
    steps.follow().expect(0, "threat-detection")
    steps.follow().expect(0)
    defined = steps.follow().expect(0)
    assert _group(exported) == _group(folded)
    assert _group(defined)["buying_group_id"] == GROUP


@follows("State is lost or wrong", 6)
def test_a_row_that_is_wrong_is_named_and_mended_in_place(steps: Steps) -> None:
    reader, deployment = steps.reader, steps.reader.deployment
    group = tamper_with_score(deployment)

    steps.follow().expect(0, "records to read")
    steps.follow().expect(1, group, "score")
    reader.type("buying-groups rebuild --in-place").expect(
        1, "Workers are active", "Nothing was written"
    )
    steps.follow().expect(0)
    steps.follow().expect(0, f"All {len(ALL_TOPICS)} topics exist.")
    steps.follow().expect(0, "1 row, 0 outputs")
    steps.follow().expect(0, "worker is ready")


@follows("State is lost or wrong", 6)
def test_changelogs_that_are_gone_are_made_and_filled_in_place(steps: Steps) -> None:
    reader, deployment = steps.reader, steps.reader.deployment
    exported = reader.type("buying-groups export").expect(0)
    reader.stop("worker-1", "worker-2")
    changelogs = [deployment.name(topic) for topic in CHANGELOGS]
    delete_topics(deployment, changelogs)

    for _ in range(2):
        steps.follow().expect(1, "nothing was done", f"{changelogs[0]}: does not exist")
    steps.follow().expect(0)
    steps.follow().expect(0, f"created {changelogs[0]}", ALL_IS_WELL)
    steps.follow().expect(0, "0 outputs")
    steps.follow().expect(0, "worker is ready")
    assert reader.type("buying-groups export").expect(0) == exported


@follows("State is wrong, and workers can be away for moments only", 3)
def test_a_row_that_is_wrong_is_mended_with_the_workers_away_for_moments(steps: Steps) -> None:
    group = tamper_with_score(steps.reader.deployment)
    with ThreadPoolExecutor() as another_terminal:
        promoted = another_terminal.submit(steps.follow)
        wait_until(lambda: steps.began == 1, "the command was not typed")
        steps.follow().expect(0)
        promoted.result().expect(0, group, "All workers may be stopped now", "1 row, 0 outputs")
    steps.follow().expect(0, "worker is ready")


@follows("A person asks to be forgotten", 1)
def test_a_person_is_forgotten(steps: Steps) -> None:
    steps.follow().expect(0, "The erasure is bg.lead-profiles", "bg.lead-activity", "Until")


@follows("Events do not arrive", 1)
def test_events_are_published_again_and_refused_lines_are_kept(steps: Steps) -> None:
    folder = steps.reader.deployment.folder
    example = folder / EXAMPLE
    written = example.read_text()
    bad = '{"topic": "accounts", "value": {"account_id": ""}}'
    example.write_text(f"{bad}\n{written}")
    try:
        steps.follow().expect(3, "line 1:")
        kept = (folder / "refused.jsonl").read_text()
    finally:
        example.write_text(written)
    (refused,) = [json.loads(line) for line in kept.splitlines()]
    assert "account_id" in str(refused)


@follows("Start workers anew, or stop them", 1)
def test_a_worker_is_started_anew(steps: Steps) -> None:
    steps.follow().expect(0, "worker is ready")


@follows("The schema registry is away", 1)
def test_a_worker_does_not_start_without_its_schema_registry(steps: Steps) -> None:
    reader = steps.reader
    with registry_server() as registry:
        reader.registry_url = registry.url
        ConfluentRegistry(registry.url, reader.deployment.settings.namespace).register_all()
        asked = steps.follow_if(why_no_curl())
        if asked is not None:
            assert "bg.lead-activity-value" in json.loads(asked.expect(0))
    gone = reader.type("buying-groups worker", SCHEMA_REGISTRY_URL=registry.url)
    gone.expect(1, "the schema registry did not answer:")


def test_every_command_is_run_or_named() -> None:
    """A command that is added to the runbook fails here until a test above follows it."""
    run = Counter(command.section for command in COMMANDS if can_be_run(command))
    assert dict(run) == FOLLOWED


def test_a_command_that_nobody_has_thought_of_is_noticed() -> None:
    for line in (
        "rm -r data",
        "docker compose down",
        "docker compose exec kafka /opt/kafka/bin/kafka-acls.sh",
    ):
        with pytest.raises(ValueError, match="no test runs this command"):
            can_be_run(Command("First look", line))


@pytest.mark.parametrize("printed", STANDS_FOR)
def test_what_stands_for_something_is_in_the_runbook(printed: str) -> None:
    assert any(printed in command.line for command in COMMANDS if can_be_run(command))


@pytest.mark.parametrize("beginning", NOT_HERE)
def test_what_cannot_be_run_is_named(beginning: str) -> None:
    lines = [command.line for command in COMMANDS if not can_be_run(command)]
    named = dict.fromkeys(line for line in lines if line.startswith(beginning))
    assert named
    pytest.skip(f"{NOT_HERE[beginning]}: test_runbook.py only parses {'; '.join(named)}")


def _rows(table: str, first: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines() if line.split()[:1] == [first]]


def _group(printed: str) -> dict[str, Any]:
    """Return the group of the example as `export` and `fold` print it, but for what counts ticks."""
    groups = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    (found,) = [group for group in groups if group["buying_group_id"] == GROUP]
    return {name: value for name, value in found.items() if name not in {"version", "baseline_version"}}
