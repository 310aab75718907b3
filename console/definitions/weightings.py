"""Activity weighting models of a definitions file (domain.md §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from console.definitions.form import IDENTITY, WeightingForm
from console.definitions.nodes import did_you_mean, quoted
from console.definitions.spots import FirstSeen, Spot
from domain.engagement import ACTIVITY_TYPES, DEFAULT_MODEL, type_key

_GREATEST: Final = 100


def read_weighting_models(spot: Spot | None) -> list[tuple[Spot, WeightingForm]]:
    """Return the weighting models, each with its place; at most one is active."""
    items = [] if spot is None else spot.items("weighting models")
    models = [(item, _model(item)) for item in items]
    active = [item for item, model in models if model.active]
    for item in active[1:]:
        line = active[0].place.line
        item.at(("active",)).wrong(
            f"the model in line {line} is active too: one counts at a time, so make the others inactive"
        )
    return models


def _model(spot: Spot) -> WeightingForm:
    found = spot.fields(
        ("active",),
        {
            **IDENTITY,
            "bands": "names of bands with their values, such as {High: 60, Low: 20}",
            "activities": "activity types with their bands, such as {web.formFilledOut: High}",
        },
    )
    identity = found.identity("id")
    if identity == DEFAULT_MODEL.model_id:
        spot.at(("id",)).wrong("is the id of the built-in model: choose another")
    bands = _bands(found.get("bands"))
    return WeightingForm(
        id=identity,
        name=found.text("name"),
        place=spot.place,
        active=found.flag("active", False),
        bands=bands,
        activities=_activities(found.get("activities"), bands),
    )


def _bands(spot: Spot | None) -> dict[str, int]:
    entries = [] if spot is None else spot.entries("names of bands with their values")
    return {value.key(): value.whole(0, _GREATEST, 0) for value in entries}


def _activities(spot: Spot | None, bands: Mapping[str, int]) -> dict[str, str]:
    activities: dict[str, str] = {}
    seen = FirstSeen("activity type")
    for value in [] if spot is None else spot.entries("activity types with their bands"):
        name = value.key()
        known = ACTIVITY_TYPES.get(type_key(name))
        if known is None:
            types = sorted(ACTIVITY_TYPES.values())
            hint = did_you_mean(name, types) or f"; known are {', '.join(types)}"
            value.wrong(f"there is no activity type {quoted(name)}{hint}", value.key_place)
        elif seen.add(value, known):
            band = value.one_of(bands, "") if bands else ""
            activities[known] = band
    return activities
