"""``definitions``: what a marketer defines, on its way to every partition (domain.md §1, §3).

A definition concerns all accounts, so the partition that reads it sends it on to all of them, itself
included, as a control record. Each keeps every definition in a table of its own: whoever takes the
partition over has them with the rest of its state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final

from agents.buying_groups import roles_of, stages_of
from agents.reading import Reading, Refused
from domain.conditions import ConditionError, compile_account
from domain.definitions import (
    Audience,
    Catalog,
    ModelDefinition,
    SolutionInterest,
    TenantEvent,
)
from domain.engagement import WeightingModel, type_key
from schemas import definitions as contract
from schemas.definitions import Definition
from streams.topics import DEFINITIONS

LARGEST_DEFINITION: Final = 450_000
"""Bytes of the longest definition that is taken: it must fit into a control record twice over."""


def events_of(value: Definition) -> tuple[TenantEvent, ...]:
    """Return what the rules need of a definition; nothing of a template that stands for itself.

    Raises:
        Refused: ``unusable_condition``, a condition of an audience or a role cannot be compiled;
            ``too_large``, it is too long for a control record.
    """
    size = len(value.model_dump_json().encode())
    if size > LARGEST_DEFINITION:
        msg = f"the definition has {size} bytes as JSON; at most {LARGEST_DEFINITION} are taken"
        raise Refused("too_large", msg)
    if value.solution_interest is not None:
        return (_interest(value, value.solution_interest),)
    if value.weighting_model is not None:
        return (_model(value, value.weighting_model),)
    if value.role_template is not None:
        roles_of(value.role_template.roles)
    return ()


def dated(value: Definition) -> int:
    """Return when it was published."""
    return value.updated_at


def read_row(row: bytes | str) -> Definition:
    """Return a definition from its JSON text, as tables and control records carry it."""
    return Definition.model_validate_json(row)


def catalog_in(rows: Iterable[bytes]) -> Catalog:
    """Return the catalog of a partition from its table's rows."""
    catalog = Catalog()
    for event in _events_in(rows):
        catalog = catalog.take(event)
    return catalog


def _events_in(rows: Iterable[bytes]) -> Iterator[TenantEvent]:
    for row in rows:
        yield from events_of(read_row(row))


def _interest(value: Definition, interest: contract.SolutionInterest) -> SolutionInterest:
    for audience in interest.audiences:
        if audience.condition is not None:
            try:
                compile_account(audience.condition)
            except ConditionError as mistake:
                msg = f"audience of solution interest {interest.id!r}: {mistake}"
                raise Refused("unusable_condition", msg) from mistake
    return SolutionInterest(
        event_id=value.event_id,
        interest_id=interest.id,
        name=value.name,
        updated_at=value.updated_at,
        live=value.status == "live",
        update_existing_groups=interest.update_existing_groups,
        template_id=interest.role_template.id,
        template_version=interest.role_template.version,
        roles=roles_of(interest.role_template.roles),
        audiences=tuple(Audience(one.since, one.condition) for one in interest.audiences),
        stage_model=stages_of(interest.stage_model),
    )


def _model(value: Definition, model: contract.WeightingModel) -> ModelDefinition:
    return ModelDefinition(
        event_id=value.event_id,
        updated_at=value.updated_at,
        active=model.active and value.status == "live",
        model=WeightingModel(
            model.id,
            model.version,
            {type_key(kind): model.bands[band] for kind, band in model.activities.items()},
        ),
    )


READING: Final[Reading[TenantEvent]] = Reading(
    DEFINITIONS, dated, events_of, attrgetter("definition_id")
)
