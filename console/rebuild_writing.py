"""Writing over live state, each partition by the producer that its worker would write with."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from agents.mending import Found, Mended, Mender, States, Voice, withdrawals
from console.rebuild_view import View
from streams.delivery import Delivery, DeliveryError, PartitionProducer
from streams.group_lock import GroupLock
from streams.settings import Settings
from streams.topics import changelog_name

_TRIES: Final = 3


class Writing:
    """Writes as long as the consumer group is held; ``mended`` counts what is on the broker or tried."""

    def __init__(self, settings: Settings, mended: Mended) -> None:
        self.began = False
        self._mended = mended
        self._settings = settings

    def fence(self) -> None:
        """End what earlier writers left open: nobody could read it, nor what comes after it."""
        for partition in range(self._settings.partitions):
            self._producer(partition).close()

    def write(
        self, view: View, states: States, voice: Voice, unsettled: Set[str], lock: GroupLock
    ) -> None:
        """Write what differs in a partition, but of the accounts that are to be left alone."""
        reports, memory = view.told(voice.now)
        mender = Mender(view.fold, Found(view.live, states, reports, memory, unsettled), voice)
        producer = self._producer(view.partition)
        try:
            for delivery in mender.deliveries():
                lock.check()
                self.began = True
                self._deliver(producer, view.partition, delivery)
        finally:
            producer.close()
            self._mended.rows += mender.mended.rows
            self._mended.outputs += mender.mended.outputs
            self._mended.beyond += mender.mended.beyond

    def withdraw(self, partition: int, group_ids: Iterable[bytes], lock: GroupLock) -> None:
        """Withdraw published states."""
        lock.check()
        producer = self._producer(partition)
        delivery = withdrawals(group_ids)
        self.began = True
        try:
            self._deliver(producer, partition, delivery)
        finally:
            producer.close()
        self._mended.outputs += len(delivery.records)

    def _producer(self, partition: int) -> PartitionProducer:
        producer = PartitionProducer(
            self._settings.client_config(),
            f"{self._settings.app_id}-{partition}",
            self._settings.namespace,
        )
        producer.open()
        return producer

    def _deliver(self, producer: PartitionProducer, partition: int, delivery: Delivery) -> None:
        for attempt in Retrying(
            retry=retry_if_exception_type(DeliveryError),
            stop=stop_after_attempt(_TRIES),
            wait=wait_fixed(1.0),
            reraise=True,
        ):
            with attempt:
                producer.deliver(partition, delivery, self._changelog)

    def _changelog(self, table: str) -> str:
        return f"{self._settings.namespace}.{changelog_name(table)}"
