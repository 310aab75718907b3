"""State that is lost or tampered with: changelogs deleted, a row written by nobody's right."""

from collections.abc import Iterator
from typing import Any, Final

import orjson
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from agents import rows
from streams.latest import ChangelogRows
from streams.partition_log import PartitionLog
from streams.tables import decode_key
from streams.topics import CHANGELOGS, changelog_name
from tests.integration.harness import Deployment
from tests.integration.processes import PATIENCE_S, wait_until

PUT_UP: Final = 7.5
"""What is added to a score that is tampered with."""


def lose_changelogs(deployment: Deployment) -> None:
    """Delete every changelog, and create them anew, empty."""
    names = [deployment.name(topic) for topic in CHANGELOGS]
    admin = AdminClient({**deployment.settings.client_config(), "log_level": 0})
    for deleted in admin.delete_topics(names, operation_timeout=PATIENCE_S).values():
        deleted.result(PATIENCE_S)
    wait_until(
        lambda: not set(names) & admin.list_topics(timeout=PATIENCE_S).topics.keys(),
        "the changelogs are still there",
    )
    done = deployment.command("topics", "create")
    assert done.returncode == 0, done.stderr


def tamper_with_score(deployment: Deployment) -> str:
    """Put the score of a published group up in its changelog row; return the group's id."""
    states = deployment.states()
    for partition, table, key, row in _live_rows(deployment):
        group_id = decode_key(key)[-1]
        if table == rows.GROUP and group_id in states:
            fields: dict[str, Any] = orjson.loads(row)
            fields["score"] += PUT_UP
            _write(deployment, table, key, orjson.dumps(fields), partition)
            return str(group_id)
    raise AssertionError("there is no group")


def forget_decisions(deployment: Deployment) -> set[str]:
    """Delete every row of decisions of a few accounts' members; return the groups' ids."""
    members = {
        (group_id, member.lead_id)
        for group_id, state in sorted(deployment.states().items())[::3]
        for member in state.members
    }
    found: set[str] = set()
    for partition, table, key, _ in _live_rows(deployment):
        if table == rows.DECISIONS and tuple(decode_key(key)[1:]) in members:
            _write(deployment, table, key, None, partition)
            found.add(decode_key(key)[1])
    assert found, "no group has members"
    return found


def _live_rows(deployment: Deployment) -> Iterator[tuple[int, str, bytes, bytes]]:
    """Yield (partition, table, key, row) of all accounts."""
    with PartitionLog(deployment.settings, "tampering") as log:
        for partition in range(deployment.settings.partitions):
            live = ChangelogRows(log, partition)
            live.advance(lambda _: None)
            for account_id in sorted(live.accounts()):
                for (table, key), row in sorted(live.of(account_id).items()):
                    yield partition, table, key, row


def _write(deployment: Deployment, table: str, key: bytes, row: bytes | None, partition: int) -> None:
    producer = Producer(deployment.settings.client_config())
    producer.produce(deployment.name(changelog_name(table)), row, key, partition=partition)
    assert producer.flush(PATIENCE_S) == 0
