"""Lanes without Kafka: processors over tables in memory, with brokers that take everything."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from agents import control, rows
from agents.partition import Surroundings
from agents.processor import PartitionProcessor
from agents.reading import Batch
from domain.calendar import Day, Millis
from domain.definitions import ModelDefinition, SolutionInterest, TenantEvent
from domain.events import AccountEvent
from schemas.codec import Codec
from schemas.control import ControlRecord
from schemas.definitions import Definition
from schemas.registry import CommittedRegistry
from streams.delivery import Delivery, Outgoing
from streams.tables import EngineTable, decode_key
from streams.topics import BUYING_GROUP_STATE, CONTROL, Topic
from tests.agents.defined import published
from tests.domain.builders import TODAY, moment
from tests.streams.copying import copying, settings_of

CODEC = Codec(CommittedRegistry())
NOW: Millis = moment(TODAY, hour=13)
PARTITIONS = 2
TICK = "tick-1"

Tables = dict[str, EngineTable]
Stored = dict[tuple[str, bytes], bytes]


def empty_tables() -> Tables:
    return copying(settings_of("localhost:1", "processor")).stored


class Lane:
    """Processes batches as a lane does, and keeps what was written. A step is one account's."""

    def __init__(self, tables: Tables | None = None, partition: int = 0, step_s: float = 0.0) -> None:
        self.tables = empty_tables() if tables is None else tables
        self.partition = partition
        self.processor = PartitionProcessor(
            partition,
            Surroundings(CODEC, self.tables, "/test/engine", PARTITIONS, lambda: NOW, step_s),
        )

    def process(self, *batches: Batch) -> list[Delivery]:
        """Process batches that came together; return what was delivered."""
        return list(self.processing(*batches))

    def processing(self, *batches: Batch) -> Iterator[Delivery]:
        """Process batches step by step; whoever stops asking has died between two of them."""
        for delivery in self.processor.steps(list(batches)):
            if delivery:
                self.store(delivery)
                self.processor.delivered(delivery)
                yield delivery

    def store(self, delivery: Delivery) -> None:
        """Store what a broker has taken."""
        for table, key, value in delivery.rows:
            self.tables[table].stored.put(self.partition, key, value)

    def fold(self, *events: AccountEvent) -> Delivery:
        """Process events; return the one delivery."""
        (delivery,) = self.process(Batch(events=list(events)))
        return delivery

    def follow(self, record: ControlRecord) -> list[Delivery]:
        """Process a control record."""
        return self.process(Batch(control=[record]))

    def restarted(self) -> "Lane":
        """Return the lane of the next worker, which has nothing but the rows."""
        return Lane(self.tables, self.partition)

    def rows(self) -> Stored:
        """Return every stored row but the clock's."""
        return {
            (name, key): value
            for name, table in self.tables.items()
            for owned in table.stored.rows.get(self.partition, {}).values()
            for key, value in owned.items()
            if name != rows.CLOCK
        }


