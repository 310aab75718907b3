"""A deployment's status as it is shown: one screen for people, one JSON object for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from console.status import Limits, Page, Status, TopicLag, counted, ranges, what_is_wrong
from domain.calendar import Millis, iso_day, iso_instant

_SHOWN: Final = 10
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86_400.0


def screen_of(status: Status, limits: Limits) -> RenderableType:
    """Return one screen for people."""
    wrong = what_is_wrong(status, limits)
    return Group(_title(status, wrong), _workers(status), _lag(status, limits), _facts(status))


def object_of(status: Status, limits: Limits) -> dict[str, Any]:
    """Return what ``--output json`` prints."""
    wrong = what_is_wrong(status, limits)
    baseline, dead = status.baseline, status.dead_letters
    return {
        "at": iso_instant(status.at),
        "healthy": not wrong,
        "reasons": wrong,
        "namespace": status.namespace,
        "consumer_group": {
            "id": status.group,
            "state": status.state,
            "workers": None
            if status.workers is None
            else [
                {
                    "host": worker.host,
                    "client_id": worker.client_id,
                    "member_id": worker.member_id,
                    "partitions": list(worker.partitions),
                }
                for worker in status.workers
            ],
            "unowned_partitions": list(status.unowned),
        },
        "lag": [_lag_object(topic) for topic in status.lag],
        "recovery": [_page_object(page) for page in status.pages] or None,
        "dead_letters": {
            "since": iso_instant(dead.since),
            "records": dead.records,
            "exact": dead.exact,
            "reasons": dead.reasons,
        },
        "baseline": None
        if baseline is None
        else {
            "version": baseline.version,
            "as_of": iso_day(baseline.as_of),
            "ticked": baseline.ticked,
            "set_at": iso_instant(baseline.set_at),
            "age_seconds": (status.at - baseline.set_at) / 1000,
            "partitions_behind": list(baseline.behind),
        },
        "topics_wrong": list(status.wrong_topics),
        "engine": status.engine,
        "schemas": status.schemas,
        "schema_registry": status.registry,
    }


def _lag_object(topic: TopicLag) -> dict[str, Any]:
    worst = topic.worst
    return {
        "topic": topic.topic,
        "partitions": topic.partitions,
        "records": topic.records,
        "seconds": 0.0 if worst is None else worst.seconds,
        "waiting": [
            {"partition": each.partition, "records": each.records, "seconds": each.seconds}
            for each in topic.waiting
        ],
    }


def _page_object(page: Page) -> dict[str, Any]:
    answers = page.unanswered is None
    return {
        "url": page.url,
        "answers": answers,
        "why_not": page.unanswered,
        "ready": answers and not page.problems,
        "problems": list(page.problems),
        "recovery_remaining": page.recovering if answers else None,
        "owned_partitions": page.owned if answers else None,
        "failing_partitions": page.failing if answers else None,
    }


def _title(status: Status, wrong: Sequence[str]) -> RenderableType:
    title = Text.assemble(
        (status.namespace, "bold"),
        f" on {status.brokers}, {_clock(status.at)}: ",
        ("not healthy", "bold red") if wrong else ("healthy", "bold green"),
    )
    return Group(title, *(Text(f"  {plain(line)}", style="red") for line in wrong))


def _workers(status: Status) -> RenderableType:
    if status.workers is None:
        return Text(
            "Workers: this Kafka does not tell who is in a group; --worker URL asks them.",
            style="yellow",
        )
    table = _table(f"Workers, consumer group {status.group}, {status.state}")
    for column in ("Host", "Client", "Member", "Partitions"):
        table.add_column(column, overflow="fold")
    for worker in status.workers[:_SHOWN]:
        member = worker.member_id.removeprefix(f"{worker.client_id}-")
        owned = ranges(worker.partitions) or Text("none", style="yellow")
        table.add_row(plain(worker.host), plain(worker.client_id), plain(member)[:8], owned)
    if len(status.workers) > _SHOWN:
        table.add_row(f"and {len(status.workers) - _SHOWN} more")
    if status.unowned:
        table.add_row(Text("nobody", style="red"), "", "", ranges(status.unowned))
    return table


def _lag(status: Status, limits: Limits) -> RenderableType:
    table = _table("Lag")
    table.add_column("Topic", overflow="fold")
    for column in ("Unread", "Oldest waits", "Partition", "Partitions waiting"):
        table.add_column(column, justify="right")
    for topic in status.lag:
        worst = topic.worst
        if worst is None:
            table.add_row(topic.topic, "0", "", "", f"0 of {topic.partitions}")
            continue
        late = worst.seconds is None or worst.seconds > limits.lag_s
        waits = "not known" if worst.seconds is None else duration(worst.seconds)
        table.add_row(
            topic.topic,
            f"{topic.records:,}",
            Text(waits, style="red" if late else "green"),
            str(worst.partition),
            f"{len(topic.waiting)} of {topic.partitions}",
        )
    return table


def _facts(status: Status) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, told in _told(status):
        table.add_row(name, told)
    return table


def _told(status: Status) -> Iterator[tuple[str, RenderableType]]:
    yield "Recovery", _recovery(status.pages)
    dead = status.dead_letters
    reasons = ", ".join(f"{plain(reason)} {count:,}" for reason, count in dead.reasons.items())
    yield (
        "Dead letters",
        Text(
            f"{'' if dead.exact else 'up to '}{counted(dead.records, 'record')} in the last hour"
            + (f": {reasons}" if reasons else ""),
            style="yellow" if dead.records else "",
        ),
    )
    yield "Baseline", _baseline(status)
    newest = max(status.schemas.values(), default=0)
    newer = [name for name, version in status.schemas.items() if version > 1]
    versions = f"all version {newest}" if not newer else f"beyond version 1: {', '.join(newer)}"
    source = status.registry or "committed ids"
    yield (
        "Versions",
        f"engine {status.engine} (of this command); {len(status.schemas)} schemas, {versions}, {source}",
    )
    wrong = len(status.wrong_topics)
    yield (
        "Topics",
        Text(f"{counted(wrong, 'difference')} (buying-groups topics check)", style="red")
        if wrong
        else "all as they must be",
    )


def _recovery(pages: Sequence[Page]) -> RenderableType:
    if not pages:
        return "cannot be seen from Kafka; --worker http://HOST:METRICS_PORT asks a worker"
    return Text("\n").join(_page(page) for page in pages)


def _page(page: Page) -> Text:
    if page.unanswered is not None:
        return Text(f"{page.url} does not answer", style="red")
    told = (
        f"{counted(page.recovering, 'changelog record')} to come"
        if page.recovering
        else "nothing to recover"
    )
    if page.failing:
        told += f", {page.failing} failing"
    style = "yellow" if page.recovering or page.problems else ""
    return Text(f"{page.url} has {counted(page.owned, 'partition')}, {told}", style=style)


def _baseline(status: Status) -> RenderableType:
    baseline = status.baseline
    if baseline is None or not baseline.ticked:
        return Text("none yet: the day has never moved on", style="yellow")
    age = duration((status.at - baseline.set_at) / 1000)
    told = f"version {baseline.version} for {iso_day(baseline.as_of)}, set {age} ago by the last tick"
    if baseline.behind:
        told += f"; not yet in partitions {ranges(baseline.behind)}"
    return Text(told if status.day_ticks else f"{told}; day ticks are off")


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", expand=False)


def duration(seconds: float) -> str:
    """Return a time span in short: ``12 s``, ``3 min``, ``5 h``, ``2 days``."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"


def plain(text: str) -> str:
    """Return other people's text so that none of it steers the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _clock(at: Millis) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
