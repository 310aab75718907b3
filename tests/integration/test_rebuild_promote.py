"""``rebuild --promote``: state mended while events flow, the workers away for the end of it only."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.topics import CHANGELOGS, OUTPUTS
from tests.integration.comparison import assert_export_is_fold, assert_states_are_folded
from tests.integration.harness import Deployment, Record
from tests.integration.losing import forget_decisions, tamper_with_score
from tests.integration.processes import PATIENCE_S, wait_until
from tests.integration.streams import generate

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(240)]

MAY_STOP = "All workers may be stopped now"
WRITTEN = (*CHANGELOGS, *OUTPUTS)
_BETWEEN_S = 0.1


class Promoting:
    """``rebuild --promote`` as a process of its own."""

    def __init__(self, deployment: Deployment) -> None:
        self._out, self._err = (deployment.folder / f"promote.{name}" for name in ("out", "err"))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "console.cli", "rebuild", "--promote", "--output", "json"],
                cwd=deployment.folder,
                env=deployment.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def said(self) -> str:
        return _text(self._err)

    @property
    def printed(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in _text(self._out).splitlines()]

    def wait_said(self, text: str) -> None:
        wait_until(lambda: text in self.said or self.process.poll() is not None, f"not said: {text}")
        assert text in self.said, self.said

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)


def _text(path: Path) -> str:
    return path.read_text()


@contextmanager
def promoting(deployment: Deployment) -> Iterator[Promoting]:
    running = Promoting(deployment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


class Traffic:
    """Produces records a few at a time, up to a share of them at first, so that some are left."""

    def __init__(self, deployment: Deployment, records: Sequence[Record], share: float) -> None:
        self.produced = 0
        self._records = records
        self._most = 0
        self._may = threading.Condition()
        self.flow_to(share)
        self._thread = threading.Thread(target=self._flow, args=(deployment,))
        self._thread.start()

    def flow_to(self, share: float) -> None:
        with self._may:
            self._most = int(len(self._records) * share)
            self._may.notify()

    def _flow(self, deployment: Deployment) -> None:
        while self.produced < len(self._records):
            with self._may:
                self._may.wait_for(lambda: self._most > self.produced)
                self._may.wait(_BETWEEN_S if self._most < len(self._records) else 0)
                some = self._records[self.produced : min(self.produced + 5, self._most)]
            self.produced += len(deployment.produce(some))

    def finish(self) -> None:
        self.flow_to(1.0)
        self._thread.join()


def test_state_is_mended_under_traffic_and_nothing_is_lost(real_deployment: Deployment) -> None:
    deployment = real_deployment
    stream = generate(1000, seed=31)
    begun, rest = stream.cut(0.5)
    deployment.produce(begun)
    first = deployment.worker()
    deployment.tick(stream.as_of - 2)
    deployment.wait_consumed()
    assert first.terminate() == 0
    groups = forget_decisions(deployment)
    worker = deployment.worker()
    traffic = Traffic(deployment, rest, 0.4)
    try:
        wait_until(lambda: traffic.produced > 0, "no traffic")
        with promoting(deployment) as promote:
            promote.wait_said(MAY_STOP)
            before = traffic.produced
            traffic.flow_to(0.9)
            wait_until(lambda: traffic.produced > before, "no traffic")
            assert worker.terminate() == 0
            code = promote.wait()
        assert traffic.produced < len(rest), "the traffic was over before the switch"
    finally:
        traffic.finish()
    assert code == 0, promote.said
    assert "Workers may be started now" in promote.said
    assert "Live state and log are equal" in promote.said
    assert "Written: 0 rows" not in promote.said
    assert {one["buying_group_id"] for one in promote.printed} & groups

    deployment.worker()
    deployment.tick(stream.as_of)
    deployment.wait_consumed()
    assert_states_are_folded(deployment.states(), stream.valid, stream.as_of)
    assert_export_is_fold(deployment, stream)


def test_where_nobody_stops_the_workers_nothing_is_written(real_deployment: Deployment) -> None:
    deployment = real_deployment
    stream = generate(400, seed=32)
    deployment.produce(stream.records)
    worker = deployment.worker()
    deployment.tick(stream.as_of)
    deployment.wait_consumed()
    healthy = deployment.command("rebuild", "--promote", "--wait", "1s")
    group = tamper_with_score(deployment)
    ends = deployment.ends(WRITTEN)

    late = deployment.command("rebuild", "--promote", "--wait", "1s", "--output", "json")

    assert (healthy.returncode, healthy.stdout) == (0, ""), healthy.stdout + healthy.stderr
    assert "no worker has to be stopped" in healthy.stderr
    assert late.returncode == 1
    assert "Workers are active" in late.stderr
    assert "Nothing was written" in late.stderr
    assert worker.running
    # Whoever asks for the group again and again does not make its members share partitions anew.
    assert len(worker.said("worker is ready")) == 1
    assert deployment.ends(WRITTEN) == ends
    (found,) = map(json.loads, late.stdout.splitlines())
    assert (found["buying_group_id"], found["field"]) == (group, "score")
