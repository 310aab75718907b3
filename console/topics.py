"""``topics``: what a deployment needs on the broker and in the schema registry, made and checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from rich.table import Table
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from console.choices import Output
from console.groups import print_objects, print_table
from schemas.confluent import ConfluentRegistry
from schemas.registry import RegistryUnavailable
from streams.admin import Difference, check_topics
from streams.settings import Settings

_SEEN_WITHIN_S: Final = 5.0
_REGISTRY_WITHIN_S: Final = 30.0
_PAUSE_S: Final = 1.0


def register_schemas(url: str, namespace: str, waiting: Callable[[str], None]) -> int:
    """Register every contract's current schema and compatibility; return how many there are.

    A registry often starts together with Kafka and takes longer, so it is waited for, 30 s; ``waiting``
    is told why, once.

    Raises:
        RegistryUnavailable: it did not answer in time.
        SchemaRefused: it holds an incompatible schema.
    """
    registry = ConfluentRegistry(url, namespace)
    for attempt in Retrying(
        retry=retry_if_exception_type(RegistryUnavailable),
        stop=stop_after_delay(_REGISTRY_WITHIN_S),
        wait=wait_fixed(_PAUSE_S),
        before_sleep=lambda state: (
            waiting(str(state.outcome and state.outcome.exception()))
            if state.attempt_number == 1
            else None
        ),
        reraise=True,
    ):
        with attempt:
            return len(registry.register_all())
    raise AssertionError  # pragma: no cover - Retrying returns or raises


def differences_after_creation(settings: Settings) -> list[Difference]:
    """Return how the topics differ, allowing brokers a moment to see the new ones.

    Raises:
        ClusterError: the cluster does not answer.
    """
    deadline = time.monotonic() + _SEEN_WITHIN_S
    while True:
        differences = check_topics(settings)
        missing = any(difference.what == "missing" for difference in differences)
        if not missing or time.monotonic() > deadline:
            return differences
        time.sleep(_PAUSE_S / 2)


def print_differences(differences: Iterable[Difference], output: Output) -> None:
    """Print differences to standard output: a table, or one JSON object a line."""
    if output is Output.JSON:
        print_objects(
            {"topic": each.topic, "what": each.what, "expected": each.expected, "found": each.found}
            for each in differences
        )
        return
    table = Table("Topic", "What", "Must be", "Is")
    for column in table.columns:
        column.overflow = "fold"
    for each in differences:
        table.add_row(each.topic, each.what, each.expected, each.found)
    print_table(table)
