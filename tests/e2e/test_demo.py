"""The demo as a person runs it: it shows what it promises, ends by itself, leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISED = [
    (
        r"An account that enters an audience gets its group\. .+ At once it had its group, and the job"
        r" put 4 people into it by their titles\. Nobody wrote a group: buying-groups holds 0 records\."
    ),
    (
        r"A job title is enough to join\. (.+), .+, was heard of for the first time and was Decision"
        r" Maker of .+ at once\. Nobody decided\."
    ),
    r"Engagement is enough to join\. .+ engagement of 70: 6\d\.\d\d → 7\d\.\d\d, and .+ is Champion\.",
    (
        r"Manual beats journey beats system\. The job had (.+) (\S+) as Decision Maker; a salesperson"
        r" removed \1\. .+: overridden by manual, no member changed\. The hand let go: Influencer, by"
        r" journey, .+ The journey let go: Decision Maker again, by system\."
    ),
    (
        r"A journey moves a group and names its status\. .+ from Engaged to Evaluating and named its"
        r' status: "Proposal sent"\. Both were answered: applied\.'
    ),
    (
        r"A move that the stages do not allow is refused\. .+ void: 'Identified' does not lead to 'Won';"
        r" it leads to: 'Engaged', 'Lost'\. The group is at Identified as before\."
    ),
    r"A group completes with its last seat\. .+ went from 88 to 100: nobody is missing\.",
    r"Who leaves the account leaves the group\. .+ took the seat, and the group is back at 100\.",
    (
        r"Decay is never mistaken for activity\. .+ each says which, none says activity\."
        r" .+ fell below 70 and is no Champion any more\."
    ),
    (
        r"A late event counts for its own day\. .+ arrived today and counted: raw (\d+\.\d\d) → .+"
        r" that day left the window, and the visit with it: back to \1\."
    ),
    (
        r"A duplicate does not count twice\. .+ form counted once: \d+\.\d\d → (\d+\.\d\d)\."
        r" Its copy moved nothing: the next activity takes the score on from \1\."
    ),
    r"A broken record is kept, not lost\. .+ bytes unchanged, with the reason not_avro:",
    r"A misplaced record finds its account\. .+ It was routed there and counted:",
]

pytestmark = [pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(180)]


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the demo in a session of its own, not on a terminal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console.cli", "demo", *arguments],
        cwd=folder,
        # Another deployment's settings must make no difference.
        env={**os.environ, "PYTHONPATH": str(ROOT), "NAMESPACE": "other", "PARTITIONS": "7"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def alive(group: int) -> list[int]:
    """Return the processes of a group that still run."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and group_of(entry) == group
    ]


def group_of(entry: Path) -> int | None:
    """Return the process group of a /proc entry, None if it is gone or a zombie."""
    try:
        state, _, group = (entry / "stat").read_text().rpartition(") ")[2].split()[:3]
    except OSError:
        return None
    return None if state == "Z" else int(group)


def test_the_demo_shows_what_it_promises_and_ends_by_itself(tmp_path: Path) -> None:
    with demo(tmp_path, "--pace", "0") as process:
        out, err = process.communicate(timeout=150)
        assert process.returncode == 0, f"{out}\n{err}"
        assert err == ""
        assert "Definitions: examples/definitions.yaml is read, checked and published: 1 role, " in out
        assert re.search(r"the creation job made 15 buying groups, .+ \d+ members, source system\.", out)
        for promise in PROMISED:
            assert re.search(promise, out), f"{promise}\n{out}"
        assert "Not seen" not in out
        progress, _, _ = out.partition("What was worth seeing")
        assert len(progress.splitlines()) <= 55, "the lines of the live part and the groups"
        assert "\x1b" not in out
        assert re.search(r"published → first output, median +\d+ ms", out)
        assert "make demo ARGS=--keep" in out
        assert alive(process.pid) == []


def test_ctrl_c_ends_the_demo_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Now it goes live." in line:
                break
        # A terminal sends it to the worker as well.
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 130
        assert alive(process.pid) == []


def test_a_demo_that_is_kept_names_its_kafka_and_ends_well_on_ctrl_c(tmp_path: Path) -> None:
    with demo(tmp_path, "--keep", "--pace", "0") as process:
        assert process.stdout is not None
        lines: list[str] = []
        stuck = threading.Timer(120, os.killpg, (process.pid, signal.SIGKILL))
        stuck.start()
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C here ends both." in line:
                break
        stuck.cancel()
        named = re.search(r"export (KAFKA_BOOTSTRAP_SERVERS)=(\S+)", "".join(lines))
        assert named is not None
        exported = subprocess.run(
            [sys.executable, "-m", "console.cli", "export"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), named[1]: named[2], "NAMESPACE": "bg"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(exported.stdout.splitlines()) == 16
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 0
        assert alive(process.pid) == []
