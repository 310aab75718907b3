"""``buying-groups dead-letters``: ``list``, ``show``, ``redrive`` and ``purge``."""

from __future__ import annotations

from typing import Annotated

import typer

from console.choices import Output, OutputChoice
from console.dead_letter_options import (
    MAX_ATTEMPTS,
    DryRun,
    Reasons,
    Since,
    Topics,
    Until,
    Yes,
    ask,
    choice_or_fail,
    need_a_person,
    now,
    told_problems,
)
from console.terminal import (
    DONE,
    WRONG_USE,
    connected_settings,
    fail,
    log_only_errors,
    registry_of,
    tell,
)

dead_letters = typer.Typer(
    name="dead-letters",
    help="What workers could not take: look at it, give it to them again, delete it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@dead_letters.command("list")
def list_(  # noqa: PLR0913, PLR0917 - an option each
    reason: Reasons = None,
    topic: Topics = None,
    since: Since = None,
    until: Until = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="only those that nobody has redriven")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="print so many, those that were refused first")
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="print what was wrong with each; it may name ids")
    ] = False,
    output: OutputChoice = Output.TABLE,
) -> None:
    """List refused records: how many by reason and topic, then each with the place where it stood.

    Prints no keys and no values, which may be personal data. A record that a worker refused several
    times stands there once, with how often. It waits until it is redriven; one that is refused again
    after that is listed under its new place, with the number of its attempts.

    `--output json` prints one record a line: `topic`, `partition`, `offset`, `reason`,
    `first_refused_at`, `last_refused_at`, `times`, `attempts`, `redriven_at`, `recorded_at`, `bytes`,
    `dead_letters` (where its copies stand), and `detail` with `--details`.

    Example: `buying-groups dead-letters list --since 1h`

    What of one topic still waits: `buying-groups dead-letters list --topic accounts --waiting`

    Exit codes: 0 done (also when there are none), 1 Kafka does not answer, 2 wrong use or settings.
    """
    from console.dead_letters.letters import read_ledger
    from console.dead_letters.listing import print_letters
    from console.refusals import count_of

    settings = connected_settings()
    choice = choice_or_fail(settings, reason, topic, since, until)
    with told_problems():
        ledger = read_ledger(settings, tell)
    known = ledger.letters()
    letters = [letter for letter in known if choice.means(letter) and (letter.waits or not waiting)]
    if not letters:
        tell("No such dead letters." if known else "No dead letters.")
    if ledger.strangers:
        tell(f"{count_of(ledger.strangers, 'record')} of the topic left out: no worker wrote them.")
    print_letters(letters, settings.namespace, output, limit, details=details)


@dead_letters.command()
def show(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE", help="topic/partition/offset where the record stood, or in dead-letters"
        ),
    ],
    whole: Annotated[bool, typer.Option("--whole", help="dump every byte, not the first 512")] = False,
    output: OutputChoice = Output.TABLE,
) -> None:
    """Show a refused record: why, when, what to do, its fields as far as they can be read, its bytes.

    Prints the key, the headers and the value: **they may be personal data**. The fields are read with
    the schema that the record names, one by one, up to the byte where the reading breaks. It also says
    whether a worker of this release would take the record now. `--output json` prints one object.

    Example: `buying-groups dead-letters show lead-activity/3/1234`

    By its place in the topic of dead letters: `buying-groups dead-letters show dead-letters/0/17`

    Exit codes: 0 done, 1 no dead letter has this place, or Kafka or the schema registry does not answer,
    2 wrong use or settings.
    """
    from console.dead_letters.choosing import WrongChoice, place_named
    from console.dead_letters.letters import read_ledger
    from console.dead_letters.looking import NoSuchLetter, print_shown, shown_of

    settings = connected_settings()
    log_only_errors()
    try:
        named = place_named(place, settings.namespace)
    except WrongChoice as mistake:
        fail(str(mistake), WRONG_USE)
    with told_problems():
        ledger = read_ledger(settings, tell)
        try:
            found = shown_of(settings, registry_of(settings), ledger, named, now())
        except NoSuchLetter as problem:
            fail(str(problem))
    print_shown(found, settings.namespace, output, whole=whole)


