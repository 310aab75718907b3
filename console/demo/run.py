"""The demo from beginning to end."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException
from rich.console import Console
from rich.text import Text

from agents.ticker import send_ticks
from agents.worker import system_clock
from console.demo.board import Board
from console.demo.ending import (
    Figures,
    say,
    tell_findings,
    tell_groups,
    tell_how_to_look_further,
    tell_summary,
)
from console.demo.findings import Findings
from console.demo.process import WorkerEnded, WorkerProcess
from console.demo.publishing import NotPublished, Publisher
from console.demo.records import Beat, Story
from console.demo.showing import showing
from console.demo.story import write_story
from console.demo.telling import Words
from console.demo.watch import Watch
from console.tick import NotConsumed, move_day_on
from schemas.codec import Codec
from schemas.registry import CommittedRegistry
from streams.embedded import EmbeddedKafka
from streams.settings import Settings
from streams.topics import ASSIGNMENT_OUTCOME, JOURNEY_ACTIONS, MANUAL_EDITS

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130

_NAMESPACE: Final = "bg"
_PATIENCE_S: Final = 30.0
_FACT_WITHIN_S: Final = 20.0
_LIVE_WITHIN_S: Final = 100.0
"""The live part is over by then, whatever did not come: the telling says what that was."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is running."""

    settings: Settings
    worker: WorkerProcess
    watch: Watch
    publisher: Publisher


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
        except (WorkerEnded, NotConsumed, NotPublished, TimeoutError, KafkaException) as problem:
            say(console, Text(str(problem), style="red"))
            return FAILED


def _run(console: Console, running: ExitStack, *, seed: int, keep: bool, pace: float) -> int:
    start = system_clock()
    story = write_story(seed, start)
    parts = _start(console, running, story)
    _play_history(console, parts, story)
    began = time.monotonic()
    with showing(console, story, parts.watch) as show:
        for beat in _in_time(story.beats, pace, parts, began + _LIVE_WITHIN_S):
            show.begins(beat)
            _play(beat, parts, began + _LIVE_WITHIN_S)
            show.happened(beat)
        _wait_for_answers(story, parts, began + _LIVE_WITHIN_S)
        _pause(2.0 * pace, parts)
    figures = Figures(parts.publisher.published, time.monotonic() - began)
    return _tell(console, parts, story, figures, keep=keep)


def _start(console: Console, running: ExitStack, story: Story) -> _Parts:
    folder = Path(tempfile.mkdtemp(prefix="buying-groups-demo-"))
    kafka = running.enter_context(EmbeddedKafka())
    kafka.create_topics(_NAMESPACE)
    say(console, Text(f"Embedded Kafka on {kafka.bootstrap_servers}; it ends with the demo."))
    began = time.monotonic()
    worker = WorkerProcess(kafka.bootstrap_servers, _NAMESPACE, folder)
    running.callback(worker.stop)
    settings = _settings(kafka.bootstrap_servers)
    watch = Watch(settings, Codec(CommittedRegistry()), Board(Words(story).tell))
    running.callback(watch.stop)
    watch.look_for(story.scenes.misplaced_event)
    watch.start()
    with _status(console, "A worker starts …"):
        worker.wait_until_ready()
    seconds = time.monotonic() - began
    say(console, Text(f"Worker {worker.pid} is ready after {seconds:.1f} s; log: {worker.log}"))
    return _Parts(settings, worker, watch, Publisher(settings, Codec(CommittedRegistry())))


