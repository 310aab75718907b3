"""``buying-groups definitions``: ``check``, ``publish``, ``show`` and ``diff``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from console.choices import STANDARD_INPUT, Output, OutputChoice, a_file_or_standard_input
from console.terminal import SOME_REFUSED, codec_of, connected_settings, fail, tell

if TYPE_CHECKING:
    from console.definitions.form import DefinitionsFile
    from console.definitions.plan import Plan
    from schemas.codec import Codec
    from schemas.definitions import Definition
    from streams.settings import Settings

definitions = typer.Typer(
    name="definitions",
    help="What a marketer defines: roles, templates, stages, solution interests, weights.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


DefinitionsPath: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        callback=a_file_or_standard_input,
        help="the definitions, YAML or JSON; - reads standard input",
    ),
]


@definitions.command()
def check(file: DefinitionsPath, output: OutputChoice = Output.TABLE) -> None:
    """Find every mistake in a definitions file at once. Needs no Kafka.

    Prints each mistake with its line, its column and the path to it, such as
    `role_templates[0].roles[1].weighting`, and what to do; or, when there is none, how much the file
    defines. `--output json` prints one mistake a line: `line`, `column`, `path`, `message`.

    Example: `buying-groups definitions check definitions.yaml`

    The file `examples/definitions.yaml` explains what goes into such a file.

    Exit codes: 0 no mistake, 3 mistakes, 1 the file cannot be read, 2 wrong use.
    """
    from console.definitions.checking import check as check_text
    from console.definitions.showing import print_counts
    from console.definitions.telling import mistake_object, tell_mistakes
    from console.groups import print_objects

    text = _text_of(file)
    checked = check_text(text)
    if checked.file is None:
        if output is Output.JSON:
            print_objects(map(mistake_object, checked.mistakes))
        else:
            tell_mistakes(_name_of(file), text, checked.mistakes)
        raise typer.Exit(SOME_REFUSED)
    for note in checked.notes:
        tell(note)
    if output is Output.TABLE:
        tell(f"{_name_of(file)} is fine.", style="green")
        print_counts(checked.file)


@definitions.command()
def publish(file: DefinitionsPath, output: OutputChoice = Output.TABLE) -> None:
    """Put what is new or changed in a definitions file onto the `definitions` topic.

    Checks the file first, and compares it with the topic. What must not change is refused, with what to
    do instead, and then nothing at all is sent: a live role template, a live stage model, and of a live
    solution interest all but its name and its audience. What is on the topic and not in the file stays
    as it is. To publish a file again is harmless: what is there already is not sent twice.

    Prints what was sent. `--output json` prints one object a line: `definition_id`, `what` (`new` or
    `changed`), `changes`.

    Example: `buying-groups definitions publish definitions.yaml`

    Exit codes: 0 all of it is on the topic, 3 mistakes or refused changes (nothing was sent), 1 Kafka
    or the schema registry does not answer, 2 wrong use or settings.
    """
    from console.definitions.showing import plan_in_short, print_steps
    from console.definitions.telling import tell_refusals
    from console.definitions.topic import NotSent, send_definitions
    from console.refusals import count_of
    from schemas.registry import RegistryUnavailable, UnknownSchema

    wanted = file_or_fail(file)
    settings = connected_settings()
    codec = codec_of(settings)
    plan = _plan(wanted, settings, codec)
    refused = plan.of("refused")
    if refused:
        tell_refusals(_name_of(file), refused)
        tell(f"Nothing was sent: {plan_in_short(plan)}.")
        raise typer.Exit(SOME_REFUSED)
    try:
        send_definitions(settings, codec, plan.to_send)
    except UnknownSchema as error:
        fail(f"{error}. Register the schemas with: buying-groups topics create")
    except (NotSent, RegistryUnavailable) as error:
        fail(str(error))
    sent = plan.of("new", "changed")
    if sent:
        print_steps(sent, output)
    said = f"Sent {count_of(len(sent), 'definition')}" if sent else "Nothing to send"
    tell(f"{said}: {plan_in_short(plan)}.")
    for note in plan.notes:
        tell(note)


@definitions.command()
def show(output: OutputChoice = Output.TABLE) -> None:
    """Print the definitions that stand on the topic.

    Tables for people: roles, role templates with who is assigned to each role, stage models, solution
    interests with their account audience, weighting models and which is in force. `--output json`
    prints one definition a line, `{"topic": "definitions", "value": {…}}`: an event in full.

    Example: `buying-groups definitions show --output json > definitions.jsonl`

    Exit codes: 0 done (also when there are none), 1 Kafka or the schema registry does not answer,
    2 wrong use or settings.
    """
    from console.definitions.showing import print_definitions

    settings = connected_settings()
    found = _definitions_of(settings, codec_of(settings))
    if not found:
        tell(
            "Nothing is defined yet: there are the six default roles and the built-in weighting model."
            " Publish a file with: buying-groups definitions publish FILE"
        )
        return
    print_definitions(found.values(), output)


@definitions.command()
def diff(file: DefinitionsPath, output: OutputChoice = Output.TABLE) -> None:
    """Print what publishing a definitions file would change; send nothing.

    Each definition is `new`, `changed` (with each field, what it was and would be), `unchanged`,
    `only on the topic` (it stays as it is), or `refused` (with what to do instead). `--output json`
    prints one object a line: `definition_id`, `kind`, `name`, `what`, `line`, `changes`, `reasons`.

    Example: `buying-groups definitions diff definitions.yaml`

    Exit codes: 0 all of it could be published, 3 mistakes in the file or refused changes, 1 Kafka or
    the schema registry does not answer, 2 wrong use or settings.
    """
    from console.definitions.showing import plan_in_short, print_steps

    wanted = file_or_fail(file)
    settings = connected_settings()
    plan = _plan(wanted, settings, codec_of(settings))
    print_steps(plan.steps, output)
    tell(f"{plan_in_short(plan)}.")
    for note in plan.notes:
        tell(note)
    if plan.of("refused"):
        tell("Publishing would send nothing until what is refused is put right.")
        raise typer.Exit(SOME_REFUSED)


def file_or_fail(path: Path) -> DefinitionsFile:
    """Return what a file defines, or end with its mistakes."""
    from console.definitions.checking import check as check_text
    from console.definitions.telling import tell_mistakes

    text = _text_of(path)
    checked = check_text(text)
    if checked.file is None:
        tell_mistakes(_name_of(path), text, checked.mistakes)
        raise typer.Exit(SOME_REFUSED)
    return checked.file


def _text_of(path: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if path == STANDARD_INPUT else path.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        fail(str(error))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fail(f"{_name_of(path)}: line {line} is not UTF-8 text: save the file as UTF-8.", SOME_REFUSED)


def _name_of(path: Path) -> str:
    return "standard input" if path == STANDARD_INPUT else str(path)


def _definitions_of(settings: Settings, codec: Codec) -> dict[str, Definition]:
    from console.definitions.topic import read_definitions
    from console.topic_reading import NotRead
    from schemas.registry import RegistryUnavailable, UnknownSchema

    try:
        return read_definitions(settings, codec, tell)
    except UnknownSchema as error:
        fail(f"{error}. Register the schemas with: buying-groups topics create")
    except (NotRead, RegistryUnavailable) as error:
        fail(str(error))


def _plan(wanted: DefinitionsFile, settings: Settings, codec: Codec) -> Plan:
    """Return what publishing a file now would do to what is on the topic."""
    from uuid import uuid4

    from console.definitions.plan import plan_of
    from console.folding import machine_clock

    known = _definitions_of(settings, codec)
    return plan_of(wanted, known, machine_clock(), lambda: str(uuid4()))
