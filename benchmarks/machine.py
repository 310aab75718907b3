"""What a comparison ran on: the machine and the versions."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.contenders import System
from tests.kafka.jars import kafka_version

_OWN: Final = ("faust-streaming", "aiokafka", "confluent-kafka", "fastavro")
_PEERS: Final = ("quixstreams", "bytewax", "confluent-kafka")


def description(cores: int) -> str:
    """Return the machine in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_processor()}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def versions(peers: str | None, systems: list[System]) -> dict[str, str]:
    """Return the version of everything that took part, by name."""
    found = {"Python": platform.python_version(), "Apache Kafka": kafka_version()}
    found |= {name: version(name) for name in _OWN}
    if peers is not None and any(system.peer for system in systems):
        found |= _peer_versions(peers)
    if any(system.language == "Java" for system in systems):
        found["Java"] = _java()
    return found


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _peer_versions(python: str) -> dict[str, str]:
    ask = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    told = subprocess.run([python, "-c", ask, *_PEERS], capture_output=True, text=True, check=True)
    names = [name if name not in _OWN else f"{name} of the peers" for name in _PEERS]
    return dict(zip(names, told.stdout.split(), strict=True))


def _java() -> str:
    told = subprocess.run(
        ["java", "-version"],  # noqa: S607 - whichever Java the path holds is the one that ran
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stderr.partition('"')[2].partition('"')[0] or "unknown"
