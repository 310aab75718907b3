"""The definitions file that the demo starts from, as definitions and as the rules have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import console
from agents.definitions import events_of
from console.definitions.checking import check
from console.definitions.form import DefinitionsFile
from console.definitions.plan import plan_of
from console.demo.cast import CRM, DATA
from domain.calendar import Millis
from domain.conditions import compile_person
from domain.definitions import Catalog, SolutionInterest, catalog_of
from schemas.definitions import Definition

FILE: Final = Path("examples/definitions.yaml")
_ROOT: Final = Path(console.__file__).resolve().parents[1]


class NotDefined(Exception):
    """The definitions file is missing or cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Defined:
    """What the file defines: the definitions to publish, and the catalog that they lead to."""

    definitions: tuple[Definition, ...]
    catalog: Catalog

    def interest(self, interest_id: str) -> SolutionInterest:
        """Return a solution interest."""
        return self.catalog.interests[interest_id]

    def weight(self, activity_type: str) -> int:
        """Return what an activity counts."""
        return self.catalog.model.weights.get(activity_type.lower(), 0)


def read_file(root: Path = _ROOT) -> DefinitionsFile:
    """Return what the definitions file of the repository says.

    Raises:
        NotDefined: it is not there, or has mistakes.
    """
    path = root / FILE
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise NotDefined(
            f"The demo starts from {FILE}, and {path} cannot be read: {_why(problem)}.\n"
            "It comes with the repository, not with an installed package: run the demo from a checkout"
            " (make demo)."
        ) from problem
    checked = check(text)
    if checked.file is None:
        listed = "\n".join(
            f"  line {mistake.place.line}: {mistake.path}: {mistake.message}"
            for mistake in checked.mistakes
        )
        raise NotDefined(f"The demo starts from {FILE}, which has mistakes:\n{listed}")
    return checked.file


def define(file: DefinitionsFile, at: Millis, new_event_id: Callable[[], str]) -> Defined:
    """Return the definitions of a file, published at an instant on a topic without any.

    Raises:
        NotDefined: the file lacks what the story is about.
    """
    plan = plan_of(file, {}, at, new_event_id)
    refusals = [why for step in plan.of("refused") for why in step.refusals]
    definitions = tuple(plan.to_send)
    catalog = catalog_of(event for definition in definitions for event in events_of(definition))
    live = {interest.interest_id for interest in catalog.live_interests}
    lacking = [interest_id for interest_id in (CRM, DATA) if interest_id not in live]
    if refusals or lacking:
        told = refusals or [f"the live solution interest {one!r} is missing" for one in lacking]
        listed = "\n".join(f"  {why}" for why in told)
        raise NotDefined(f"The demo's story does not go with {FILE} as it is:\n{listed}")
    return Defined(definitions, catalog)


def bound_of(interest: SolutionInterest, job_title: str) -> int:
    """Return the least engagement score at which a role takes somebody with a title; 101: none does."""
    conditions = [compile_person(role.auto_assign) for role in interest.roles if role.auto_assign]
    return next(
        (
            score
            for score in range(101)
            if any(one.matches({"job_title": job_title}, {}, float(score)) for one in conditions)
        ),
        101,
    )


def counted(definitions: tuple[Definition, ...]) -> str:
    """Return how many definitions there are of each kind, as a sentence has it."""
    return ", ".join(_counts([definition.kind for definition in definitions]))


def _counts(kinds: list[str]) -> Iterator[str]:
    for kind in dict.fromkeys(kinds):
        count = kinds.count(kind)
        yield f"{count} {kind.replace('_', ' ')}{'' if count == 1 else 's'}"


def _why(problem: OSError | UnicodeDecodeError) -> str:
    return problem.strerror or "no reason" if isinstance(problem, OSError) else "it is not UTF-8 text"
