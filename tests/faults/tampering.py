"""What a worker under test finds other than it should be: the machine's clock, or its own code.

Nothing of the product knows of it: a folder with a ``sitecustomize`` is on the worker's path, and the
environment says what is tampered with.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

CLOCK: Final = "FAULTS_CLOCK_FILE"
"""Names a file with the seconds that the machine's clock is off."""

MUTANT: Final = "FAULTS_MUTANT"
"""Names a way in which the build is broken, of ``tests.faults.mutants``."""

_LOOK_EVERY_S: Final = 0.05


def tamper(environment: Mapping[str, str]) -> None:
    """Tamper with this process as its environment says."""
    clock, mutant = environment.get(CLOCK), environment.get(MUTANT)
    if clock is not None:
        _set_clock(Path(clock))
    if mutant is not None:
        from tests.faults.mutants import MUTANTS  # noqa: PLC0415 - the product, broken on demand only

        MUTANTS[mutant]()


def _set_clock(file: Path) -> None:
    """Have Python's clock follow a file, as a machine's clock that is set while processes run.

    Only the wall clock: what measures durations is monotonic and does not follow on a machine either.
    """
    off = [_told(file)]
    true_time, true_ns = time.time, time.time_ns

    def shifted() -> float:
        return true_time() + off[0]

    def shifted_ns() -> int:
        return true_ns() + int(off[0] * 1_000_000_000)

    def look() -> None:
        while True:
            off[0] = _told(file)
            time.sleep(_LOOK_EVERY_S)

    module: Any = time
    module.time, module.time_ns = shifted, shifted_ns
    threading.Thread(target=look, name="clock", daemon=True).start()


def _told(file: Path) -> float:
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return 0.0
