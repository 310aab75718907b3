"""The store equals its changelog, for the partitions this worker has, and for no other."""

from collections.abc import Mapping

import pytest
from faust import Event
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from hypothesis import given
from hypothesis import strategies as st

from streams.app import EngineApp
from streams.ranges import FetchedRange
from streams.tables import EngineTable, PartitionedRows, RowKey, decode_key, encode_key
from tests.streams.copying import TABLE, Made, copying, fetched, settings_of

NAMESPACE = "tables"
CHANGELOG = f"{NAMESPACE}.engine-{TABLE}-changelog"
ADA = encode_key(("acme", "ada"))
BOB = encode_key(("acme", "bob"))
CY = encode_key(("other", "cy"))


@pytest.fixture
def app() -> EngineApp:
    """An app that is never started: nothing listens at its broker."""
    return copying(settings_of("localhost:1", NAMESPACE))


@pytest.fixture
def table(app: EngineApp) -> EngineTable:
    return app.stored[TABLE]


def changelog(partition: int) -> TP:
    return TP(CHANGELOG, partition)


async def assign(table: EngineTable, *partitions: int) -> None:
    """Assign the changelog's partitions, and nothing else."""
    assigned = {changelog(partition) for partition in partitions}
    await table.on_rebalance(assigned, set(), assigned, 1)


def recover(app: EngineApp, table: EngineTable, *ranges: FetchedRange) -> None:
    """Hand ranges over as Faust's recovery does."""
    table.apply_changelog_batch([event(app, one) for one in ranges])


def event(app: EngineApp, one: FetchedRange) -> Event:
    tp = TP(one.topic, one.partition)
    message = ConsumerMessage(
        one.topic, one.partition, one.next_offset - 1, 0.0, 1, {}, None, None, None, tp=tp
    )
    return Event(app, None, one, {}, message)


def changes(
    first: int, rows: Mapping[bytes, bytes | None], *, partition: int = 0, following: int | None = None
) -> FetchedRange:
    records = [Made(first + place, value, key) for place, (key, value) in enumerate(rows.items())]
    return fetched(first, *records, topic=CHANGELOG, partition=partition, following=following)


keys = st.lists(st.text(max_size=5) | st.integers(0, 2**53), min_size=1, max_size=4).map(tuple)


@given(keys)
def test_a_key_comes_back_as_it_was(key: RowKey) -> None:
    assert tuple(decode_key(encode_key(key))) == key


def test_a_key_can_be_read_with_any_tool() -> None:
    assert encode_key(("acme", "ada", 20_778)) == b'["acme","ada",20778]'


def test_rows_are_kept_by_partition_and_owner(table: EngineTable) -> None:
    rows = table.stored
    rows.put(0, ADA, b"1")
    rows.put(0, BOB, b"2")
    rows.put(0, CY, b"3")
    rows.put(1, ADA, b"4")
    assert rows.of(0, "acme") == {ADA: b"1", BOB: b"2"}
    assert rows.of(1, "acme") == {ADA: b"4"}
    assert rows.of(2, "acme") == {}
    assert sorted(rows.owners(0)) == ["acme", "other"]
    assert list(rows.owners(2)) == []


def test_a_row_without_value_is_deleted_and_with_its_last_row_the_owner(table: EngineTable) -> None:
    rows = table.stored
    rows.put(0, ADA, b"1")
    rows.put(0, BOB, b"2")
    rows.put(0, ADA, None)
    assert rows.of(0, "acme") == {BOB: b"2"}
    rows.put(0, BOB, None)
    rows.put(0, CY, None)
    assert list(rows.owners(0)) == []


@given(st.lists(st.tuples(st.sampled_from([ADA, BOB, CY]), st.none() | st.binary(max_size=2))))
def test_the_rows_are_the_last_values_of_the_changelog(
    changed: list[tuple[bytes, bytes | None]],
) -> None:
    table = copying(settings_of("localhost:1", NAMESPACE)).stored[TABLE]
    for key, value in changed:
        table.stored.put(0, key, value)
    last = {key: value for key, value in dict(changed).items() if value is not None}
    found = {key: value for rows in table.stored.rows.get(0, {}).values() for key, value in rows.items()}
    assert found == last


async def test_recovery_applies_ranges_in_their_order_and_remembers_how_far_it_read(
    app: EngineApp, table: EngineTable
) -> None:
    await assign(table, 0, 1)
    recover(
        app,
        table,
        changes(0, {ADA: b"1", BOB: b"2"}),
        changes(2, {ADA: b"3"}, following=5),
        changes(0, {CY: b"4"}, partition=1),
    )
    assert table.stored.of(0, "acme") == {ADA: b"3", BOB: b"2"}
    assert table.persisted_offset(changelog(0)) == 4, "the range ended in commit markers"
    assert table.persisted_offset(changelog(1)) == 0


async def test_a_range_without_records_moves_on_all_the_same(app: EngineApp, table: EngineTable) -> None:
    await assign(table, 0)
    recover(app, table, changes(7, {}, following=9))
    assert table.persisted_offset(changelog(0)) == 8
    assert table.stored.rows == {}


async def test_how_far_the_rows_go_never_goes_back(app: EngineApp, table: EngineTable) -> None:
    await assign(table, 0)
    table.stored.note_written(CHANGELOG, 0, 10)
    recover(app, table, changes(3, {ADA: b"old"}))
    assert table.persisted_offset(changelog(0)) == 10


async def test_a_partition_that_stays_keeps_its_rows_and_one_that_goes_loses_them(
    app: EngineApp, table: EngineTable
) -> None:
    await assign(table, 0, 1)
    recover(app, table, changes(0, {ADA: b"1"}), changes(0, {CY: b"2"}, partition=1))
    await assign(table, 1, 2)
    assert table.stored.rows == {1: {"other": {CY: b"2"}}}
    assert table.persisted_offset(changelog(0)) is None
    assert table.persisted_offset(changelog(1)) == 0
    await assign(table, 0)
    assert table.persisted_offset(changelog(0)) is None, "it is recovered from its beginning"


async def test_what_was_buffered_of_a_partition_that_has_gone_is_not_applied(
    app: EngineApp, table: EngineTable
) -> None:
    """It would pass for the whole partition when that comes back."""
    await assign(table, 1)
    recover(app, table, changes(500, {ADA: b"a late one"}))
    assert table.stored.rows == {}
    await assign(table, 0, 1)
    assert table.persisted_offset(changelog(0)) is None


async def test_another_tables_records_are_not_applied(app: EngineApp, table: EngineTable) -> None:
    """Faust hands what it does not know to whichever table it served last."""
    await assign(table, 0)
    foreign = fetched(0, Made(0, b"1", ADA), topic=f"{NAMESPACE}.engine-lead_to_score-changelog")
    recover(app, table, foreign)
    assert table.stored.rows == {}


async def test_a_record_without_key_is_passed_over(app: EngineApp, table: EngineTable) -> None:
    await assign(table, 0)
    recover(app, table, fetched(0, Made(0, b"1", None), topic=CHANGELOG))
    assert table.stored.rows == {}
    assert table.persisted_offset(changelog(0)) == 0


def test_little_is_held_back_while_recovering(table: EngineTable) -> None:
    """Faust counts messages; here one is up to a mebibyte of records, and not 1: that has a meaning."""
    assert 1 < table.recovery_buffer_size <= 16
    assert 1 < table.standby_buffer_size <= 16
    assert isinstance(table.stored, PartitionedRows)
