"""The README's commands, typed as they stand."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.embedded import EmbeddedKafka

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def commands(heading: str) -> list[str]:
    """Return the commands of the console block under a heading."""
    block = re.search(rf"## {heading}\n+```console\n(.*?)```", README, re.DOTALL)
    assert block is not None
    return [line.removeprefix("$ ") for line in block[1].splitlines()]


def test_the_first_screen_names_make_targets_that_exist() -> None:
    named = re.findall(r"^make (\S+)", README, re.MULTILINE)
    assert named[:2] == ["demo", "test"]
    for target in named:
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_every_file_the_readme_links_to_is_there() -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).is_file(), link


@pytest.mark.embedded
def test_the_commands_work_on_the_embedded_kafka() -> None:
    with EmbeddedKafka() as kafka:
        follow(kafka.bootstrap_servers, "readme")


@pytest.mark.kafka
def test_the_commands_work_on_a_real_kafka(kafka: str, namespace: str) -> None:
    follow(kafka, namespace)


def follow(servers: str, namespace: str) -> None:
    """Run the block in a shell; what export prints must be what fold prints."""
    typed = commands("On your Kafka")
    assert "127.0.0.1:9092" in typed[0]
    typed[0] = typed[0].replace("127.0.0.1:9092", servers)
    marked = [line for command in typed for line in (f"echo '##' {command.rstrip(' &')}", command)]
    # The worker of the block is a background job of this shell: it is ended with it.
    script = "\n".join(["set -eu", *marked, "kill -TERM %1", "wait %1"])
    shell = subprocess.Popen(
        ["/bin/bash", "-c", f"set -m\n{script}"],
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NAMESPACE": namespace,
            "PARTITIONS": "4",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = shell.communicate(timeout=100)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        out, err = shell.communicate()
    assert shell.returncode == 0, f"{out}\n{err}"
    printed = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", out, re.DOTALL | re.MULTILINE))
    exported = groups(printed["buying-groups export"])
    folded = groups(next(text for command, text in printed.items() if "fold" in command))
    assert exported == folded
    assert len(exported) == 1


def groups(text: str) -> list[dict[str, object]]:
    """Return the groups of an export without the version, which counts what led there."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    for group in found:
        del group["version"]
    return found
