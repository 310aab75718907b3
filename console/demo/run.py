"""The demo from beginning to end."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from confluent_kafka import KafkaException
from rich.console import Console
from rich.text import Text

from agents.ticker import send_tick
from agents.worker import system_clock
from console.demo.defined import NotDefined, read_file
from console.demo.ending import (
    Figures,
    say,
    tell_findings,
    tell_groups,
    tell_how_to_look_further,
    tell_summary,
)
from console.demo.evidence import Evidence
from console.demo.findings import look_up
from console.demo.opening import Parts, open_story, start
from console.demo.process import WorkerEnded
from console.demo.publishing import NotPublished
from console.demo.records import Beat, Story
from console.demo.showing import Showing, showing
from console.demo.story import write_story
from console.tick import NotConsumed
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.topics import ASSIGNMENT_OUTCOME, BUYING_GROUPS, JOURNEY_ACTIONS, MANUAL_EDITS

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130

_FACT_WITHIN_S: Final = 20.0
_LIVE_WITHIN_S: Final = 100.0
"""The live part is over by then, whatever did not come: the telling says what that was."""


def run_demo(console: Console, *, seed: int, keep: bool, pace: float) -> int:
    """Run the demo and return the exit code; ``pace`` stretches the pauses, 0 leaves them out."""
    with ExitStack() as running, _stopped_by_signals():
        try:
            return _run(console, running, seed=seed, keep=keep, pace=pace)
        except KeyboardInterrupt:
            # Whoever is impatient must not leave a worker behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            say(console, Text("\nStopped.", style="dim"))
            return INTERRUPTED
        except (
            NotDefined,
            WorkerEnded,
            NotConsumed,
            NotPublished,
            TimeoutError,
            KafkaException,
        ) as problem:
            say(console, Text(str(problem), style="red"))
            return FAILED


def _run(console: Console, running: ExitStack, *, seed: int, keep: bool, pace: float) -> int:
    story = write_story(seed, system_clock(), read_file())
    parts = start(console, running, story)
    open_story(console, parts, story)
    began = time.monotonic()
    with showing(console, story, parts.watch) as show:
        play(parts, story, show, pace=pace)
        _pause(2.0 * pace, parts)
    figures = Figures(parts.publisher.published, time.monotonic() - began)
    return _tell(console, parts, story, figures, keep=keep)


def play(parts: Parts, story: Story, show: Showing, *, pace: float) -> None:
    """Play the live part; ``show`` is told of each beat."""
    deadline = time.monotonic() + _LIVE_WITHIN_S
    for beat in _in_time(story.beats, pace, parts, deadline):
        show.begins(beat)
        _play(beat, parts, deadline)
        show.happened(beat)
    _wait_for_answers(story, parts, deadline)


def _in_time(beats: tuple[Beat, ...], pace: float, parts: Parts, deadline: float) -> Iterator[Beat]:
    """Give each beat when it is due; where facts took long, the pauses behind them are shorter."""
    due = time.monotonic()
    for beat in beats:
        if time.monotonic() >= deadline:
            return
        due += beat.gap_s * pace
        _pause(max(due - time.monotonic(), 0.3 * min(pace, 1.0)), parts)
        yield beat


def _play(beat: Beat, parts: Parts, deadline: float) -> None:
    watch = parts.watch
    if beat.tick is not None:
        _play_tick(beat.tick, parts, deadline)
        return
    with watch.changed:
        now = time.monotonic()
        for record in beat.records:
            watch.board.published_at.setdefault(record.event_id, now)
    parts.publisher.publish(beat.records)
    watch.wait_until(
        lambda board: all(board.seen(fact.topic, fact.cause_id) for fact in beat.facts),
        min(deadline, time.monotonic() + _FACT_WITHIN_S),
        parts.worker.check,
    )


def _play_tick(as_of: int, parts: Parts, deadline: float) -> None:
    with parts.watch.changed:
        versions = [state.baseline_version for state in parts.watch.board.states.values()]
    now = system_clock()
    codec = Codec(CommittedRegistry())
    send_tick(parts.settings, codec, f"demo-{as_of}", as_of, now, "/demo")
    parts.watch.wait_until(
        lambda board: all(s.baseline_version > max(versions) for s in board.states.values()),
        deadline,
        parts.worker.check,
    )


def _wait_for_answers(story: Story, parts: Parts, deadline: float) -> None:
    """Wait until every decision of the story has its outcome, so that the figures are whole."""
    records = (*story.history, *story.live)
    decisions = sum(record.topic in {JOURNEY_ACTIONS.name, MANUAL_EDITS.name} for record in records)
    parts.watch.wait_until(
        lambda board: board.counts[ASSIGNMENT_OUTCOME.name] >= decisions,
        deadline,
        parts.worker.check,
    )


def _tell(console: Console, parts: Parts, story: Story, figures: Figures, *, keep: bool) -> int:
    group_records = parts.watch.count(BUYING_GROUPS)
    with parts.watch.changed:
        board = parts.watch.board
        findings, missing = look_up(
            Evidence(story, board, parts.publisher.receipts, parts.settings.partitions, group_records)
        )
        tell_groups(console, story, board)
        tell_findings(console, findings, missing)
        tell_summary(console, story, board, figures)
        servers = parts.settings.kafka_bootstrap_servers if keep else None
        tell_how_to_look_further(console, story, board, servers, parts.worker.log)
    if keep:
        _stay(console, parts)
    return FAILED if missing else DONE


def _stay(console: Console, parts: Parts) -> None:
    try:
        while True:
            _pause(1.0, parts)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say(console, Text("\nStopped.", style="dim"))


def _pause(seconds: float, parts: Parts) -> None:
    until = time.monotonic() + seconds
    parts.watch.wait_until(lambda _: False, until, parts.worker.check)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Make SIGTERM and a closed terminal end the demo through its own clean-up."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    known = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    known[signal.SIGINT] = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)
