"""``buying-groups fold``: parsing, messages and exit codes."""

from __future__ import annotations

from typing import Annotated

import typer

from console.choices import (
    DayOption,
    DefinitionsFileOption,
    EventsFileUnlessKafka,
    Output,
    OutputChoice,
    RefusedFile,
)
from console.terminal import SOME_REFUSED, WRONG_USE, fail, log_only_errors, tell


def fold(
    as_of: DayOption,
    file: EventsFileUnlessKafka = None,
    from_kafka: Annotated[
        bool, typer.Option("--from-kafka", help="fold what the deployment's topics hold, not a file")
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="with --from-kafka: even if topics have lost records")
    ] = False,
    definitions_file: DefinitionsFileOption = None,
    output: OutputChoice = Output.JSON,
    refused: RefusedFile = None,
) -> None:
    """Print the groups that a file of events leads to on a day: the rules alone, no worker.

    Reads what `publish` reads and refuses what it refuses; what is dated more than 5 minutes ahead of
    this machine's clock is refused too, as a broker's worker would. Prints what `export` prints after
    `publish` and `tick` to the same day on an empty deployment; only versions count differently.

    Example: `buying-groups fold events.jsonl --as-of 2026-11-21 --output table`

    `--definitions definitions.yaml` shows what a definitions file would make of the events, before
    anybody publishes it.

    `--from-kafka` folds a deployment's input topics instead, with no worker: what `export` must print.

    Exit codes: 0 done, 3 done but some lines were refused (the groups are complete for the rest),
    1 the file or the topics cannot be read or lack records, 2 wrong use.
    """
    from console.definition_commands import file_or_fail
    from console.folding import NotLive, always_live, fold_entries, machine_clock
    from console.groups import print_groups
    from console.refusals import count_of
    from console.source import accepted_entries
    from domain.calendar import day_from_date

    if from_kafka == (file is not None) or (from_kafka and refused is not None):
        fail("fold needs a FILE, or --from-kafka without FILE and --refused", WRONG_USE)
    log_only_errors()
    day = day_from_date(as_of.date())
    try:
        defined = [] if definitions_file is None else always_live(file_or_fail(definitions_file))
    except NotLive as problem:
        fail(f"{definitions_file}: {problem}", SOME_REFUSED)
    if file is None:
        from console.rebuild_command import folded_topics

        folded, bad, unit = *folded_topics(day, defined, incomplete=incomplete), "record"
    else:
        try:
            with accepted_entries(file, refused=refused, clock=machine_clock) as (entries, refusals):
                folded = fold_entries(entries, day, defined)
        except OSError as error:
            fail(str(error))
        bad, unit = refusals.count, "line"
    print_groups(folded, output)
    if bad:
        tell(f"{count_of(bad, unit)} refused.")
        raise typer.Exit(SOME_REFUSED)
