"""The topology as the code declares it: topics, who reads them, tables with their changelogs.

Nothing is listed here by hand. Topics and tables are those that ``topics create`` makes, agents those
of the worker's own app, which is built for this and not started.
"""

from __future__ import annotations

import re
import sys
from dataclasses import asdict, dataclass
from typing import Any, Final

from agents import control, definitions
from agents.inputs import READINGS
from agents.worker import build_worker
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.settings import Settings
from streams.topics import ALL_TOPICS, CONTROL, DEFINITIONS, Kind, Topic

_DAY_MS: Final = 86_400_000
_TOPIC: Final = re.compile(r"^``[^`]*``: ")
_SECTION: Final = re.compile(r" \(domain\.md [^)]*\)")


@dataclass(frozen=True, slots=True)
class TopicShown:
    """A topic: ``retention_days`` None keeps for ever; ``contract`` None where values are not Avro."""

    name: str
    kind: Kind
    key: str
    contract: str | None
    partitions: int
    cleanup: str
    retention_days: int | None

    @property
    def kept(self) -> str:
        """Return in words what becomes of its records."""
        if self.cleanup == "compact":
            return "compacted"
        return "kept for ever" if self.retention_days is None else f"kept {self.retention_days} days"


@dataclass(frozen=True, slots=True)
class AgentShown:
    """What reads an input: the module that says how, and what its first line says of it."""

    module: str
    reads: str
    about: str


@dataclass(frozen=True, slots=True)
class TableShown:
    """A table of the worker: what its key identifies, what it holds, and where it survives."""

    name: str
    key: str
    holds: str
    changelog: str


@dataclass(frozen=True, slots=True)
class Topology:
    """All of it. Names of topics are with their namespace in ``topics`` and ``changelog`` alike."""

    namespace: str
    consumer_group: str
    topics: tuple[TopicShown, ...]
    agents: tuple[AgentShown, ...]
    tables: tuple[TableShown, ...]

    def of(self, *kinds: Kind) -> list[TopicShown]:
        """Return the topics of some kinds."""
        return [topic for topic in self.topics if topic.kind in kinds]

    def short(self, name: str) -> str:
        """Return a topic's name without the namespace."""
        return name.removeprefix(f"{self.namespace}.")

    def as_object(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def topology_of(settings: Settings) -> Topology:
    """Return the topology of a deployment; nothing is connected."""
    app = build_worker(settings, Codec(CommittedRegistry()))
    modules = {name: reading.events_of.__module__ for name, reading in READINGS.items()}
    modules |= {DEFINITIONS.name: definitions.__name__, CONTROL.name: control.__name__}
    prefix = f"{settings.namespace}."
    agents = [
        AgentShown(modules[name], read, _about(modules[name]))
        for agent in app.agents.values()
        for read in agent.get_topic_names()
        for name in (read.removeprefix(prefix),)
    ]
    tables = [
        TableShown(name, *_meaning(name), table.changelog_topic_name)
        for name, table in app.stored.items()
    ]
    return Topology(
        settings.namespace,
        settings.app_id,
        tuple(_topic(topic, settings) for topic in ALL_TOPICS),
        tuple(agents),
        tuple(tables),
    )


def _topic(topic: Topic, settings: Settings) -> TopicShown:
    retention = int(topic.config.get("retention.ms", "-1"))
    return TopicShown(
        topic.full_name(settings.namespace),
        topic.kind,
        topic.key,
        topic.contract,
        settings.partitions,
        topic.config["cleanup.policy"],
        None if retention < 0 else retention // _DAY_MS,
    )


def _about(module: str) -> str:
    """Return the first sentence of a module's docstring, without its topic and its section."""
    line = (sys.modules[module].__doc__ or "").strip().splitlines()[0]
    return _SECTION.sub("", _TOPIC.sub("", line)).rstrip(".")


def _meaning(table: str) -> tuple[str, str]:
    """Return what a table's key identifies and what it holds: its name says both."""
    key, _, holds = table.partition("_to_")
    return key.replace("_", ", "), holds.replace("_", " ")
