"""One run of one system, watched from outside: the scores' times on the broker, the process in /proc."""

from __future__ import annotations

import bisect
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.contenders import System
from benchmarks.job import Job, Subject
from benchmarks.scores import differences, from_json
from benchmarks.stage import Stage, Written

LOOK_EVERY_S: Final = 0.1
QUIET_S: Final = 2.0
"""When nothing was written for so long, the end may have come; the closing scores tell."""

_TERM_S: Final = 20.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A system did not do the job."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one run measured. ``cpu_us`` are microseconds of CPU time for an event.

    ``broker_cpu`` is the broker's part of a core meanwhile, ``outputs`` how many scores were written,
    ``memory_mib`` the most resident memory.
    """

    events: int
    seconds: float
    rate: float
    cpu_us: float
    outputs: int
    broker_cpu: float | None = None
    memory_mib: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A system that has been started, and where it reads and writes."""

    process: subprocess.Popen[bytes]
    log: Path


@dataclass(slots=True)
class Usage:
    """CPU seconds of a process by time."""

    pid: int
    times: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def look(self) -> None:
        """Note what it has used by now."""
        used = cpu_seconds(self.pid)
        if used is not None:
            self.times.append(time.time())
            self.seconds.append(used)

    def between(self, start: float, end: float) -> float:
        """Return what was used between two times."""
        return self._at(end) - self._at(start)

    def _at(self, moment: float) -> float:
        place = bisect.bisect_left(self.times, moment)
        if place in {0, len(self.times)}:
            return self.seconds[min(place, len(self.times) - 1)]
        before, after = self.times[place - 1], self.times[place]
        part = (moment - before) / (after - before)
        return self.seconds[place - 1] + part * (self.seconds[place] - self.seconds[place - 1])


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU time of a process, its threads included, None when it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS


def java_of(parent: int) -> int | None:
    """Return the process of a Java that a process started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    javas = (pid for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == "java")
    return next((int(pid) for pid in javas), None)


@contextmanager
def running(
    command: Sequence[str], core: int | None, environment: dict[str, str] | None = None
) -> Iterator[Run]:
    """Run a command on one core while the context lasts; SIGTERM ends it, after a while SIGKILL."""
    with tempfile.TemporaryDirectory(prefix="bench-log-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as sink, on_core(core):
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        try:
            yield Run(process, log)
        finally:
            process.terminate()
            try:
                process.wait(_TERM_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Start processes on a core: a child has its parent's at the moment it is made."""
    own = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def in_memory(
    system: System, python: str, job: Job, expected: dict[Subject, float], core: int | None
) -> Result:
    """Run a system that needs no Kafka."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        scores = Path(folder) / "scores.json"
        command = [python, "-m", system.path, *system.arguments, "--scores", str(scores)]
        for name in ("events", "accounts", "now"):
            command += [f"--{name}", str(getattr(job, name))]
        with running(command, core) as run:
            code = run.process.wait()
            said = run.log.read_text(errors="replace").splitlines()
            if code:
                raise Failed(_told(system, f"ended with {code}", said))
        check(system, expected, from_json(scores.read_text()))
    told = json.loads(said[-1])
    return Result(
        events=job.events,
        seconds=told["seconds"],
        rate=job.events / told["seconds"],
        cpu_us=told["cpu_seconds"] / job.events * 1e6,
        outputs=told["outputs"],
    )


@dataclass(frozen=True, slots=True)
class Watch:
    """What to look at while a system runs: its topic of scores, the last scores, whose CPU time."""

    stage: Stage
    output: str
    closing: set[Subject]
    timeout: float
    usages: Sequence[Usage] = ()


def watched(system: System, run: Run, watch: Watch) -> Written:
    """Watch a system until it has written the score that comes last of every partition.

    Raises:
        Failed: it ended, or took too long.
    """
    deadline = time.monotonic() + watch.timeout
    size, grew_at, looked_at = 0, time.monotonic(), 0
    while True:
        for usage in watch.usages:
            usage.look()
        if run.process.poll() is not None:
            said = run.log.read_text(errors="replace").splitlines()
            raise Failed(_told(system, f"ended with {run.process.returncode}", said))
        now = watch.stage.size(watch.output)
        if now != size:
            size, grew_at = now, time.monotonic()
        elif size > looked_at and time.monotonic() - grew_at > QUIET_S:
            looked_at = size
            written = watch.stage.written(watch.output)
            if watch.closing <= written.scores.keys():
                return written
        if time.monotonic() > deadline:
            said = run.log.read_text(errors="replace").splitlines()
            raise Failed(_told(system, f"was not done after {watch.timeout:.0f} s", said))
        time.sleep(LOOK_EVERY_S)


def check(system: System, expected: dict[Subject, float], found: dict[Subject, float]) -> None:
    """Compare a system's last scores with the right ones.

    Raises:
        Failed: they differ.
    """
    wrong = differences(expected, found)
    if wrong:
        msg = f"{system.name} came to other scores: {'; '.join(wrong)}"
        raise Failed(msg)


def peak_memory_mib(pid: int) -> float | None:
    """Return the most resident memory that a process had."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
    return None if line is None else int(line.split()[1]) / 1024


def _told(system: System, what: str, said: list[str]) -> str:
    return "\n".join([f"{system.name} {what}:", *said[-30:]])
