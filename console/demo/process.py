"""The demo's worker: the same command as anyone's, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import console
from streams.settings import Settings

READY: Final = "worker is ready"
_READY_WITHIN_S: Final = 120.0
_POLL_S: Final = 0.05
_STOP_WITHIN_S: Final = 1.5
_LAST_LINES: Final = 12


class WorkerEnded(Exception):
    """The worker ended by itself, or never got ready; the message has the last lines of its log."""


class WorkerProcess:
    """A worker for a broker, its log in ``folder``. ``stop`` ends it, whatever state it is in."""

    def __init__(self, bootstrap_servers: str, namespace: str, folder: Path) -> None:
        self.log = folder / "worker.log"
        command = [sys.executable, "-m", "console.cli", "worker"]
        with self.log.open("wb") as sink:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, fixed arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                # Away from the user's .env, which is about another deployment.
                cwd=folder,
                env=_environment(bootstrap_servers, namespace, folder),
            )
        self.pid = self._process.pid

    def wait_until_ready(self) -> None:
        """Wait until every partition is assigned.

        Raises:
            WorkerEnded: it ended or took too long.
        """
        deadline = time.monotonic() + _READY_WITHIN_S
        while READY not in self.log.read_text("utf-8", "replace"):
            self.check()
            if time.monotonic() > deadline:
                raise WorkerEnded(self._told(f"was not ready within {_READY_WITHIN_S:.0f} s"))
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raise if the worker has ended.

        Raises:
            WorkerEnded: with the last lines of its log.
        """
        code = self._process.poll()
        if code is not None:
            raise WorkerEnded(self._told(f"ended with exit code {code}"))

    def stop(self) -> None:
        """End the worker: politely first, so that it leaves its consumer group."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _told(self, what: str) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
        listed = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return f"The worker {what}. The last lines of {self.log}:\n{listed}"


def _environment(bootstrap_servers: str, namespace: str, folder: Path) -> Mapping[str, str]:
    ours = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name.upper() not in ours}
    root = str(Path(console.__file__).resolve().parents[1])
    known = environment.get("PYTHONPATH")
    return {
        **environment,
        "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "NAMESPACE": namespace,
        "DATA_FOLDER": str(folder / "data"),
        "DAY_TICKS": "off",
        "LOG_FORMAT": "json",
    }
