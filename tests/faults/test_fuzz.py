"""Any bytes: an event or a dead letter, soon, and memory stays flat."""

import subprocess
import sys

import pytest

from tests.faults.sizes import FULL, SEED, SIZES
from tests.integration.harness import ROOT


@pytest.mark.quick
@pytest.mark.timeout(3000 if FULL else 120)
def test_any_bytes_become_an_event_or_a_dead_letter_and_nothing_else() -> None:
    """In a process of its own, whose memory is that of nothing else."""
    command = [sys.executable, "-m", "tests.faults.fuzz", "--cases", str(SIZES.fuzz_cases)]
    done = subprocess.run(
        [*command, "--seed", str(SEED)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
