"""Seeded event streams as a tenant's producers would send them: late, twice, misplaced, broken."""

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from domain.calendar import Day
from schemas.definitions import Definition
from schemas.fields import Contract
from schemas.inputs import JourneyAction
from streams.placement import partition_of
from streams.topics import DEFINITIONS
from tests.integration.broken import BROKEN
from tests.integration.harness import Record
from tests.integration.tenant import AS_OF, Tenant

__all__ = ["AS_OF", "Stream", "generate"]

PARTITIONS: Final = 4
_DUPLICATED: Final = 0.06
_MISPLACED: Final = 0.04
_WITHOUT_KEY: Final = 0.02
_WRONG_KEY: Final = 0.02
_BAD: Final = 0.02
_DISORDER: Final = 200
"""Records change places within about so many."""


@dataclass(frozen=True)
class Stream:
    """``records`` as they are produced; ``valid`` is what counts of them: each event once."""

    as_of: Day
    records: tuple[Record, ...]
    valid: tuple[tuple[str, Contract], ...]

    def lines(self) -> list[dict[str, Any]]:
        """Return the valid events in the JSON form that ``publish`` and ``fold`` take."""
        return [{"topic": topic, "value": value.model_dump(mode="json")} for topic, value in self.valid]

    def cut(self, *shares: float) -> list[tuple[Record, ...]]:
        """Return the records in consecutive parts that end at the given shares, and the rest."""
        ends = [0, *(int(len(self.records) * share) for share in shares), len(self.records)]
        return [self.records[a:b] for a, b in pairwise(ends)]


def generate(count: int, seed: int = 1, accounts: int | None = None) -> Stream:
    """Return a stream of about ``count`` records, the same for the same arguments."""
    tenant = Tenant(f"{seed}/{count}", accounts or max(6, count // 250))
    chance = tenant.chance
    groups, definitions = tenant.groups(), tenant.definitions()
    valid = [*groups, *definitions]
    made = (
        [tenant.activity] * 65
        + [tenant.journey] * 11
        + [tenant.move] * 5
        + [tenant.manual] * 7
        + [tenant.profile] * 9
        + [tenant.account] * 3
    )
    ordinary = int(count / (1 + _DUPLICATED + _BAD)) - len(valid)
    spread = [(chance.random(), event) for event in groups]
    # Half of the groups are there from the start, the others come when much has happened.
    dated = [(at if chance.random() < 0.5 else 0.0, event) for at, event in spread]
    dated += [(chance.uniform(0.3, 0.7), event) for event in definitions]
    for _ in range(max(0, ordinary)):
        event = chance.choice(made)()
        valid.append(event)
        dated.append((chance.random(), event))
    standing = [(at, _placed(tenant, *event)) for at, event in dated]
    width = _DISORDER / max(len(standing), 1)
    standing = [(at + chance.random() * width, record) for at, record in standing]
    standing = _moves_in_order(valid, standing)
    standing += [
        (at + chance.random() * (1 - min(at, 1)), record)
        for at, record in standing
        if chance.random() < _DUPLICATED
    ]
    bad = max(len(BROKEN) * 2, int(count * _BAD))
    standing += [(chance.random(), _broken(tenant, i)) for i in range(bad)]
    standing.sort(key=lambda each: each[0])
    return Stream(AS_OF, tuple(record for _, record in standing), tuple(valid))


def moved_group(value: Contract) -> tuple[str, str] | None:
    """Return which group an event moves to a stage: only such events must keep their order."""
    if isinstance(value, JourneyAction) and value.action == "update_stage":
        return value.account_id, value.solution_interest_id
    return None


def _moves_in_order(
    valid: list[tuple[str, Contract]], standing: list[tuple[float, Record]]
) -> list[tuple[float, Record]]:
    """Return the records at their places, each group's stage moves in the order of ``valid``."""
    moves: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (_, value) in enumerate(valid):
        group = moved_group(value)
        if group is not None:
            moves[group].append(place)
    ordered = list(standing)
    for places in moves.values():
        times = sorted(standing[place][0] for place in places)
        for place, at in zip(places, times, strict=True):
            ordered[place] = (at, standing[place][1])
    return ordered


def _placed(tenant: Tenant, topic: str, value: Contract) -> Record:
    """Return an event's record, sometimes where it should not be."""
    if isinstance(value, Definition):
        record = Record(topic, value.definition_id.encode(), tenant.codec.encode(topic, value))
        return replace(record, partition=tenant.chance.randrange(PARTITIONS))
    account_id: str = value.account_id  # type: ignore[attr-defined]
    record = Record(topic, account_id.encode(), tenant.codec.encode(topic, value))
    if moved_group(value) is not None:
        return record
    home = partition_of(account_id, PARTITIONS)
    draw = tenant.chance.random()
    if draw < _MISPLACED:
        return replace(record, partition=(home + tenant.chance.randint(1, 3)) % PARTITIONS)
    if draw < _MISPLACED + _WITHOUT_KEY:
        return replace(record, key=None, partition=tenant.chance.randrange(PARTITIONS))
    if draw < _MISPLACED + _WITHOUT_KEY + _WRONG_KEY:
        return replace(record, key=tenant.chance.choice((b"", b"someone-else", b"\xff\x00")))
    return record


def _broken(tenant: Tenant, number: int) -> Record:
    """Return a record that nobody can take, with the reason it must be refused for."""
    make = BROKEN[number % len(BROKEN)]
    topic, value, reason = make(tenant)
    # A compacted topic takes no record without a key.
    keys = (b"acct-0001", b"someone-else", b"\xff", *([] if topic == DEFINITIONS.name else [None]))
    key = tenant.chance.choice(keys)
    return Record(
        topic,
        key,
        value,
        tenant.chance.randrange(PARTITIONS),
        (("producer", b"broken"), ("attempt", str(number).encode())),
        dlq_reason=reason,
    )
