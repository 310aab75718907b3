"""``buying-groups erase``: a person asks for their data to be deleted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from console.choices import Output, OutputChoice
from console.terminal import WRONG_USE, codec_of, connected_settings, fail, messages, tell

if TYPE_CHECKING:
    from console.erase import Erased


def erase(
    account: Annotated[str, typer.Option("--account", metavar="ID", help="the lead's account")],
    lead: Annotated[str, typer.Option("--lead", metavar="ID", help="the lead")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask, erase")] = False,
    patience: Annotated[
        float, typer.Option(help="give up when nothing moved for so many seconds")
    ] = 60.0,
    output: OutputChoice = Output.TABLE,
) -> None:
    """Erase a lead of an account: name, contact data, activity and assignments, at once and for good.

    Publishes the erasure to `lead-profiles`, waits until a worker has taken it in, and prints where
    the lead's data may still lie in Kafka and until when, by the settings the broker has. A marker
    stays, so that what comes late and is dated earlier never counts; what is dated later counts as for
    a new lead. A lead that is known to several accounts is erased in each of them by a call of its own.

    Without `--yes` it asks first. `--output json` prints one object: `account`, `lead`, `erased_at`, the
    record's `topic`, `partition` and `offset`, and `remains`, one entry a topic. `docs/privacy.md` tells
    what each topic holds.

    Example: `buying-groups erase --account acme --lead lead-7 --yes`

    Exit codes: 0 the erasure counts, 1 no worker took it in, it cannot count, or Kafka does not answer,
    2 wrong use or settings, 130 interrupted.
    """
    from agents.worker import system_clock
    from console.erase import NotErased, erasure_of
    from console.erase import erase as erase_lead
    from console.groups import print_objects
    from schemas.codec import BadRecord, Codec
    from schemas.registry import CommittedRegistry, RegistryUnavailable, UnknownSchema
    from streams.admin import ClusterError

    try:
        erasure = erasure_of(Codec(CommittedRegistry()), account, lead, system_clock())
    except BadRecord as problem:
        fail(problem.detail.replace("_id:", ":"), WRONG_USE)
    settings = connected_settings()
    if not yes:
        _ask(account, lead)
        erasure = erasure.model_copy(update={"updated_at": system_clock()})
    try:
        with messages.status("waiting until a worker has taken the erasure in"):
            erased = erase_lead(settings, codec_of(settings), erasure, patience, system_clock)
    except (NotErased, ClusterError, RegistryUnavailable, UnknownSchema) as problem:
        fail(str(problem))
    _tell_erased(erased)
    if output is Output.JSON:
        print_objects([erased.as_object()])
    else:
        _print_remains(erased)


def _ask(account: str, lead: str) -> None:
    if not sys.stdin.isatty():
        fail("Nothing was erased: nobody can be asked here. --yes erases without asking.", WRONG_USE)
    question = f"Erase lead {lead!r} of account {account!r} for good? [y/N]:"
    # Standard output is for what the command prints at its end.
    messages.print(question, end=" ", highlight=False, markup=False, emoji=False, soft_wrap=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        fail("Nothing was erased.")


def _tell_erased(erased: Erased) -> None:
    from domain.calendar import iso_instant

    topic, partition, offset = erased.place
    tell(
        f"Erased: what is dated up to {iso_instant(erased.erased_at)} counts no more and is out of every"
        f" table. The erasure is {topic} [{partition}] at offset {offset}."
    )
    if erased.behind:
        tell(
            f"This machine's clock is {erased.behind / 1000:.0f} s behind the broker's: what is dated in"
            " between still counts. Set the clock and erase again.",
            style="red",
        )


def _print_remains(erased: Erased) -> None:
    from rich.table import Table

    from console.groups import print_table
    from console.privacy import notes_on

    table = Table("Topic", "May still hold of the lead", "Until")
    for column in table.columns:
        column.overflow = "fold"
    for each in erased.remains:
        table.add_row(each.name, each.holds, each.until)
    print_table(table)
    partition = erased.place[1]
    consumed = {
        name: f"partition {partition} before offset {offset}" for name, offset in erased.consumed.items()
    }
    for note in notes_on(erased.remains, consumed):
        tell(note)
