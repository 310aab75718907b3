"""Somebody who follows the runbook, section by section, on a deployment that runs."""

import os
import pty
import shlex
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson
import pytest

from tests.e2e.runbook import COMMANDS, ENGINE, ROOT, Command
from tests.integration.harness import Deployment
from tests.integration.processes import Worker, wait_until
from tests.kafka import jars
from tests.kafka.broker import LIGHT_JVM

_PATIENCE_S: Final = 90
_KAFKA: Final = "docker compose exec kafka /opt/kafka/bin/"
KAFKA_TOOLS: Final[Mapping[str, str]] = {
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}
"""What Kafka's scripts start."""

NOT_HERE: Final = {
    "docker compose ps": "there is no docker daemon in the tests",
    "kubectl": "there is no cluster of Kubernetes in the tests",
}
"""What cannot be run, by how it begins; `test_runbook.py` compares it with what is deployed."""

ACTED_OUT: Final = ("logs", "stop", "start", "restart")
"""What compose does with workers, done with processes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command."""

    line: str
    code: int
    out: str
    err: str

    def expect(self, code: int, *said: str) -> str:
        """Check the exit code, and that all this was said; return standard output."""
        told = f"{self.line}\nended with {self.code}\n{self.out}\n{self.err}"
        assert self.code == code, told
        for each in said:
            assert each in self.out + self.err, f"{each!r} was to be said\n{told}"
        return self.out


