"""A day tick on its way round the partitions, step by step (``agents.clock`` says in which order)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from agents import control
from agents.partition import Partition, slices
from domain.account import Account
from domain.engagement import TenantPart
from domain.settle import points_part, rescore, strength_part
from schemas.control import ControlRecord
from streams.delivery import Delivery


def tick(partition: Partition, record: ControlRecord) -> Delivery:
    """Settle date and model of a tick, and ask every partition for its points."""
    delivery = Delivery()
    clock = partition.clock
    begun = clock.begun(record.tick_id, record.as_of, partition.catalog.model)
    if begun is clock:
        return delivery
    partition.set_clock(begun, delivery)
    asked = begun.underway[record.tick_id]
    now = partition.now()
    for number in range(partition.partitions):
        question = control.points_asked(record.tick_id, asked.as_of, asked.model, number, now)
        partition.tell(question, delivery)
    return delivery


def tell_points(partition: Partition, record: ControlRecord) -> Iterator[Delivery]:
    """Answer with the greatest weight and points of the partition's accounts."""
    model = control.model_in(record)
    part = yield from _greatest(partition, lambda account: points_part(account, record.as_of, model))
    delivery = Delivery()
    partition.tell(control.baseline_part(record, part, partition.now()), delivery)
    yield delivery


def gather_points(partition: Partition, record: ControlRecord) -> Delivery:
    """Take a partition's points; when all are there, ask every partition for its strength."""
    delivery = Delivery()
    clock = partition.clock
    tick_id = record.tick_id
    part = control.part_in(record)
    gathered = clock.pointed(tick_id, record.sender or 0, part, partition.partitions)
    if gathered is clock:
        return delivery
    partition.set_clock(gathered, delivery)
    underway = gathered.underway[tick_id]
    if underway.yardstick is not None:
        now = partition.now()
        for number in range(partition.partitions):
            question = control.strength_asked(
                tick_id, underway.as_of, underway.model, underway.yardstick, number, now
            )
            partition.tell(question, delivery)
    return delivery


def tell_strength(partition: Partition, record: ControlRecord) -> Iterator[Delivery]:
    """Answer with the greatest strength of the partition's groups by the scores to come."""
    model, yardstick = control.model_in(record), control.baseline_in(record)
    part = yield from _greatest(
        partition, lambda account: strength_part(account, record.as_of, model, yardstick)
    )
    delivery = Delivery()
    partition.tell(control.strength_part(record, part, partition.now()), delivery)
    yield delivery


def gather_strength(partition: Partition, record: ControlRecord) -> Delivery:
    """Take a partition's strength; when all are there, send the new baseline to every partition."""
    delivery = Delivery()
    clock = partition.clock
    tick_id = record.tick_id
    gathered = clock.strengthened(tick_id, record.sender or 0, control.part_in(record))
    if gathered is clock:
        return delivery
    if gathered.complete(tick_id, partition.partitions):
        done = gathered.underway[tick_id]
        gathered, baseline = gathered.issue(tick_id)
        now = partition.now()
        for number in range(partition.partitions):
            told = control.baseline_set(tick_id, done.as_of, done.model, baseline, number, now)
            partition.tell(told, delivery)
    partition.set_clock(gathered, delivery)
    return delivery


def move_on(partition: Partition, record: ControlRecord) -> Iterator[Delivery]:
    """Take a new date and baseline over and rescore every account against them."""
    clock = partition.clock
    baseline = control.baseline_in(record)
    if baseline.version < clock.baseline.version:
        return
    moved = clock.moved(record.as_of, baseline, control.model_in(record))
    # The clock goes first. Should the worker die in between, the record is read again, and until
    # then nothing is measured by the old baseline that was already measured by the new one.
    delivery = Delivery()
    partition.set_clock(moved, delivery)
    before, tenant = partition.tenant_before, partition.tenant
    book = partition.book
    book.forget()
    for some in slices(book.account_ids()):
        for account_id in some:
            account = book.open(account_id, before)
            changes = rescore(
                account, tenant, record.event_id, record.issued_at, remodelled=moved.remodelled
            )
            partition.keep(account, changes, delivery)
        yield delivery
        delivery = Delivery()
        book.trim()
    if delivery:
        yield delivery


def _greatest(
    partition: Partition, part_of: Callable[[Account], TenantPart]
) -> Generator[Delivery, None, TenantPart]:
    """Return the greatest figures of all accounts; an empty delivery lets others have their turn."""
    book, tenant = partition.book, partition.tenant
    whole = TenantPart()
    for some in slices(book.account_ids()):
        for account_id in some:
            whole = whole.merge(part_of(book.open(account_id, tenant)))
        book.trim()
        yield Delivery()
    return whole
