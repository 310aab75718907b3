"""The memory that a worker may have is the smallest limit that is known."""

from pathlib import Path

import pytest

from console.memory_limit import memory_limit

MACHINE = memory_limit(())


@pytest.mark.parametrize("told", ["1073741824\n", "1073741824"])
def test_a_containers_limit_counts(tmp_path: Path, told: str) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(told)
    assert memory_limit((tmp_path / "nowhere", limit)) == 1_073_741_824


@pytest.mark.parametrize("told", ["max\n", "9223372036854771712\n", ""])
def test_without_one_it_is_the_machines_memory(tmp_path: Path, told: str) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(told)
    assert memory_limit((limit,)) == MACHINE
    assert MACHINE > 64 * 1024 * 1024
