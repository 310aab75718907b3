"""Packed rows are the rows that were put or recovered, whatever was open, packed, merged or cut."""

import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import packed_log, packed_rows
from streams.packed_log import Log, Parts
from streams.packed_rows import MARKS, PackedRows, Written
from streams.topics import TABLES

Row = tuple[str, int, bytes, bytes | None]
Found = dict[tuple[str, int], dict[bytes, bytes]]


class Step(Enum):
    PUT = auto()
    RECOVER = auto()
    PACK = auto()
    SETTLE = auto()


OWNERS = ["ada", "bob", "cy"]
LAST = len(TABLES) - 1
places = st.tuples(
    st.sampled_from(OWNERS),
    st.sampled_from([0, 1, LAST]),
    st.integers(0, 30).map(lambda number: b'["k",%d]' % number),
    st.none() | st.binary(max_size=60),
)
steps = st.lists(st.tuples(st.sampled_from(Step), places), max_size=200)


@contextmanager
def small() -> Iterator[None]:
    """Make everything happen within a few rows: owners pushed out, logs pressed, merged and cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_rows, "OPEN_OWNERS", 2)
        patch.setattr(packed_rows, "OPEN_ROWS", 4)
        patch.setattr(packed_rows, "RECOVERED_BYTES", 200)
        patch.setattr(packed_log, "PLAIN_BYTES", 60)
        patch.setattr(packed_log, "LOG_BYTES", 300)
        yield


def empty() -> PackedRows:
    return PackedRows(deque())


def pack(rows: PackedRows) -> None:
    for owner in list(rows._open):
        rows.pack(owner)


def settle(rows: PackedRows) -> None:
    for _ in rows.settle():
        pass


def take(rows: PackedRows, step: Step, row: Row) -> None:
    owner, table, key, value = row
    if step is Step.PUT:
        rows.put(owner, table, key, value)
    elif step is Step.RECOVER:
        rows.recover(owner, {MARKS[table] + key: value})
    elif step is Step.PACK:
        pack(rows)
    else:
        settle(rows)


def expected_of(taken: list[tuple[Step, Row]]) -> Found:
    expected: Found = {}
    for step, (owner, table, key, value) in taken:
        if step not in {Step.PUT, Step.RECOVER}:
            continue
        if value is None:
            expected.get((owner, table), {}).pop(key, None)
        else:
            expected.setdefault((owner, table), {})[key] = value
    return {place: rows for place, rows in expected.items() if rows}


def found_in(rows: PackedRows) -> Found:
    found = {
        (owner, table): dict(rows.of(owner, table))
        for table in range(len(TABLES))
        for owner in rows.owners(table)
    }
    return {place: owned for place, owned in found.items() if owned}


def length(log: Log) -> int:
    return len(log) if isinstance(log, bytes) else sum(map(len, log))


@given(steps)
def test_the_last_row_of_a_key_counts(taken: list[tuple[Step, Row]]) -> None:
    with small():
        rows = empty()
        for step, row in taken:
            take(rows, step, row)
        assert found_in(rows) == expected_of(taken)
        settle(rows)
        assert found_in(rows) == expected_of(taken)
        pack(rows)
        assert found_in(rows) == expected_of(taken)


@given(steps)
def test_what_is_read_between_changes_is_never_stale(taken: list[tuple[Step, Row]]) -> None:
    with small():
        rows = empty()
        for number, (step, row) in enumerate(taken):
            take(rows, step, row)
            owner, table, _, _ = row
            now = expected_of(taken[: number + 1]).get((owner, table), {})
            assert rows.of(owner, table) == now


@given(steps)
def test_whoever_has_no_rows_is_no_owner_once_that_is_packed(taken: list[tuple[Step, Row]]) -> None:
    with small():
        rows = empty()
        for step, row in taken:
            take(rows, step, row)
        pack(rows)
        owners = [(owner, table) for table in range(len(TABLES)) for owner in rows.owners(table)]
        assert sorted(owners) == sorted(expected_of(taken))
        assert rows._packed.keys() == {owner for owner, _ in owners}


def test_after_recovery_nothing_is_left_open() -> None:
    rows = empty()
    rows.recover("ada", {MARKS[0] + b"1": b"one"})
    rows.recover("bob", {MARKS[0] + b"1": None})
    assert rows._open
    settle(rows)
    assert not rows._open
    assert found_in(rows) == {("ada", 0): {b"1": b"one"}}


def test_an_owner_of_whom_much_was_recovered_is_packed_at_once() -> None:
    rows = empty()
    rows.recover("ada", {MARKS[0] + b"1": bytes(packed_rows.RECOVERED_BYTES)})
    assert not rows._open


def test_what_the_worker_writes_stays_open_while_recovery_settles() -> None:
    """A partition that stays is recovered again after a rebalance, from where its rows end."""
    rows = empty()
    rows.put("ada", 0, b"1", b"written")
    rows.recover("ada", {MARKS[0] + b"2": b"recovered"})
    settle(rows)
    assert list(rows._open) == ["ada"]
    assert found_in(rows) == {("ada", 0): {b"1": b"written", b"2": b"recovered"}}


def test_an_owner_whose_rows_were_never_packed_is_gone_with_its_last_row() -> None:
    rows = empty()
    rows.put("ada", 0, b"1", b"one")
    rows.put("ada", 0, b"1", None)
    rows.put("bob", 0, b"1", None)
    assert list(rows.owners(0)) == []


def test_a_long_log_is_cut_and_put_together_again() -> None:
    chance = random.Random(1)
    rows = empty()
    expected: dict[bytes, bytes] = {}
    for number in range(20_000):
        key = b'["acme","lead-%d",%d]' % (chance.randrange(500), chance.randrange(10))
        value = None if number % 9 == 0 else chance.randbytes(60).hex().encode()
        rows.put("acme", 0, key, value)
        if value is None:
            expected.pop(key, None)
        else:
            expected[key] = value
        if number % 5_000 == 0:
            assert rows.of("acme", 0) == expected
    pack(rows)
    assert rows.of("acme", 0) == expected
    parts = rows._packed["acme"]
    assert isinstance(parts, Parts)
    assert parts._least == sorted(parts._least)
    assert len(parts._logs) > 1


def test_a_long_log_shrinks_to_nothing_when_its_rows_are_deleted() -> None:
    rows = empty()
    keys = [b"%05d" % number for number in range(5_000)]
    for key in keys:
        rows.put("acme", 0, key, key * 20)
    for key in keys[1:]:
        rows.put("acme", 0, key, None)
    pack(rows)
    assert rows.of("acme", 0) == {keys[0]: keys[0] * 20}
    rows.put("acme", 0, b"before all others", b"1")
    rows.put("acme", 0, keys[0], None)
    rows.put("acme", 0, b"before all others", None)
    pack(rows)
    assert list(rows.owners(0)) == []


def test_rows_that_do_not_count_any_more_do_not_pile_up() -> None:
    """The same rows written over and over, as a changelog has them before it is compacted."""
    chance = random.Random(2)
    rows = empty()
    for _ in range(200):
        for number in range(50):
            rows.put("acme", 0, b"%d" % number, chance.randbytes(50).hex().encode())
        pack(rows)
    log = rows._packed["acme"]
    assert not isinstance(log, Parts)
    live = sum(len(key) + len(value) for key, value in rows.of("acme", 0).items())
    assert length(log) < 1.5 * live


def test_one_row_may_be_longer_than_a_log() -> None:
    rows = empty()
    rows.put("acme", 0, b"1", bytes(packed_log.LOG_BYTES * 2))
    rows.put("acme", 0, b"2", b"short")
    pack(rows)
    assert rows.of("acme", 0) == {b"1": bytes(packed_log.LOG_BYTES * 2), b"2": b"short"}


def test_no_more_owners_are_open_than_allowed_in_all_partitions_together() -> None:
    with small():
        written: Written = deque()
        one, other = PackedRows(written), PackedRows(written)
        one.put("ada", 0, b"1", b"one")
        other.put("bob", 0, b"1", b"one")
        other.put("cy", 0, b"1", b"one")
        assert list(one._open) == [], "the one that was opened first had to go"
        assert list(other._open) == ["bob", "cy"]
        assert found_in(one) == {("ada", 0): {b"1": b"one"}}


def test_rows_that_were_cleared_leave_nothing_behind_for_when_their_turn_comes() -> None:
    with small():
        written: Written = deque()
        gone, kept = PackedRows(written), PackedRows(written)
        gone.put("ada", 0, b"1", b"one")
        gone.recover("bob", {MARKS[0] + b"1": b"one"})
        gone.clear()
        for owner in OWNERS:
            kept.put(owner, 0, b"1", b"one")
        assert found_in(gone) == {}
        assert gone.of("ada", 0) == {}
        assert found_in(kept) == {(owner, 0): {b"1": b"one"} for owner in OWNERS}


def test_packed_rows_take_less_than_half() -> None:
    chance = random.Random(3)
    rows = empty()
    for number in range(100):
        rows.put("acme", 0, b'["acme","lead-%d"]' % number, chance.randbytes(50).hex().encode())
    live = sum(len(key) + len(value) for key, value in rows.of("acme", 0).items())
    pack(rows)
    log = rows._packed["acme"]
    assert not isinstance(log, Parts)
    assert length(log) < 0.55 * live, "hexadecimal digits hold half of what they take"


def test_what_was_read_is_read_again_after_a_change() -> None:
    rows = empty()
    rows.put("acme", 0, b"1", b"one")
    pack(rows)
    assert rows.of("acme", 0) == {b"1": b"one"}
    assert rows.of("other", 0) == {}
    assert rows.of("acme", 0) == {b"1": b"one"}
    rows.put("acme", 0, b"2", b"two")
    assert rows.of("acme", 0) == {b"1": b"one", b"2": b"two"}


def test_every_table_has_a_mark() -> None:
    assert len(TABLES) <= len(MARKS)
