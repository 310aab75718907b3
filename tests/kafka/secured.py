"""A Kafka that asks who somebody is (SASL/PLAIN) and what they may do (ACLs)."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from streams.acls import Access
from tests.kafka.broker import KafkaBroker, memory

ADMIN: Final = "admin"
_ANSWER_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.1

_RESOURCES: Final[Mapping[str, ResourceType]] = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_PATTERNS: Final[Mapping[str, ResourcePatternType]] = {
    "literal": ResourcePatternType.LITERAL,
    "prefixed": ResourcePatternType.PREFIXED,
}
_OPERATIONS: Final[Mapping[str, AclOperation]] = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
    "Create": AclOperation.CREATE,
    "Delete": AclOperation.DELETE,
}


class SecuredBroker(KafkaBroker):
    """A broker with these users beside the administrator; each one's password is its name, twice."""

    def __init__(self, users: Iterable[str]) -> None:
        known = " ".join(f'user_{name}="{password_of(name)}"' for name in (ADMIN, *users))
        login = f'username="{ADMIN}" password="{password_of(ADMIN)}"'
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        super().__init__(
            {
                "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                "sasl.enabled.mechanisms": "PLAIN",
                "sasl.mechanism.inter.broker.protocol": "PLAIN",
                "listener.name.plaintext.plain.sasl.jaas.config": f"{module} required {login} {known};",
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                # The controller's own listener asks nobody; clients do not get there.
                "super.users": f"User:{ADMIN};User:ANONYMOUS",
            },
            credentials(ADMIN),
            parent=memory(),
        )

    def admin(self) -> AdminClient:
        """Return a client that may do everything."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0, **self.client})

    def allow(self, user: str, accesses: Iterable[Access]) -> None:
        """Allow a user these entries."""
        asked = [_binding(f"User:{user}", access) for access in accesses]
        admin = self.admin()
        for future in admin.create_acls(asked).values():
            future.result(_ANSWER_S)
        # The controller has taken them; the broker judges by them a moment later.
        deadline = time.monotonic() + _ANSWER_S
        while not set(asked) <= self.allowed(user):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the broker does not know what {user} is allowed")
            time.sleep(_LOOK_EVERY_S)

    def forbid(self, user: str, accesses: Iterable[Access]) -> None:
        """Take entries from a user again."""
        given = [_binding(f"User:{user}", access) for access in accesses]
        admin = self.admin()
        exactly = [AclBindingFilter(*_parts(binding)) for binding in given]
        for future in admin.delete_acls(exactly).values():
            future.result(_ANSWER_S)
        deadline = time.monotonic() + _ANSWER_S
        while set(given) & self.allowed(user):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the broker does not know what {user} is not allowed any more")
            time.sleep(_LOOK_EVERY_S)

    def allowed(self, user: str) -> set[AclBinding]:
        """Return what a user is allowed."""
        wanted = AclBindingFilter(
            ResourceType.ANY,
            # Left out, though its annotation does not say so.
            cast("str", None),
            ResourcePatternType.ANY,
            f"User:{user}",
            cast("str", None),
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        admin = self.admin()
        return set(admin.describe_acls(wanted).result(_ANSWER_S))


def bindings(user: str, accesses: Iterable[Access]) -> set[AclBinding]:
    """Return entries as a broker tells them."""
    return {_binding(f"User:{user}", access) for access in accesses}


def credentials(user: str) -> dict[str, str]:
    """Return what a librdkafka client of a user needs."""
    return {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": password_of(user),
    }


def environment(user: str) -> dict[str, str]:
    """Return what a command of a user needs in its environment."""
    return {
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": user,
        "KAFKA_SASL_PASSWORD": password_of(user),
    }


def password_of(user: str) -> str:
    """Return a user's password."""
    return f"{user}-{user}"


def _parts(binding: AclBinding) -> tuple[Any, ...]:
    return (
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _binding(principal: str, access: Access) -> AclBinding:
    return AclBinding(
        _RESOURCES[access.resource],
        access.name,
        _PATTERNS[access.pattern],
        principal,
        "*",
        _OPERATIONS[access.operation],
        AclPermissionType.ALLOW,
    )
