"""Stage models of a definitions file (domain.md §6).

A draft may be unfinished. A live one never changes again, so all that would leave a group stuck, or a
stage empty for ever, is a mistake before it goes live, not a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from console.definitions.form import IDENTITY, StageLine, StageModelForm, status_of
from console.definitions.nodes import did_you_mean, quoted
from console.definitions.spots import FirstSeen, Spot
from schemas.inputs import StageKind

_DESTINATIONS = ("success", "failure")


def read_stage_models(spot: Spot | None) -> list[tuple[Spot, StageModelForm]]:
    """Return the stage models, each with its place."""
    items = [] if spot is None else spot.items("stage models")
    return [(item, _model(item)) for item in items]


def _model(spot: Spot) -> StageModelForm:
    found = spot.fields(("status",), {**IDENTITY, "stages": "the list of stages"})
    listed = found.get("stages")
    items = [] if listed is None else listed.items("stages")
    before = len(spot.mistakes)
    stages = _stages(items)
    sound = len(spot.mistakes) == before
    form = StageModelForm(
        id=found.identity("id"),
        name=found.text("name"),
        place=spot.place,
        status=status_of(found),
        stages=tuple(stage for _, stage in stages),
    )
    # What follows from a mistake in a stage would only hide it.
    if form.status == "live" and listed is not None and sound:
        _check_way_through(listed, stages)
    return form


def _stages(items: list[Spot]) -> list[tuple[Spot, StageLine]]:
    seen = FirstSeen("stage")
    stages = []
    spots: list[list[Spot]] = []
    for item in items:
        found = item.fields(
            ("transitions",),
            {"name": "the stage's name", "kind": f"one of {', '.join(get_args(StageKind))}"},
        )
        name = found.text("name")
        seen.add(found.get("name") or item, name)
        spots.append(found.items("transitions", "the names of stages that can follow"))
        followers = tuple(each.text() for each in spots[-1])
        stages.append((item, StageLine(name, found.one_of("kind", get_args(StageKind), ""), followers)))
    names = [stage.name for _, stage in stages]
    for (_, stage), targets in zip(stages, spots, strict=True):
        _check_transitions(stage, targets, names)
    return stages


def _check_transitions(stage: StageLine, targets: list[Spot], names: list[str]) -> None:
    once = FirstSeen("transition", ignore_case=False)
    for target, name in zip(targets, stage.transitions, strict=True):
        if name and name == stage.name:
            target.wrong("a stage does not lead to itself: leave it out")
        elif once.add(target, name) and name not in names:
            hint = did_you_mean(name, names) or f"; the stages are {', '.join(filter(None, names))}"
            target.wrong(f"there is no stage {quoted(name)}{hint}")


def _check_way_through(listed: Spot, stages: list[tuple[Spot, StageLine]]) -> None:
    kinds = [stage.kind for _, stage in stages]
    if "entry" not in kinds:
        listed.wrong("a live stage model needs at least one stage of kind entry, where groups begin")
    if kinds.count("success") != 1:
        listed.wrong(
            f"a live stage model needs exactly one stage of kind success, not {kinds.count('success')}"
        )
    reached = _reachable({stage.name: stage for _, stage in stages})
    for spot, stage in stages:
        if stage.kind not in _DESTINATIONS and not stage.transitions:
            spot.wrong(
                f"no stage follows {quoted(stage.name)}: a group would stay there for ever."
                " Give it transitions, or make it a success or failure"
            )
        if "entry" in kinds and stage.name not in reached:
            spot.wrong(
                f"no way leads from an entry stage to {quoted(stage.name)}:"
                " name it in another stage's transitions, or leave it out"
            )


def _reachable(stages: Mapping[str, StageLine]) -> set[str]:
    reached: set[str] = set()
    ahead = [name for name, stage in stages.items() if stage.kind == "entry"]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead.extend(stages[name].transitions)
    return reached
