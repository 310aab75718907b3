"""A worker's app that is never started: for whoever wants its tables or its assignor, and no Kafka."""

from __future__ import annotations

from typing import Final

from streams.app import EngineApp, build_app
from streams.lanes import Processor
from streams.settings import Settings
from streams.tables import EngineTable

_MOST_PARTITIONS: Final = 1024
"""The setting's own limit; no table depends on the number."""


def unstarted_app(partitions: int = 8) -> EngineApp:
    """Return the app of a deployment with so many partitions."""
    settings = Settings(
        _env_file=None,
        kafka_bootstrap_servers="localhost:1",
        namespace="bench",
        partitions=min(partitions, _MOST_PARTITIONS),
    )
    return build_app(settings, lambda _: _no_lane)


def empty_tables() -> dict[str, EngineTable]:
    """Return the tables of a worker that has no rows yet."""
    return unstarted_app().stored


def _no_lane(partition: int) -> Processor:
    msg = f"an app that is never started opens no lane, not for partition {partition} either"
    raise AssertionError(msg)
