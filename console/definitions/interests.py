"""Solution interests of a definitions file: what they name must be there and live (domain.md §1, §3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from console.definitions.conditions import condition_text
from console.definitions.form import (
    IDENTITY,
    Audience,
    InterestForm,
    StageModelForm,
    TemplateForm,
    status_of,
)
from console.definitions.nodes import Mapped, Scalar, did_you_mean, kind_of, quoted
from console.definitions.spots import Spot
from domain.conditions import ACCOUNT


def read_interests(spot: Spot | None, custom: Collection[str]) -> list[tuple[Spot, InterestForm]]:
    """Return the solution interests, each with its place."""
    items = [] if spot is None else spot.items("solution interests")
    return [(item, _interest(item, custom)) for item in items]


def _interest(spot: Spot, custom: Collection[str]) -> InterestForm:
    found = spot.fields(
        ("status", "stage_model", "update_existing_groups", "audience"),
        {**IDENTITY, "role_template": "the id of the role template that its groups have"},
    )
    status = status_of(found)
    audience = found.get("audience")
    if audience is None and status == "live":
        spot.step("audience").wrong(
            "is missing: a live solution interest needs one, `all` or a condition over accounts"
        )
    return InterestForm(
        id=found.identity("id"),
        name=found.text("name"),
        place=spot.place,
        status=status,
        role_template=found.identity("role_template"),
        stage_model=found.identity("stage_model") or None,
        update_existing_groups=found.flag("update_existing_groups", True),
        audience=None if audience is None else _audience(audience, custom),
    )


def _audience(spot: Spot, custom: Collection[str]) -> Audience | None:
    match spot.node:
        case Scalar(value="all"):
            return Audience()
        case Mapped():
            condition = condition_text(spot, ACCOUNT, custom)
            return None if condition is None else Audience(condition)
        case _:
            spot.wrong(f"should be the word all, or a condition over accounts, is {kind_of(spot.node)}")
            return None


def check_references(
    interests: Sequence[tuple[Spot, InterestForm]],
    templates: Sequence[TemplateForm],
    models: Sequence[StageModelForm],
) -> list[str]:
    """Tell live interests on drafts; return a note for each that names what is not in this file."""
    notes = []
    for spot, interest in interests:
        named = (
            ("role_template", interest.role_template, templates),
            ("stage_model", interest.stage_model, models),
        )
        for key, identity, forms in named:
            if not identity:
                continue
            where = spot.at((key,))
            found = next((form for form in forms if form.id == identity), None)
            if found is None:
                hint = did_you_mean(identity, [form.id for form in forms if form.id])
                notes.append(
                    f"line {where.place.line}: {key} {quoted(identity)} is not in this file{hint or ';'}"
                    " publishing takes it from the topic, or refuses if it is not there"
                )
            elif interest.status == "live" and found.status == "draft":
                where.wrong(
                    f"{key} {quoted(identity)} is a draft (line {found.place.line}); a live solution"
                    " interest needs a live one: make both live, or both a draft"
                )
    return notes
