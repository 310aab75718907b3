"""The jars of the Apache Kafka broker the tests start, fetched once into the user's cache.

Run as ``python -m tests.kafka.jars`` with any Python 3.11; it needs nothing else but Maven.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
TOOLS_POM = Path(__file__).with_name("tools.pom.xml")
OLDEST_JAVA = 17
FETCH_TIMEOUT_SECONDS = 540


class Unavailable(Exception):
    """Apache Kafka cannot be had on this machine; the message says why."""


def kafka_version(pom: Path = POM) -> str:
    """Kafka's version as tests/kafka/pom.xml, or another pom, names it."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", pom.read_text())
    if found is None:
        raise ValueError(f"{pom} names no kafka.version")
    return found[1]


def folder(pom: Path = POM) -> Path:
    """Where the jars are, or will be once fetched."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    what = "kafka" if pom == POM else "kafka-tools"
    return Path(cache) / "buying-group-engine" / f"{what}-{kafka_version(pom)}"


def cached(pom: Path = POM) -> bool:
    """Whether the jars of this very pom.xml are there, all of them."""
    stamp = folder(pom) / "complete"
    return stamp.is_file() and stamp.read_text() == _stamp(pom)


def why_unavailable() -> str | None:
    """Why no Apache Kafka can be started here, in words, or None where one can."""
    if shutil.which("java") is None:
        return f"no Java on the path ({OLDEST_JAVA} or newer is needed)"
    version = _java_version()
    if version is None or version < OLDEST_JAVA:
        return f"Java {OLDEST_JAVA} or newer is needed, here is {version or 'an unknown one'}"
    if not cached() and shutil.which("mvn") is None:
        return f"no Maven on the path to fetch the jars with, and none in {folder()}"
    return None


def fetch(pom: Path = POM) -> Path:
    """Return the folder with the jars, fetching them with Maven where they are not there yet.

    ``TOOLS_POM`` is for Kafka's command line tools: one jar more, beside those of the broker.

    Raises `Unavailable` when Maven cannot get them. An interrupted fetch leaves nothing that
    would be taken for a whole one: the folder gets its name when it is complete.
    """
    target = folder(pom)
    if cached(pom):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    arriving = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        copy_jars(pom, arriving)
        (arriving / "complete").write_text(_stamp(pom))
        if not cached(pom):
            shutil.rmtree(target, ignore_errors=True)
            arriving.rename(target)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return target


def copy_jars(pom: Path, destination: Path) -> None:
    """Have Maven put what a project depends on, jars of Kafka's among it, into a folder.

    Raises `Unavailable` where it cannot.
    """
    mvn = shutil.which("mvn")
    if mvn is None:
        raise Unavailable(f"no Maven on the path to fetch the jars of {pom} with")
    goal = "dependency:copy-dependencies"
    command = [mvn, "-B", "-q", "-f", str(pom), goal, f"-DoutputDirectory={destination}"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        waited = f"Maven was not done after {FETCH_TIMEOUT_SECONDS} s"
        raise Unavailable(f"the jars could not be fetched: {waited}") from expired
    if done.returncode != 0 or not list(destination.glob("kafka-*.jar")):
        said = (done.stdout + done.stderr).strip().splitlines()
        reason = next((line for line in said if "ERROR" in line), "Maven said nothing")
        raise Unavailable(f"the jars could not be fetched: {reason}")


def _stamp(pom: Path) -> str:
    return hashlib.sha256(pom.read_bytes()).hexdigest()


def _java_version() -> int | None:
    """Java's major version: "1.8.0" is 8, "17.0.15" is 17."""
    asked = subprocess.run(
        ["java", "-version"],  # noqa: S607  # whichever Java the path holds is the one meant
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r'version "(?:1\.)?(\d+)', asked.stderr + asked.stdout)
    return int(found[1]) if found else None


def main(arguments: list[str] | None = None) -> int:
    """Fetch the jars and print where they are; 1 when they cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.jars", description=__doc__)
    parser.add_argument(
        "--if-possible",
        action="store_true",
        help="succeed without jars too: the tests that need them then say they are skipped",
    )
    options = parser.parse_args(arguments)
    reason = why_unavailable()
    where: Path | None = None
    if reason is None:
        if not (cached() and cached(TOOLS_POM)):
            sys.stdout.write(f"Fetching Apache Kafka {kafka_version()} with Maven …\n")
            sys.stdout.flush()
        try:
            where = fetch()
            fetch(TOOLS_POM)
        except Unavailable as unavailable:
            reason = str(unavailable)
    if where is None:
        sys.stderr.write(f"No real Apache Kafka here: {reason}\n")
        return 0 if options.if_possible else 1
    if reason is not None:
        sys.stderr.write(
            f"Not all of the runbook can be run here, Kafka's tools are missing: {reason}\n"
        )
    if not options.if_possible:
        sys.stdout.write(f"{where}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
