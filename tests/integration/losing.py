"""State that is lost or tampered with: changelogs deleted, a row written by nobody's right."""

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
    with PartitionLog(deployment.settings, "tampering") as log:
        for partition in range(deployment.settings.partitions):
            live = ChangelogRows(log, partition)
            live.advance(lambda _: None)
            for account_id in sorted(live.accounts()):
                for (table, key), row in sorted(live.of(account_id).items()):
                    group_id = decode_key(key)[-1]
                    if table == rows.GROUP and group_id in states:
                        fields: dict[str, Any] = orjson.loads(row)
                        fields["score"] += PUT_UP
                        _write(deployment, table, key, orjson.dumps(fields), partition)
                        return str(group_id)
    raise AssertionError("there is no group")


def _write(deployment: Deployment, table: str, key: bytes, row: bytes, partition: int) -> None:
    producer = Producer(deployment.settings.client_config())
    producer.produce(deployment.name(changelog_name(table)), row, key, partition=partition)
    assert producer.flush(PATIENCE_S) == 0
