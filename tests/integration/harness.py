"""A deployment under test: topics of its own, its workers, and everything they wrote."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from console.tick import move_day_on
from domain.calendar import Day
from schemas.codec import Codec
from schemas.definitions import Definition
from schemas.fields import Contract
from schemas.outputs import BuyingGroupState
from schemas.registry import CommittedRegistry
from streams.admin import create_topics
from streams.settings import Settings, load_settings
from streams.topics import BUYING_GROUP_STATE, INPUTS, SOURCES, Topic
from tests.integration.processes import PATIENCE_S, NeverHappened, Worker, wait_until

ROOT: Final = Path(__file__).parents[2]
_SESSION_TIMEOUT_S: Final = 6
_OWN_SETTINGS: Final = frozenset(
    name.upper() for name in Settings.model_fields if not name.startswith("kafka_")
)

Place = tuple[str, int, int]
"""Where a record stands: full topic name, partition, offset."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record to produce; ``topic`` without namespace.

    ``dlq_reason`` is set where the record must end in ``dead-letters``. ``partition`` None lets
    the key decide as Kafka's own clients do.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    dlq_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A committed record as a subscriber reads it; ``value`` None withdraws its key."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str:
        """Return a header that must be there once."""
        (value,) = [value for key, value in self.headers if key == name]
        return value.decode()


