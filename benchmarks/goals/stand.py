"""What the measurements on a real Kafka share: cores, the broker, a deployment, a worker to look into.

The worker has one core; the broker, and whoever sends and reads, share another. A Kafka that is
configured (``KAFKA_BOOTSTRAP_SERVERS``) is used as it is, and its CPU time is not told.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks import machine
from benchmarks.groups import PARTITIONS
from benchmarks.measuring import Run, cpu_seconds, java_of, running
from benchmarks.stage import Stage
from benchmarks.warm_broker import warm_broker
from streams.admin import create_topics
from streams.settings import Settings, load_settings
from streams.topics import SCORE_UPDATED

READY: Final = "worker is ready"
STARTS: Final = "worker starts"

_LOOK_EVERY_S: Final = 0.05
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

screen = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core has the worker and which the rest; None where there is but one."""

    worker: int | None
    rest: int | None

    @classmethod
    def here(cls) -> Cores:
        """Return the first two cores that may be used."""
        found = sorted(os.sched_getaffinity(0))
        return cls(found[0], found[1]) if len(found) > 1 else cls(None, None)


@dataclass(slots=True)
class Worker:
    """A worker under way: its process, its log, and what it serves."""

    run: Run
    port: int
    started: float
    _lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Return its process."""
        return self.run.process.pid

    def said(self, event: str) -> float | None:
        """Return when it last logged something, in seconds since 1970."""
        found = None
        for line in self.run.log.read_text(errors="replace").splitlines():
            if f'"{event}"' in line:
                told = json.loads(line)
                found = datetime.fromisoformat(told["timestamp"]).timestamp()
        return found

    def metrics(self) -> dict[str, float]:
        """Return what it counts; nothing while it does not serve."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            return {}
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def cpu(self) -> float:
        """Return the CPU seconds it has used."""
        return cpu_seconds(self.pid) or 0.0

    def resident(self) -> int:
        """Return its resident memory in bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def wait(self, happened: Callable[[], bool], what: str, patience_s: float = 120.0) -> None:
        """Wait for something that only a living worker brings about."""
        deadline = time.monotonic() + patience_s
        while not happened():
            if self.run.process.poll() is not None or time.monotonic() > deadline:
                end = "\n".join(self.run.log.read_text(errors="replace").splitlines()[-20:])
                raise SystemExit(f"the worker was never {what}:\n{end}")
            time.sleep(_LOOK_EVERY_S)

    def wait_ready(self, patience_s: float = 120.0) -> float:
        """Wait until its tables are recovered; return when it said so."""
        self.wait(lambda: self.said(READY) is not None, "ready", patience_s)
        return self.said(READY) or 0.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """An empty deployment on a Kafka."""

    settings: Settings
    stage: Stage
    broker: int | None

    @property
    def namespace(self) -> str:
        """Return the prefix of its topics."""
        return self.settings.namespace

    @contextlib.contextmanager
    def worker(self, core: int | None, **settings: str) -> Iterator[Worker]:
        """Run a worker on a core while the context lasts."""
        port = _free_port()
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_bootstrap_servers or "",
            "NAMESPACE": self.namespace,
            "PARTITIONS": str(self.settings.partitions),
            "DAY_TICKS": "off",
            "LOG_LEVEL": "info",
            "LOG_FORMAT": "json",
            "METRICS_PORT": str(port),
            **settings,
        }
        started = time.time()
        with running([sys.executable, "-m", "console.cli", "worker"], core, environment) as run:
            yield Worker(run, port, started)


@contextlib.contextmanager
def kafka(core: int | None) -> Iterator[tuple[str, int | None]]:
    """Yield where Kafka is, and its process if it was started for this."""
    # A worker must not outlive the measurement, however that is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if servers:
        yield servers, None
        return
    with warm_broker(core) as broker:
        yield broker.bootstrap, java_of(os.getpid())


@contextlib.contextmanager
def deployed(bootstrap: str, broker: int | None) -> Iterator[Deployment]:
    """Yield a deployment that has its topics; they go with it."""
    namespace = f"goal-{uuid.uuid4().hex[:8]}"
    settings = load_settings(
        kafka_bootstrap_servers=bootstrap, namespace=namespace, partitions=PARTITIONS
    )
    stage = Stage(bootstrap)
    try:
        # The broker's clock stamps the scores, so that their way can be told apart from the reader's.
        stage.create(SCORE_UPDATED.full_name(namespace), dict(SCORE_UPDATED.config))
        create_topics(settings)
        yield Deployment(settings, stage, broker)
        stage.delete(namespace)
    finally:
        stage.close()


def parser_of(doc: str | None, name: str) -> argparse.ArgumentParser:
    """Return a command's parser with what all of them have."""
    parser = argparse.ArgumentParser(
        description=doc,
        prog=f"python -m benchmarks.goals.{name}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", choices=("table", "json"), default="table")
    return parser


def numbers(text: str) -> list[int]:
    """Return a list of whole numbers, given as 1,10,100."""
    return [int(number) for number in text.split(",")]


def about() -> str:
    """Return the machine in one line."""
    return machine.description(os.cpu_count() or 1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
