"""Bytewax as its documentation has it: Kafka connectors, state by key, recovery partitions.

The key is the account, its state an object that stays in memory. At the end of an epoch (10 s, the
default) Bytewax pickles the state of every key that the epoch touched into SQLite, with the position of
each input partition; after a failure it goes on from the last whole epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.systems.scoring import (
    Activities,
    Figures,
    Moved,
    Reporter,
    add_points,
    decode,
    remember,
    row_key,
)
from benchmarks.systems.task import Task, task
from domain.calendar import Day

EPOCH = timedelta(seconds=10)


@dataclass(slots=True)
class AccountState:
    """What is kept of an account."""

    activities: dict[tuple[str, Day], Activities] = field(default_factory=dict)
    figures: Figures = field(default_factory=dict)


def build(asked: Task) -> Dataflow:
    """Return the dataflow."""
    reporter = Reporter(asked.as_of)
    brokers = [asked.bootstrap]

    def keyed(message: KafkaSourceMessage[Any, Any]) -> tuple[str, bytes]:
        return message.key.decode(), message.value

    def score(state: AccountState | None, value: bytes) -> tuple[AccountState, Iterable[bytes]]:
        if state is None:
            state = AccountState()
        event = decode(value)
        account, lead_id, day = row_key(event)
        points = remember(event, state.activities.setdefault((lead_id, day), {}))
        if not points:
            return state, ()
        moved = Moved()
        add_points(event, points, state.figures, moved)
        return state, reporter.report(account, moved, state.figures)

    def outgoing(keyed_record: tuple[str, bytes]) -> KafkaSinkMessage[Any, Any]:
        account, record = keyed_record
        return KafkaSinkMessage(account.encode(), record)

    flow = Dataflow("scores")
    source = KafkaSource(brokers, [asked.input])
    by_account = op.map("by-account", op.input("activity", flow, source), keyed)
    records = op.stateful_flat_map("score", by_account, score)
    kop.output("scores", op.map("record", records, outgoing), brokers=brokers, topic=asked.output)
    return flow


def main() -> None:
    """Run the dataflow on one worker, from the last snapshot if there is one."""
    asked = task(__doc__)
    partitions = asked.state / "recovery"
    if not partitions.exists():
        partitions.mkdir(parents=True)
        init_db_dir(partitions, 1)
    cli_main(build(asked), epoch_interval=EPOCH, recovery_config=RecoveryConfig(partitions))


if __name__ == "__main__":
    main()
