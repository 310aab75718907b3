"""Fetches Kafka Streams with Maven and compiles the program, each once into the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.kafka.jars import Unavailable, copy_jars

HERE: Final = Path(__file__).parent
POM: Final = HERE / "pom.xml"
GENERATOR: Final = HERE / "java" / "GenerateRecords.java"
CONTRACTS: Final = HERE.parents[2] / "schemas" / "avro"
SCHEMAS: Final = (
    CONTRACTS / "lead-activity.v1.avsc",
    CONTRACTS / "score-updated.v1.avsc",
    *sorted((HERE / "schemas").glob("*.avsc")),
)
SOURCES: Final = tuple(sorted(set((HERE / "java").glob("*.java")) - {GENERATOR}))
COMPILE_TIMEOUT_SECONDS: Final = 300


def classpath() -> str:
    """Return the program's class path, having fetched and compiled what is not there yet.

    Raises `Unavailable`, with one line that says what is missing.
    """
    for program in ("java", "javac"):
        if shutil.which(program) is None:
            raise Unavailable(f"no {program} on the path (Java 17 or newer is needed)")
    jars = _cached("jars", [POM], lambda arriving: copy_jars(POM, arriving))
    classes = _cached(
        "classes",
        [POM, GENERATOR, *SCHEMAS, *SOURCES],
        lambda arriving: _compile(f"{jars}/*", arriving),
    )
    return f"{classes}:{jars}/*"


def _cached(kind: str, inputs: list[Path], make: Callable[[Path], None]) -> Path:
    """Return the folder made of these inputs; an interrupted making leaves none of that name."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = cache / "buying-group-engine" / f"kafka-streams-{kind}-{digest.hexdigest()[:16]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    arriving = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        make(arriving)
        if not target.is_dir():
            arriving.rename(target)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return target


def _compile(jars: str, destination: Path) -> None:
    with tempfile.TemporaryDirectory() as generated:
        schemas = [str(path) for path in SCHEMAS]
        command = ["java", "-cp", jars, str(GENERATOR), generated, *schemas]
        _run(command, COMPILE_TIMEOUT_SECONDS, "the schemas were not made classes of")
        sources = [*map(str, Path(generated).rglob("*.java")), *map(str, SOURCES)]
        command = ["javac", "-nowarn", "-proc:none", "-cp", jars, "-d", str(destination), *sources]
        _run(command, COMPILE_TIMEOUT_SECONDS, "the program was not compiled")


def _run(command: list[str], timeout: float, failure: str) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise Unavailable(f"{failure}: not done after {timeout:.0f} s") from expired
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        first = next((line for line in said if "error" in line.lower()), "nothing was said")
        raise Unavailable(f"{failure}: {first}")
