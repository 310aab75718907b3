"""The systems of the comparison: what each is called, how it is started, how its state survives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SYSTEMS_ROOM: Final = "benchmarks.systems"


@dataclass(frozen=True, slots=True)
class System:
    """A system. ``state`` says how its state survives a kill, None where it does not; ``keeps`` why so.

    ``share`` is the part of the stream that a slow one is given. ``peer`` systems run in the peers' own
    environment, ``memory`` ones without Kafka; ``prepares`` ones are asked to ``--prepare`` first.
    """

    name: str
    title: str
    module: str
    language: str
    state: str | None
    keeps: str = ""
    arguments: tuple[str, ...] = ()
    share: float = 1
    peer: bool = False
    memory: bool = False
    prepares: bool = False

    @property
    def path(self) -> str:
        """Return the module that is run."""
        return f"{SYSTEMS_ROOM}.{self.module}"


ENGINE: Final = "engine"
CEILING: Final = "ceiling"
FAUST: Final = "faust"

SYSTEMS: Final = (
    System(
        CEILING,
        "in memory: the engine's code, state per batch",
        "ceiling",
        "Python",
        None,
        arguments=("--code", "engine", "--rows", "batch"),
        memory=True,
    ),
    System(
        "ceiling-event",
        "in memory: the engine's code, state per event",
        "ceiling",
        "Python",
        None,
        arguments=("--code", "engine", "--rows", "event"),
        memory=True,
        share=0.5,
    ),
    System(
        "rules",
        "in memory: the job's rules alone, state per batch",
        "ceiling",
        "Python",
        None,
        arguments=("--code", "rules", "--rows", "batch"),
        memory=True,
    ),
    System(
        "rules-event",
        "in memory: the job's rules alone, state per event",
        "ceiling",
        "Python",
        None,
        arguments=("--code", "rules", "--rows", "event"),
        memory=True,
    ),
    System(
        "confluent",
        "confluent-kafka loop, state per batch",
        "confluent_loop",
        "Python",
        None,
        arguments=("--rows", "batch"),
    ),
    System(
        "confluent-event",
        "confluent-kafka loop, state per event",
        "confluent_loop",
        "Python",
        None,
        arguments=("--rows", "event"),
    ),
    System(
        "aiokafka",
        "aiokafka loop, state per batch",
        "aiokafka_loop",
        "Python",
        None,
        arguments=("--rows", "batch"),
    ),
    System(
        "aiokafka-event",
        "aiokafka loop, state per event",
        "aiokafka_loop",
        "Python",
        None,
        arguments=("--rows", "event"),
        share=0.5,
    ),
    System(
        FAUST,
        "Faust agent with tables",
        "faust_table",
        "Python",
        "changelog topics",
        "an agent and a `Table` of JSON values with its changelog topic, as in the user guide. The store"
        " is the default one, in memory; for large tables the guide has RocksDB, which is slower.",
        share=0.2,
    ),
    System(
        "quix",
        "Quix Streams",
        "quix",
        "Python",
        "RocksDB and changelog topics",
        "`State` in `apply(…, stateful=True)`, by message key (the account), as in its documentation of"
        " stateful processing. RocksDB, changelog topics, at-least-once and a checkpoint every 5 s are"
        " its defaults.",
        share=0.5,
        peer=True,
    ),
    System(
        "bytewax",
        "Bytewax",
        "bytewax_flow",
        "Python and Rust",
        "SQLite snapshots every 10 s",
        "`stateful_flat_map` by account between its Kafka connectors, and recovery partitions (SQLite),"
        " as in its documentation of recovery. Changed keys are written every 10 s, the default.",
        peer=True,
    ),
    System(
        ENGINE,
        "this engine's worker",
        "engine",
        "Python",
        "changelog topics, transactions",
        "rows in memory with changelog topics; rows and outputs of a batch in one transaction. Its"
        " settings are the defaults, but for day ticks, which are off.",
    ),
    System(
        "kafka-streams",
        "Kafka Streams, at least once",
        "kafka_streams",
        "Java",
        "RocksDB and changelog topics",
        "a `Processor` with persistent stores (RocksDB) of Avro values behind the record cache, with"
        " their changelog topics. `benchmarks/systems/kafka_streams/` has its settings and why.",
        arguments=("--guarantee", "at_least_once"),
        prepares=True,
    ),
    System(
        "kafka-streams-eos",
        "Kafka Streams, exactly once",
        "kafka_streams",
        "Java",
        "RocksDB and changelog topics, transactions",
        "the same with `exactly_once_v2`.",
        arguments=("--guarantee", "exactly_once_v2"),
        prepares=True,
    ),
)

BY_NAME: Final = {system.name: system for system in SYSTEMS}
