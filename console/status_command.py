"""``buying-groups status``: its options, its exit codes, and looking again and again."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from console.choices import Output, OutputChoice
from console.terminal import (
    DONE,
    FAILED,
    INTERRUPTED,
    WRONG_USE,
    connected_settings,
    fail,
    log_only_errors,
    screen,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from console.status import Limits
    from console.status_look import Lookout

NOT_SEEN: Final = 4
"""Kafka does not answer, or does not allow what must be asked."""

EVERY_S: Final = "5"
_WATCH: Final = "--watch"


class WatchCommand(TyperCommand):
    """A command whose ``--watch`` may stand without its number."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give ``--watch`` its usual number where the next word is none."""
        return super().parse_args(ctx, with_seconds(args))


def with_seconds(args: list[str]) -> list[str]:
    """Return arguments in which every ``--watch`` has a number of seconds."""
    whole: list[str] = []
    for at, word in enumerate(args):
        whole.append(word)
        after = args[at + 1] if at + 1 < len(args) else ""
        if word == _WATCH and not after[:1].isdigit():
            whole.append(EVERY_S)
    return whole


def status(
    watch: Annotated[
        float | None,
        typer.Option(
            _WATCH,
            metavar="[SECONDS]",
            min=0.5,
            help=f"look again every so many seconds, {EVERY_S} unless said, until Ctrl-C",
        ),
    ] = None,
    worker: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="a worker's METRICS_PORT, http://HOST:PORT; may be repeated"),
    ] = None,
    max_lag_seconds: Annotated[
        float, typer.Option(min=0, help="not healthy when a record has waited longer")
    ] = 60.0,
    max_dead_letters: Annotated[
        int | None,
        typer.Option(
            min=0, help="not healthy with more in an hour; without it they are told", show_default=False
        ),
    ] = None,
    output: OutputChoice = Output.TABLE,
) -> None:
    """Show how the deployment is doing, on one screen. Joins no group, changes nothing.

    Workers and their partitions; for each topic what is not consumed and how long the first such record
    has waited, by its time on the broker; dead letters of the last hour; baseline and last tick; topics
    that are not as they must be. How far a recovery is only workers know: `--worker` asks them.

    Not healthy: no workers, a partition that nobody has, a rebalance, a record that has waited too long,
    a tick older than 26 hours while DAY_TICKS is on, wrong topics, a worker given by `--worker` that
    does not answer or is not ready. Each reason is a line.

    `--output json` prints one object, with `--watch` one a line: `at`, `healthy`, `reasons`,
    `namespace`, `consumer_group`, `lag`, `recovery` (null without `--worker`), `dead_letters`,
    `baseline`, `topics_wrong`, `engine`, `schemas`, `schema_registry`.

    Example: `buying-groups status --watch 2 --worker http://10.0.0.1:9100`

    Exit codes: 0 healthy, 1 not healthy, 4 Kafka does not answer or does not allow it, 2 wrong use or
    settings, 130 interrupted.
    """
    from console.folding import machine_clock
    from console.status import Limits
    from console.status_look import Lookout
    from console.status_pages import WrongAddress, address_of

    try:
        pages = [address_of(given) for given in worker or ()]
    except WrongAddress as error:
        fail(f"--worker: {error}", WRONG_USE)
    settings = connected_settings()
    log_only_errors()
    limits = Limits(max_lag_seconds, max_dead_letters)
    lookout = Lookout(settings, pages, machine_clock)
    if watch is None:
        raise typer.Exit(_once(lookout, limits, output))
    try:
        _again_and_again(lookout, limits, output, watch)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _once(lookout: Lookout, limits: Limits, output: Output) -> int:
    from console.status import what_is_wrong
    from console.status_screen import object_of, screen_of
    from streams.observing import NotSeen

    try:
        seen = lookout.look()
    except NotSeen as problem:
        fail(str(problem), NOT_SEEN)
    _print(object_of(seen, limits) if output is Output.JSON else screen_of(seen, limits))
    return FAILED if what_is_wrong(seen, limits) else DONE


def _again_and_again(lookout: Lookout, limits: Limits, output: Output, every_s: float) -> None:
    """Look until interrupted; a Kafka that does not answer for a while ends nothing."""
    from rich.live import Live

    if output is Output.TABLE and screen.is_terminal:
        with Live("Kafka is being asked …", console=screen, screen=True, auto_refresh=False) as live:
            live.refresh()
            while True:
                live.update(_shown(lookout, limits), refresh=True)
                time.sleep(every_s)
    while _print(_told(lookout, limits) if output is Output.JSON else _shown(lookout, limits)):
        time.sleep(every_s)


def _shown(lookout: Lookout, limits: Limits) -> RenderableType:
    from rich.text import Text

    from console.status_screen import screen_of
    from streams.observing import NotSeen

    try:
        return screen_of(lookout.look(), limits)
    except NotSeen as problem:
        return Text(str(problem), style="bold red")


def _told(lookout: Lookout, limits: Limits) -> dict[str, Any]:
    from console.folding import machine_clock
    from console.status_screen import object_of
    from domain.calendar import iso_instant
    from streams.observing import NotSeen

    try:
        return object_of(lookout.look(), limits)
    except NotSeen as problem:
        return {"at": iso_instant(machine_clock()), "healthy": False, "reasons": [str(problem)]}


def _print(told: dict[str, Any] | RenderableType) -> bool:
    """Print an object as a line of JSON, or a screen; return whether anybody still reads."""
    import orjson
    from rich.console import Console

    from console.groups import readers_may_leave

    read = False
    with readers_may_leave():
        if isinstance(told, dict):
            sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        else:
            console = Console(markup=False, emoji=False, highlight=False)
            # Written by itself: rich would end the command with an exit code of its own.
            with console.capture() as rendered:
                console.print(told)
            sys.stdout.write(rendered.get())
        sys.stdout.flush()
        read = True
    return read  # noqa: RET504 - a reader that has left ends the block above early
