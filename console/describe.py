"""``buying-groups describe``: the topology as text, as a Mermaid figure, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.terminal import settings_or_fail

if TYPE_CHECKING:
    from rich.table import Table

    from console.topology import TopicShown, Topology

# Only names and the number of partitions are shown; without a Kafka that number could not be set.
_NOT_CONNECTED: Final = "localhost:9092"


class Shape(StrEnum):
    """What the topology is printed as."""

    TEXT = "text"
    MERMAID = "mermaid"
    JSON = "json"


def describe(
    shape: Annotated[
        Shape, typer.Option("--format", help="text for people, mermaid for a figure, json for programs")
    ] = Shape.TEXT,
) -> None:
    """Print the topology: topics, which agent reads what, tables, outputs. Needs no Kafka.

    Made from the code that runs, not from a document: names with this deployment's namespace, keys,
    partitions, what becomes of old records, contracts. `--format mermaid` prints a figure that GitHub
    and many editors draw (<https://mermaid.js.org>); `--format json` one object with `namespace`,
    `consumer_group`, `topics`, `agents`, `tables`.

    Example: `buying-groups describe --format mermaid > topology.mmd`

    Exit codes: 0 printed, 2 wrong use or settings.
    """
    from console.groups import print_objects, print_table
    from console.topology import topology_of

    topology = topology_of(settings_or_fail(kafka_bootstrap_servers=_NOT_CONNECTED))
    if shape is Shape.JSON:
        print_objects([topology.as_object()])
    elif shape is Shape.MERMAID:
        typer.echo(mermaid(topology))
    else:
        for table in tables_of(topology):
            print_table(table)


def tables_of(topology: Topology) -> Iterator[Table]:
    """Yield the tables that tell the topology to people."""
    yield _topics("Read by the workers", topology.of("input", "control"))
    agents = _table(f"Agents, consumer group {topology.consumer_group}", "Reads", "Module", "About")
    for agent in topology.agents:
        agents.add_row(agent.reads, agent.module, agent.about)
    yield agents
    tables = _table("Tables of the workers", "Table", "A row for each", "Changelog, compacted")
    for table in topology.tables:
        tables.add_row(table.name, table.key, table.changelog)
    yield tables
    yield _topics("Written by the workers", topology.of("output"))


def _topics(title: str, topics: Sequence[TopicShown]) -> Table:
    table = _table(title, "Topic", "Key", "Partitions", "Old records", "Schema")
    for topic in topics:
        table.add_row(
            topic.name, topic.key, str(topic.partitions), topic.kept, topic.contract or "not Avro"
        )
    return table


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    return table


def mermaid(topology: Topology) -> str:
    """Return the topology as a Mermaid flowchart."""
    return "\n".join(_figure(topology))


def _figure(topology: Topology) -> Iterator[str]:
    short = topology.short
    yield "flowchart LR"
    yield from _topic_nodes(topology, "inputs", "Inputs", topology.of("input"))
    yield f'  subgraph workers["Workers, consumer group {topology.consumer_group}"]'
    for agent in topology.agents:
        yield f'    {_id("agent", short(agent.reads))}["{agent.module}"]'
    yield '    lane["lane of the partition<br/>one transaction a batch"]'
    yield '    subgraph tables["Tables, each with a compacted changelog"]'
    for table in topology.tables:
        yield f'      {_id("table", table.name)}[("{table.name}<br/>for each {table.key}")]'
    yield "    end"
    yield "  end"
    yield from _topic_nodes(topology, "between", "Between partitions", topology.of("control"))
    yield from _topic_nodes(topology, "outputs", "Outputs", topology.of("output"))
    for agent in topology.agents:
        name = short(agent.reads)
        yield f"  {_id('topic', name)} --> {_id('agent', name)} --> lane"
    yield "  lane <--> tables"
    yield "  lane --> outputs"
    for topic in topology.of("control"):
        yield f"  lane --> {_id('topic', short(topic.name))}"
    yield '  lane -. "records of another partition" .-> inputs'


def _topic_nodes(
    topology: Topology, group: str, title: str, topics: Sequence[TopicShown]
) -> Iterator[str]:
    yield f'  subgraph {group}["{title}"]'
    for topic in topics:
        name = topology.short(topic.name)
        yield f'    {_id("topic", name)}(["{name}<br/>key: {topic.key}<br/>{topic.kept}"])'
    yield "  end"


def _id(kind: str, name: str) -> str:
    # Mermaid takes a dash in an id for the beginning of an arrow.
    return f"{kind}_{name.replace('-', '_')}"
