"""When recovery is told to be stuck, and when it is not."""

import asyncio
from typing import Any

import pytest
from faust.types import TP

from streams import metrics
from streams import recovery as recovery_module
from streams.health import Facts
from streams.recovery import TOLD_AFTER_S, EngineRecovery, Stall
from tests.streams.copying import copying, settings_of, until


def test_nothing_is_stuck_while_records_come() -> None:
    stall = Stall.begin(100, 0.0)
    for second in range(1, 101):
        assert stall.look(100 - second, float(second)) == 0.0
        assert not stall.due(float(second))


def test_what_does_not_move_is_told_after_a_while_and_every_while_again() -> None:
    stall = Stall.begin(100, 0.0)
    told = []
    for second in range(100):
        stall.look(100, float(second))
        if stall.due(float(second)):
            told.append(second)
    assert told == [15, 30, 45, 60, 75, 90]
    assert stall.look(100, 100.0) == 100.0


def test_a_record_ends_the_stall() -> None:
    stall = Stall.begin(100, 0.0)
    assert stall.look(100, TOLD_AFTER_S) == TOLD_AFTER_S
    assert stall.due(TOLD_AFTER_S)
    assert stall.look(99, 20.0) == 0.0
    assert not stall.due(30.0)
    assert stall.due(35.0)


@pytest.mark.embedded
async def test_what_is_missing_is_counted_and_noted_until_it_has_come(
    servers: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery_module, "_LOOK_EVERY_S", 0.01)
    app = copying(settings_of(servers, namespace))
    tables: Any = app.tables
    recovery = tables.recovery
    first, other = (TP(f"{namespace}.engine-lead_to_profile-changelog", number) for number in (0, 1))
    recovery.active_highwaters.update({first: 12, other: 40})
    recovery.active_offsets.update({first: 5, other: 40})
    recovery.in_recovery = True
    watching = asyncio.create_task(EngineRecovery._watch(recovery))
    try:
        await until(lambda: metrics.RECOVERING._value.get() == 7)
        noted = app.facts(Facts(0.0), 1.0)
        assert noted.recovering == 7
        assert noted.recovery_stuck_since is not None
        await until(lambda: metrics.RECOVERY_STALLED._value.get() > 0)

        recovery.active_offsets[first] = 11
        await until(lambda: metrics.RECOVERING._value.get() == 1)
        recovery.in_recovery = False
        await until(lambda: metrics.RECOVERING._value.get() == 0)
        noted = app.facts(noted, 2.0)
        assert (noted.recovering, noted.recovery_stuck_since) == (0, None)
        assert metrics.RECOVERY_STALLED._value.get() == 0
    finally:
        watching.cancel()
