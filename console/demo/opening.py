"""Everything before the live part: Kafka and a worker start, definitions, accounts and history go in."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from agents.worker import system_clock
from console.demo.board import Board
from console.demo.defined import FILE, counted
from console.demo.ending import say
from console.demo.process import WorkerProcess
from console.demo.publishing import Publisher
from console.demo.records import Story
from console.demo.telling import Words
from console.demo.watch import Watch
from console.tick import NotConsumed, move_day_on
from schemas.codec import Codec
from schemas.definitions import Definition
from schemas.registry import CommittedRegistry
from streams.embedded import EmbeddedKafka
from streams.settings import Settings

_NAMESPACE: Final = "bg"
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What is running."""

    settings: Settings
    worker: WorkerProcess
    watch: Watch
    publisher: Publisher


def start(console: Console, running: ExitStack, story: Story) -> Parts:
    """Start Kafka, a worker and a reader of its outputs; ``running`` ends them.

    Raises:
        WorkerEnded: the worker did not get ready.
    """
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
    watch.look_for(story.scenes.misplaced.activity)
    watch.start()
    with _status(console, "A worker starts …"):
        worker.wait_until_ready()
    seconds = time.monotonic() - began
    say(console, Text(f"Worker {worker.pid} is ready after {seconds:.1f} s; log: {worker.log}"))
    return Parts(settings, worker, watch, Publisher(settings, Codec(CommittedRegistry())))


def open_story(console: Console, parts: Parts, story: Story) -> None:
    """Publish what is defined, who is there, and what happened so far; tell what became of it.

    Raises:
        NotConsumed: the worker did not get there in time.
    """
    _play_definitions(console, parts, story)
    _play_cast(console, parts, story)
    _play_history(console, parts, story)


def _play_definitions(console: Console, parts: Parts, story: Story) -> None:
    parts.publisher.publish(story.definitions)
    told = counted(tuple(one.event for one in story.definitions if isinstance(one.event, Definition)))
    say(console, Text(f"Definitions: {FILE} is read, checked and published: {told}."))


def _play_cast(console: Console, parts: Parts, story: Story) -> None:
    began = time.monotonic()
    with _status(console, "Accounts and lead profiles go in …"):
        parts.publisher.publish(story.cast)
        seen = parts.watch.wait_until(
            lambda board: _members(board) == story.first_members,
            began + _PATIENCE_S,
            parts.worker.check,
        )
    if not seen:
        raise NotConsumed("the creation job did not make every group, or not with all its members")
    with parts.watch.changed:
        states = list(parts.watch.board.states.values())
    sources = sorted({member.source for state in states for member in state.members})
    accounts = len({place.account_id for place in story.groups.values()})
    told = (
        f"Accounts and people: {accounts} and {len(story.cast) - accounts}, and nothing else. In"
        f" {time.monotonic() - began:.1f} s the creation job made {len(states)} buying groups, and the"
        f" maintenance job gave them {sum(len(state.members) for state in states)} members, source"
        f" {', '.join(sources)}."
    )
    say(console, Text(told))


def _play_history(console: Console, parts: Parts, story: Story) -> None:
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
            lambda board: all(s.baseline_version == version for s in board.states.values()),
            time.monotonic() + _PATIENCE_S,
            parts.worker.check,
        )
    if not seen:
        raise NotConsumed(f"not every group was scored by baseline {version}")
    with parts.watch.changed:
        board = parts.watch.board
        complete, groups = board.complete_groups(), len(board.states)
    told = Text(
        f"History: {len(story.history):,} activities, journey actions and manual edits of thirty days,"
        f" folded in {time.monotonic() - began:.1f} s. {complete} of {groups} groups are complete."
        " Now it goes live."
    )
    say(console, told)


def _members(board: Board) -> dict[str, int]:
    return {group_id: len(state.members) for group_id, state in board.states.items()}


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
