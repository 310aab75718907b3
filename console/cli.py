"""The ``buying-groups`` command: parsing, messages and exit codes; each command's work is elsewhere.

Exit codes: 0 done, 1 could not be done, 2 wrong use or settings, 3 done with refused input,
4 Kafka does not answer (``status``), 130 interrupted. A command imports what it works with when it
runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Annotated, Final

import typer

from console import VERSION
from console.choices import (
    DayOption,
    EventsFile,
    Format,
    FormatChoice,
    LeadsFile,
    Output,
    OutputChoice,
    RefusedFile,
)
from console.dead_letter_commands import dead_letters
from console.definition_commands import definitions
from console.describe import describe
from console.erase_command import erase
from console.fold_command import fold
from console.rebuild_command import rebuild
from console.status_command import WatchCommand, status
from console.terminal import (
    WRONG_USE,
    codec_of,
    connected_settings,
    fail,
    log_only_errors,
    messages,
    refuse_wrong_topics,
    registry_of,
    screen,
    settings_or_fail,
    tell,
    writing_codec_of,
)
from console.topic_commands import topics

DAYS_AHEAD = 7

_RUN: Final = "Run it"
_LOOK: Final = "Look"
_MEND: Final = "Mend"
_ADMIN: Final = "Set up and administer"

app = typer.Typer(
    name="buying-groups",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    """Print the release and end."""
    if wanted:
        typer.echo(f"buying-groups {VERSION}")
        raise typer.Exit


@app.callback()
def buying_groups(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="print the release")
    ] = False,
) -> None:
    """A real-time buying-group engine on Kafka: who is in a group, how complete, how engaged.

    Settings are environment variables or lines of a file `.env` in this folder; `.env.example` shows
    them all.

    First steps, with a Kafka at hand:

    - `export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092`
    - `buying-groups topics create`
    - `buying-groups worker`, and in another terminal:
    - `buying-groups publish events.jsonl`
    - `buying-groups tick --as-of 2026-11-21`
    - `buying-groups export --output table`

    Exit codes of every command: 0 done, 1 could not be done, 2 wrong use or settings,
    3 done, but some input was refused, 4 (`status` only) Kafka does not answer, 130 interrupted.
    """


@app.command(rich_help_panel=_RUN)
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="leave Kafka and the worker running")] = False,
    seed: Annotated[int, typer.Option(help="another number, another story")] = 1,
    pace: Annotated[
        float, typer.Option(min=0, max=1.5, help="1 to watch, 0 not to wait between events")
    ] = 1.0,
) -> None:
    """Watch buying groups fill, complete and score: embedded Kafka, one worker, about a minute.

    Starts everything it needs, publishes `examples/definitions.yaml` and a story, shows the groups live,
    then tells what was worth seeing, each with the records that show it. Nothing is installed or left
    behind but the worker's log.

    Example: `buying-groups demo --keep`

    Exit codes: 0 everything that should be seen was seen, 1 not, or something ended early,
    130 interrupted.
    """
    from console.demo.run import run_demo

    raise typer.Exit(run_demo(screen, seed=seed, keep=keep, pace=pace))


@app.command(rich_help_panel=_RUN)
def worker() -> None:
    """Run one worker from the settings until it is stopped (Ctrl-C or SIGTERM).

    Without KAFKA_BOOTSTRAP_SERVERS it starts an embedded Kafka, whose state ends with the process.
    Logs go to standard error; "worker is ready" is said once it has partitions.

    Example: `KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 buying-groups worker`

    Exit codes: 0 stopped by a person or the system, 1 it could not go on, or the topics are not as they
    must be, 2 wrong settings.
    """
    from console.logs import configure_logs
    from console.running import run_worker
    from streams.embedded import EmbeddedKafka

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
            told = "The worker does not start on a cluster that differs"
            refuse_wrong_topics(settings, told, "worker")
        code = asyncio.run(run_worker(settings, writing_codec_of(settings)))
    raise typer.Exit(code)


@app.command(rich_help_panel=_RUN)
def publish(
    file: EventsFile,
    file_format: FormatChoice = Format.JSON,
    leads: LeadsFile = None,
    refused: RefusedFile = None,
) -> None:
    """Publish events to the input topics. Every one is checked first; bad ones are left out and told.

    A line of the file is `{"topic": "lead-activity", "value": {…}}`: an input topic without the
    namespace, and the event with times in RFC 3339. Prints to standard error each refused line with
    its number and what is wrong (the first 20), and how many events the broker confirmed.

    Example: `buying-groups publish events.jsonl --refused refused.jsonl`

    Marketo's stream deliveries and pages of Get Lead Activities:
    `buying-groups publish --format marketo activities.json --leads leads.csv`

    To publish a file again is harmless: an event that is already there does not count twice.

    Exit codes: 0 all published, 3 published but some lines were refused, 1 some were not confirmed,
    2 wrong use or settings, 130 interrupted (it says up to which line all is published).
    """
    from console.marketo import MarketoError
    from console.publish import NotPublished, Publisher
    from console.publish_report import told_outcome
    from console.source import accepted_entries
    from schemas.registry import RegistryUnavailable

    if (file_format is Format.MARKETO) != (leads is not None):
        fail(
            "--format marketo and --leads FILE go together: the file says nothing of accounts", WRONG_USE
        )
    settings = connected_settings()
    log_only_errors()
    try:
        publisher = Publisher(settings, registry_of(settings))
        publisher.check_deployment()
        with accepted_entries(file, refused=refused, leads=leads) as (entries, refusals):
            outcome = publisher.publish(entries)
    except (NotPublished, RegistryUnavailable, MarketoError, OSError) as error:
        fail(str(error))
    raise typer.Exit(told_outcome(outcome, refusals.count, file_format.unit))


@app.command(rich_help_panel=_RUN)
def tick(
    as_of: DayOption,
    patience: Annotated[
        float, typer.Option(help="give up when nothing moved for so many seconds")
    ] = 60.0,
    force: Annotated[
        bool, typer.Option("--force", help="even to a day more than a week ahead of today")
    ] = False,
) -> None:
    """Move the day on: decay old activity, compute a new baseline, rescore every group.

    Waits until everything published before was consumed, and until every partition has the new
    baseline. Workers must be running. Prints the day and the number of its baseline. A day never
    moves back, so one that is more than a week ahead is taken for a mistake.

    Example: `buying-groups tick --as-of 2026-11-21`

    Exit codes: 0 every partition has the new day, 1 the workers did not get there or Kafka does not
    answer, 2 wrong use or settings.
    """
    from confluent_kafka import KafkaException
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    from agents.worker import system_clock
    from console.tick import NotConsumed, move_day_on
    from domain.calendar import day_from_date, day_of
    from schemas.registry import RegistryUnavailable, UnknownSchema

    settings = connected_settings()
    if day_from_date(as_of.date()) - day_of(system_clock()) > DAYS_AHEAD and not force:
        fail(
            f"{as_of:%Y-%m-%d} is more than {DAYS_AHEAD} days ahead, and a day never moves back:"
            " all activity before its window would be dropped. --force takes it all the same.",
            WRONG_USE,
        )
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
    except KafkaException as error:
        fail(f"Kafka does not answer: {error.args[0].str()}. Is KAFKA_BOOTSTRAP_SERVERS right?")
    except (NotConsumed, TimeoutError, RegistryUnavailable, UnknownSchema) as problem:
        fail(str(problem))
    messages.print(f"The day is {as_of:%Y-%m-%d}, the baseline is number {version}.")


@app.command(rich_help_panel=_LOOK)
def export(output: OutputChoice = Output.JSON) -> None:
    """Print every buying group as it now stands, sorted by group id.

    One JSON object a line, read from `buying-group-state`: `buying_group_id`, `account_id`,
    `solution_interest_id`, `name`, `members`, `completeness`, `roles`, `missing_roles`, `score`,
    `raw_score`, `stage`, `status`, `baseline_version`, `as_of`, `version`. `--output table` prints a
    table for people, figures as whole numbers. Nothing is committed, workers are not disturbed.

    Example: `buying-groups export | head -1`

    Exit codes: 0 done (no groups: nothing is printed), 1 Kafka does not answer or holds something that
    is no state, 2 wrong use or settings.
    """
    from console.export import NotExported, read_states
    from console.groups import print_groups
    from schemas.registry import RegistryUnavailable, UnknownSchema

    settings = connected_settings()
    try:
        states = read_states(settings, codec_of(settings), tell)
    except (NotExported, RegistryUnavailable, UnknownSchema) as error:
        fail(str(error))
    print_groups(states, output)


app.command(rich_help_panel=_LOOK, cls=WatchCommand)(status)
app.command(rich_help_panel=_LOOK)(fold)
app.command(rich_help_panel=_LOOK)(describe)
app.add_typer(dead_letters, rich_help_panel=_MEND)
app.command(rich_help_panel=_MEND)(rebuild)
app.command(rich_help_panel=_MEND)(erase)
app.add_typer(topics, rich_help_panel=_ADMIN)
app.add_typer(definitions, rich_help_panel=_ADMIN)


def main() -> None:
    """Run the command line."""
    app(prog_name="buying-groups")


if __name__ == "__main__":
    main()
