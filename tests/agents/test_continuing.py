"""A partition's fold that was read on, from wherever it was, is the fold of all that was read."""

import random
from collections import Counter

import pytest

from agents import rows
from agents.account_rows import DERIVED, differing, group_in, rows_of
from agents.rebuilding import FOLDED, PartitionFold
from domain.account import Account
from domain.calendar import MILLIS_PER_DAY
from domain.creation import MOST_RECORDS
from domain.reconcile import derive
from domain.stages import MOST_MOVES
from schemas.fields import Contract
from streams.placement import partition_of
from streams.topics import BUYING_GROUPS, CONTROL, DEFINITIONS
from tests.agents.logged import CODEC, PARTITIONS, Logged
from tests.integration import comparison
from tests.integration.harness import Record
from tests.integration.marketing import MOVED_TO, THREATS
from tests.integration.streams import AS_OF, generate
from tests.integration.tenant import Tenant

Offsets = dict[str, int]


def crowded(seed: int) -> Logged:
    """Few accounts with more records and stage moves than are kept, defined and ticked on the way."""
    stream = generate(600, seed=seed, accounts=5)
    tenant = Tenant(f"crowded {seed}", 5)
    chance = random.Random(seed)
    account = tenant.accounts[seed % 5]
    more: list[tuple[str, Contract]] = [
        tenant.account_of(account, tenant.moment()) for _ in range(2 * MOST_RECORDS)
    ]
    for interest in ("erp", THREATS):
        more += [
            ("journey-actions", tenant.action(account, interest, "update_stage", stage=stage))
            for stage in chance.choices(MOVED_TO, k=MOST_MOVES * 3 // 2)
        ]
    more += [tenant.group(account, "erp", tenant.moment()) for _ in range(3)]
    chance.shuffle(more)
    records = list(stream.records)
    for topic, value in more:
        record = Record(topic, account.encode(), CODEC.encode(topic, value))
        records.insert(chance.randrange(len(records)), record)
    made = Logged(seed)
    first, second = len(records) // 2, len(records) * 3 // 4
    made.produce(tuple(records[:first]))
    made.tick(AS_OF - 3, "first")
    made.produce(tuple(records[first:second]))
    if seed % 2:
        made.tick(AS_OF, "second")
    made.produce(tuple(records[second:]))
    made.work()
    return made


def cuts(logged: Logged, partition: int, chance: random.Random) -> list[Offsets]:
    """Draw where a fold was on its way: each topic for itself, the control records mostly at the end."""
    ends = logged.ends(partition)
    found = [{name: chance.randint(0, end) for name, end in ends.items()} for _ in range(3)]
    if chance.random() < 0.8:
        for cut in found:
            cut[CONTROL.name] = ends[CONTROL.name]
    if chance.random() < 0.5:
        # Only activity and decisions come late, as it is when a fold is read on for minutes.
        for cut in found:
            cut.update({topic.name: ends[topic.name] for topic in FOLDED[:2]})
    ordered = [{name: sorted(cut[name] for cut in found)[place] for name in ends} for place in range(3)]
    return [*ordered[: chance.randint(1, 3)], ends]


def folded(logged: Logged, partition: int, offsets: list[Offsets]) -> PartitionFold:
    """Fold up to some offsets after the other; all figures are worked out at each."""
    fold = PartitionFold(partition, PARTITIONS, CODEC, logged)
    for some in offsets:
        fold.advance(some, lambda _: None)
        for account in fold.accounts.values():
            derive(account, fold.tenant)
    return fold


def assert_says_the_same(found: PartitionFold, expected: PartitionFold) -> None:
    assert found.clock == expected.clock
    assert found.definition_rows() == expected.definition_rows()
    for account_id in found.accounts.keys() | expected.accounts.keys():
        one = found.accounts.get(account_id) or Account(account_id)
        other = expected.accounts.get(account_id) or Account(account_id)
        states, expected_states = (
            {key: comparison.folded(state) for key, state in derive(each, expected.tenant).items()}
            for each in (one, other)
        )
        assert states == expected_states
        here, there = rows_of(one), rows_of(other)
        for table, key in here.keys() | there.keys():
            assert table in DERIVED
            said = differing(table, here.get((table, key)), there.get((table, key)))
            if group_in(table, key) not in states:
                # What was last told of a group that does not stand is not worked out.
                said = {} if table == rows.GROUP else said
                said = {name: each for name, each in said.items() if not name.startswith("told ")}
            assert not said, (account_id, table, key)


@pytest.mark.parametrize("seed", range(3))
def test_a_fold_that_was_read_on_is_the_fold_of_all_unless_it_says_that_it_may_not_be(seed: int) -> None:
    logged, chance = crowded(seed), random.Random(seed)
    doubts: Counter[str | None] = Counter()

    for _ in range(5):
        for partition in range(PARTITIONS):
            ends = logged.ends(partition)
            fold = folded(logged, partition, cuts(logged, partition, chance))
            doubts[fold.doubt] += 1
            if fold.doubt is None:
                assert_says_the_same(fold, folded(logged, partition, [ends]))

    assert doubts[None] >= 4, doubts
    assert len(doubts) > 1, doubts


@pytest.mark.parametrize(
    ("topic", "doubt"),
    [(DEFINITIONS.name, "a definition came"), (CONTROL.name, "a tick came")],
)
def test_what_concerns_every_account_makes_a_fold_be_made_anew(topic: str, doubt: str) -> None:
    logged = crowded(1)
    before = [logged.offsets(partition) for partition in range(PARTITIONS)]
    if topic == CONTROL.name:
        logged.tick(AS_OF + 1, "third")
    else:
        tenant = Tenant("late", 1)
        ((_, value), *_) = tenant.definitions()
        later = value.model_copy(update={"updated_at": (AS_OF + 1) * MILLIS_PER_DAY})
        logged.produce((Record(topic, b"late", CODEC.encode(topic, later)),))
        logged.work()

    for partition, then in enumerate(before):
        fold = folded(logged, partition, [then, logged.offsets(partition)])
        assert fold.doubt == doubt


def test_offsets_that_were_set_back_make_a_fold_be_made_anew() -> None:
    logged = crowded(2)
    ends = logged.ends(0)
    fold = folded(logged, 0, [ends, {**ends, FOLDED[-1].name: ends[FOLDED[-1].name] - 1}])
    assert fold.doubt == "what is acknowledged was set back"


def test_a_group_that_was_defined_anew_after_moves_were_forgotten_makes_a_fold_be_made_anew() -> None:
    logged = crowded(2)
    partition = partition_of("acct-0002", PARTITIONS)
    ends = logged.ends(partition)

    fold = folded(logged, partition, [{**ends, BUYING_GROUPS.name: 0}, ends])

    assert fold.doubt == f"a group with {MOST_MOVES} stage moves or more may have changed"
