"""``buying-groups topics acls``: what a Kafka that asks for rights must allow, and how to say it."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.terminal import WRONG_USE, fail, settings_or_fail, tell

if TYPE_CHECKING:
    from rich.table import Table

    from streams.acls import Access, Tool

_PRINCIPAL: Final = re.compile(r"[A-Za-z]+:\S.*")

NOTES: Final = (
    "Read and Write imply Describe. IdempotentWrite on the cluster is left out: since Kafka 2.8 an"
    " idempotent producer needs only Write on its topic. An older Kafka needs it for worker, publish,"
    " definitions, tick and erase: --operation IdempotentWrite --cluster."
)


class AclOutput(StrEnum):
    """How the entries are printed: for people, for a shell, for programs."""

    TABLE = "table"
    COMMANDS = "commands"
    JSON = "json"


def acls(
    principal: Annotated[
        str, typer.Option(help="who is allowed, as the brokers name them, such as User:engine")
    ],
    chosen: Annotated[
        list[str] | None,
        typer.Option("--for", metavar="TOOL", help="only what this tool needs; may be repeated"),
    ] = None,
    output: Annotated[
        AclOutput, typer.Option(help="table for people, commands for a shell, json for programs")
    ] = AclOutput.TABLE,
) -> None:
    """Print the rights (ACLs) that each tool of this deployment needs, and no more. Needs no Kafka.

    For brokers with an authorizer. Tools: `worker`, `publish`, `definitions`, `tick`, `erase`,
    `dead-letters`, `redrive`, `purge`, `rebuild`, `rebuild-in-place`, `fold`, `export`, `status`,
    `topics-check`, `topics-create`. Give each its own principal, or several of them one. Without `--for`
    all are printed.

    `--output commands` prints lines for Kafka's `kafka-acls.sh`; `admin.properties` there holds the
    credentials of somebody who may change ACLs. `--output json` prints one entry a line: `for`,
    `principal`, `permission`, `host`, `operation`, `resource_type`, `pattern_type`, `name`, `why`.

    Example: `buying-groups topics acls --principal User:engine --for worker --output commands`

    Exit codes: 0 printed, 2 wrong use or settings.
    """
    from console.groups import print_objects, print_table
    from streams.acls import tools_of

    settings = settings_or_fail()
    if not _PRINCIPAL.fullmatch(principal):
        fail(f"--principal: {principal!r} is not TYPE:NAME, such as User:engine", WRONG_USE)
    tools = _chosen(tools_of(settings.namespace), chosen)
    if output is AclOutput.JSON:
        print_objects(entry for tool in tools for entry in entries_of(tool, principal))
        return
    if output is AclOutput.COMMANDS:
        servers = settings.kafka_bootstrap_servers or "localhost:9092"
        for tool in tools:
            typer.echo(f"# {tool.name}")
            for command in commands_of(tool.accesses, principal, servers):
                typer.echo(command)
    else:
        for tool in tools:
            print_table(table_of(tool, principal))
    tell(NOTES)


def _chosen(tools: Sequence[Tool], names: Iterable[str] | None) -> list[Tool]:
    by_name = {tool.name: tool for tool in tools}
    unknown = [name for name in names or () if name not in by_name]
    if unknown:
        fail(f"--for: {unknown[0]!r} should be one of {', '.join(by_name)}", WRONG_USE)
    return [tool for tool in tools if not names or tool.name in names]


def entries_of(tool: Tool, principal: str) -> Iterator[dict[str, str]]:
    """Yield each entry of a tool as ``--output json`` prints it."""
    for access in tool.accesses:
        yield {
            "for": tool.name,
            "principal": principal,
            "permission": "Allow",
            "host": "*",
            "operation": access.operation,
            "resource_type": access.resource,
            "pattern_type": access.pattern,
            "name": access.name,
            "why": access.why,
        }


def commands_of(accesses: Iterable[Access], principal: str, servers: str) -> list[str]:
    """Return the ``kafka-acls.sh`` lines that allow these entries."""
    return [
        shlex.join(
            [
                *("kafka-acls.sh", "--bootstrap-server", servers),
                *("--command-config", "admin.properties"),
                *("--add", "--allow-principal", principal),
                *(word for one in allowed for word in ("--operation", one.operation)),
                *(word for name in names for word in (f"--{resource}", name)),
                *(("--resource-pattern-type", pattern) if pattern != "literal" else ()),
            ]
        )
        for (resource, pattern, allowed), names in _alike(accesses).items()
    ]


def table_of(tool: Tool, principal: str) -> Table:
    """Return a tool's entries for people: what is allowed alike, for the same reasons, in one row."""
    from rich.table import Table

    table = Table(title=f"{tool.name}: allow {principal}", title_justify="left", show_lines=True)
    table.add_column("On")
    table.add_column("Names", overflow="fold", no_wrap=True)
    table.add_column("Allowed to", overflow="fold")
    for (resource, pattern, allowed), names in _alike(tool.accesses).items():
        kind = resource.replace("-", " ")
        table.add_row(
            kind if pattern == "literal" else f"{kind}, prefix",
            "\n".join(names),
            "\n".join(f"{access.operation}: {access.why}" for access in allowed),
        )
    return table


@dataclass(frozen=True, slots=True)
class _Allowed:
    operation: str
    why: str


def _alike(accesses: Iterable[Access]) -> dict[tuple[str, str, tuple[_Allowed, ...]], list[str]]:
    """Return the names of resources by their kind, their pattern, and what is allowed on them."""
    allowed: dict[tuple[str, str, str], list[_Allowed]] = defaultdict(list)
    for access in accesses:
        place = access.resource, access.pattern, access.name
        allowed[place].append(_Allowed(access.operation, access.why))
    alike: dict[tuple[str, str, tuple[_Allowed, ...]], list[str]] = defaultdict(list)
    for (resource, pattern, name), some in allowed.items():
        alike[resource, pattern, tuple(some)].append(name)
    return alike
