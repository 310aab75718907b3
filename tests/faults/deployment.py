"""A deployment that faults are tried on: tampered with if asked, fed while things go wrong."""

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from confluent_kafka import KafkaException, TopicPartition

from streams.topics import CHANGELOGS, SOURCES
from tests.integration.harness import ROOT, Deployment, Place, Record
from tests.integration.processes import NeverHappened, Worker, wait_until
from tests.integration.streams import Stream

STARTUP: Final = Path(__file__).parent / "startup"
LONG_S: Final = 300.0
"""How long something that is under way may take before a run counts as stuck."""

SMALL_BATCHES: Final = {"BATCH_SIZE": "100"}
"""Many transactions, so that what happens to a worker happens in the middle of one."""


class FaultDeployment(Deployment):
    """A deployment whose workers are started as ``own`` says: settings, and what is tampered with."""

    def __init__(
        self,
        bootstrap: str,
        namespace: str,
        folder: Path,
        own: Mapping[str, str] | None = None,
        replicas: int = 1,
    ) -> None:
        super().__init__(bootstrap, namespace, folder)
        self.own = dict(own or {})
        self.settings = self.settings.model_copy(update={"replication_factor": replicas})

    def __enter__(self) -> Self:
        """Create the topics."""
        self.create_topics()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """End every worker that still lives."""
        self.close()

    def starting_worker(self, **settings: str) -> Worker:
        """Start a worker, whose start-up may be tampered with."""
        path = {"PYTHONPATH": f"{STARTUP}:{ROOT}"}
        replicas = {"REPLICATION_FACTOR": str(self.settings.replication_factor)}
        return super().starting_worker(**{**path, **replicas, **self.own, **settings})

    def living(self) -> list[Worker]:
        """Return the workers that run."""
        return [worker for worker in self.workers if worker.running]

    def done(self) -> int:
        """Return how many offsets of the inputs are committed; -1 while nobody answers."""
        with contextlib.suppress(KafkaException):
            return sum(self.committed().values())
        return -1

    def all_consumed(self) -> bool:
        """Return whether all is consumed; no while nobody answers."""
        with contextlib.suppress(KafkaException):
            return not self.unconsumed()
        return False

    def wait_beyond(self, offsets: int, patience_s: float = LONG_S) -> None:
        """Wait until more offsets than these are committed."""
        wait_until(lambda: self.done() > offsets, f"nothing moved on{self._logs()}", patience_s)

    def wait_moving(self, patience_s: float = LONG_S) -> None:
        """Wait until all is consumed, as long as something moves."""
        seen, since = -2, time.monotonic()
        while not self.all_consumed():
            done = self.done()
            if done != seen:
                seen, since = done, time.monotonic()
            elif time.monotonic() - since > patience_s:
                left = self.unconsumed()
                raise NeverHappened(f"stuck at {done} offsets, left {left}{self._logs()}")
            time.sleep(0.2)

    def open_transactions(self) -> list[tuple[str, int]]:
        """Return the partitions that hold records of a transaction that is not decided."""
        whole, stable = self._reader("read_uncommitted"), self._reader("read_committed")
        found: list[tuple[str, int]] = []
        try:
            for topic in CHANGELOGS:
                for partition in range(self.settings.partitions):
                    place = TopicPartition(self.name(topic), partition)
                    end = whole.get_watermark_offsets(place, timeout=10)[1]
                    decided = stable.get_watermark_offsets(place, timeout=10)[1]
                    if decided < end:
                        found.append((place.topic, partition))
        finally:
            whole.close()
            stable.close()
        return found


class Flow:
    """A stream on its way in, in small parts over some time, while the test does something else."""

    def __init__(self, deployment: Deployment, stream: Stream, over_s: float, parts: int = 200) -> None:
        self.dead: dict[Place, Record] = {}
        self.produced = 0
        self._deployment = deployment
        self._stream = stream
        self._pause = over_s / parts
        self._parts = parts
        self._failure: BaseException | None = None
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flow", daemon=True)

    def __enter__(self) -> Self:
        """Begin to produce."""
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Stop where the test failed; else all was produced."""
        self._hurry.set()

    @property
    def size(self) -> int:
        """How many records the stream has."""
        return len(self._stream.records)

    @property
    def over(self) -> bool:
        """Whether everything was produced."""
        return not self._thread.is_alive()

    def rest(self) -> None:
        """Produce what is left without pauses, and wait until the broker has it."""
        self._hurry.set()
        produced = -1
        while self._thread.is_alive() and self.produced > produced:
            produced = self.produced
            self._thread.join(LONG_S)
        assert not self._thread.is_alive(), f"the stream got stuck at {self.produced} of {self.size}"
        if self._failure is not None:
            raise self._failure

    def wait_produced(self, records: int) -> None:
        """Wait until so many records are with the broker."""
        wait_until(
            lambda: self.produced >= records or self.over, "the stream could not be produced", LONG_S
        )

    def _run(self) -> None:
        shares = [number / self._parts for number in range(1, self._parts)]
        try:
            for part in self._stream.cut(*shares):
                self.dead |= self._deployment.placed(part, self._deployment.produce(part))
                self.produced += len(part)
                self._hurry.wait(self._pause)
        except BaseException as failure:  # noqa: BLE001 - told to the test, which waits for it
            self._failure = failure


__all__ = ["LONG_S", "SMALL_BATCHES", "SOURCES", "FaultDeployment", "Flow"]
