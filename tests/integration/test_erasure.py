"""An erased lead is out of every table, and what Kafka still holds of it is what is said."""

import json
from typing import Any

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from console.privacy import HOLDS, STAYS
from schemas.fields import millis_of
from streams.topics import ALL_TOPICS, BUYING_GROUP_STATE, LEAD_PROFILES, TABLES, Topic, changelog_name
from tests.integration.harness import Deployment, Written
from tests.integration.person import LEAD, PERSONAL, found_in, life, profile
from tests.integration.story import ACCOUNT, HOME, Story

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

DAY = 86_400_000
COMPACTED = (BUYING_GROUP_STATE.name, *map(changelog_name, TABLES))


def everything_in(written: Written) -> bytes:
    headers = b" ".join(value for _, value in written.headers)
    return b" ".join((written.key or b"", written.value or b"", headers))


def topics_with_the_lead(deployment: Deployment) -> set[str]:
    return {
        topic.name
        for topic in ALL_TOPICS
        if any(found_in(everything_in(written)) for written in deployment.read(topic))
    }


def still_there_once_compacted(deployment: Deployment, name: str) -> list[str]:
    """Return what of the lead stands in the last records of all keys, keys included."""
    last = {written.key: written for written in deployment.read(name)}
    return sorted(
        {
            found
            for written in last.values()
            if written.value is not None
            for found in found_in(everything_in(written))
        }
    )


def alter(deployment: Deployment, topic: Topic, setting: str, value: str) -> None:
    admin = AdminClient({"bootstrap.servers": deployment.settings.client_config()["bootstrap.servers"]})
    entry = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, deployment.name(topic), incremental_configs=[entry])
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(30)


def test_an_erasure_empties_the_tables_and_tells_what_is_left_and_until_when(
    real_deployment: Deployment,
) -> None:
    deployment = real_deployment
    deployment.worker()
    places = deployment.produce(life(deployment, ACCOUNT))
    deployment.wait_consumed()
    assert topics_with_the_lead(deployment) == set(HOLDS), "the table of docs/privacy.md is wrong"
    alter(deployment, BUYING_GROUP_STATE, "max.compaction.lag.ms", str(7 * DAY))

    done = deployment.command("erase", "--account", ACCOUNT, "--lead", LEAD, "--yes", "--output", "json")

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    name = deployment.name(LEAD_PROFILES)
    before = [offset for topic, _, offset in places if topic == name]
    assert (said["account"], said["lead"]) == (ACCOUNT, LEAD)
    assert (said["topic"], said["partition"], said["offset"]) == (name, HOME, max(before) + 1)
    assert found_in(done.stdout + done.stderr, set(PERSONAL) - {LEAD}) == []
    remains: dict[str, dict[str, Any]] = {
        each["topic"].removeprefix(f"{deployment.settings.namespace}."): each for each in said["remains"]
    }
    assert remains.keys() == HOLDS.keys()
    assert {name for name, each in remains.items() if each["ends_by"] == "never"} == {
        "journey-actions",
        "manual-edits",
        "lead-profiles",
    }
    assert remains["lead-profiles"]["consumed_to"] == max(before) + 2
    latest = millis_of(said["erased_at"]) + 37 * DAY
    assert latest <= millis_of(remains["dead-letters"]["until"]) < latest + DAY
    assert remains["dead-letters"]["settings"] == {
        "cleanup.policy": "delete",
        "retention.ms": str(30 * DAY),
        "segment.ms": str(7 * DAY),
    }
    assert remains["buying-group-state"]["settings"]["max.compaction.lag.ms"] == str(7 * DAY)
    assert remains["buying-group-state"]["until"] is not None
    assert remains[changelog_name("lead_to_profile")]["until"] is None

    for compacted in COMPACTED:
        left = still_there_once_compacted(deployment, compacted)
        assert left == ([LEAD] if compacted in STAYS else []), compacted
    assert LEAD not in deployment.command("export").stdout

    # What comes late is known as erased; what is dated later is a new lead's.
    late = profile(deployment, ACCOUNT, "late", minute=500)
    deployment.produce([late, Story(deployment).activity("late", LEAD, minute=501)])
    deployment.wait_consumed()
    for compacted in COMPACTED:
        left = still_there_once_compacted(deployment, compacted)
        assert left == ([LEAD] if compacted in STAYS else []), compacted


def test_people_get_a_table_and_what_may_be_done(real_deployment: Deployment) -> None:
    real_deployment.worker()
    done = real_deployment.command("erase", "--account", ACCOUNT, "--lead", LEAD, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Erased: what is dated up to ")
    rows = [line.split("│") for line in done.stdout.splitlines() if line.startswith("│")]
    topics = "".join(cells[1].strip() for cells in rows)
    assert [name for name in HOLDS if name not in topics] == []
    assert "kafka-delete-records" in done.stderr
    assert (
        f"Taken in of {real_deployment.name(LEAD_PROFILES)}: partition {HOME} before offset 1."
        in done.stderr
    )
