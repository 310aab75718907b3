"""How much each fault is tried: a quick size, and the full one of a release. Chosen here, once."""

import os
import random
from dataclasses import dataclass
from typing import Final

SEED: Final = int(os.environ.get("FAULTS_SEED", "1"))
"""What every draw of a run comes from: streams, moments of kills, pauses."""

CHOSEN: Final = os.environ.get("FAULTS", "")
"""``full``: all faults, in full size. ``all``: all of them, in quick size. Else the quickest few."""

FULL: Final = CHOSEN == "full"
ALL: Final = CHOSEN in {"all", "full"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of a run; streams in events, times in seconds."""

    kills: int
    kill_stream: int
    pauses: int
    changes: int
    change_stream: int
    broker_ends: int
    broker_stream: int
    leader_kills: int
    replicated_stream: int
    bad_stream: int
    broken_in_a_row: int
    hot_stream: int
    many_leads: int
    many_members: int
    refused_s: float
    refused_stream: int
    clock_stream: int
    fuzz_cases: int


QUICK: Final = Sizes(
    kills=2,
    kill_stream=4000,
    pauses=1,
    changes=4,
    change_stream=4000,
    broker_ends=1,
    broker_stream=3000,
    leader_kills=1,
    replicated_stream=3000,
    bad_stream=3000,
    broken_in_a_row=20_000,
    hot_stream=4000,
    many_leads=1000,
    many_members=200,
    refused_s=8.0,
    refused_stream=3000,
    clock_stream=3000,
    fuzz_cases=20_000,
)

RELEASE: Final = Sizes(
    kills=25,
    kill_stream=200_000,
    pauses=5,
    changes=10,
    change_stream=60_000,
    broker_ends=5,
    broker_stream=40_000,
    leader_kills=5,
    replicated_stream=30_000,
    bad_stream=100_000,
    broken_in_a_row=1_000_000,
    hot_stream=100_000,
    many_leads=20_000,
    many_members=2_000,
    refused_s=60.0,
    refused_stream=20_000,
    clock_stream=20_000,
    fuzz_cases=1_000_000,
)

SIZES: Final = RELEASE if FULL else QUICK


def chance_of(name: str) -> random.Random:
    """Return the draws of one test: the same for the same seed."""
    return random.Random(f"{SEED}/{name}")


def how_to_repeat() -> str:
    """Return what brings a failed run back."""
    return f"repeat with FAULTS_SEED={SEED} FAULTS={CHOSEN or '(unset)'}"