class Reader:
    """Two workers, named as in compose, and a terminal in a folder with the examples."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.workers: dict[str, Worker] = {}
        self.dead_letter = ""
        self.registry_url = ""
        self.examples = deployment.folder / "examples"
        shutil.copytree(ROOT / "examples", self.examples)

    @property
    def environment(self) -> dict[str, str]:
        """The deployment's settings, and the command line on the path."""
        given = self.deployment.environment
        return {**given, "PATH": f"{Path(sys.executable).parent}:{given['PATH']}", "COLUMNS": "200"}

    def start(self, *names: str) -> None:
        """Start workers, and wait until all that run are ready and have every partition once."""
        for name in names:
            self.workers[name] = self.deployment.starting_worker()
        running = [worker for worker in self.workers.values() if worker.running]
        whole = list(range(self.deployment.settings.partitions))

        def shared_out() -> bool:
            found = [_ready_for(worker) for worker in running]
            return all(found) and sorted(number for each in found for number in each) == whole

        wait_until(shared_out, "the workers did not share the partitions out")

    def stop(self, *names: str) -> None:
        """Stop workers as compose does."""
        for name in names:
            assert self.workers[name].terminate() == 0, self.workers[name].log_end()

    def as_usual(self) -> None:
        """Start workers that do not run."""
        gone = [
            name
            for name in ("worker-1", "worker-2")
            if name not in self.workers or not self.workers[name].running
        ]
        if gone:
            self.start(*gone)

    def type(self, line: str, *, answer: str = "", **settings: str) -> Outcome:
        """Type a command into a shell; with an answer there is a terminal to ask."""
        asked, terminal = pty.openpty()
        try:
            os.write(asked, answer.encode())
            done = subprocess.run(
                ["/bin/bash", "-c", line],
                cwd=self.deployment.folder,
                env={**self.environment, **settings},
                stdin=terminal if answer else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        finally:
            os.close(terminal)
            os.close(asked)
        return Outcome(line, done.returncode, done.stdout, done.stderr)


STANDS_FOR: Final[Mapping[str, Callable[[Reader], str]]] = {
    "--as-of 2026-11-20": lambda _: f"--as-of {today()}",
    "lead-activity/3/1234": lambda reader: reader.dead_letter,
    "kafka:19092": lambda reader: reader.environment["KAFKA_BOOTSTRAP_SERVERS"],
    "http://127.0.0.1:9100/": lambda reader: f"http://127.0.0.1:{reader.workers['worker-2'].port}/",
    '"127.0.0.1", 9100': lambda reader: f'"127.0.0.1", {reader.workers["worker-1"].port}',
    "http://127.0.0.1:8081": lambda reader: reader.registry_url,
}
"""What is an example in the runbook, and what it stands for here. All else is typed as printed."""


def today() -> str:
    """Return today's date as the workers have it."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def can_be_run(command: Command) -> bool:
    """Return whether a command is run here; raise ValueError where nobody has thought of it."""
    words = command.words
    if command.engine is not None or words[0] == "curl" or _from_within(command):
        return True
    if command.line.startswith(_KAFKA) and _tool(command) in KAFKA_TOOLS:
        return True
    if words[:2] == ["docker", "compose"] and words[2] in ACTED_OUT:
        return True
    if any(command.line.startswith(beginning) for beginning in NOT_HERE):
        return False
    raise ValueError(f"no test runs this command, and nothing says why: {command.line}")


class Steps:
    """A section's commands, in their order; each is run when its turn comes."""

    def __init__(self, reader: Reader, section: str) -> None:
        self.reader = reader
        self._left: Iterator[Command] = iter(
            [each for each in COMMANDS if each.section == section and can_be_run(each)]
        )
        self._missing: list[str] = []
        self.began = 0
        """How many commands were typed."""

    def follow(self, answer: str = "") -> Outcome:
        """Run the next command as it is printed."""
        command = next(self._left)
        self.began += 1
        line = command.line
        for printed, meant in STANDS_FOR.items():
            if printed in line:
                line = line.replace(printed, meant(self.reader))
        run = Command(command.section, line)
        if run.engine is not None:
            return self.reader.type(shlex.join([ENGINE, *run.engine]), answer=answer)
        if _from_within(run):
            return self.reader.type(shlex.join(run.words[4:]))
        if line.startswith(_KAFKA):
            return self._kafka_tool(run)
        if run.words[0] == "curl":
            return self.reader.type(line)
        return self._act_out(run)

    def follow_if(self, why_not: str | None) -> Outcome | None:
        """Run the next command unless there is a reason, which is then told at the end."""
        if why_not is None:
            return self.follow()
        self._missing.append(f"{next(self._left).line} ({why_not})")
        return None

    def end(self) -> None:
        """Check that every command was run; those that this machine cannot run are named."""
        left = [command.line for command in self._left]
        assert not left, f"commands of the section that nobody ran: {left}"
        if self._missing:
            pytest.skip(f"all but: {', '.join(self._missing)}")

    def _kafka_tool(self, command: Command) -> Outcome:
        classpath = f"{jars.fetch()}/*:{jars.folder(jars.TOOLS_POM)}/*"
        java = ["java", "-Xmx128m", *LIGHT_JVM, "-cp", classpath, KAFKA_TOOLS[_tool(command)]]
        return self.reader.type(shlex.join([*java, *command.words[5:]]))

    def _act_out(self, command: Command) -> Outcome:
        _, _, verb, *rest = command.words
        names = [word for word in rest if word.startswith("worker-")]
        if verb in {"stop", "restart"}:
            self.reader.stop(*names)
        if verb in {"start", "restart"}:
            self.reader.start(*names)
        logs = "".join(self.reader.workers[name].log.read_text() for name in names)
        return Outcome(command.line, 0, logs, "")


def why_no_curl() -> str | None:
    """Return why `curl` cannot be run, or None where it can."""
    return None if shutil.which("curl") else "no curl on the path"


def why_no_tools() -> str | None:
    """Return why Kafka's own tools cannot be run, or None where they can."""
    try:
        jars.fetch(jars.TOOLS_POM)
    except jars.Unavailable as unavailable:
        return str(unavailable)
    return None


def _from_within(command: Command) -> bool:
    return command.line.startswith("docker compose exec worker-1 python -c ")


def _tool(command: Command) -> str:
    return command.words[4].rpartition("/")[2]


def _ready_for(worker: Worker) -> list[int]:
    """Return the partitions that a worker is ready for, none while it is not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/readyz", timeout=5) as answer:
            partitions: list[int] = orjson.loads(answer.read())["partitions"]
    except (urllib.error.URLError, OSError):
        return []
    return partitions
