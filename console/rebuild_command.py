"""``buying-groups rebuild``: what is wanted, by its options (``console.rebuild_running`` does it)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.choices import Output, OutputChoice
from console.terminal import (
    WRONG_USE,
    codec_of,
    connected_settings,
    fail,
    log_only_errors,
    refuse_wrong_topics,
    tell,
)

if TYPE_CHECKING:
    from domain.calendar import Day
    from domain.definitions import TenantEvent
    from schemas.outputs import BuyingGroupState
    from streams.settings import Settings

LACKING: Final = (
    "The topics do not hold all that the state was made of, so what comes out would differ from it."
)

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


def rebuild(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would be read and how long it takes; stop there")
    ] = False,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="write the rebuilt state over the live one; no worker may run"),
    ] = False,
    promote: Annotated[
        bool,
        typer.Option(
            "--promote",
            help="fold while workers run, wait until they are stopped, write at once what differs",
        ),
    ] = False,
    wait: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="with --promote: wait so long for workers to be stopped, 30s, 10m, 1h [10m]",
        ),
    ] = None,
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

    `--promote` does the same with workers away for moments: it folds and compares while they run, says
    when they may be stopped, folds what they acknowledge until then, and once the group is empty only
    the tail is folded before it writes. Nothing but memory is used before: there is nothing to discard.
    If nobody stops the workers in time it ends, and nothing was written.

    Example: `buying-groups rebuild --dry-run`, then `buying-groups rebuild`, and where it differs
    `buying-groups rebuild --in-place` or `buying-groups rebuild --promote --wait 30m`

    Exit codes: 0 equal (when it wrote: mended and checked), 1 it differs, is incomplete or cannot be
    read, or workers are active, 2 wrong use or settings, 130 interrupted (it says what is written).
    """
    from console.rebuild_running import Wanted, carry_out

    if dry_run + in_place + promote > 1:
        fail("--dry-run, --in-place and --promote exclude each other", WRONG_USE)
    if wait is not None and not promote:
        fail("--wait goes with --promote only", WRONG_USE)
    within_s = _seconds_of(wait or "10m")
    settings = connected_settings()
    chosen = _chosen(settings, partition)
    log_only_errors()
    # A deleted changelog has to be there to be written.
    tool = "rebuild-in-place" if in_place or promote else "rebuild"
    refuse_wrong_topics(settings, "The topics are not as they must be; nothing was done", tool)
    wanted = Wanted(
        dry_run=dry_run,
        in_place=in_place,
        within_s=within_s if promote else None,
        incomplete=incomplete,
        output=output,
    )
    raise typer.Exit(carry_out(settings, chosen, wanted))


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
                fail(f"{LACKING} --incomplete folds what is there.")
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


def _seconds_of(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS:
        fail(f"{text!r} is no time to wait: write 30s, 10m or 1h", WRONG_USE)
    return float(int(number) * _UNITS[unit])