@dead_letters.command()
def redrive(  # noqa: PLR0913, PLR0917 - an option each
    reason: Reasons = None,
    topic: Topics = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="send so many at most, those that were refused first")
    ] = None,
    only_mended: Annotated[
        bool, typer.Option("--only-mended", help="only what a worker of this release would take now")
    ] = False,
    max_attempts: Annotated[
        int, typer.Option(min=1, help="leave out what workers were given so often")
    ] = MAX_ATTEMPTS,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, help="records a second at most; without it, what Kafka takes"),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Give refused records to the workers again, after what was wrong has been put right.

    Each goes back to its topic in its original bytes, with its key, its own headers, and the header
    `dlq_attempts` that counts. It is marked as redriven in the same Kafka transaction: a redrive that
    ends early has sent nothing that it did not mark, and the next one goes on. So the same record is not
    sent twice, unless it is refused again; then it waits under its new place. After `--max-attempts`
    attempts it is left out, so that nothing goes round for ever.

    A definition is left out when a newer record of its key stands on the topic: it would take its place.

    Prints what goes where and how much of it a worker of this release would take, then asks. Without a
    terminal it needs `--yes`. What Kafka has confirmed is counted at the end. A second redrive of a
    deployment ends the first one.

    Example: `buying-groups dead-letters redrive --reason unknown_schema --dry-run`

    Gently, only what will be taken: `buying-groups dead-letters redrive --only-mended --rate 100`

    Exit codes: 0 done, or nothing to do, 3 done, but some were left out, 1 Kafka did not take it all or
    you said no, 2 wrong use or settings, 130 interrupted (it says how far it got).
    """
    from console.dead_letters.giving_back import GivingBack

    settings = connected_settings()
    log_only_errors()
    need_a_person(yes=yes or dry_run)
    work = GivingBack(
        settings,
        registry_of(settings),
        choice_or_fail(settings, reason, topic, since, until),
        limit=limit,
        max_attempts=max_attempts,
        only_mended=only_mended,
    )
    with told_problems():
        plan = work.plan()
        if dry_run or not yes or not plan.to_send:
            work.tell_plan(plan)
        if dry_run or not plan.to_send:
            raise typer.Exit(work.code_of(plan))
        if not yes:
            ask("Give them to the workers again?")
        raise typer.Exit(work.carry_out(plan, rate))


@dead_letters.command()
def purge(
    before: Annotated[
        str,
        typer.Option(
            metavar="TIME|OFFSET",
            help="what was refused before then: 7d ago, 2026-11-21; or an offset, with --partition",
        ),
    ],
    partition: Annotated[
        int | None, typer.Option(min=0, help="only this partition of the topic dead-letters")
    ] = None,
    reason: Annotated[list[str] | None, typer.Option(help="is not possible, see above")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="is not possible either")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: OutputChoice = Output.TABLE,
) -> None:
    """Delete old dead letters for good, such as when somebody's data must go. There is no way back.

    Kafka deletes from a topic only what stands before an offset, all of it. So a purge goes by time or
    offset; one by reason or topic is refused. In each partition it ends at the first record that is not
    old enough. Without a purge Kafka deletes dead letters after 30 days.

    Prints what goes, by reason and topic, and how many of them nobody has redriven; then asks. Without a
    terminal it needs `--yes`. `--output json` prints each record that goes, as `list` does.

    Example: `buying-groups dead-letters purge --before 7d --dry-run`

    One partition: `buying-groups dead-letters purge --before 1500 --partition 2`

    Exit codes: 0 done, or nothing to do, 1 Kafka did not delete or you said no, 2 wrong use or settings.
    """
    from console.dead_letters.choosing import WrongChoice
    from console.dead_letters.listing import print_letters
    from console.dead_letters.purging import before_of, plan_purge, tell_purge
    from streams.dead_letters import delete_before

    if reason or topic:
        fail(
            "Kafka deletes only what stands before an offset, whatever it is: a purge by reason or topic"
            " is not possible. Purge by time (--before 7d); or leave what is settled: redrive does not"
            " send it again, list --waiting does not show it, and Kafka deletes it after 30 days.",
            WRONG_USE,
        )
    settings = connected_settings()
    need_a_person(yes=yes or dry_run)
    try:
        end = before_of(before, partition, now())
    except WrongChoice as mistake:
        fail(str(mistake), WRONG_USE)
    with told_problems():
        planned = plan_purge(settings, end)
        if output is Output.JSON:
            print_letters(planned.going, settings.namespace, output, None, details=False)
        tell_purge(planned, settings.namespace, table=output is Output.TABLE)
        if dry_run or not planned.offsets:
            raise typer.Exit(DONE)
        if not yes:
            ask("Delete them for good?")
        first = delete_before(settings, planned.offsets)
    for number, offset in sorted(first.items()):
        tell(f"Deleted: partition {number} of dead-letters now begins at offset {offset:,}.")
