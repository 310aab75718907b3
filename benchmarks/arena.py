"""Runs systems on one Kafka, each from a clean start: the same stream, a fresh group, fresh outputs."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from benchmarks.contenders import ENGINE, System
from benchmarks.groups import PARTITIONS
from benchmarks.job import Job, Subject
from benchmarks.measuring import (
    LOOK_EVERY_S,
    Failed,
    Result,
    Run,
    Usage,
    Watch,
    check,
    in_memory,
    peak_memory_mib,
    running,
    watched,
)
from benchmarks.stage import Stage
from benchmarks.systems.engine import environment, setting_up
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.admin import create_topics
from streams.progress import committed
from streams.settings import load_settings
from streams.topics import LEAD_ACTIVITY, SCORE_UPDATED

_SETTING_UP_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Stream:
    """A job's events as records, the scores they come to, and the topic they are in."""

    job: Job
    records: list[tuple[str, bytes]]
    expected: dict[Subject, float]
    topic: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run reads and writes. ``group`` is in the name of every topic that belongs to it."""

    group: str
    input: str
    output: str


class Arena:
    """A Kafka and a core. ``broker`` is Kafka's process where it is known, ``peers`` their Python."""

    def __init__(
        self, bootstrap: str, broker: int | None, *, core: int, peers: str | None, now: int
    ) -> None:
        self._stage = Stage(bootstrap)
        self._broker = broker
        self._core = core
        self._peers = peers
        self._now = now
        self._codec = Codec(CommittedRegistry())
        self._streams: dict[tuple[int, int], Stream] = {}

    def run(self, system: System, events: int, accounts: int, timeout: float) -> Result:
        """Let a system do the job once.

        Raises:
            Failed: it did not come to the right scores.
        """
        stream = self._stream(events, accounts)
        if system.memory:
            return in_memory(system, sys.executable, stream.job, stream.expected, self._core)
        broker = None if self._broker is None else Usage(self._broker)
        with self._place(system, stream) as place, self._started(system, stream.job, place) as command:
            with running(command, self._core) as run:
                usages = [Usage(run.process.pid), *([] if broker is None else [broker])]
                written = watched(system, run, self._watch(stream, place, timeout, usages))
                memory = peak_memory_mib(run.process.pid)
            check(system, stream.expected, written.scores)
        seconds = written.last_at - written.first_at
        used = [usage.between(written.first_at, written.last_at) for usage in usages]
        return Result(
            events=events,
            seconds=seconds,
            rate=events / seconds,
            cpu_us=used[0] / events * 1e6,
            outputs=written.count,
            broker_cpu=None if broker is None else used[1] / seconds,
            memory_mib=memory,
        )

    def killed(self, system: System, stream_of: tuple[int, int], after: float, timeout: float) -> str:
        """Kill a system some seconds after its first score, start it again, and tell what it wrote.

        Raises:
            Failed: the scores are not right.
        """
        if system.state is None:
            return "keeps nothing"
        stream = self._stream(*stream_of)
        with self._place(system, stream) as place, self._started(system, stream.job, place) as command:
            with running(command, self._core) as run:
                self._wait_for_scores(system, run, place.output, timeout)
                time.sleep(after)
                run.process.send_signal(signal.SIGKILL)
                run.process.wait()
            before = self._stage.size(place.output)
            with running(command, self._core) as run:
                written = watched(system, run, self._watch(stream, place, timeout, []))
            check(system, stream.expected, written.scores)
        return f"killed after {before:,} scores, right after {written.count:,}"

    def forget(self) -> None:
        """Let go of all streams."""
        for stream in self._streams.values():
            self._stage.delete(stream.topic)
        self._streams.clear()

    def close(self) -> None:
        """Give the connections up."""
        self._stage.close()

    def _stream(self, events: int, accounts: int) -> Stream:
        known = self._streams.get((events, accounts))
        if known is not None:
            return known
        job = Job(events, accounts, self._now)
        told = list(job.stream())
        name = LEAD_ACTIVITY.name
        records = [(event.account_id, self._codec.encode(name, event)) for event in told]
        stream = Stream(job, records, job.expected(told), f"stream-{_unique()}")
        self._stage.create(stream.topic)
        self._stage.publish((stream.topic, key, value) for key, value in records)
        self._streams[events, accounts] = stream
        return stream

    @contextmanager
    def _place(self, system: System, stream: Stream) -> Iterator[Place]:
        group = f"bench-{system.name}-{_unique()}"
        try:
            if system.name == ENGINE:
                yield self._engine_place(group, stream)
            else:
                place = Place(group, stream.topic, f"{group}-scores")
                self._stage.create(place.output)
                yield place
        finally:
            self._stage.delete(group)

    @contextmanager
    def _started(self, system: System, job: Job, place: Place) -> Iterator[list[str]]:
        """Yield a system's command; its folder lasts as long."""
        python = self._peers if system.peer else sys.executable
        with tempfile.TemporaryDirectory(prefix="bench-state-") as folder:
            command = [python or sys.executable, "-m", system.path, *system.arguments]
            command += ["--bootstrap", self._stage.bootstrap, "--input", place.input]
            command += ["--output", place.output, "--group", place.group]
            command += ["--state", folder, "--partitions", str(PARTITIONS)]
            yield [*command, "--as-of", str(job.as_of)]

    def _engine_place(self, namespace: str, stream: Stream) -> Place:
        """Set a deployment up: topics, groups through a worker, then the activity."""
        settings = load_settings(
            kafka_bootstrap_servers=self._stage.bootstrap, namespace=namespace, partitions=PARTITIONS
        )
        output = SCORE_UPDATED.full_name(namespace)
        self._stage.create(output, dict(SCORE_UPDATED.config))
        create_topics(settings)
        topics: dict[str, int] = {}

        def records() -> Iterator[tuple[str, str, bytes]]:
            for topic, account_id, event in setting_up(stream.job):
                full = f"{namespace}.{topic}"
                topics[full] = topics.get(full, 0) + 1
                yield full, account_id, self._codec.encode(topic, event)

        self._stage.publish(records())
        group = Consumer({**settings.client_config(), "group.id": settings.app_id})
        partitions = [
            TopicPartition(topic, partition) for topic in topics for partition in range(PARTITIONS)
        ]
        worker = [sys.executable, "-m", "console.cli", "worker"]
        deadline = time.monotonic() + _SETTING_UP_S
        with running(worker, None, environment(self._stage.bootstrap, namespace)) as run:
            while sum(committed(group, partitions).values()) < sum(topics.values()):
                if run.process.poll() is not None or time.monotonic() > deadline:
                    raise Failed(f"the engine was not set up:\n{run.log.read_text(errors='replace')}")
                time.sleep(LOOK_EVERY_S)
        group.close()
        activity = LEAD_ACTIVITY.full_name(namespace)
        self._stage.publish((activity, key, value) for key, value in stream.records)
        return Place(namespace, activity, output)

    def _watch(self, stream: Stream, place: Place, timeout: float, usages: list[Usage]) -> Watch:
        return Watch(self._stage, place.output, stream.job.closing_subjects(), timeout, usages)

    def _wait_for_scores(self, system: System, run: Run, output: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._stage.size(output):
            if run.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{system.name} wrote no scores to be killed among")
            time.sleep(LOOK_EVERY_S)


def _unique() -> str:
    return uuid.uuid4().hex[:8]
