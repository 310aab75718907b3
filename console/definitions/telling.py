"""What people are told of a definitions file: its mistakes, each with its line, and refusals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from console.definitions.form import DefinitionsFile
from console.definitions.nodes import Mistake, Place
from console.definitions.steps import Step
from console.refusals import count_of
from console.terminal import tell

_WIDEST: Final = 100
"""So many characters of a line are shown around a mistake."""


def tell_mistakes(name: str, text: str, mistakes: Iterable[Mistake]) -> None:
    """Tell every mistake: where, what to do, and the line with a mark under the place."""
    lines = text.split("\n")
    count = 0
    for mistake in mistakes:
        count += 1
        place = f"{name}:{mistake.place.line}:{mistake.place.column}"
        tell(shown(f"{place}  {mistake.path}".rstrip()), style="bold")
        tell(f"    {shown(mistake.message)}", style="red")
        for line in _excerpt(lines, mistake.place):
            tell(line, style="dim")
    tell(f"{count_of(count, 'mistake')} in {shown(name)}.")


def mistake_object(mistake: Mistake) -> dict[str, Any]:
    """Return a mistake for programs."""
    return {
        "line": mistake.place.line,
        "column": mistake.place.column,
        "path": mistake.path,
        "message": mistake.message,
    }


def tell_refusals(name: str, steps: Iterable[Step]) -> None:
    """Tell what may not change, each with its line in the file and what to do instead."""
    for step in steps:
        tell(shown(f"{name}:{step.line}  {step.definition_id}"), style="bold")
        for why in step.refusals:
            tell(f"    {shown(why)}", style="red")


def counts_of(file: DefinitionsFile) -> list[tuple[str, int, int]]:
    """Return what a file defines: of each kind how many are live, how many drafts."""
    weightings = [model.active for model in file.weighting_models]
    return [
        ("custom roles", len(file.roles), 0),
        *(
            (kind, statuses.count("live"), statuses.count("draft"))
            for kind, statuses in (
                ("role templates", [form.status for form in file.role_templates]),
                ("stage models", [form.status for form in file.stage_models]),
                ("solution interests", [form.status for form in file.solution_interests]),
            )
        ),
        ("weighting models", weightings.count(True), weightings.count(False)),
    ]


def shown(text: str) -> str:
    """Return text that cannot steer the terminal: a file or a topic may hold anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _excerpt(lines: list[str], place: Place) -> list[str]:
    if place.line > len(lines):
        return []
    line = lines[place.line - 1].rstrip("\r").replace("\t", " ")
    column = place.column - 1
    start = max(0, column - _WIDEST * 2 // 3)
    part = line[start : start + _WIDEST]
    if not part.strip():
        return []
    before, after = "…" if start else "", "…" if start + _WIDEST < len(line) else ""
    number = str(place.line)
    mark = " " * (column - start + len(before))
    return [
        f"  {number} | {before}{shown(part)}{after}",
        f"  {' ' * len(number)} | {mark}^",
    ]
