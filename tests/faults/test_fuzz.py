"""Any bytes: an event or a dead letter, soon, and memory stays flat."""

import pytest

from tests.faults.fuzz import fuzzed
from tests.faults.sizes import FULL, SEED, SIZES


@pytest.mark.quick
@pytest.mark.timeout(3000 if FULL else 120)
def test_any_bytes_become_an_event_or_a_dead_letter_and_nothing_else() -> None:
    print(fuzzed(SIZES.fuzz_cases, SEED))
