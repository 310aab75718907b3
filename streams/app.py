"""Builds the Faust app: transport, tables and lanes wired together, nothing connected yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import faust
from faust.tables.manager import TableManager
from faust.types import TP
from yarl import URL

from streams.assignor import EngineAssignor
from streams.health import Facts, since
from streams.lag import Standing
from streams.lanes import Lanes, ProcessorFactory
from streams.recovery import EngineRecovery
from streams.settings import Settings
from streams.tables import EngineTable, RangeSchema, create_tables
from streams.topics import SOURCES, Topic
from streams.transport import RangeConsumer, RangeTransport

_COMMIT_EVERY_S: Final = 1.0
_NEVER_S: Final = 10 * 365 * 86_400.0
_POLL_IN_BATCHES: Final = 2
"""One poll serves all partitions, so it may bring more than one of them folds at a time."""


class EngineTables(TableManager):
    """Faust's table manager, which opens the lanes before recovery reads the changelogs."""

    @property
    def recovery(self) -> EngineRecovery:
        """Return the recovery service."""
        if self._recovery is None:
            self._recovery = EngineRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast("EngineRecovery", self._recovery)

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Fence earlier writers of the assigned partitions, then recover."""
        app: EngineApp = self.app  # type: ignore[assignment]
        sources = {topic.full_name(app.settings.namespace) for topic in SOURCES}
        await app.lanes.open({tp.partition for tp in assigned if tp.topic in sources}, generation_id)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)


class EngineApp(faust.App):
    """A Faust app with lanes. ``lanes`` is set by :func:`build_app` before anything starts."""

    settings: Settings
    lanes: Lanes
    stored: dict[str, EngineTable]

    def _new_transport(self) -> RangeTransport:
        return RangeTransport(self.conf.broker_consumer, self)

    def facts(self, before: Facts, now: float) -> Facts:
        """Return how the worker gets on; called on its event loop."""
        consumer: RangeConsumer = self.consumer  # type: ignore[assignment]
        tables: EngineTables = self.tables  # type: ignore[assignment]
        stall = tables.recovery.stall
        rebalancing = self.rebalancing or self.lanes.closing
        return Facts(
            at=now,
            brokers=self.settings.kafka_bootstrap_servers or "",
            assigned=self.lanes.assigned,
            lanes=self.lanes.facts(),
            rebalancing_since=since(before.rebalancing_since, rebalancing, now),
            recovering=0 if stall is None else stall.remaining,
            recovery_stuck_since=None if stall is None else stall.since,
            coordinator_lost_since=since(
                before.coordinator_lost_since, not consumer.knows_coordinator, now
            ),
        )

    def standings(self) -> list[Standing]:
        """Return where each input partition of the worker stands. Any thread may ask."""
        consumer: RangeConsumer | None = self._consumer  # type: ignore[assignment]
        return [] if consumer is None else consumer.standings(self.settings.namespace)

    def source(self, topic: Topic) -> Any:
        """Return the Faust topic whose messages are whole fetched ranges."""
        return self.topic(
            topic.full_name(self.settings.namespace),
            schema=RangeSchema(),
            partitions=self.settings.partitions,
        )


def build_app(settings: Settings, processors: Callable[[EngineApp], ProcessorFactory]) -> EngineApp:
    """Build the app from settings.

    ``processors`` gives what the lanes do with their batches, once the tables exist.

    Raises:
        SettingsError: no brokers are set.
    """
    servers = settings.client_config()["bootstrap.servers"]
    app = EngineApp(
        settings.app_id,
        broker=[URL(f"kafka://{server.strip()}") for server in servers.split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=min(3.0, settings.session_timeout / 4),
        broker_request_timeout=max(90.0, settings.session_timeout * 2),
        broker_commit_interval=_COMMIT_EVERY_S,
        broker_max_poll_records=settings.batch_size * _POLL_IN_BATCHES,
        # The embedded Kafka writes commit markers without a checksum, and nothing that was written
        # in a transaction could be read there. librdkafka does not check either by default.
        broker_check_crcs=False,
        # A worker that nothing is assigned to fetches nothing. After this long aiokafka would take it
        # out of the group, and it would not come back when it is needed.
        broker_max_poll_interval=_NEVER_S,
        consumer_auto_offset_reset="earliest",
        # Partitions that move on a rebalance may only be read on when the table manager says so;
        # topics exist before the worker starts (``topics create``), so Faust declares none.
        topic_allow_declare=False,
        # A standby would hold every row a second time; taking a partition over reads its changelog.
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        stream_recovery_delay=0.0,
        stream_buffer_maxsize=64,
        recovery_consistency_check=False,
        datadir=str(settings.data_folder),
        store="memory://",
        web_enabled=False,
        autodiscover=False,
        TableManager=EngineTables,
        PartitionAssignor=EngineAssignor,
        version=1,
    )
    app.settings = settings
    app.stored = create_tables(app, settings.namespace, settings.partitions)
    app.lanes = Lanes(settings, app.stored, processors(app), app.crash)
    return app


def _credentials(settings: Settings) -> faust.SSLCredentials | faust.SASLCredentials | None:
    protocol = settings.kafka_security_protocol
    if protocol == "PLAINTEXT":
        return None
    context = settings.tls() if protocol.endswith("SSL") else None
    if protocol == "SSL":
        return faust.SSLCredentials(context)
    password = settings.kafka_sasl_password
    return faust.SASLCredentials(
        username=settings.kafka_sasl_username,
        password=None if password is None else password.get_secret_value(),
        mechanism=settings.kafka_sasl_mechanism,
        ssl_context=context,
    )
