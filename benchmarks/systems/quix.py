"""Quix Streams as its documentation has stateful processing: state by message key, in RocksDB.

Every change of state goes to a changelog topic and is recovered from there; at-least-once. Values are
JSON, Quix's own. The key is the account; a lead's day is an entry of its own in the account's state.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State

from benchmarks.systems.scoring import Moved, Reporter, add_points, decode, remember, row_key
from benchmarks.systems.task import Task, task


def build(asked: Task) -> Application:
    """Return the application."""
    app = Application(
        broker_address=asked.bootstrap,
        consumer_group=asked.group,
        auto_offset_reset="earliest",
        state_dir=asked.state,
        loglevel="WARNING",
    )
    reporter = Reporter(asked.as_of)

    def score(value: bytes, state: State) -> list[bytes]:
        event = decode(value)
        account, lead_id, day = row_key(event)
        key = f"{lead_id}/{day}"
        did: dict[str, Any] = state.get(key, {})
        points = remember(event, did)
        if points is None:
            return []
        state.set(key, did)
        if not points:
            return []
        figures: dict[str, Any] = state.get("figures", {})
        moved = Moved()
        add_points(event, points, figures, moved)
        records = reporter.report(account, moved, figures)
        state.set("figures", figures)
        return records

    activity = app.topic(asked.input, key_deserializer="bytes", value_deserializer="bytes")
    scores = app.topic(asked.output, key_serializer="bytes", value_serializer="bytes")
    app.dataframe(activity).apply(score, stateful=True, expand=True).to_topic(scores)
    return app


if __name__ == "__main__":
    build(task(__doc__)).run()
