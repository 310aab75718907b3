"""Scenarios with workers as real processes, on the embedded Kafka and on a real one."""

import pytest

# Before they are imported: what they assert is told in full.
pytest.register_assert_rewrite(
    "tests.integration.comparison", "tests.integration.harness", "tests.integration.processes"
)
