"""Asking whether a cluster answers, and saying why it does not: which settings the errors are about."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

_ASK_S: Final = 1.0
"""How long to ask at first, before what was said meanwhile is looked at."""

_ALERT: Final = "SSL alert"
"""A broker that misses a certificate says so after the handshake, and librdkafka has no code for it."""

RIGHTS_ARE_PRINTED: Final = (
    "the rights that each tool needs are printed by: buying-groups topics acls --principal TYPE:NAME"
)

_NOT_ALLOWED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)


class _Client(Protocol):
    def list_topics(self, *, timeout: float) -> ClusterMetadata: ...

    def poll(self, timeout: float) -> Any: ...


def metadata_of(client: _Client, said: Sequence[KafkaError], patience_s: float) -> ClusterMetadata:
    """Return what the cluster tells of itself.

    ``said`` is what the client's ``error_cb`` notes: a login or a certificate that is refused ends the
    asking at once.

    Raises:
        KafkaException: it does not answer in time, or refuses.
    """
    deadline = time.monotonic() + patience_s
    ask_s = _ASK_S
    while True:
        left = max(deadline - time.monotonic(), 0.0)
        try:
            return client.list_topics(timeout=min(ask_s, left))
        except KafkaException:
            client.poll(0)
            if left <= ask_s or any(_refused(error) for error in said):
                raise
        # A large cluster may take its time for one answer.
        ask_s *= 2


def is_embedded(client: AdminClient, patience_s: float) -> bool:
    """Return whether it is the embedded Kafka, which answers only what a worker asks."""
    return str(client.list_topics(timeout=patience_s).cluster_id).startswith("mockCluster")


def why_unreachable(said: Sequence[KafkaError], error: KafkaError) -> str:
    """Return in words why a cluster does not answer, and which settings to look at."""
    for each in said:
        if each.code() == KafkaError._AUTHENTICATION:
            return (
                f"Kafka refuses the login: {each.str()}. Are KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD"
                " and KAFKA_SASL_MECHANISM right?"
            )
        if _refused(each):
            return (
                f"There is no TLS with Kafka: {each.str()}. Does KAFKA_SSL_CA_LOCATION hold the brokers'"
                " authority, KAFKA_BOOTSTRAP_SERVERS their names as certified, and do they ask for"
                " KAFKA_SSL_CERTIFICATE_LOCATION?"
            )
    if error.code() in _NOT_ALLOWED:
        return f"Kafka does not allow it: {error.str().rstrip('.')}; {RIGHTS_ARE_PRINTED}"
    reason = (said[0] if said else error).str()
    return f"Kafka does not answer: {reason}. Is KAFKA_BOOTSTRAP_SERVERS right?"


def _refused(error: KafkaError) -> bool:
    """Return whether asking again does not help."""
    return error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL) or _ALERT in error.str()
