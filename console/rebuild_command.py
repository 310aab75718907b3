"""``buying-groups rebuild``: parsing, messages and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.choices import Output, OutputChoice
from console.terminal import (
    DONE,
    FAILED,
    INTERRUPTED,
    WRONG_USE,
    codec_of,
    connected_settings,
    fail,
    log_only_errors,
    refuse_wrong_topics,
    tell,
    writing_codec_of,
)

if TYPE_CHECKING:
    from console.rebuild import Rebuild
    from domain.calendar import Day
    from domain.definitions import TenantEvent
    from schemas.outputs import BuyingGroupState
    from streams.settings import Settings

_LACKING: Final = (
    "The topics do not hold all that the state was made of, so what comes out would differ from it."
)


def rebuild(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would be read and how long it takes; stop there")
    ] = False,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="write the rebuilt state over the live one; no worker may run"),
    ] = False,
    partition: Annotated[
        list[int] | None,
        typer.Option(help="only this partition; may be given more than once", min=0),
    ] = None,
    incomplete: Annotated[
        bool,
        typer.Option("--incomplete", help="even if the log has lost what the state was made of"),
    ] = False,
    output: OutputChoice = Output.TABLE,
) -> None:
    """Fold the state anew from the log, and compare it with the live one or write it over.

    Without an option it is a comparison: everything that the workers have acknowledged is folded in
    memory, partition by partition, and compared with the changelogs and with `buying-group-state`.
    Nothing is written, workers may go on. Each field that differs is printed with its group.

    `--in-place` writes what differs: rows into the changelogs, and outputs, marked `replay`, where
    subscribers were told otherwise. Versions go on from the last ones, committed offsets stay. It
    refuses while a worker is in the consumer group, and none can join until it is done.

    Example: `buying-groups rebuild --dry-run`, then `buying-groups rebuild`, and where it differs
    `buying-groups rebuild --in-place`

    Exit codes: 0 equal (in place: mended and checked), 1 it differs, is incomplete or cannot be read,
    2 wrong use or settings, 130 interrupted (it says what is written).
    """
    from agents.worker import system_clock
    from console.rebuild import Rebuild
    from console.rebuild_plan import NothingAcknowledged, plan_of
    from console.rebuild_report import (
        outcome_lines,
        plan_lines,
        print_differences,
        print_plan,
        progress_bar,
    )
    from schemas.registry import RegistryUnavailable, UnknownSchema
    from streams.delivery import DeliveryError, Fenced
    from streams.group_lock import GroupBusy
    from streams.partition_log import LogUnreadable, PartitionLog

    if dry_run and in_place:
        fail("--dry-run and --in-place exclude each other", WRONG_USE)
    settings = connected_settings()
    chosen = _chosen(settings, partition)
    log_only_errors()
    # A deleted changelog has to be there to be written.
    tool = "rebuild-in-place" if in_place else "rebuild"
    refuse_wrong_topics(settings, "The topics are not as they must be; nothing was done", tool)
    run: Rebuild | None = None
    try:
        codec = writing_codec_of(settings)
        with PartitionLog(settings, "rebuild") as log:
            plan = plan_of(settings, codec, log, chosen)
            for line in plan_lines(plan):
                tell(line)
            if dry_run:
                print_plan(plan, output)
                raise typer.Exit(FAILED if plan.missing else DONE)
            if plan.missing and not incomplete:
                fail(f"{_LACKING} --incomplete rebuilds from what is there.")
            with progress_bar() as bar:
                run = Rebuild(settings, codec, log, bar)
                outcome = run.mend(chosen, system_clock) if in_place else run.compare(chosen)
    except KeyboardInterrupt:
        tell(_left_behind(run, in_place=in_place))
        raise typer.Exit(INTERRUPTED) from None
    except (NothingAcknowledged, LogUnreadable, RegistryUnavailable, UnknownSchema) as problem:
        fail(str(problem))
    except (GroupBusy, Fenced, DeliveryError) as problem:
        fail(f"{problem}\n{_left_behind(run, in_place=in_place)}")
    if outcome.differences:
        print_differences(outcome.differences, output)
    for line in outcome_lines(outcome, wrote=in_place):
        tell(line)
    raise typer.Exit(FAILED if outcome.differences else DONE)


def folded_topics(
    as_of: Day, defined: list[TenantEvent], *, incomplete: bool
) -> tuple[list[BuyingGroupState], int]:
    """Return what the topics' inputs lead to on a day, and how many records were refused; or end."""
    from console.folding_topics import TopicFold
    from schemas.registry import RegistryUnavailable, UnknownSchema
    from streams.partition_log import LogUnreadable, PartitionLog

    settings = connected_settings()
    try:
        with PartitionLog(settings, "fold") as log:
            topics = TopicFold(settings, codec_of(settings), log)
            missing = topics.missing(as_of)
            for line in missing:
                tell(line)
            if missing and not incomplete:
                fail(f"{_LACKING} --incomplete folds what is there.")
            return topics.fold(as_of, defined), topics.refused
    except (LogUnreadable, RegistryUnavailable, UnknownSchema) as problem:
        fail(str(problem))


def _chosen(settings: Settings, partition: list[int] | None) -> list[int]:
    if not partition:
        return list(range(settings.partitions))
    beyond = [number for number in partition if number >= settings.partitions]
    if beyond:
        fail(
            f"there is no partition {beyond[0]}: PARTITIONS is {settings.partitions}, so they are"
            f" 0 to {settings.partitions - 1}",
            WRONG_USE,
        )
    return sorted(set(partition))


def _left_behind(run: Rebuild | None, *, in_place: bool) -> str:
    if run is None or not in_place or not run.began_writing:
        return "Nothing was written."
    done = ", ".join(map(str, run.outcome.written)) or "none"
    return (
        f"Written so far: {run.outcome.mended.rows:,} rows, {run.outcome.mended.outputs:,} outputs;"
        f" partitions done: {done}. In the others each account is either mended or as it was before."
        " Start no worker before `buying-groups rebuild --in-place` has been run again."
    )
