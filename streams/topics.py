"""Every topic of a deployment: one immutable row each.

The rows follow events.md. Account-keyed topics and the tables' changelogs all have the same number of
partitions, so that everything about an account is in one worker's hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["input", "control", "output", "changelog"]

_DAY_MS: Final = 86_400_000
_FOREVER: Final = "-1"

_LARGEST_RECORD: Final = str(16 * 1024 * 1024)
"""Where something is written that an input led to: it may be larger, or packed less well."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: ``name`` without namespace, and the broker settings it must have.

    ``contract`` names the schema of its values, None where they are not Avro: the original bytes of a
    dead letter, the rows of a changelog.
    """

    name: str
    kind: Kind
    key: str
    contract: str | None
    config: Mapping[str, str] = field(hash=False)

    def full_name(self, namespace: str) -> str:
        """Return the name on the broker."""
        return f"{namespace}.{self.name}"


def _input(name: str, retention_days: int | None) -> Topic:
    # The broker's own clock stamps inputs: whether an event came "from the future" must not depend on
    # a producer's clock, and must come out the same when the log is read again.
    return Topic(
        name,
        "input",
        "account id",
        name,
        {
            "cleanup.policy": "delete",
            "retention.ms": _retention(retention_days),
            "message.timestamp.type": "LogAppendTime",
        },
    )


def _output(name: str, retention_days: int) -> Topic:
    return Topic(
        name,
        "output",
        "account id",
        name,
        {"cleanup.policy": "delete", "retention.ms": _retention(retention_days)},
    )


def _changelog(table: str) -> Topic:
    return Topic(
        changelog_name(table),
        "changelog",
        "row key",
        None,
        {
            "cleanup.policy": "compact",
            "max.message.bytes": _LARGEST_RECORD,
            # Only closed segments are compacted. By Kafka's defaults, 1 GiB or 7 days, a recovery would
            # read every write of a week again.
            "segment.bytes": str(64 * 1024 * 1024),
            "segment.ms": str(_DAY_MS),
        },
    )


def _retention(days: int | None) -> str:
    return _FOREVER if days is None else str(days * _DAY_MS)


def changelog_name(table: str) -> str:
    """Return the topic of a table's changelog, without namespace."""
    return f"engine-{table}-changelog"


LEAD_ACTIVITY: Final = _input("lead-activity", 35)
JOURNEY_ACTIONS: Final = _input("journey-actions", None)
MANUAL_EDITS: Final = _input("manual-edits", None)
LEAD_PROFILES: Final = _input("lead-profiles", None)
ACCOUNTS: Final = _input("accounts", None)
BUYING_GROUPS: Final = _input("buying-groups", None)
DEFINITIONS: Final = Topic(
    "definitions",
    "input",
    "definition id",
    "definitions",
    {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"},
)

CONTROL: Final = Topic(
    "control",
    "control",
    "partition number",
    "control",
    {"cleanup.policy": "delete", "retention.ms": _FOREVER},
)

SCORE_UPDATED: Final = _output("score-updated", 30)
COMPLETENESS_CHANGED: Final = _output("completeness-changed", 30)
MEMBERSHIP_CHANGED: Final = _output("membership-changed", 30)
ASSIGNMENT_OUTCOME: Final = _output("assignment-outcome", 7)
STAGE_CHANGED: Final = _output("stage-changed", 30)
STATUS_CHANGED: Final = _output("status-changed", 30)
BUYING_GROUP_STATE: Final = Topic(
    "buying-group-state",
    "output",
    "buying group id",
    "buying-group-state",
    {"cleanup.policy": "compact", "max.message.bytes": _LARGEST_RECORD},
)
DEAD_LETTERS: Final = Topic(
    "dead-letters",
    "output",
    "original key",
    None,
    {
        "cleanup.policy": "delete",
        "retention.ms": _retention(30),
        "max.message.bytes": _LARGEST_RECORD,
    },
)

TABLES: Final = (
    "account_to_profile",
    "lead_to_profile",
    "lead_day_to_activity",
    "lead_to_score",
    "group_to_definition",
    "group_lead_to_decisions",
    "group_to_moves",
    "group_to_figures",
    "partition_to_definition",
    "partition_to_clock",
)
"""The tables' names: what their key identifies, and what they hold."""

INPUTS: Final = (
    LEAD_ACTIVITY,
    JOURNEY_ACTIONS,
    MANUAL_EDITS,
    LEAD_PROFILES,
    ACCOUNTS,
    BUYING_GROUPS,
)
"""The inputs that are keyed by account."""

SOURCES: Final = (*INPUTS, DEFINITIONS, CONTROL)
"""Everything that a worker reads."""

OUTPUTS: Final = (
    SCORE_UPDATED,
    COMPLETENESS_CHANGED,
    MEMBERSHIP_CHANGED,
    STAGE_CHANGED,
    STATUS_CHANGED,
    ASSIGNMENT_OUTCOME,
    BUYING_GROUP_STATE,
    DEAD_LETTERS,
)
CHANGELOGS: Final = tuple(_changelog(table) for table in TABLES)

ALL_TOPICS: Final = (*SOURCES, *OUTPUTS, *CHANGELOGS)

BY_NAME: Final[Mapping[str, Topic]] = {topic.name: topic for topic in ALL_TOPICS}
