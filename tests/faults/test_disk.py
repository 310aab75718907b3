"""The disk of a worker is full: nothing to try while nothing is kept on one."""

import pytest


def test_a_full_disk_costs_nothing() -> None:
    pytest.skip(
        "disk full for the local store: there is none, state is in memory and in the changelogs"
        " (docs/architecture.md, State)"
    )
