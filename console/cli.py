"""The ``buying-groups`` command: parsing, messages and exit codes; each command's work is elsewhere.

Exit codes: 0 done, 1 could not be done, 2 wrong use or settings, 3 done with refused input.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import datetime
from typing import Annotated, NoReturn

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from agents.worker import system_clock
from console.logs import configure_logs
from console.running import run_worker
from console.tick import NotConsumed, move_day_on
from domain.calendar import day_from_date
from schemas.codec import Codec
from schemas.registry import open_registry
from streams.admin import ClusterError, check_topics
from streams.embedded import EmbeddedKafka
from streams.settings import Settings, SettingsError, load_settings

FAILED = 1
WRONG_USE = 2

app = typer.Typer(
    name="buying-groups",
    help="A real-time buying-group engine on Kafka.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
screen = Console()
messages = Console(stderr=True)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Print what went wrong, in red where there are colours, and end with an exit code."""
    messages.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def settings_or_fail(**overrides: object) -> Settings:
    """Return the settings, or end with one line for each that cannot be used."""
    try:
        return load_settings(**overrides)
    except SettingsError as error:
        fail("\n".join(error.lines), WRONG_USE)


def connected_settings() -> Settings:
    """Return settings that name a Kafka, for commands that look at a running deployment."""
    settings = settings_or_fail()
    if settings.kafka_bootstrap_servers is None:
        fail(
            "KAFKA_BOOTSTRAP_SERVERS is not set: name the Kafka of the running deployment,"
            " e.g. KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092",
            WRONG_USE,
        )
    return settings


def codec_of(settings: Settings) -> Codec:
    """Return the codec of a deployment."""
    return Codec(open_registry(settings.schema_registry_url, settings.namespace))


@app.callback()
def buying_groups() -> None:
    """A real-time buying-group engine on Kafka. Settings are environment variables: see .env.example."""


@app.command()
def tick(
    as_of: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="the day to move on to, UTC")
    ],
    patience: Annotated[
        float, typer.Option(help="give up when nothing moved for so many seconds")
    ] = 60.0,
) -> None:
    """Move the day on: decay old activity, compute a new baseline, rescore every group.

    Waits until everything published before was consumed, and until every partition has the new
    baseline. Workers must be running.
    """
    settings = connected_settings()
    try:
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=messages
        ) as progress:
            tasks: dict[str, TaskID] = {}

            def told(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = progress.add_task(what)
                progress.update(tasks[what], completed=done, total=total)

            version = move_day_on(
                settings,
                codec_of(settings),
                day_from_date(as_of.date()),
                system_clock(),
                patience,
                told,
            )
    except (NotConsumed, TimeoutError, KafkaException) as problem:
        fail(str(problem))
    messages.print(f"The day is {as_of:%Y-%m-%d}, the baseline is number {version}.")


@app.command()
def worker() -> None:
    """Run one worker from the settings until it is stopped (Ctrl-C or SIGTERM).

    Without KAFKA_BOOTSTRAP_SERVERS it starts an embedded Kafka, whose state ends with the process.
    """
    settings = settings_or_fail()
    configure_logs(settings)
    embedded = EmbeddedKafka() if settings.kafka_bootstrap_servers is None else None
    with embedded or nullcontext():
        if embedded is not None:
            settings = settings_or_fail(kafka_bootstrap_servers=embedded.bootstrap_servers)
            embedded.create_topics(settings.namespace)
            messages.print(
                f"Embedded Kafka on {embedded.bootstrap_servers}; its state ends with this process.\n"
                f"Other commands reach it with KAFKA_BOOTSTRAP_SERVERS={embedded.bootstrap_servers}",
                highlight=False,
            )
        else:
            refuse_wrong_cluster(settings)
        code = asyncio.run(run_worker(settings, codec_of(settings)))
    raise typer.Exit(code)


def refuse_wrong_cluster(settings: Settings) -> None:
    """End with every difference if the cluster's topics are not as they must be."""
    try:
        differences = check_topics(settings)
    except ClusterError as error:
        fail(str(error))
    if differences:
        listed = "\n".join(f"  {difference}" for difference in differences)
        fail(f"The worker does not start on a cluster that differs:\n{listed}")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
