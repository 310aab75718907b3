"""``buying-groups topics``: ``create``, ``check`` and ``acls``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from console.acls import acls
from console.choices import Output, OutputChoice
from console.terminal import FAILED, connected_settings, fail, tell

if TYPE_CHECKING:
    from streams.admin import Difference

topics = typer.Typer(
    name="topics",
    help="Create the topics of a deployment, check those it has, list the rights it needs.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@topics.command()
def create(output: OutputChoice = Output.TABLE) -> None:
    """Create the topics that do not exist, then check all of them.

    Prints each created topic, then how existing ones differ; those are left as they are. With
    SCHEMA_REGISTRY_URL set it registers the schemas too. Safe to repeat.

    Example: `PARTITIONS=8 REPLICATION_FACTOR=3 buying-groups topics create`

    Exit codes: 0 every topic is as it must be, 1 some differ, or Kafka or the schema registry refuses
    or does not answer, 2 wrong use or settings.
    """
    from console.topics import differences_after_creation, register_schemas
    from schemas.confluent import address_of
    from schemas.registry import RegistryUnavailable, SchemaRefused
    from streams.admin import ClusterError, create_topics
    from streams.topics import ALL_TOPICS

    settings = connected_settings()
    url = settings.schema_registry_url
    try:
        created = create_topics(settings)
        for name in created:
            tell(f"created {name}")
        if not created:
            tell(f"All {len(ALL_TOPICS)} topics exist.")
        if url is not None:
            count = register_schemas(url, settings.namespace, tell)
            tell(f"{count} schemas are registered at {address_of(url)}.")
        differences = differences_after_creation(settings)
    except (ClusterError, RegistryUnavailable, SchemaRefused) as error:
        fail(str(error))
    _end_with(differences, output)


@topics.command()
def check(output: OutputChoice = Output.TABLE) -> None:
    """Compare the topics of a cluster with what the engine needs; change nothing.

    Prints each difference: the topic, what differs, how it must be, how it is. `--output json` prints
    one object a line with `topic`, `what`, `expected`, `found`.

    Example: `buying-groups topics check --output json`

    Exit codes: 0 no difference, 1 differences, or Kafka does not answer, 2 wrong use or settings.
    """
    from streams.admin import ClusterError, check_topics

    settings = connected_settings()
    try:
        differences = check_topics(settings)
    except ClusterError as error:
        fail(str(error))
    _end_with(differences, output)


def _end_with(differences: list[Difference], output: Output) -> None:
    from console.topics import print_differences

    if differences:
        print_differences(differences, output)
        raise typer.Exit(FAILED)
    tell("Every topic is as it must be.")


topics.command()(acls)
