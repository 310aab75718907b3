"""A real single-node Apache Kafka for the tests, on free loopback ports, in a folder of its own."""

import base64
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from tests.kafka import jars
from tests.kafka.jars import Unavailable, why_unavailable

__all__ = ["KafkaBroker", "Unavailable", "why_unavailable"]

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
# Below Linux's range for outgoing connections: while a killed broker is away, nobody's
# connection takes its port by chance. Each process of a parallel run has a share of its own, so
# that no other broker takes it either.
_SHARE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4
PORTS = range(20000 + _SHARE * 3000, 20000 + (_SHARE + 1) * 3000)
READY_TOPIC = "broker-ready"

# Linux keeps this folder in memory. A broker fills in each partition's index files page by page, and on
# a disk each page costs the file system a transaction.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a random name is made in it
_ROOM_IN_MEMORY = 2 * 1024**3

# The first compiler only, and the collector without threads of its own: a test's broker lives
# for seconds, and what it spends on optimising itself is taken from the worker under test.
LIGHT_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData")
# Both compilers, as in production: once warm, a transaction takes half of the broker's time.
WARM_JVM = ("-XX:+UseSerialGC", "-Xshare:auto")

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.network.threads=2
num.io.threads=4
background.threads=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
# A killed broker may come back only after its former self has been missed; 9 s by default.
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=500
# Tests shorten a worker's session, so that a killed one is missed sooner.
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.cleaner.enable=true
log.cleaner.dedupe.buffer.size=16777216
"""


class KafkaBroker:
    """One Kafka broker and controller (KRaft), as a context manager.

    `start` after `stop` or `kill` brings back the same broker: same ports, same data. The folder
    with the data and the log goes away on leaving the context.

    `properties` come on top of the broker's own and before them; `client` is what a client needs
    beside the address, where they ask for more than that.

    Raises `Unavailable` where the machine has no Java or the jars cannot be fetched, and
    `RuntimeError` with the end of the broker's log where it does not start. `jvm` are Java's
    options beside the heap. `parent` is where its folder is made, the system's for temporary files
    where it is None.
    """

    def __init__(
        self,
        properties: Mapping[str, str] | None = None,
        client: Mapping[str, str] | None = None,
        *,
        jvm: Sequence[str] = LIGHT_JVM,
        parent: Path | None = None,
    ) -> None:
        self.properties = dict(properties or {})
        self.client = dict(client or {})
        self._jvm = jvm
        self.port, self.controller_port = _free_ports(2)
        self.folder = Path(tempfile.mkdtemp(prefix="kafka-", dir=parent))
        self._java: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients connect: "127.0.0.1:<port>"."""
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the broker's process lives."""
        return self._java is not None and self._java.poll() is None

    @property
    def log(self) -> Path:
        """What the broker wrote, all its lives together."""
        return self.folder / "broker.log"

    def __enter__(self) -> Self:
        """Start it; leave nothing behind where that fails."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and remove its folder."""
        self.close()

    def start(self) -> None:
        """Start the broker and wait until it has taken a record; no-op where it runs."""
        if self.running:
            return
        reason = why_unavailable()
        if reason is not None:
            raise Unavailable(reason)
        classpath = f"{jars.fetch()}/*"
        settings = self.folder / "server.properties"
        if not settings.exists():
            self._format(classpath, settings)
        command = [
            "java",
            "-Xms256m",
            "-Xmx768m",
            *self._jvm,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "-cp",
            classpath,
            "kafka.Kafka",
            str(settings),
        ]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C must end the tests first, then the broker.
            self._java = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = _guard(self._java.pid, self.folder)
        self._wait_until_ready()

    def stop(self) -> None:
        """End the broker as an operator would (SIGTERM); after 20 s without ado (SIGKILL)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker as a power cut would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Stop the broker and remove its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        java, self._java = self._java, None
        guard, self._guard = self._guard, None
        if java is not None:
            java.send_signal(how)
            try:
                java.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                java.kill()
                java.wait()
        if guard is not None:
            guard.kill()
            guard.communicate()

    def _format(self, classpath: str, settings: Path) -> None:
        arriving = settings.with_suffix(".new")
        # Of a property that is there twice Kafka takes the last.
        arriving.write_text(
            SETTINGS.format(
                port=self.port,
                controller_port=self.controller_port,
                data=self.folder / "data",
            )
            + "".join(f"{name}={value}\n" for name, value in self.properties.items())
        )
        tool = ["java", "-Xmx128m", *LIGHT_JVM, "-cp", classpath, "kafka.tools.StorageTool"]
        done = subprocess.run(
            [*tool, "format", "-t", _cluster_id(), "-c", str(arriving), "--ignore-formatted"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"Kafka's storage was not formatted:\n{done.stdout}{done.stderr}")
        arriving.rename(settings)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            if self._java is None or self._java.poll() is not None:
                raise RuntimeError(f"Kafka did not start:\n{self._log_end()}")
            if _takes_a_record(self.bootstrap, self.client):
                return
            if time.monotonic() > deadline:
                self.kill()
                waited = f"{START_TIMEOUT_SECONDS:.0f} s"
                raise RuntimeError(f"Kafka was not ready after {waited}:\n{self._log_end()}")
            time.sleep(0.1)

    def _log_end(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-20:])


def memory() -> Path | None:
    """Return a folder in memory with room for the brokers of small tests; None where there is none."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ROOM_IN_MEMORY:
        return None
    return _MEMORY


def _takes_a_record(bootstrap: str, client: Mapping[str, str]) -> bool:
    """Whether the broker answers, makes a topic and acknowledges a record."""
    if not _listens(bootstrap):
        return False
    quiet: dict[str, str | int | float | bool] = {
        "bootstrap.servers": bootstrap,
        "log_level": 0,
        **client,
    }
    admin = AdminClient(quiet)
    try:
        topics = admin.list_topics(timeout=2).topics
        if READY_TOPIC not in topics:
            new = NewTopic(READY_TOPIC, num_partitions=1, replication_factor=1)
            admin.create_topics([new], operation_timeout=5)[READY_TOPIC].result(timeout=5)
    except KafkaException as problem:
        error = problem.args[0]
        if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
            return False
    producer = Producer({**quiet, "acks": "all", "message.timeout.ms": 2000})
    refused: list[KafkaError] = []
    producer.produce(
        READY_TOPIC,
        b"ready",
        on_delivery=lambda error, _: refused.append(error) if error is not None else None,
    )
    return producer.flush(3) == 0 and not refused


def _listens(bootstrap: str) -> bool:
    """Whether anybody listens: a client's own attempts back off and would find out late."""
    host, port = bootstrap.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _guard(pid: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a shell that ends the broker when this process ends without having done so.

    The shell waits on a pipe that only this process holds open; it closes with the process,
    however that ends.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -9 "$0"; rm -rf "$1"', str(pid), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _free_ports(count: int) -> list[int]:
    held: list[socket.socket] = []
    ports: list[int] = []
    try:
        for port in random.SystemRandom().sample(PORTS, 200):
            candidate = socket.socket()
            held.append(candidate)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == count:
                return ports
    finally:
        for candidate in held:
            candidate.close()
    raise RuntimeError(f"no free port on 127.0.0.1 between {PORTS.start} and {PORTS.stop}")


def _cluster_id() -> str:
    """Make a Kafka uuid: 16 bytes in URL-safe base64, never beginning like an option."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made
