"""Which partition an account lives in: Kafka's own default, murmur2 of the account id.

librdkafka's default is another hash, so a producer that was not told ``partitioner=murmur2_random``
puts records where the account's state is not (events.md). Placement is checked for every record.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

PARTITIONER: Final = "murmur2_random"
"""The librdkafka setting that places records as Kafka's own clients do."""


@lru_cache(maxsize=262_144)
def partition_of(account_id: str, partitions: int) -> int:
    """Return the partition that an account's records, tables and changelogs are in."""
    return (int(murmur2(account_id.encode())) & 0x7FFFFFFF) % partitions
