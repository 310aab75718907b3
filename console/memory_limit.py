"""How much memory this process may have: its control group's limit, or the machine's memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where version 2 and version 1 tell it; within a container these are its own."""


def memory_limit(limits: tuple[Path, ...] = _LIMITS) -> int:
    """Return the smallest limit that is known, in bytes."""
    known = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in limits:
        try:
            told = file.read_text().strip()
        except OSError:
            continue
        # Version 2 says "max" where there is no limit.
        if told.isdigit():
            known.append(int(told))
    return min(known)
