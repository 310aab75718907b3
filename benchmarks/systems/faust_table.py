"""A plain Faust agent with a table, as Faust's user guide writes one ("Agents", "Tables").

The table's values are JSON: an account's figures by account, and what a lead did on a day by account,
lead and day. Faust writes a key's whole value to its changelog whenever it is set, so one value for a
whole account would cost more with every event. The store is the default one, in memory, filled from the
changelog at a start.

Faust delivers at least once: after a kill events are read again whose rows the changelog has, and whose
scores may not have been written. So an event that is known is answered again. One table has one
changelog, where the row of the day comes before the figures: only these may be missing.
"""

from __future__ import annotations

import sys
from typing import Any

import faust

from benchmarks.systems.scoring import (
    Moved,
    Reporter,
    add_points,
    decode,
    points_in,
    remember,
    row_key,
    set_points,
)
from benchmarks.systems.task import Task, task
from domain.engagement import WINDOW_DAYS


def build(asked: Task) -> faust.App:
    """Return the application."""
    app = faust.App(
        asked.group,
        broker=f"kafka://{asked.bootstrap}",
        datadir=asked.state,
        topic_partitions=asked.partitions,
        web_enabled=False,
    )
    rows = app.Table("rows", default=dict, key_type=str)
    scores = app.topic(asked.output, key_type=str, value_serializer="raw")
    reporter = Reporter(asked.as_of)
    window = range(asked.as_of - WINDOW_DAYS + 1, asked.as_of + 1)

    @app.agent(app.topic(asked.input, key_type=str, value_serializer="raw"))
    async def score(values: faust.StreamT[Any]) -> None:
        async for value in values:
            event = decode(value)
            account, lead_id, day = row_key(event)
            key = f"{account}/{lead_id}/{day}"
            activities = rows[key]
            points = remember(event, activities)
            known = points is None
            if not known:
                rows[key] = activities
            if points == 0:
                continue
            figures, moved = rows[account], Moved()
            if points is None:
                days = (rows.get(f"{account}/{lead_id}/{one}", {}) for one in window)
                moved = set_points(event, sum(map(points_in, days)), figures)
            else:
                add_points(event, points, figures, moved)
            for record in reporter.report(account, moved, figures, again=known):
                await scores.send(key=account, value=record)
            rows[account] = figures

    return app


if __name__ == "__main__":
    app = build(task(__doc__))
    sys.argv[1:] = ["worker", "--loglevel=warn", "--without-web"]
    app.main()
