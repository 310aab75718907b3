"""The embedded Kafka: librdkafka's own mock cluster, spoken to over TCP like any broker.

It is for trying the engine out and for tests on a bare machine. State lives as long as the process;
it has one broker, keeps at most 5 MiB per partition and never compacts.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from confluent_kafka import Producer

from streams.topics import ALL_TOPICS


class EmbeddedKafka:
    """A running embedded Kafka. Leaving the context, or ``stop``, ends it and everything in it."""

    def __init__(self) -> None:
        self._cluster: Producer | None = Producer(
            {"test.mock.num.brokers": 1, "bootstrap.servers": "embedded", "log_level": 3}
        )
        broker = next(iter(self._cluster.list_topics(timeout=10).brokers.values()))
        self.bootstrap_servers = f"{broker.host}:{broker.port}"

    def create_topics(self, namespace: str) -> None:
        """Create the engine's topics: asking for one creates it, with four partitions."""
        if self._cluster is not None:
            for topic in ALL_TOPICS:
                self._cluster.list_topics(topic.full_name(namespace), timeout=10)

    def stop(self) -> None:
        """End the cluster."""
        self._cluster = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
