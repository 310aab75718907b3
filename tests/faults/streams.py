"""Streams that are hard on the engine: worse than a tenant's usual one, or uneven."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from domain.calendar import MILLIS_PER_DAY, Millis
from schemas import inputs
from schemas.fields import Contract
from streams.placement import partition_of
from tests.faults.sizes import SEED
from tests.integration.broken import BROKEN
from tests.integration.harness import Record
from tests.integration.streams import AS_OF, PARTITIONS, Stream, _broken, _placed, generate, moved_group
from tests.integration.tenant import Tenant

__all__ = ["SEED", "hot", "steady", "usual", "with_many_leads", "with_many_members", "worse"]

Event = tuple[str, Contract]

_DUPLICATED: Final = 0.10
_MISPLACED: Final = 0.10
_BROKEN: Final = 0.05
_FEW: Final = 0.02


@dataclass(frozen=True)
class Worse(Stream):
    """A stream of which a good part is wrong; ``counts`` says how many records of each kind."""

    counts: Counter[str]


def usual(count: int, salt: int = 0) -> Stream:
    """Return a tenant's usual stream of this run's seed; ``salt`` tells the tests' streams apart."""
    return generate(count, seed=SEED * 1000 + salt)


def worse(count: int) -> Worse:
    """Return a stream with a tenth twice, a tenth misplaced, a twentieth broken, all out of order.

    The times of its events are up to 40 days apart wherever they stand. Of the broken ones each kind
    is there: no frames, unknown schemas, events from the future, and whatever breaks a contract.
    """
    tenant = Tenant(f"{SEED}/worse/{count}", max(6, count // 250))
    chance = tenant.chance
    base = generate(count, seed=SEED * 1000 + 1)
    counts: Counter[str] = Counter()
    standing: list[tuple[float, Record]] = []
    seen: set[tuple[str, bytes | None]] = set()
    good = {tenant.codec.encode(topic, value): value for topic, value in base.valid}
    for place, given in enumerate(base.records):
        record = given
        at = place / len(base.records)
        if record.dlq_reason is None:
            value = good[record.value or b""]
            if moved_group(value) is None and record.topic != "definitions":
                record = _somewhere(record, value.account_id, chance.random, chance.randint)  # type: ignore[attr-defined]
            again = chance.random() < _DUPLICATED
            counts["twice"] += (record.topic, record.value) in seen or again
            counts["misplaced"] += _is_misplaced(record, value)
            seen.add((record.topic, record.value))
            if again:
                standing.append((at + chance.random() * (1 - at), record))
        else:
            counts[record.dlq_reason] += 1
            counts["broken"] += 1
        standing.append((at, record))
    for number in range(
        max(len(BROKEN), int(len(standing) * _BROKEN / (1 - _BROKEN)) + 1 - counts["broken"])
    ):
        record = _broken(tenant, number)
        counts[record.dlq_reason or ""] += 1
        counts["broken"] += 1
        standing.append((chance.random(), record))
    standing.sort(key=lambda each: each[0])
    return Worse(AS_OF, tuple(record for _, record in standing), base.valid, counts)


def hot(count: int) -> Stream:
    """Return a stream half of which is about one account."""
    tenant = _Hot(f"{SEED}/hot/{count}", max(6, count // 250), leads=(20, 60))
    return _laid_out(tenant, [*tenant.groups(), *tenant.definitions()], _ordinary(tenant, count))


def with_many_leads(leads: int) -> Stream:
    """Return a stream with one account that has so many leads, active each, many in its groups."""
    tenant = Tenant(f"{SEED}/leads/{leads}", 3, leads=(leads, leads))
    whole, *others = tenant.accounts
    for other in others:
        tenant.leads[other] = tenant.leads[other][:10]
    chance = tenant.chance
    events: list[Event] = []
    for lead in tenant.leads[whole]:
        events.append(tenant.profile_of(whole, lead, tenant.moment()))
        events.append(_activity(tenant, whole, lead))
        if chance.random() < _FEW:
            events.append(_assigned(tenant, whole, "crm-suite", lead))
    chance.shuffle(events)
    return _laid_out(tenant, tenant.groups(), [*events, *_ordinary(tenant, leads // 4)])


def with_many_members(members: int) -> Stream:
    """Return a stream with one group that has so many members, each active and some removed."""
    tenant = Tenant(f"{SEED}/members/{members}", 3, leads=(members, members))
    whole, *others = tenant.accounts
    for other in others:
        tenant.leads[other] = tenant.leads[other][:10]
    opened = tenant.group(whole, "data-platform", (AS_OF - 90) * MILLIS_PER_DAY)
    roles = [role.role for role in opened[1].role_template.roles]  # type: ignore[attr-defined]
    events: list[Event] = []
    for number, lead in enumerate(tenant.leads[whole]):
        role = roles[number % len(roles)]
        events.append(_assigned(tenant, whole, "data-platform", lead, role))
        events.append(_activity(tenant, whole, lead))
    tenant.chance.shuffle(events)
    first = [opened, *(each for each in tenant.groups() if _about(each) != (whole, "data-platform"))]
    return _laid_out(tenant, first, events)


def steady(count: int, seed: int) -> Stream:
    """Return a stream of few leads and days: soon nothing grows any more, and everything still changes.

    There are no stage moves: a group keeps every one.
    """
    tenant = _Small(f"{seed}/steady/{count}", 8, leads=(2, 3))
    made = (tenant.activity, tenant.activity, tenant.journey, tenant.manual, tenant.profile)
    first = [*tenant.groups(), *tenant.definitions(), *(tenant.account() for _ in tenant.accounts)]
    return _laid_out(tenant, first, [tenant.chance.choice(made)() for _ in range(count)])


class _Small(Tenant):
    """A tenant all of whose events are of three days."""

    def moment(self, ahead: int = 0) -> Millis:
        day = AS_OF - self.chance.randrange(3) + self.chance.randint(0, ahead)
        return day * MILLIS_PER_DAY + self.chance.randrange(MILLIS_PER_DAY)


class _Hot(Tenant):
    """A tenant half of whose traffic is about its first account."""

    def whose(self) -> tuple[str, str]:
        if self.chance.random() < 0.5:
            account = self.accounts[0]
            return account, self.chance.choice(self.leads[account])
        return super().whose()


def _laid_out(tenant: Tenant, first: list[Event], then: list[Event]) -> Stream:
    """Return a stream of events in their order, some records misplaced, twice or broken."""
    valid = [*first, *then]
    records: list[Record] = []
    for topic, value in valid:
        record = _placed(tenant, topic, value)
        records.append(record)
        if moved_group(value) is None and tenant.chance.random() < _FEW:
            records.append(record)
    for number in range(max(len(BROKEN), int(len(valid) * _FEW))):
        records.insert(tenant.chance.randrange(len(records)), _broken(tenant, number))
    return Stream(AS_OF, tuple(records), tuple(valid))


def _ordinary(tenant: Tenant, count: int) -> list[Event]:
    made: list[Callable[[], Event]] = [
        *[tenant.activity] * 70,
        *[tenant.journey] * 11,
        *[tenant.move] * 5,
        *[tenant.manual] * 7,
        *[tenant.profile] * 7,
    ]
    return [tenant.chance.choice(made)() for _ in range(count)]


def _activity(tenant: Tenant, account: str, lead: str) -> Event:
    topic, value = tenant.activity()
    return topic, value.model_copy(update={"account_id": account, "lead_id": lead})


def _assigned(tenant: Tenant, account: str, interest: str, lead: str, role: str | None = None) -> Event:
    named = role or tenant.role()
    action = tenant.action(account, interest, "assign", lead_id=lead, role=named)
    return "journey-actions", action


def _about(event: Event) -> tuple[str, str]:
    value = event[1]
    assert isinstance(value, inputs.BuyingGroup)
    return value.account_id, value.solution_interest_id


def _somewhere(
    record: Record,
    account_id: str,
    draw: Callable[[], float],
    between: Callable[[int, int], int],
) -> Record:
    """Return the record, at times in another partition than it was meant for."""
    home = partition_of(account_id, PARTITIONS)
    if record.partition is not None or draw() >= _MISPLACED:
        return record
    return replace(record, partition=(home + between(1, PARTITIONS - 1)) % PARTITIONS)


def _is_misplaced(record: Record, value: Contract) -> bool:
    if record.topic == "definitions":
        return False
    home = partition_of(value.account_id, PARTITIONS)  # type: ignore[attr-defined]
    found = record.partition
    if found is None:
        found = partition_of((record.key or b"").decode("latin-1"), PARTITIONS)
    return found != home