class Deployment:
    """One namespace on one Kafka, its topics created, and the workers started for it."""

    def __init__(self, bootstrap: str, namespace: str, folder: Path) -> None:
        self.folder = folder
        self.settings = load_settings(
            _env_file=None,
            kafka_bootstrap_servers=bootstrap,
            namespace=namespace,
            partitions=4,
            replication_factor=1,
            schema_registry_url=None,
            session_timeout=_SESSION_TIMEOUT_S,
        )
        self.codec = Codec(CommittedRegistry())
        self.workers: list[Worker] = []
        self._producers: dict[str, Producer] = {}

    def neighbour(self, name: str) -> "Deployment":
        """Return another deployment on the same Kafka: no topics yet, no workers."""
        folder = self.folder / name
        folder.mkdir()
        servers = self.settings.client_config()["bootstrap.servers"]
        return Deployment(servers, f"{self.settings.namespace}-{name}", folder)

    def create_topics(self) -> None:
        """Create the topics on a real Kafka; an embedded one makes them when they are asked for."""
        create_topics(self.settings)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this deployment's commands: no setting comes from outside."""
        inherited = {name: value for name, value in os.environ.items() if name not in _OWN_SETTINGS}
        return {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.client_config()["bootstrap.servers"],
            "NAMESPACE": self.settings.namespace,
            "PARTITIONS": str(self.settings.partitions),
            "SESSION_TIMEOUT": str(_SESSION_TIMEOUT_S),
            "DAY_TICKS": "off",
            "LOG_FORMAT": "json",
        }

    def worker(self, **settings: str) -> Worker:
        """Start a worker, with some settings of its own, and wait until it is ready."""
        worker = self.starting_worker(**settings)
        worker.wait_ready()
        return worker

    def starting_worker(self, **settings: str) -> Worker:
        """Start a worker."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        worker = Worker({**self.environment, **settings}, log, self.folder)
        self.workers.append(worker)
        return worker

    def command(
        self, *arguments: str, given: str = "", patience_s: float = 2 * PATIENCE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a ``buying-groups`` command; return what it printed and its exit code."""
        return subprocess.run(
            [sys.executable, "-m", "console.cli", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )

    def close(self) -> None:
        """End every worker that still lives."""
        self._producers.clear()
        for worker in self.workers:
            worker.close()

    def name(self, topic: Topic | str) -> str:
        """Return a topic's full name."""
        return f"{self.settings.namespace}.{topic if isinstance(topic, str) else topic.name}"

    def record(self, topic: str, value: Contract, **fields: Any) -> Record:
        """Return an event's record, keyed as its topic asks for: by its account or its own id."""
        key: str = value.definition_id if isinstance(value, Definition) else value.account_id  # type: ignore[attr-defined]
        defaults = {"key": key.encode(), "value": self.codec.encode(topic, value)}
        return Record(topic, **{**defaults, **fields})

    def produce(self, records: Iterable[Record], compression: str = "none") -> list[Place]:
        """Produce records in their order, wait for the broker, and return where each stands."""
        producer = self._producers.get(compression)
        if producer is None:
            producer = self._producers[compression] = Producer(
                {
                    **self.settings.client_config(),
                    "compression.type": compression,
                    "partitioner": "murmur2_random",
                    "enable.idempotence": True,
                    "linger.ms": 5,
                    "message.max.bytes": 2_000_000,
                    "queue.buffering.max.messages": 1_000_000,
                    "log_level": 0,
                }
            )
        places: dict[int, Place] = {}
        refused: list[KafkaError] = []

        def noted(index: int) -> Callable[[KafkaError | None, Message], None]:
            def note(error: KafkaError | None, message: Message) -> None:
                if error is not None:
                    refused.append(error)
                else:
                    places[index] = _place(message)

            return note

        count = 0
        for record in records:
            where: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
            producer.produce(
                self.name(record.topic),
                record.value,
                record.key,
                headers=list(record.headers),
                on_delivery=noted(count),
                **where,
            )
            producer.poll(0)
            count += 1
        assert producer.flush(PATIENCE_S) == 0, "the broker did not take the records"
        assert not refused, f"the broker refused records: {refused[0]}"
        return [places[index] for index in range(count)]

    def read(self, topic: Topic | str) -> list[Written]:
        """Return everything committed in a topic, each partition in its order."""
        consumer = self._reader("read_committed")
        name = self.name(topic)
        partitions = range(self.settings.partitions)
        found: list[Written] = []
        ended: set[int] = set()
        try:
            consumer.assign([TopicPartition(name, partition, 0) for partition in partitions])
            deadline = time.monotonic() + PATIENCE_S
            while len(ended) < len(partitions):
                if time.monotonic() > deadline:
                    raise NeverHappened(f"{name} could not be read to its end")
                batch = consumer.consume(1000, timeout=0.02)
                if batch:
                    # However long a topic is, it is read to its end while records come.
                    deadline = time.monotonic() + PATIENCE_S
                for message in batch:
                    error = message.error()
                    if error is None:
                        found.append(_written(message))
                    elif error.code() == KafkaError._PARTITION_EOF:
                        ended.add(message.partition() or 0)
                    else:
                        raise KafkaException(error)
        finally:
            consumer.close()
        return sorted(found, key=lambda written: (written.partition, written.offset))

    def events(self, topic: Topic) -> list[Any]:
        """Return the decoded events of an output topic."""
        return [self.codec.decode(topic.name, written.value) for written in self.read(topic)]

    def states(self) -> dict[str, BuyingGroupState]:
        """Return the last state of each group that was not withdrawn."""
        last: dict[str, bytes | None] = {}
        for written in self.read(BUYING_GROUP_STATE):
            assert written.key is not None
            last[written.key.decode()] = written.value
        found: dict[str, BuyingGroupState] = {}
        for group_id, value in last.items():
            if value is not None:
                state = self.codec.decode(BUYING_GROUP_STATE.name, value)
                assert isinstance(state, BuyingGroupState)
                found[group_id] = state
        return found

    def ends(self, topics: Iterable[Topic] = SOURCES) -> dict[tuple[str, int], int]:
        """Return (full topic name, partition) → the end, transactions not yet decided included.

        What a worker sends on to other partitions is in their logs before the record that led to it
        counts as consumed, and can be read there a moment after.
        """
        reader = self._reader("read_uncommitted")
        try:
            return {
                (name, partition): reader.get_watermark_offsets(
                    TopicPartition(name, partition), timeout=PATIENCE_S
                )[1]
                for name in map(self.name, topics)
                for partition in range(self.settings.partitions)
            }
        finally:
            reader.close()

    def committed(self, topics: Iterable[Topic] = SOURCES) -> dict[tuple[str, int], int]:
        """Return (full topic name, partition) → what the workers' group has committed."""
        group = Consumer(
            {**self.settings.client_config(), "group.id": self.settings.app_id, "log_level": 0}
        )
        asked = [
            TopicPartition(self.name(topic), partition)
            for topic in topics
            for partition in range(self.settings.partitions)
        ]
        try:
            rows = group.committed(asked, timeout=PATIENCE_S)
        finally:
            group.close()
        return {(row.topic, row.partition): max(row.offset, 0) for row in rows}

    def unconsumed(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Return (topic, partition) → (committed, end) of every input that is not consumed."""
        committed = self.committed()
        return {
            where: (committed[where], end)
            for where, end in self.ends().items()
            if committed[where] < end
        }

    def wait_consumed(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until everything in the input topics was consumed, routed records included."""
        wait_until(
            lambda: not self.unconsumed(), f"not everything was consumed{self._logs()}", patience_s
        )

    def wait_begun(self, beyond: int = 0) -> None:
        """Wait until more than so many offsets of the inputs were committed."""
        wait_until(
            lambda: sum(self.committed(INPUTS).values()) > beyond,
            f"nothing was consumed{self._logs()}",
        )

    def tick(self, as_of: Day) -> int:
        """Move the day on once everything was consumed; return the baseline's number."""
        return move_day_on(self.settings, self.codec, as_of, _now(), PATIENCE_S, lambda *_: None)

    def placed(self, records: Sequence[Record], places: Sequence[Place]) -> dict[Place, Record]:
        """Return the records that must end in ``dead-letters`` by where they stand."""
        return {
            place: record
            for record, place in zip(records, places, strict=True)
            if record.dlq_reason is not None
        }

    def _reader(self, isolation: str) -> Consumer:
        return Consumer(
            {
                **self.settings.client_config(),
                "group.id": f"{self.settings.namespace}.test",
                "enable.auto.commit": False,
                "isolation.level": isolation,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,
                "log_level": 0,
            }
        )

    def _logs(self) -> str:
        return "".join(f"\n--- {worker.log.name}\n{worker.log_end()}" for worker in self.workers)


def _place(message: Message) -> Place:
    return (message.topic() or "", message.partition() or 0, message.offset() or 0)


def _written(message: Message) -> Written:
    headers: Any = message.headers() or []
    return Written(
        message.partition() or 0,
        message.offset() or 0,
        _bytes(message.key()),
        _bytes(message.value()),
        tuple(headers),
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _now() -> int:
    return time.time_ns() // 1_000_000
