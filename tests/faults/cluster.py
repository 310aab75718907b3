"""Brokers that faults need: one that can forbid writing to a topic, and three that replicate."""

import contextlib
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    PartitionMetadata,
    ResourcePatternType,
    ResourceType,
)

from tests.integration.processes import wait_until
from tests.kafka.broker import LIGHT_JVM, SETTINGS, START_TIMEOUT_SECONDS, KafkaBroker, _cluster_id

_ASK_S: Final = 10.0

_ROOM_FOR_A_MARKER: Final = "100"
"""Bytes. A transaction's marker has 78: a broker that cannot write one never ends the transaction."""

_WITH_RIGHTS: Final = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""

_REPLICATED: Final = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "min.insync.replicas": "2",
    # A killed follower must leave the in-sync set, and a partition its dead leader, within the test.
    "replica.lag.time.max.ms": "5000",
    "replica.socket.timeout.ms": "5000",
}


Refusal = Literal["not_authorised", "too_large"]


class RefusingBroker(KafkaBroker):
    """A broker that may be told to refuse every record of one topic, in one of two ways.

    ``not_authorised`` takes the right to write away: the topic does not even get into a transaction.
    ``too_large`` sets the topic's largest record so low that nothing fits: it does, and the record is
    refused then.
    What comes to mind first, ``min.insync.replicas`` above the replication factor, is no way: Kafka
    takes the lesser of the two.
    """

    def refuse(self, topic: str, how: Refusal) -> None:
        """Refuse records of a topic from now on; it may still be read."""
        admin = self._admin()
        if how == "too_large":
            _set_largest(admin, topic, _ROOM_FOR_A_MARKER)
            return
        for future in admin.create_acls([_allowed(topic), _denied(topic)]).values():
            future.result(_ASK_S)

    def allow(self, topic: str, how: Refusal, largest: str | None) -> None:
        """Take records of a topic again; ``largest`` is what it was created with."""
        admin = self._admin()
        if how == "too_large":
            _set_largest(admin, topic, largest)
            return
        given = AclBindingFilter(
            ResourceType.TOPIC,
            topic,
            ResourcePatternType.LITERAL,
            cast("str", None),
            cast("str", None),
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        for future in admin.delete_acls([given]).values():
            future.result(_ASK_S)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def _format(self, classpath: str, settings: Path) -> None:
        super()._format(classpath, settings)
        with settings.open("a") as file:
            file.write(_WITH_RIGHTS)


def _set_largest(admin: AdminClient, topic: str, size: str | None) -> None:
    how = AlterConfigOpType.DELETE if size is None else AlterConfigOpType.SET
    entry = ConfigEntry("max.message.bytes", size or "", incremental_operation=how)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(_ASK_S)


def _allowed(topic: str) -> AclBinding:
    return _rule(topic, AclOperation.ALL, AclPermissionType.ALLOW)


def _denied(topic: str) -> AclBinding:
    return _rule(topic, AclOperation.WRITE, AclPermissionType.DENY)


def _rule(topic: str, operation: AclOperation, permission: AclPermissionType) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:*", "*", operation, permission
    )


class Node(KafkaBroker):
    """One of a cluster's brokers; its cluster says when it is ready."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.cluster_id = ""
        self.voters = ""

    def _format(self, classpath: str, settings: Path) -> None:
        given = SETTINGS.format(
            port=self.port, controller_port=self.controller_port, data=self.folder / "data"
        )
        properties = dict(
            line.split("=", 1) for line in given.splitlines() if line and not line.startswith("#")
        )
        properties |= _REPLICATED
        properties |= {"node.id": str(self.number), "controller.quorum.voters": self.voters}
        settings.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        tool = ["java", "-Xmx128m", *LIGHT_JVM, "-cp", classpath, "kafka.tools.StorageTool"]
        done = subprocess.run(
            [*tool, "format", "-t", self.cluster_id, "-c", str(settings), "--ignore-formatted"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"Kafka's storage was not formatted:\n{done.stdout}{done.stderr}")

    def _wait_until_ready(self) -> None:
        """Return at once: a broker alone has no majority, its cluster waits."""


class Cluster:
    """Three brokers that are controllers too, every partition three times, two must have a record."""

    def __init__(self) -> None:
        self.nodes = {number: Node(number) for number in (1, 2, 3)}
        cluster_id = _cluster_id()
        voters = ",".join(
            f"{number}@127.0.0.1:{node.controller_port}" for number, node in self.nodes.items()
        )
        for node in self.nodes.values():
            node.cluster_id, node.voters = cluster_id, voters

    @property
    def bootstrap(self) -> str:
        """Where clients connect: all three."""
        return ",".join(node.bootstrap for node in self.nodes.values())

    def __enter__(self) -> Self:
        """Start all three; leave nothing behind where that fails."""
        try:
            for node in self.nodes.values():
                node.start()
            self.wait_whole()
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
        """End all three and remove their folders."""
        self.close()

    def close(self) -> None:
        """End all three at once: their data goes away with them."""
        for node in self.nodes.values():
            node.kill()
            node.close()

    def leader(self, topic: str, partition: int) -> Node:
        """Return the broker that leads a partition."""
        found = self._partitions(topic)[partition].leader
        return self.nodes[found]

    def wait_led(self, topic: str, partition: int, not_by: Node) -> None:
        """Wait until another broker leads a partition."""
        wait_until(
            lambda: self._partitions(topic)[partition].leader not in {-1, not_by.number},
            f"nobody took over {topic} {partition}",
        )

    def wait_whole(self, topic: str | None = None) -> None:
        """Wait until all three are there, and have everything of a topic."""
        wait_until(lambda: self._all_there(topic), f"the cluster is not whole again: {topic}", 120)

    def _all_there(self, topic: str | None) -> bool:
        try:
            metadata = self._admin().list_topics(timeout=_ASK_S)
        except KafkaException:
            return False
        if len(metadata.brokers) < len(self.nodes):
            return False
        if topic is None:
            return True
        partitions = metadata.topics[topic].partitions.values()
        return all(len(each.isrs) == len(self.nodes) for each in partitions)

    def _partitions(self, topic: str) -> dict[int, PartitionMetadata]:
        deadline = time.monotonic() + 6 * _ASK_S
        while time.monotonic() < deadline:
            with contextlib.suppress(KafkaException, KeyError):
                admin = self._admin()
                return dict(admin.list_topics(topic, timeout=_ASK_S).topics[topic].partitions)
        raise RuntimeError("the cluster does not answer")

    def _admin(self) -> AdminClient:
        alive = ",".join(node.bootstrap for node in self.nodes.values() if node.running)
        return AdminClient({"bootstrap.servers": alive, "log_level": 0})