class Engine:
    """The lanes of all partitions. What they tell each other stands in ``waiting`` until carried.

    ``dying_after`` counts deliveries down: after the last of them the lane's worker dies before it
    acknowledges what it was processing, and the next one starts from the rows. With ``forgetful`` every
    batch is processed by a worker that starts from the rows.
    """

    def __init__(self, *, forgetful: bool = False) -> None:
        self.lanes = [Lane(partition=number) for number in range(PARTITIONS)]
        self.waiting: list[deque[ControlRecord]] = [deque() for _ in self.lanes]
        self.written: list[Delivery] = []
        self.dying_after = 0
        self.forgetful = forgetful

    def take(self, *events: AccountEvent | TenantEvent) -> list[Delivery]:
        """Process a batch in each partition; definitions stand in whichever their id says."""
        placed = [Batch() for _ in self.lanes]
        for event in events:
            if isinstance(event, SolutionInterest | ModelDefinition):
                definition = published(event)
                placed[home(definition.definition_id)].definitions.append(definition)
            else:
                placed[home(event.account_id)].events.append(event)
        return [one for number, batch in enumerate(placed) for one in self.on(number, batch)]

    def define(self, *definitions: Definition, partition: int = 0) -> list[Delivery]:
        """Let a partition read definitions, and every partition hear of them."""
        return [*self.on(partition, Batch(definitions=list(definitions))), *self.carry()]

    def tick(self, as_of: Day = TODAY, tick_id: str = TICK) -> list[Delivery]:
        """Take a tick round all partitions; return everything it caused."""
        self.ask(as_of, tick_id)
        return self.carry()

    def ask(self, as_of: Day = TODAY, tick_id: str = TICK) -> None:
        """Send a tick and leave it waiting."""
        self.waiting[0].append(control.day_tick(tick_id, as_of, NOW))

    def carry(self, times: int = 1) -> list[Delivery]:
        """Carry control records until none is left, each as often as told; partitions take turns."""
        found: list[Delivery] = []
        while any(self.waiting):
            found.extend(self.carry_each(times))
        return found

    def carry_each(self, times: int = 1) -> list[Delivery]:
        """Carry the next control record of every partition that has one waiting."""
        numbers = [number for number, waiting in enumerate(self.waiting) if waiting]
        return [delivery for number in numbers for delivery in self.step(number, times)]

    def step(self, number: int, times: int = 1) -> list[Delivery]:
        """Carry the next control record of a partition."""
        batch = Batch(control=[self.waiting[number].popleft()])
        return [delivery for _ in range(times) for delivery in self.on(number, batch)]

    def on(self, number: int, batch: Batch) -> list[Delivery]:
        """Process a batch in a partition."""
        found = []
        if self.forgetful:
            self.lanes[number] = self.lanes[number].restarted()
        for delivery in self.lanes[number].processing(batch):
            self.written.append(delivery)
            found.append(delivery)
            for record in controls([delivery]):
                self.waiting[record.partition].append(record)
            self.dying_after -= 1
            if self.dying_after == 0:
                self.lanes[number] = self.lanes[number].restarted()
                return [*found, *self.on(number, batch)]
        return found

    def rows(self) -> list[Stored]:
        """Return every partition's rows."""
        return [lane.rows() for lane in self.lanes]

    def states(self) -> dict[str, Any]:
        """Return the groups' last states, as compaction leaves them."""
        return states(self.written)


def home(key: str) -> int:
    """Return a record's partition here: by the length of its key, so that a test can choose."""
    return len(key) % PARTITIONS


def records(deliveries: Iterable[Delivery], topic: Topic) -> list[Outgoing]:
    """Return what was written to a topic."""
    return [one for delivery in deliveries for one in delivery.records if one.topic == topic.name]


def told(deliveries: Iterable[Delivery], topic: Topic) -> list[Any]:
    """Return what was written to a topic, read back."""
    return [CODEC.decode(topic.name, one.value) for one in records(deliveries, topic)]


def controls(deliveries: Iterable[Delivery]) -> list[ControlRecord]:
    """Return the control records that were written, each checked against its partition."""
    found: list[ControlRecord] = []
    for one in records(deliveries, CONTROL):
        value = CODEC.decode(CONTROL.name, one.value)
        assert isinstance(value, ControlRecord)
        assert (one.partition, one.key) == (value.partition, str(value.partition).encode())
        found.append(value)
    return found


def states(deliveries: Iterable[Delivery]) -> dict[str, Any]:
    """Return the last state of each group that still has one."""
    last = {one.key: one.value for one in records(deliveries, BUYING_GROUP_STATE)}
    found: dict[str, Any] = {}
    for key, value in last.items():
        if key is not None and value is not None:
            found[key.decode()] = CODEC.decode(BUYING_GROUP_STATE.name, value)
    return found


def written(delivery: Delivery) -> set[tuple[str, tuple[Any, ...]]]:
    """Return the tables and keys of a delivery's rows."""
    return {(table, tuple(decode_key(key))) for table, key, _ in delivery.rows}


def topics(*deliveries: Delivery) -> list[str]:
    """Return the topics of deliveries' records, in their order."""
    return [record.topic for delivery in deliveries for record in delivery.records]
