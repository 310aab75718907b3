"""Packed rows are the rows that were put, whatever was open, packed, merged or cut meanwhile."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import packed_rows
from benchmarks.packed_rows import Log, PackedRows, Parts
from streams.topics import TABLES

Change = tuple[str, int, bytes, bytes | None]
Found = dict[tuple[str, int], dict[bytes, bytes]]
PACK: None = None

OWNERS = ["ada", "bob", "cy"]
LAST = len(TABLES) - 1
changes = st.tuples(
    st.sampled_from(OWNERS),
    st.sampled_from([0, 1, LAST]),
    st.integers(0, 30).map(lambda number: b'["k",%d]' % number),
    st.none() | st.binary(max_size=60),
)


@contextmanager
def small() -> Iterator[None]:
    """Make everything happen within a few rows: owners pushed out, logs pressed, merged and cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_rows, "OPEN_OWNERS", 2)
        patch.setattr(packed_rows, "OPEN_ROWS", 4)
        patch.setattr(packed_rows, "PLAIN_BYTES", 60)
        patch.setattr(packed_rows, "LOG_BYTES", 300)
        yield


def expected_of(changed: list[Change | None]) -> Found:
    expected: Found = {}
    for change in changed:
        if change is None:
            continue
        owner, table, key, value = change
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


def take(rows: PackedRows, changed: list[Change | None]) -> None:
    for change in changed:
        if change is None:
            rows.pack()
        else:
            rows.put(*change)


@given(st.lists(changes | st.just(PACK), max_size=200))
def test_the_last_row_of_a_key_counts(changed: list[Change | None]) -> None:
    with small():
        rows = PackedRows()
        take(rows, changed)
        assert found_in(rows) == expected_of(changed)
        rows.pack()
        assert found_in(rows) == expected_of(changed)


@given(st.lists(changes, max_size=200))
def test_whoever_has_no_rows_is_no_owner_once_that_is_packed(changed: list[Change]) -> None:
    with small():
        rows = PackedRows()
        take(rows, list(changed))
        rows.pack()
        owners = [(owner, table) for table in range(len(TABLES)) for owner in rows.owners(table)]
        assert sorted(owners) == sorted(expected_of(list(changed)))
        assert rows._packed.keys() == {owner for owner, _ in owners}


def test_an_owner_whose_rows_were_never_packed_is_gone_with_its_last_row() -> None:
    rows = PackedRows()
    rows.put("ada", 0, b"1", b"one")
    rows.put("ada", 0, b"1", None)
    rows.put("bob", 0, b"1", None)
    assert list(rows.owners(0)) == []


def test_a_long_log_is_cut_and_put_together_again() -> None:
    chance = random.Random(1)
    rows = PackedRows()
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
    rows.pack()
    assert rows.of("acme", 0) == expected
    parts = rows._packed["acme"]
    assert isinstance(parts, Parts)
    assert parts._least == sorted(parts._least)
    assert len(parts._logs) > 1


def test_a_long_log_shrinks_to_nothing_when_its_rows_are_deleted() -> None:
    rows = PackedRows()
    keys = [b"%05d" % number for number in range(5_000)]
    for key in keys:
        rows.put("acme", 0, key, key * 20)
    for key in keys[1:]:
        rows.put("acme", 0, key, None)
    rows.pack()
    assert rows.of("acme", 0) == {keys[0]: keys[0] * 20}
    rows.put("acme", 0, b"before all others", b"1")
    rows.put("acme", 0, keys[0], None)
    rows.put("acme", 0, b"before all others", None)
    rows.pack()
    assert list(rows.owners(0)) == []


def test_rows_that_do_not_count_any_more_do_not_pile_up() -> None:
    """The same rows written over and over, as a changelog has them before it is compacted."""
    chance = random.Random(2)
    rows = PackedRows()
    for _ in range(200):
        for number in range(50):
            rows.put("acme", 0, b"%d" % number, chance.randbytes(50).hex().encode())
        rows.pack()
    log = rows._packed["acme"]
    assert not isinstance(log, Parts)
    live = sum(len(key) + len(value) for key, value in rows.of("acme", 0).items())
    assert length(log) < 1.5 * live


def test_one_row_may_be_longer_than_a_log() -> None:
    rows = PackedRows()
    rows.put("acme", 0, b"1", bytes(packed_rows.LOG_BYTES * 2))
    rows.put("acme", 0, b"2", b"short")
    rows.pack()
    assert rows.of("acme", 0) == {b"1": bytes(packed_rows.LOG_BYTES * 2), b"2": b"short"}


def test_no_more_owners_are_open_than_allowed() -> None:
    with small():
        rows = PackedRows()
        for owner in OWNERS:
            rows.put(owner, 0, b"1", b"one")
        assert list(rows._open) == OWNERS[1:], "the one that was opened first had to go"
        assert found_in(rows) == {(owner, 0): {b"1": b"one"} for owner in OWNERS}


def test_packed_rows_take_less_than_half() -> None:
    chance = random.Random(3)
    rows = PackedRows()
    for number in range(100):
        rows.put("acme", 0, b'["acme","lead-%d"]' % number, chance.randbytes(50).hex().encode())
    live = sum(len(key) + len(value) for key, value in rows.of("acme", 0).items())
    rows.pack()
    log = rows._packed["acme"]
    assert not isinstance(log, Parts)
    assert length(log) < 0.55 * live, "hexadecimal digits hold half of what they take"


def test_what_was_read_is_read_again_after_a_change() -> None:
    rows = PackedRows()
    rows.put("acme", 0, b"1", b"one")
    rows.pack()
    assert rows.of("acme", 0) == {b"1": b"one"}
    assert rows.of("other", 0) == {}
    assert rows.of("acme", 0) == {b"1": b"one"}
    rows.put("acme", 0, b"2", b"two")
    assert rows.of("acme", 0) == {b"1": b"one", b"2": b"two"}


def test_every_table_has_a_mark() -> None:
    assert len(TABLES) <= len(packed_rows._MARKS)
