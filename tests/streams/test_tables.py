"""The store equals its changelog, for the partitions this worker has, and for no other."""

import asyncio
from collections.abc import Mapping

import orjson
import pytest
from faust import Event
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from hypothesis import given
from hypothesis import strategies as st

from streams.app import EngineApp
from streams.ranges import FetchedRange
from streams.tables import EngineTable, PartitionedRows, RowKey, decode_key, encode_key, owner_of, runs
from tests.streams.copying import TABLE, Made, copying, fetched, settings_of

NAMESPACE = "tables"
CHANGELOG = f"{NAMESPACE}.engine-{TABLE}-changelog"
OTHER_TABLE = "lead_to_score"
OTHER_CHANGELOG = f"{NAMESPACE}.engine-{OTHER_TABLE}-changelog"
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


async def completed(app: EngineApp) -> None:
    """Tell every table, as Faust does, that recovery is over."""
    await asyncio.gather(*(table.on_recovery_completed(set(), set()) for table in app.stored.values()))


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


@given(keys)
def test_an_owner_is_the_first_part_of_a_key(key: RowKey) -> None:
    assert owner_of(encode_key(key)) == key[0]


awkward = st.text(alphabet='a",]\\[é', max_size=4) | st.integers(0, 12)


@given(st.lists(st.tuples(awkward, st.integers(0, 3))))
def test_neighbours_go_to_the_owner_that_each_of_them_names(
    named: list[tuple[str | int, int]],
) -> None:
    """One name may begin like another, and like a key's rest."""
    records = [Made(place, b"%d" % place, encode_key(key)) for place, key in enumerate(named)]
    found: dict[tuple[str | int, bytes], bytes | None] = {}
    for owner, changes in runs(records, b"-"):
        found.update({(owner, key): value for key, value in changes.items()})
    assert found == {(key[0], b"-" + encode_key(key)): b"%d" % place for place, key in enumerate(named)}


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


def test_a_table_does_not_see_the_rows_of_another(app: EngineApp, table: EngineTable) -> None:
    other = app.stored[OTHER_TABLE]
    table.stored.put(0, ADA, b"1")
    other.stored.put(0, ADA, b"2")
    other.stored.put(0, CY, b"3")
    assert table.stored.rows == {0: {"acme": {ADA: b"1"}}}
    assert other.stored.rows == {0: {"acme": {ADA: b"2"}, "other": {CY: b"3"}}}
    other.stored.put(0, ADA, None)
    assert table.stored.rows == {0: {"acme": {ADA: b"1"}}}
    assert list(other.stored.owners(0)) == ["other"]


async def test_recovered_rows_can_be_changed_and_deleted(app: EngineApp, table: EngineTable) -> None:
    await assign(table, 0)
    recover(app, table, changes(0, {ADA: b"1", BOB: b"2", CY: b"3"}))
    await completed(app)
    table.stored.put(0, ADA, b"4")
    table.stored.put(0, BOB, None)
    assert table.stored.rows == {0: {"acme": {ADA: b"4"}, "other": {CY: b"3"}}}
    table.stored.put(0, ADA, None)
    assert table.stored.of(0, "acme") == {}


async def test_a_recovered_deletion_deletes(app: EngineApp, table: EngineTable) -> None:
    await assign(table, 0)
    recover(app, table, changes(0, {ADA: b"1", BOB: b"2", CY: b"3"}))
    await completed(app)
    recover(app, table, changes(3, {ADA: None, CY: None}))
    await completed(app)
    assert table.stored.rows == {0: {"acme": {BOB: b"2"}}}
    assert list(table.stored.owners(0)) == ["acme"]


async def test_recovery_leaves_nothing_unpacked(app: EngineApp, table: EngineTable) -> None:
    await assign(table, 0, 1)
    recover(app, table, changes(0, {ADA: b"1", CY: b"2"}), changes(0, {BOB: b"3"}, partition=1))
    await completed(app)
    packed = [held.rows for held in table.stored._holdings.partitions.values()]
    assert [list(rows._open) for rows in packed] == [[], []]
    assert table.stored.rows == {0: {"acme": {ADA: b"1"}, "other": {CY: b"2"}}, 1: {"acme": {BOB: b"3"}}}


def test_a_row_takes_what_it_needs_whoever_made_it(table: EngineTable) -> None:
    """What orjson returns keeps the buffer that it was written in."""
    made = orjson.dumps({"score": 1})
    table.stored.put(0, ADA, made)
    (kept,) = table.stored.of(0, "acme").values()
    assert kept == made
    assert kept is not made


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


async def test_a_partition_goes_with_the_rows_and_offsets_of_all_tables(
    app: EngineApp, table: EngineTable
) -> None:
    """Rows of all tables are together: an offset that outlived them would be taken for rows."""
    other = app.stored[OTHER_TABLE]
    await assign(table, 0)
    recover(app, table, changes(0, {ADA: b"1"}))
    other.stored.put(0, ADA, b"2")
    other.stored.note_written(OTHER_CHANGELOG, 0, 7)
    await assign(table, 1)
    assert table.stored.rows == other.stored.rows == {}
    assert table.persisted_offset(changelog(0)) is None
    assert other.persisted_offset(TP(OTHER_CHANGELOG, 0)) is None


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
    foreign = fetched(0, Made(0, b"1", ADA), topic=OTHER_CHANGELOG)
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
