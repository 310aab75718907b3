"""A partition rebuilt from its log says what the worker's tables say, and mends those that do not."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from agents import rows
from agents.account_rows import FIGURES, differing
from agents.comparing import Comparer, Comparison
from agents.mending import Found, Mender, Voice
from agents.rebuilding import PartitionFold
from agents.told import REPORTED, Memory, Reports, group_told
from domain.account import PersonFigures
from domain.calendar import MILLIS_PER_DAY
from streams.delivery import Delivery, Outgoing
from streams.latest import ChangelogRows, LatestValues
from streams.tables import decode_key
from streams.topics import BUYING_GROUP_STATE, CONTROL, TABLES
from tests.agents.logged import CODEC, PARTITIONS, Logged
from tests.integration.streams import AS_OF, generate

VERSIONED = {BUYING_GROUP_STATE.name, *(topic.name for topic in REPORTED.values())}
NOW = (AS_OF + 1) * MILLIS_PER_DAY


def worked(seed: int = 3, count: int = 900) -> Logged:
    """A tenant that was ticked twice, with more events after that."""
    stream = generate(count, seed=seed)
    first, then, last = stream.cut(0.5, 0.9)
    made = Logged(seed)
    made.produce(first)
    made.tick(AS_OF - 3, "first")
    made.produce(then)
    made.tick(AS_OF, "second")
    made.produce(last)
    made.work()
    return made


def folded(logged: Logged, partition: int) -> PartitionFold:
    fold = PartitionFold(partition, PARTITIONS, CODEC, logged)
    fold.advance(logged.offsets(partition), lambda _: None)
    return fold


def live_rows(logged: Logged, partition: int) -> ChangelogRows:
    live = ChangelogRows(logged, partition)
    live.advance(lambda _: None)
    return live


def published(logged: Logged) -> LatestValues:
    states = LatestValues(logged, BUYING_GROUP_STATE, PARTITIONS)
    states.advance(lambda _: None)
    return states


def compared(logged: Logged, partition: int) -> Comparison:
    fold = folded(logged, partition)
    comparer = Comparer(fold, live_rows(logged, partition), published(logged).values, CODEC)
    return comparer.compare(comparer.accounts(), fold.pending(logged.ends(partition)))


def mended(logged: Logged, partition: int) -> list[Delivery]:
    """Mend a partition; return what was written."""
    fold, reports = folded(logged, partition), Reports()
    for kind, topic in REPORTED.items():
        reports.take(kind, logged.ranges(topic, partition, 0, 10**9), CODEC)
    live = live_rows(logged, partition)
    memory = Memory(frozenset(), live.count(rows.PERSON) > 0, live.count(rows.GROUP) > 0, NOW // 1000)
    pending = fold.pending(logged.ends(partition))
    unsettled = Comparer(fold, live, published(logged).values, CODEC).unsettled(pending)
    mender = Mender(
        fold,
        Found(live, published(logged), reports, memory, unsettled),
        Voice(CODEC, "/test/engine", "rebuild-1", NOW),
    )
    written = list(mender.deliveries())
    for delivery in written:
        logged.deliver(partition, delivery)
    return written


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_what_a_worker_holds_is_what_its_log_leads_to(seed: int) -> None:
    logged = worked(seed)

    for partition in range(PARTITIONS):
        found = compared(logged, partition)
        assert not found.differences
        assert found.undecided == 0
        assert found.accounts > 0


def test_lost_state_comes_back_as_it_was_and_nobody_is_told_anything() -> None:
    logged = worked()
    before, outputs = logged.rows(), dict(logged.states())
    logged.lose_state()

    written = [one for partition in range(PARTITIONS) for one in mended(logged, partition)]

    assert [one.records for one in written if one.records] == []
    for number, found in enumerate(logged.rows()):
        assert found.keys() == before[number].keys()
        for row, value in found.items():
            assert meaning(row, value) == meaning(row, before[number][row]), row
    assert logged.states() == outputs


def meaning(row: tuple[str, bytes], value: bytes) -> object:
    fields = orjson.loads(value)
    if row[0] == rows.CLOCK:
        # What the last rescoring was for, which is over.
        del fields["previous_as_of"], fields["remodelled"]
    return fields


def corrupted(logged: Logged, table: str, change: Callable[[dict[str, Any]], None]) -> tuple[int, str]:
    """Change a row that a group depends on, in the changelog too; return its partition and group."""
    states = published(logged).values
    for number, found in enumerate(logged.rows()):
        for (name, key), value in sorted(found.items()):
            if name != table or decode_key(key)[1].encode() not in states:
                continue
            fields = orjson.loads(value)
            if table == rows.GROUP or (fields["journey"] and not fields["manual"]):
                change(fields)
                logged.deliver(number, Delivery(rows=[(table, key, orjson.dumps(fields))]))
                return number, decode_key(key)[1]
    raise AssertionError(table)


def outputs(logged: Logged) -> dict[str, dict[str, list[int]]]:
    """Return topic → subject → versions in their order."""
    found: dict[str, dict[str, list[int]]] = {}
    for (topic, _), stood in logged.log.items():
        for one in stood:
            if topic in VERSIONED and one.value is not None:
                subject = dict(one.headers)["ce_subject"].decode()
                version = CODEC.decode(topic, one.value).version  # type: ignore[attr-defined]
                found.setdefault(topic, {}).setdefault(subject, []).append(version)
    return found


def assert_gapless(logged: Logged) -> None:
    for topic, subjects in outputs(logged).items():
        for subject, versions in subjects.items():
            assert versions == list(range(1, len(versions) + 1)), f"{topic} {subject}"


def test_a_row_that_was_tampered_with_is_named_by_group_and_field_and_mended_in_silence() -> None:
    logged = worked(count=700)
    before = outputs(logged)

    def score(fields: dict[str, Any]) -> None:
        fields["score"] += 1

    partition, group = corrupted(logged, rows.GROUP, score)
    (found,) = compared(logged, partition).differences
    assert (found.where, found.field, found.buying_group_id) == (rows.GROUP, "score", group)
    assert found.live == found.rebuilt + 1

    mended(logged, partition)

    assert compared(logged, partition).differences == []
    assert outputs(logged) == before


def test_what_a_tampered_row_made_subscribers_hear_is_set_right_with_the_next_versions() -> None:
    logged = worked(count=700)

    def unassign(fields: dict[str, Any]) -> None:
        fields["journey"] = []

    partition, group = corrupted(logged, rows.DECISIONS, unassign)
    logged.restart()
    logged.tick(AS_OF + 1, "third")
    assert {one.buying_group_id for one in compared(logged, partition).differences} >= {group}

    written = mended(logged, partition)

    assert compared(logged, partition).differences == []
    assert_gapless(logged)
    told = [record for delivery in written for record in delivery.records if record.value]
    assert all(CODEC.decode(one.topic, one.value).replay for one in told)  # type: ignore[attr-defined]


def test_after_state_was_lost_and_rebuilt_versions_go_on_without_a_gap() -> None:
    logged = worked(count=700)
    logged.lose_state()
    for partition in range(PARTITIONS):
        mended(logged, partition)
    logged.restart()

    logged.produce(generate(300, seed=3).records)
    logged.tick(AS_OF + 2, "third")

    assert_gapless(logged)
    for partition in range(PARTITIONS):
        assert compared(logged, partition).differences == []


def test_what_a_worker_took_in_and_has_not_acknowledged_is_no_difference() -> None:
    logged = worked(count=700)
    undecided = 0
    for place, offset in list(logged.consumed.items()):
        if place[0] != CONTROL.name:
            logged.consumed[place] = max(0, offset - 15)

    for partition in range(PARTITIONS):
        found = compared(logged, partition)
        assert found.differences == []
        undecided += found.undecided
        assert mended(logged, partition) == []

    assert undecided > 0


def test_a_state_that_cannot_be_read_or_is_of_another_day_is_a_difference_and_published_again() -> None:
    logged = worked(count=700)
    (key, value), (other, _) = sorted(logged.states().items())[:2]
    state = CODEC.decode(BUYING_GROUP_STATE.name, value)
    wrong = state.model_copy(update={"as_of": AS_OF - 1, "score": 99.5})
    logged.append(Outgoing(BUYING_GROUP_STATE.name, key, CODEC.encode(BUYING_GROUP_STATE.name, wrong)))
    logged.append(Outgoing(BUYING_GROUP_STATE.name, other, b"nonsense"))

    found = [one for number in range(PARTITIONS) for one in compared(logged, number).differences]
    assert {(one.buying_group_id, one.field) for one in found} == {
        (key.decode(), "as_of"),
        (key.decode(), "score"),
        (other.decode(), "record"),
    }

    for partition in range(PARTITIONS):
        mended(logged, partition)
        assert compared(logged, partition).differences == []


@pytest.fixture(scope="module")
def tenant() -> Logged:
    return worked(count=700)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_of_any_table_that_is_gone_comes_back_and_one_that_nobody_wrote_goes(
    tenant: Logged, table: str
) -> None:
    before, told = tenant.rows(), outputs(tenant)
    number, key = next(
        (number, key)
        for number, found in enumerate(before)
        for name, key in sorted(found)
        if name == table and says_something(table, found[name, key])
    )
    tenant.deliver(number, Delivery(rows=[(table, key, None)]))
    assert compared(tenant, number).differences

    mended(tenant, number)

    found, expected = tenant.rows()[number], before[number]
    assert {row: meaning(row, value) for row, value in found.items()} == {
        row: meaning(row, value) for row, value in expected.items()
    }
    assert outputs(tenant) == told
    if table not in FIGURES:
        stray = key.replace(b'"]', b'-nobody"]')
        tenant.deliver(number, Delivery(rows=[(table, stray, expected[table, key])]))
        if stray != key:
            assert compared(tenant, number).differences
        mended(tenant, number)
        assert tenant.rows()[number].keys() == expected.keys()


def says_something(table: str, row: bytes) -> bool:
    """Whether anything that can be compared is lost with a row."""
    return bool(differing(table, row, None)) and b'"score":0.0' not in row


def test_where_the_last_version_is_known_nowhere_it_goes_on_beyond_any() -> None:
    memory = Memory(frozenset({"score", "outcome"}), people=False, groups=False, beyond=1_000)

    assert memory.person(None, None) == PersonFigures(1_000)
    assert memory.person(None, PersonFigures(4, 50.0, 1.0)) == PersonFigures(4, 50.0, 1.0)
    assert memory.person(PersonFigures(5, 51.0, 1.0), PersonFigures(4, 50.0, 1.0)) == PersonFigures(
        5, 51.0, 1.0
    )
    told = group_told(None, None, {}, None, memory, published=False).figures
    assert (told.outcome_version, told.score_version, told.completeness_version) == (1_000, 1_000, 0)
