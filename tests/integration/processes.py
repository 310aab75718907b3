"""``buying-groups worker`` as a real process that a test starts, kills, pauses and asks."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

PATIENCE_S: Final = 60.0
_POLL_S: Final = 0.05


class NeverHappened(AssertionError):
    """What a test waited for did not come about."""


def wait_until(happened: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Return when something has happened; patience only bounds a run that went wrong."""
    deadline = time.monotonic() + patience_s
    while not happened():
        if time.monotonic() > deadline:
            raise NeverHappened(what)
        time.sleep(_POLL_S)


class Worker:
    """``buying-groups worker`` as a process of its own, with its log in a file.

    The process ends with this one, however that ends.
    """

    def __init__(self, environment: Mapping[str, str], log: Path, folder: Path) -> None:
        self.log = log
        self._metrics_port = _free_port()
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "console.cli", "worker"],
                cwd=folder,
                env={**environment, "METRICS_PORT": str(self._metrics_port)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=out,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill -9 "$0" 2>/dev/null', str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    @property
    def port(self) -> int:
        """Its METRICS_PORT."""
        return self._metrics_port

    def lines(self) -> list[dict[str, Any]]:
        """Return what the worker logged; lines that are not JSON come as ``{"text": line}``."""
        found: list[dict[str, Any]] = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"text": line}
            found.append(entry if isinstance(entry, dict) else {"text": line})
        return found

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        return [line for line in self.lines() if line.get("event") == event]

    def owns(self) -> set[int]:
        """Return the partitions the worker last said it was ready for."""
        ready = self.said("worker is ready")
        return set(ready[-1]["partitions"]) if ready else set()

    def wait_ready(self) -> None:
        """Wait until it has its first partitions, recovered."""
        self.wait_until(lambda: bool(self.owns()), "ready")

    def wait_until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for something that only a living worker can bring about."""

        def happened_or_ended() -> bool:
            return happened() or not self.running

        wait_until(happened_or_ended, f"the worker was never {what}:\n{self.log_end()}")
        assert self.running, f"the worker ended with {self.code}:\n{self.log_end()}"

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def terminate(self) -> int:
        """Ask it to stop (SIGTERM) and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        try:
            return self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise NeverHappened(f"the worker did not end:\n{self.log_end()}") from None

    def kill(self) -> None:
        """End it as a crash of the machine would (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Stop its time (SIGSTOP)."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let its time go on (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.running:
            self.kill()
        self._guard.kill()
        self._guard.communicate()

    def metric(self, name: str) -> float:
        """Return a figure that the worker serves; ``name`` with its labels as Prometheus writes it."""
        address = f"http://127.0.0.1:{self._metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            text: str = answer.read().decode()
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(line.rsplit(" ", 1)[1])

    def log_end(self) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