def _play_history(console: Console, parts: _Parts, story: Story) -> None:
    accounts = len({place.account_id for place in story.groups.values()})
    began = time.monotonic()
    with _status(console, "Thirty days of history go in …"):
        parts.publisher.publish(story.history)

        def check(_what: str, _done: int, _total: int) -> None:
            parts.worker.check()

        version = move_day_on(
            parts.settings,
            Codec(CommittedRegistry()),
            story.today,
            system_clock(),
            _PATIENCE_S,
            check,
        )
        seen = parts.watch.wait_until(
            lambda board: _all_rescored(board, story, version),
            time.monotonic() + _PATIENCE_S,
            parts.worker.check,
        )
    if not seen:
        raise NotConsumed(f"not every group was scored by baseline {version}")
    with parts.watch.changed:
        complete = parts.watch.board.complete_groups()
    told = Text(
        f"History: {len(story.history):,} records about {accounts} accounts and"
        f" {len(story.people)} people, folded in {time.monotonic() - began:.1f} s."
        f" {complete} of {len(story.groups)} buying groups are complete. Now it goes live."
    )
    say(console, told)


def _in_time(beats: tuple[Beat, ...], pace: float, parts: _Parts, deadline: float) -> Iterator[Beat]:
    """Give each beat when it is due; where facts took long, the pauses behind them are shorter."""
    due = time.monotonic()
    for beat in beats:
        if time.monotonic() >= deadline:
            return
        due += beat.gap_s * pace
        _pause(max(due - time.monotonic(), 0.3 * min(pace, 1.0)), parts)
        yield beat


def _play(beat: Beat, parts: _Parts, deadline: float) -> None:
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


def _play_tick(as_of: int, parts: _Parts, deadline: float) -> None:
    with parts.watch.changed:
        versions = [state.baseline_version for state in parts.watch.board.states.values()]
    now = system_clock()
    codec = Codec(CommittedRegistry())
    send_ticks(parts.settings, codec, f"demo-{as_of}", as_of, now, "/demo")
    parts.watch.wait_until(
        lambda board: all(s.baseline_version > max(versions) for s in board.states.values()),
        deadline,
        parts.worker.check,
    )


def _wait_for_answers(story: Story, parts: _Parts, deadline: float) -> None:
    """Wait until every decision of the story has its outcome, so that the figures are whole."""
    records = (*story.history, *story.live)
    decisions = sum(record.topic in {JOURNEY_ACTIONS.name, MANUAL_EDITS.name} for record in records)
    parts.watch.wait_until(
        lambda board: board.counts[ASSIGNMENT_OUTCOME.name] >= decisions,
        deadline,
        parts.worker.check,
    )


def _tell(console: Console, parts: _Parts, story: Story, figures: Figures, *, keep: bool) -> int:
    with parts.watch.changed:
        board = parts.watch.board
        findings, missing = Findings(
            story, board, parts.publisher.receipts, parts.settings.partitions
        ).all()
        tell_groups(console, story, board)
        tell_findings(console, findings, missing)
        tell_summary(console, story, board, figures)
        servers = parts.settings.kafka_bootstrap_servers if keep else None
        tell_how_to_look_further(console, story, board, servers, parts.worker.log)
    if keep:
        _stay(console, parts)
    return FAILED if missing else DONE


def _stay(console: Console, parts: _Parts) -> None:
    try:
        while True:
            _pause(1.0, parts)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say(console, Text("\nStopped.", style="dim"))


def _pause(seconds: float, parts: _Parts) -> None:
    until = time.monotonic() + seconds
    parts.watch.wait_until(lambda _: False, until, parts.worker.check)


def _all_rescored(board: Board, story: Story, version: int) -> bool:
    return len(board.states) == len(story.groups) and all(
        state.baseline_version == version for state in board.states.values()
    )


def _settings(bootstrap_servers: str) -> Settings:
    """Return settings that owe nothing to the environment, which is about another deployment."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    chosen: dict[str, Any] = {
        **defaults,
        "kafka_bootstrap_servers": bootstrap_servers,
        "namespace": _NAMESPACE,
    }
    return Settings(_env_file=None, **chosen)


@contextmanager
def _status(console: Console, text: str) -> Iterator[None]:
    """Show that something goes on, where there is somebody to see it."""
    if console.is_terminal and not console.is_dumb_terminal:
        with console.status(text):
            yield
    else:
        yield


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
