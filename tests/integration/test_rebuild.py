"""``rebuild``: state from the log, beside live workers or in the place of what was lost."""

import json
import threading

import pytest

from domain.calendar import iso_day
from streams.group_lock import GroupLock
from streams.topics import CHANGELOGS
from tests.integration.comparison import assert_same_as_fold, printed
from tests.integration.harness import Deployment
from tests.integration.losing import PUT_UP, lose_changelogs, tamper_with_score
from tests.integration.processes import wait_until
from tests.integration.streams import generate

pytestmark = [pytest.mark.slow, pytest.mark.kafka]


def test_lost_state_is_rebuilt_in_place_as_it_was_and_workers_go_on_without_a_gap(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    stream = generate(1000, seed=21)
    begun, rest = stream.cut(0.7)
    dead = deployment.placed(begun, deployment.produce(begun))
    first = deployment.worker()
    deployment.tick(stream.as_of - 2)
    deployment.wait_consumed()
    assert first.terminate() == 0
    exported, states = deployment.command("export").stdout, deployment.states()
    committed = deployment.committed()
    lose_changelogs(deployment)

    differing = deployment.command("rebuild", "--output", "json")
    done = deployment.command("rebuild", "--in-place")

    assert differing.returncode == 1, differing.stderr
    assert done.returncode == 0, done.stderr
    assert "0 outputs" in done.stderr
    assert deployment.command("export").stdout == exported
    assert (deployment.states(), deployment.committed()) == (states, committed)
    again = deployment.command("rebuild")
    assert (again.returncode, again.stdout) == (0, ""), again.stderr

    deployment.worker()
    dead |= deployment.placed(rest, deployment.produce(rest))
    deployment.tick(stream.as_of)
    assert_same_as_fold(deployment, stream, dead)


def test_a_row_that_was_tampered_with_is_named_while_workers_run_and_mended_when_they_have_stopped(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    stream = generate(800, seed=22)
    deployment.produce(stream.records)
    worker = deployment.worker()
    deployment.tick(stream.as_of)
    deployment.wait_consumed()
    healthy = deployment.command("rebuild", "--output", "json")
    group = tamper_with_score(deployment)

    compared = deployment.command("rebuild", "--output", "json")
    refused = deployment.command("rebuild", "--in-place")

    assert (healthy.returncode, healthy.stdout) == (0, ""), healthy.stdout + healthy.stderr
    (found,) = [json.loads(line) for line in compared.stdout.splitlines()]
    assert (found["buying_group_id"], found["field"]) == (group, "score")
    assert found["live"] == pytest.approx(found["rebuilt"] + PUT_UP)
    assert compared.returncode == 1
    assert refused.returncode == 1
    assert "Workers are active" in refused.stderr
    assert "Nothing was written" in refused.stderr
    assert worker.terminate() == 0

    mended = deployment.command("rebuild", "--in-place")
    again = deployment.command("rebuild")

    assert mended.returncode == again.returncode == 0, mended.stderr + again.stderr
    assert "1 row, 0 outputs" in mended.stderr


def test_no_worker_joins_while_state_is_rebuilt_in_place(real_deployment: Deployment) -> None:
    deployment = real_deployment
    with GroupLock(deployment.settings) as lock:
        refused = deployment.starting_worker()
        wait_until(lambda: not refused.running, "the worker was not refused")
        lock.check()
        assert refused.code == 1
        assert "InconsistentGroupProtocol" in refused.log_end()
        assert refused.owns() == set()

    deployment.worker()


def test_comparing_under_traffic_finds_no_difference_that_is_none(real_deployment: Deployment) -> None:
    deployment = real_deployment
    stream = generate(3000, seed=23)
    begun, rest = stream.cut(0.5)
    deployment.produce(begun)
    deployment.worker(BATCH_SIZE="50")
    deployment.tick(stream.as_of)
    over = threading.Event()

    def flow() -> None:
        for start in range(0, len(rest), 20):
            deployment.produce(rest[start : start + 20])
            if over.wait(0.1):
                return

    traffic = threading.Thread(target=flow)
    traffic.start()
    try:
        compared = deployment.command("rebuild", "--output", "json")
    finally:
        over.set()
        traffic.join()

    assert compared.stdout == "", compared.stderr


def test_the_topics_alone_fold_to_what_is_exported(real_deployment: Deployment) -> None:
    deployment = real_deployment
    stream = generate(800, seed=24)
    deployment.produce(stream.records)
    deployment.worker()
    deployment.tick(stream.as_of)
    deployment.wait_consumed()

    planned = deployment.command("rebuild", "--dry-run", "--output", "json")
    folded = deployment.command("fold", "--from-kafka", "--as-of", iso_day(stream.as_of))
    exported = deployment.command("export")

    assert printed(folded.stdout) == printed(exported.stdout)
    # Broken records are refused, as a worker does.
    assert folded.returncode == 3
    assert planned.returncode == 0, planned.stderr
    parts = [json.loads(line) for line in planned.stdout.splitlines()]
    ends = deployment.committed()
    assert {(part["topic"], part["partition"]): part["until"] for part in parts} == {
        (topic.removeprefix(f"{deployment.settings.namespace}."), partition): end
        for (topic, partition), end in ends.items()
        if not topic.endswith(".definitions")
    }


def test_a_changelog_that_is_not_there_is_told_with_what_to_do(real_deployment: Deployment) -> None:
    lost = real_deployment.neighbour("lost")

    done = lost.command("rebuild", "--in-place")

    assert done.returncode == 1
    assert (
        f"{lost.name(CHANGELOGS[0])}: does not exist (run: buying-groups topics create)" in done.stderr
    )
