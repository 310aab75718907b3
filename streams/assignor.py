"""Faust's assignor without the map of who has which partition, which the engine never asks for.

Faust puts that map into every member's request to join and into every assignment, so that a table's key
can be looked up at the worker that has it. The group coordinator writes all requests and assignments as
one record. With the map, 26 workers and 256 partitions exceed the largest record that Kafka takes by
default, and no member gets an assignment (docs/scaling.md).
"""

from __future__ import annotations

from faust.assignor.partition_assignor import PartitionAssignor
from faust.types.assignor import HostToPartitionMap


class EngineAssignor(PartitionAssignor):
    """Deals partitions out as Faust does, and tells each member its own."""

    def _get_changelog_distribution(self, assignments: object) -> HostToPartitionMap:  # noqa: ARG002
        return {}

    def _get_external_topic_distribution(self, assignments: object) -> HostToPartitionMap:  # noqa: ARG002
        return {}
