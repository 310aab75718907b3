"""What a Kafka with an authorizer does not allow: which rights are missing, and how that is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, get_args

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from streams.acls import Access, Operation
from streams.reaching import RIGHTS_ARE_PRINTED, is_embedded
from streams.settings import Settings

_ANSWER_S: Final = 15.0
_TOLD: Final = 3
_SHOW: Final = frozenset({"Read", "Write", "Delete", "Describe"})

_NAMES: Final[dict[AclOperation, Operation]] = {
    AclOperation[operation.upper().replace("DESCRIBECONFIGS", "DESCRIBE_CONFIGS")]: operation
    for operation in get_args(Operation)
}


def missing_rights(settings: Settings, accesses: Iterable[Access]) -> list[Access]:
    """Return those entries on topics that the cluster does not allow these settings' user.

    A topic that the user may not see counts whether it exists or not: Kafka does not tell. Nothing is
    missing where there is no authorizer, and where the cluster cannot say (before Kafka 2.3).

    Raises:
        KafkaException: it does not answer.
    """
    wanted: dict[str, list[Access]] = defaultdict(list)
    for access in accesses:
        if access.resource == "topic":
            wanted[access.name].append(access)
    client = AdminClient({**settings.client_config(), "log_level": 0})
    if not wanted or is_embedded(client, _ANSWER_S):
        return []
    futures = client.describe_topics(
        TopicCollection(list(wanted)), include_authorized_operations=True, request_timeout=_ANSWER_S
    )
    missing: list[Access] = []
    for name, future in futures.items():
        try:
            told = future.result(2 * _ANSWER_S).authorized_operations
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue
            if error.args[0].code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise
            # What else the user may do with it is not known; of these each would let it be seen.
            missing += [each for each in wanted[name] if each.operation in _SHOW] or wanted[name]
            continue
        allowed = {_NAMES.get(operation) for operation in told or ()}
        if allowed:
            missing += [access for access in wanted[name] if access.operation not in allowed]
    return missing


def not_allowed(missing: Sequence[Access]) -> str:
    """Return in words which rights are missing, and where all are listed."""
    told = [f"{access.operation} on {access.resource} {access.name}" for access in missing[:_TOLD]]
    more = f" and {len(missing) - _TOLD} more" if len(missing) > _TOLD else ""
    return f"Kafka does not allow {', '.join(told)}{more}; {RIGHTS_ARE_PRINTED}"


def why_not_read(error: KafkaError, topic: str, group: str) -> str | None:
    """Return which right somebody lacks who reads a topic under a group's name; None: it is not that."""
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return not_allowed([Access("topic", topic, "Read", "it is read")])
    if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return not_allowed([Access("group", group, "Describe", "it is read under this name")])
    return None
