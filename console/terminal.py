"""What every command shares: where it writes, how it ends, which settings it has."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn

import structlog
import typer
from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from schemas.codec import Codec
    from schemas.registry import Registry
    from streams.settings import Settings

DONE: Final = 0
FAILED: Final = 1
WRONG_USE: Final = 2
SOME_REFUSED: Final = 3
INTERRUPTED: Final = 130

_REDRAW_S: Final = 0.1

screen: Final = Console()
messages: Final = Console(stderr=True)


def tell(message: str, style: str | None = None) -> None:
    """Print a message to standard error as it is: no markup, no emoji codes, no wrapping."""
    messages.print(message, style=style, highlight=False, markup=False, emoji=False, soft_wrap=True)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Print what went wrong, in red where there are colours, and end with an exit code."""
    tell(message, style="red")
    raise typer.Exit(code)


def settings_or_fail(**overrides: object) -> Settings:
    """Return the settings, or end with one line for each that cannot be used."""
    from streams.settings import SettingsError, load_settings

    try:
        return load_settings(**overrides)
    except SettingsError as error:
        fail("\n".join(error.lines), WRONG_USE)


def connected_settings() -> Settings:
    """Return settings that name a Kafka, for commands that look at a running deployment."""
    settings = settings_or_fail()
    if settings.kafka_bootstrap_servers is None:
        fail(
            "KAFKA_BOOTSTRAP_SERVERS is not set: name the Kafka of the running deployment,"
            " e.g. KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092",
            WRONG_USE,
        )
    return settings


def registry_of(settings: Settings) -> Registry:
    """Return the schema registry of a deployment: the configured one, or the committed schemas."""
    if settings.schema_registry_url is None:
        from schemas.registry import CommittedRegistry

        return CommittedRegistry()
    from schemas.confluent import ConfluentRegistry

    return ConfluentRegistry(settings.schema_registry_url, settings.namespace)


def codec_of(settings: Settings) -> Codec:
    """Return the codec of a deployment."""
    from schemas.codec import Codec

    return Codec(registry_of(settings))


def writing_codec_of(settings: Settings) -> Codec:
    """Return the codec of a deployment, or end with what its registry lacks.

    Every contract's id is asked for now, not when the first record of it is written.
    """
    from schemas.codec import Codec
    from schemas.contracts import CONTRACTS
    from schemas.registry import RegistryUnavailable, UnknownSchema

    registry = registry_of(settings)
    try:
        for name in CONTRACTS:
            registry.id_of(name)
    except RegistryUnavailable as problem:
        fail(str(problem))
    except UnknownSchema as problem:
        fail(f"{problem} (buying-groups topics create registers the schemas)")
    return Codec(registry)


def log_only_errors() -> None:
    """Keep what the rules' modules log out of a command's output; errors go to standard error."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        # Looked up anew each time: standard error may be another file by then.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def refuse_wrong_topics(settings: Settings, told: str, tool: str) -> None:
    """End with ``told`` and every difference if the cluster's topics are not as they must be.

    Or with the rights on topics that ``tool`` needs and Kafka does not give these settings' user: a
    worker that may not read a changelog would begin all the same where that is empty.
    """
    from confluent_kafka import KafkaException

    from streams.acls import tools_of
    from streams.admin import ClusterError, check_topics
    from streams.reaching import why_unreachable
    from streams.rights import missing_rights, not_allowed

    needed = next(each.accesses for each in tools_of(settings.namespace) if each.name == tool)
    try:
        differences = check_topics(settings)
        missing = missing_rights(settings, needed)
    except ClusterError as error:
        fail(str(error))
    except KafkaException as error:
        fail(why_unreachable((), error.args[0]))
    if missing:
        fail(not_allowed(missing))
    if differences:
        listed = "\n".join(f"  {difference}" for difference in differences)
        fail(f"{told}:\n{listed}")


def paced(progress: Progress, task: TaskID) -> Callable[[int], None]:
    """Return what takes how much more was done and draws it now and then."""
    pending, drawn = 0, 0.0

    def done(number: int) -> None:
        nonlocal pending, drawn
        pending += number
        now = time.monotonic()
        if now - drawn > _REDRAW_S:
            progress.update(task, advance=pending)
            pending, drawn = 0, now

    return done
