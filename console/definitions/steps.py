"""One definition's part of a plan: what publishing would do to it, and the making of its next record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from agents.definitions import LARGEST_DEFINITION
from console.definitions.contents import Difference, differences, same_content
from console.definitions.form import Named
from domain.calendar import Millis
from schemas.definitions import Definition, DefinitionKind, DefinitionStatus, definition_id_of

What: TypeAlias = Literal["new", "changed", "unchanged", "only_on_topic", "refused"]


@dataclass(frozen=True, slots=True)
class Step:
    """What publishing would do to one definition.

    ``definition`` is the record that would be sent; ``refusals`` say why it is not, and what to do
    instead. ``line`` is where the file has it.
    """

    definition_id: str
    kind: DefinitionKind
    name: str
    what: What
    line: int | None = None
    definition: Definition | None = None
    differences: tuple[Difference, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan starts from: the newest records of the topic, the time, and a source of event ids."""

    definitions: Mapping[str, Definition]
    now: Millis
    new_event_id: Callable[[], str]

    def of(self, kind: DefinitionKind, identity: str) -> Definition | None:
        """Return the record of a definition."""
        return self.definitions.get(definition_id_of(kind, identity))

    def of_kind(self, kind: DefinitionKind) -> list[Definition]:
        """Return the records of a kind, by id."""
        found = (each for _, each in sorted(self.definitions.items()) if each.kind == kind)
        return list(found)

    def time_after(self, known: Definition | None) -> Millis:
        """Return the time of the next record: now, but always later than the one it replaces."""
        if known is None:
            return self.now
        interest = known.solution_interest
        starts = [] if interest is None else [audience.since for audience in interest.audiences]
        return max(self.now, known.updated_at + 1, *(since + 1 for since in starts))

    def record(
        self, kind: DefinitionKind, form: Named, status: DefinitionStatus, **payload: Any
    ) -> Definition:
        """Return the next record of a definition."""
        return Definition(
            event_id=self.new_event_id(),
            definition_id=definition_id_of(kind, form.id),
            kind=kind,
            name=form.name,
            status=status,
            updated_at=self.time_after(self.of(kind, form.id)),
            **payload,
        )


def step_to(known: Definition | None, wanted: Definition, line: int, why: Sequence[str] = ()) -> Step:
    """Return the step from what is known of a definition to what the file wants."""
    found = () if known is None else differences(known, wanted)
    refusals = list(why)
    size = len(wanted.model_dump_json().encode())
    if size > LARGEST_DEFINITION:
        refusals.append(
            f"it takes {size:,} bytes, and {LARGEST_DEFINITION:,} is the most: shorten its conditions"
        )
    what: What = "changed"
    if refusals:
        what = "refused"
    elif known is None:
        what = "new"
    elif same_content(known, wanted):
        what = "unchanged"
    return Step(
        definition_id=wanted.definition_id,
        kind=wanted.kind,
        name=wanted.name,
        what=what,
        line=line,
        definition=wanted,
        # A version that will not be is no change.
        differences=tuple(each for each in found if not refusals or each.field != "version"),
        refusals=tuple(refusals),
    )
