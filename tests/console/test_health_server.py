"""Over HTTP a worker says whether it is alive and ready, in status codes and in words."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from prometheus_client.registry import Collector

from console.health_server import serve
from streams.health import LOOP_STOPPED_S, Facts, Failing, Health, LaneFacts
from streams.lag import LagCollector, Standing
from streams.settings import Settings
from tests.console.calling import ROOT

WORKING = Facts(at=0.0, assigned=True, lanes=(LaneFacts(0), LaneFacts(3)))


def health_of(facts: Facts, ago: float = 0.0) -> Health:
    """Return the health of a worker that noted these facts so long ago."""
    health = Health(lambda _, now: replace(facts, at=now - ago))

    async def note_once() -> None:
        watching = asyncio.create_task(health.watch())
        await asyncio.sleep(0)
        watching.cancel()

    asyncio.run(note_once())
    return health


@contextmanager
def served(
    health: Health, host: str = "127.0.0.1", collectors: Iterable[Collector] = ()
) -> Iterator[str]:
    """Serve on a free port; give the address."""
    server = serve(health, host, 0, collectors)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def get(address: str, method: str = "GET") -> tuple[int, str, bytes]:
    """Return status, content type and body."""
    request = urllib.request.Request(address, method=method)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["Content-Type"], refused.read()


def told(address: str) -> tuple[int, Any]:
    status, kind, body = get(address)
    assert kind == "application/json"
    return status, json.loads(body)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_worker_that_does_its_work_says_ok_and_which_partitions_it_has(path: str) -> None:
    with served(health_of(WORKING)) as address:
        assert told(address + path) == (200, {"status": "ok", "problems": [], "partitions": [0, 3]})


def test_a_worker_that_cannot_deliver_is_alive_and_not_ready_and_says_why() -> None:
    failing = LaneFacts(3, None, Failing(monotonic(), 7, "_MSG_TIMED_OUT: no answer"))
    with served(health_of(replace(WORKING, lanes=(LaneFacts(0), failing)))) as address:
        assert told(f"{address}/livez")[0] == 200
        status, said = told(f"{address}/readyz")
    assert status == 503
    assert said["status"] == "failing"
    (problem,) = said["problems"]
    assert problem.startswith("partition 3: delivery has been failing for ")
    assert problem.endswith(" (attempt 7): _MSG_TIMED_OUT: no answer")


def test_a_worker_whose_loop_has_stopped_is_neither_alive_nor_ready() -> None:
    with served(health_of(WORKING, ago=LOOP_STOPPED_S + 1)) as address:
        for path in ("/livez", "/readyz"):
            status, said = told(address + path)
            assert status == 503
            assert "the event loop has not run for" in said["problems"][0]


def test_metrics_are_where_they_always_were() -> None:
    with served(health_of(WORKING)) as address:
        status, kind, body = get(f"{address}/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert b"buying_groups_failing_partitions" in body


def figure(address: str, name: str) -> float:
    _, _, page = get(f"{address}/metrics")
    (line,) = [line for line in page.decode().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def test_metrics_say_whether_the_worker_is_ready_and_what_memory_it_may_have() -> None:
    with served(health_of(WORKING)) as address:
        assert figure(address, "buying_groups_ready") == 1
        assert figure(address, "buying_groups_memory_limit_bytes") > 0
    with served(health_of(replace(WORKING, assigned=False))) as address:
        assert figure(address, "buying_groups_ready") == 0


def test_metrics_hold_what_collectors_tell_at_that_moment_and_can_be_asked_for_by_name() -> None:
    standings = [Standing("accounts", 0, end=10, done=4, oldest_ms=None, newest_ms=0)]
    with served(health_of(WORKING), collectors=[LagCollector(lambda: standings)]) as address:
        assert figure(address, 'buying_groups_lag_records{topic="accounts"}') == 6
        standings.append(Standing("accounts", 1, end=10, done=9, oldest_ms=None, newest_ms=0))
        assert figure(address, 'buying_groups_lag_records{topic="accounts"}') == 7
        asked = get(f"{address}/metrics?name%5B%5D=buying_groups_lag_records")[2].decode()
    assert {line.split("{")[0] for line in asked.splitlines() if not line.startswith("#")} == {
        "buying_groups_lag_records"
    }


@pytest.mark.parametrize("path", ["/", "/readyz/", "/metrics/x", "/favicon.ico"])
def test_nothing_else_is_there(path: str) -> None:
    with served(health_of(WORKING)) as address:
        assert told(address + path) == (404, {"paths": ["/metrics", "/livez", "/readyz"]})


def test_it_can_be_asked_without_the_words() -> None:
    with served(health_of(WORKING)) as address:
        status, _, body = get(f"{address}/readyz", "HEAD")
    assert (status, body) == (200, b"")


def test_health_cannot_be_changed_from_outside() -> None:
    with served(health_of(WORKING)) as address:
        assert get(f"{address}/readyz", "POST")[0] == 405


def test_another_address_than_the_loopback_one_can_be_chosen() -> None:
    with served(health_of(WORKING), "0.0.0.0") as address:  # noqa: S104 - what is tested
        assert told(f"{address}/livez")[0] == 200


def test_a_worker_whose_port_is_taken_says_so_and_does_not_start() -> None:
    inherited = {k: v for k, v in os.environ.items() if k.lower() not in Settings.model_fields}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "console.cli", "worker"],
            env={
                **inherited,
                "PYTHONPATH": str(ROOT),
                "METRICS_PORT": str(port),
                "LOG_FORMAT": "json",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    (said,) = [line for line in lines if line["event"].startswith("METRICS_PORT cannot be opened")]
    assert (said["host"], said["port"]) == ("127.0.0.1", port)
    assert said["reason"] == "Address already in use"
    assert "worker starts" not in {line["event"] for line in lines}
