"""When recovery is told to be stuck, and when it is not."""

from streams.recovery import TOLD_AFTER_S, Stall


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
