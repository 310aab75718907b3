"""The help teaches: what a command does, an example, what it prints, its exit codes."""

import re
import subprocess
import sys
import tomllib

import pytest
import typer.main

from console.cli import app
from tests.console.calling import ROOT, Commands


def commands_of(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command that can be called, by its words."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return [path]
    return [found for name, each in inner.items() for found in commands_of(each, (*path, name))]


EVERY = commands_of(typer.main.get_command(app))


def test_every_command_of_the_front_door_is_there() -> None:
    assert {
        ("worker",),
        ("topics", "create"),
        ("topics", "check"),
        ("publish",),
        ("tick",),
        ("export",),
        ("fold",),
    } <= set(EVERY)


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_help_shows_an_example_and_the_exit_codes(commands: Commands, command: tuple[str, ...]) -> None:
    done = commands(*command, "--help", COLUMNS="100")
    assert done.code == 0
    assert re.search(rf"Example: .*buying-groups {' '.join(command)}", done.out), done.out
    assert re.search(r"Exit codes: 0 ", done.out)
    assert "Usage: buying-groups" in done.out


def test_without_arguments_the_help_is_shown(commands: Commands) -> None:
    done = commands()
    said = done.out + done.err
    assert "buying-groups topics create" in said
    for command in ("worker", "publish", "tick", "export", "fold", "topics"):
        assert re.search(rf"^│ {command} ", said, re.MULTILINE), command


def test_commands_are_grouped_by_what_a_newcomer_wants_of_them(commands: Commands) -> None:
    help_ = commands("--help", COLUMNS="100").out
    groups = re.findall(r"^╭─ (.+?) ─+╮$", help_, re.MULTILINE)
    assert groups == ["Options", "Run it", "Look", "Mend", "Set up and administer"]
    listed = re.findall(r"^│ ([a-z][a-z-]*) +\S", help_, re.MULTILINE)
    assert listed == [
        *("demo", "worker", "publish", "tick"),
        *("export", "status", "fold", "describe"),
        *("rebuild", "erase", "dead-letters"),
        *("topics", "definitions"),
    ]


def test_the_version_is_the_projects(commands: Commands) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert commands("--version").out == f"buying-groups {project['version']}\n"


def test_help_answers_without_loading_any_client() -> None:
    clients = {"aiokafka", "confluent_kafka", "fastavro", "faust", "pydantic"}
    code = "import sys, console.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not clients & set(loaded)
