"""A day tick on its way round the partitions, step by step (``agents.clock`` says in which order)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from agents import control
from agents.clock import Move
from agents.partition import Partition
from domain.engagement import TenantPart
from domain.settle import points_part, strength_part
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
    """Answer with the greatest weight and points of the partition's accounts.

    Activity that comes between the steps may raise an account that was asked already. It counts as what
    comes after the answer does: against the coming baseline, clamped, and fully at the next tick.
    """
    model = control.model_in(record)

    def part_of(account_id: str) -> TenantPart:
        return points_part(partition.book.activity_of(account_id), record.as_of, model)

    part = yield from _greatest(partition, part_of)
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
    """Answer with the greatest strength of the partition's groups by the scores to come.

    What comes between the steps counts as with the points.
    """
    model, yardstick = control.model_in(record), control.baseline_in(record)

    def part_of(account_id: str) -> TenantPart:
        account = partition.book.look_at(account_id, partition.tenant)
        return strength_part(account, record.as_of, model, yardstick)

    part = yield from _greatest(partition, part_of)
    delivery = Delivery()
    partition.tell(control.strength_part(record, part, partition.now()), delivery)
    yield delivery


def gather_strength(partition: Partition, record: ControlRecord) -> Delivery:
    """Take a partition's strength; when all are there, send the new baseline to every partition."""
    delivery = Delivery()
    clock = partition.clock
    tick_id = record.tick_id
    part = control.part_in(record)
    gathered = clock.strengthened(tick_id, record.sender or 0, part, partition.partitions)
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
    """Take a new date and baseline over and rescore every account against them.

    The clock goes first, and how far the rescoring got goes with each step: whoever opens an account in
    between knows whether it is still to be rescored, and a worker that takes over goes on from there.
    """
    clock = partition.clock
    baseline = control.baseline_in(record)
    if baseline.version > clock.baseline.version:
        delivery = Delivery()
        moved = clock.moved(record.as_of, baseline, control.model_in(record))
        partition.set_clock(moved, delivery)
        partition.set_move(Move(record.event_id, record.issued_at), delivery)
        yield delivery
    elif baseline.version < clock.baseline.version or partition.move is None:
        return
    for some in partition.slices(partition.left_to_move()):
        delivery = Delivery()
        partition.move_next(some, delivery)
        yield delivery
    delivery = Delivery()
    partition.set_move(None, delivery)
    yield delivery


def _greatest(
    partition: Partition, part_of: Callable[[str], TenantPart]
) -> Generator[Delivery, None, TenantPart]:
    """Return the greatest figures of all accounts; an empty delivery lets others have their turn."""
    whole = TenantPart()
    for some in partition.slices(partition.book.account_ids()):
        for account_id in some:
            whole = whole.merge(part_of(account_id))
        yield Delivery()
    return whole
