"""A worker's health over HTTP follows what happens to it: its start, a refusal, a broker that goes."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from streams.topics import DEAD_LETTERS
from tests.faults.cluster import RefusingBroker
from tests.integration.harness import Deployment, Record
from tests.integration.processes import PATIENCE_S, Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

KEY: Final = b"acme-of-nobody"


@pytest.fixture
def own(refusing: RefusingBroker, namespace: str, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment without workers on that broker."""
    deployment = Deployment(refusing.bootstrap, namespace, tmp_path)
    deployment.create_topics()
    try:
        yield deployment
    finally:
        deployment.close()


def told(worker: Worker, path: str) -> tuple[int, dict[str, Any]]:
    """Return what the worker says of itself; 0 while nobody listens."""
    address = f"http://127.0.0.1:{worker._metrics_port}{path}"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())
    except urllib.error.URLError:
        return 0, {}


def wait_for(worker: Worker, path: str, status: int, problem: str = "") -> None:
    """Wait until the worker answers so, and one of its problems says so."""

    def answered() -> bool:
        code, said = told(worker, path)
        problems: list[str] = said.get("problems", [])
        return code == status and (not problems or any(problem in one for one in problems))

    worker.wait_until(answered, f"{status} at {path}")


def test_health_says_what_keeps_a_worker_from_its_work_and_that_it_is_over(
    refusing: RefusingBroker, own: Deployment
) -> None:
    worker = own.starting_worker()
    wait_for(worker, "/livez", 200)
    wait_for(worker, "/readyz", 200)
    assert told(worker, "/readyz")[1] == {"status": "ok", "problems": [], "partitions": [0, 1, 2, 3]}

    # What cannot be read is a dead letter, and dead letters are refused.
    name = own.name(DEAD_LETTERS)
    refusing.refuse(name, "too_large")
    own.produce([Record("lead-activity", KEY, b"nobody can read this", partition=2)])
    wait_for(worker, "/readyz", 503, "partition 2: delivery has been failing for ")
    wait_until(
        lambda: any(name in line["reason"] for line in worker.said("delivery failed, trying again")),
        f"the log never named the record:\n{worker.log_end()}",
    )
    status, said = told(worker, "/readyz")
    assert status == 503
    (problem,) = said["problems"]
    assert "MSG_SIZE_TOO_LARGE" in problem
    assert KEY.decode() not in problem
    assert worker.metric("buying_groups_failing_partitions") == 1
    wait_until(
        lambda: worker.metric("buying_groups_delivery_retries_total") >= 2, "the retries are not counted"
    )
    assert told(worker, "/livez")[0] == 200
    assert worker.metric("buying_groups_ready") == 0
    assert worker.metric('buying_groups_lag_records{topic="lead-activity"}') == 1
    older = worker.metric('buying_groups_lag_seconds{topic="lead-activity"}')
    assert older > 0
    wait_until(
        lambda: worker.metric('buying_groups_lag_seconds{topic="lead-activity"}') > older,
        "the lag does not grow",
    )
    refusing.allow(name, "too_large", DEAD_LETTERS.config.get("max.message.bytes"))
    wait_for(worker, "/readyz", 200)
    assert worker.metric("buying_groups_failing_partitions") == 0
    assert worker.metric("buying_groups_ready") == 1
    worker.wait_until(
        lambda: worker.metric('buying_groups_lag_records{topic="lead-activity"}') == 0, "through with it"
    )
    assert worker.metric('buying_groups_lag_seconds{topic="lead-activity"}') == 0

    refusing.kill()
    wait_for(worker, "/readyz", 503, f"no broker of {refusing.bootstrap} is known as ")
    assert told(worker, "/livez")[0] == 200
    refusing.start()
    wait_for(worker, "/readyz", 200)
    assert told(worker, "/readyz")[1]["partitions"] == [0, 1, 2, 3]

    assert worker.terminate() == 0
