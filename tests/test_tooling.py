"""The tooling agrees with itself: versions, locks, the front door."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kafka import jars

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def test_the_tests_run_on_the_kafka_that_compose_deploys() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{jars.kafka_version()}"
    assert jars.kafka_version(jars.TOOLS_POM) == jars.kafka_version()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_the_versions_the_transport_is_written_for(
    lock: str, project: dict[str, Any]
) -> None:
    # An extra asks for more packages, not for another version.
    pinned = {re.sub(r"\[.*?\]", "", entry) for entry in project["dependencies"] if "==" in entry}
    assert {entry.partition("==")[0] for entry in pinned} == {"faust-streaming", "aiokafka"}
    assert pinned <= set(locked(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_covers_what_the_project_asks_for(lock: str, project: dict[str, Any]) -> None:
    asked = list(project["dependencies"])
    if lock == "requirements-dev.lock":
        asked += project["optional-dependencies"]["dev"]
    names = {canonical(re.split(r"[\[=<>~!]", entry)[0]) for entry in asked}
    assert names <= {entry.partition("==")[0] for entry in locked(lock)}


def test_the_tests_run_on_the_versions_that_are_deployed() -> None:
    assert set(locked("requirements.lock")) <= set(locked("requirements-dev.lock"))


@pytest.mark.parametrize("lock", [*LOCKS, "requirements-bench.lock"])
def test_a_lock_names_hashes_and_no_place_to_fetch_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("target", ["demo", "test", "check", "setup", "bench", "kafka", "lock"])
def test_make_lists_every_target_of_the_front_door(target: str) -> None:
    listed = subprocess.run(
        ["make", "--directory", str(ROOT), "help"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.search(rf"^make {target} +\S", listed, re.MULTILINE)


def test_make_says_in_one_line_that_python_is_too_old() -> None:
    refused = subprocess.run(
        ["make", "--directory", str(ROOT), "python", "PYTHON=false"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert refused.stderr.splitlines()[0].startswith("Python 3.11 or 3.12 is needed")


def locked(lock: str) -> list[str]:
    """Every "name==version" of a lock file."""
    return re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE)


def canonical(name: str) -> str:
    """A package's name as lock files spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()
