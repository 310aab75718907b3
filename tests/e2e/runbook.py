"""The runbook's commands, as they are printed, each with the section it stands in."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
RUNBOOK: Final = ROOT / "docs/runbook.md"
TEXT: Final = RUNBOOK.read_text(encoding="utf-8")
ENGINE: Final = "buying-groups"


@dataclass(frozen=True)
class Command:
    """A line of a console block, and the section it stands in."""

    section: str
    line: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line)

    @property
    def engine(self) -> list[str] | None:
        """Return the arguments of `buying-groups`, also where it is run within a container."""
        words = self.words
        if words[:3] == ["docker", "compose", "exec"]:
            words = words[4:]
        elif "--" in words:
            words = words[words.index("--") + 1 :]
        return words[1:] if words[0] == ENGINE else None


def commands() -> list[Command]:
    """Return every command of the runbook."""
    found: list[Command] = []
    section = ""
    for part in re.finditer(r"^#+ ([^\n]+)$|^```console\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        if part[1]:
            section = part[1]
            continue
        lines = part[2].splitlines()
        assert all(line.startswith("$ ") for line in lines), section
        found += [Command(section, line.removeprefix("$ ")) for line in lines]
    return found


COMMANDS: Final = commands()
