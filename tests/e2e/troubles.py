"""What a section of the runbook is for, brought about on a deployment."""

import time

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from domain.calendar import MILLIS_PER_DAY
from schemas import inputs
from tests.integration.harness import Deployment, Record
from tests.integration.processes import PATIENCE_S, wait_until


def lead_profile(deployment: Deployment, lead: str, at: int) -> Record:
    """Return the profile of a lead of the runbook's account."""
    value = inputs.LeadProfile(
        event_id=f"{lead}-{at}", account_id="acct-900", lead_id=lead, updated_at=at, status="active"
    )
    return deployment.record("lead-profiles", value)


def now() -> int:
    """Return this machine's time in ms."""
    return time.time_ns() // 1_000_000


def keep_for_a_year(deployment: Deployment, topic: str) -> None:
    """Set a retention that is wrong for the topic, and loses nothing while a test runs."""
    entry = ConfigEntry(
        "retention.ms", str(365 * MILLIS_PER_DAY), incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({**deployment.settings.client_config(), "log_level": 0})
    for altered in admin.incremental_alter_configs([resource]).values():
        altered.result(PATIENCE_S)


def delete_topics(deployment: Deployment, names: list[str]) -> None:
    """Delete topics and wait until they are gone."""
    admin = AdminClient({**deployment.settings.client_config(), "log_level": 0})
    for deleted in admin.delete_topics(names, operation_timeout=PATIENCE_S).values():
        deleted.result(PATIENCE_S)
    wait_until(
        lambda: not set(names) & admin.list_topics(timeout=PATIENCE_S).topics.keys(),
        "the topics are still there",
    )
