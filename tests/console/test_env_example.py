"""``.env.example`` and the settings agree, and a wrong setting is one clear line."""

from pathlib import Path

import pytest

from streams.settings import Settings
from tests.console.calling import ROOT, Commands

EXAMPLE = ROOT / ".env.example"


def test_the_example_names_every_setting_once_and_no_other() -> None:
    names = [
        line.partition("=")[0]
        for line in EXAMPLE.read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert len(names) == len(set(names))
    assert set(names) == {name.upper() for name in Settings.model_fields}


def test_the_example_holds_the_defaults(commands: Commands, tmp_path: Path) -> None:
    del commands
    (tmp_path / ".env").write_bytes(EXAMPLE.read_bytes())
    from_example = Settings()
    (tmp_path / ".env").unlink()
    assert from_example == Settings()


@pytest.mark.parametrize(
    "command",
    [
        ("worker",),
        ("topics", "check"),
        ("topics", "create"),
        ("publish", "-"),
        ("export",),
        ("tick", "--as-of", "2026-11-20"),
    ],
)
def test_each_wrong_setting_is_one_line_and_the_command_does_not_start(
    commands: Commands, command: tuple[str, ...]
) -> None:
    done = commands(
        *command,
        KAFKA_BOOTSTRAP_SERVERS="nowhere",
        PARTITIONS="many",
        NAMESPACE="with space",
        LOG_LEVEL="loud",
    )
    assert (done.code, done.out) == (2, "")
    assert [line.split(":")[0] for line in done.err.splitlines()] == [
        "KAFKA_BOOTSTRAP_SERVERS",
        "NAMESPACE",
        "PARTITIONS",
        "LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    "command",
    [
        ("topics", "check"),
        ("topics", "create"),
        ("publish", "-"),
        ("export",),
        ("tick", "--as-of", "2026-11-20"),
    ],
)
def test_a_command_that_needs_a_kafka_says_which_setting_names_it(
    commands: Commands, command: tuple[str, ...]
) -> None:
    done = commands(*command)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("KAFKA_BOOTSTRAP_SERVERS is not set: ")
    assert len(done.err.splitlines()) == 1


def test_a_password_never_stands_in_a_message(commands: Commands) -> None:
    done = commands(
        "export",
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9092",
        KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        KAFKA_SASL_PASSWORD="hunter2",  # noqa: S106 - not one of ours
    )
    assert done.code == 2
    assert done.err.splitlines() == [
        "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are needed with a SASL protocol"
    ]
