"""Calling the command line: in this process where that is enough, in one of its own otherwise."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from console.cli import app
from streams.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Commands:
    """The ``buying-groups`` command with settings of its own and no others."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.environment = dict(settings)

    @property
    def settings(self) -> Settings:
        """The settings a command has, for looking at the deployment from outside."""
        given: dict[str, object] = {name.lower(): value for name, value in self.environment.items()}
        return load_settings(**given)

    def __call__(self, *arguments: str | Path, given: bytes = b"", **settings: str) -> Outcome:
        """Run a command in this process."""
        result = CliRunner().invoke(
            app,
            [str(argument) for argument in arguments],
            input=given,
            env={**self.environment, **settings},
            prog_name="buying-groups",
            catch_exceptions=False,
        )
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start a command in a process of its own, its streams piped."""
        inherited = {k: v for k, v in os.environ.items() if k.lower() not in Settings.model_fields}
        return subprocess.Popen(
            [sys.executable, "-m", "console.cli", *map(str, arguments)],
            env={**inherited, **self.environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def json_lines(rows: Iterable[object]) -> bytes:
    """Rows as a file of JSON lines; bytes stand for themselves."""
    return b"".join(
        (row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows
    )
