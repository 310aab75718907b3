"""What a marketer defines for the whole tenant: solution interests and weighting models (domain.md §1).

Definitions are newest-wins registers like everything else that is told, so that a worker which hears of
them late, twice or in another order ends with the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from domain.calendar import Millis
from domain.engagement import DEFAULT_MODEL, WeightingModel
from domain.events import TemplateRole


@dataclass(frozen=True, slots=True)
class Audience:
    """Which accounts a solution interest is for, from an instant on.

    ``condition`` is JSON text over an account's fields (``domain.conditions``); None takes every account
    that has a record.
    """

    since: Millis
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class SolutionInterest:
    """What is being sold, with the template and stage model it fixes for good.

    ``audiences`` is the history of its account audience, oldest first: a group that an earlier audience
    created stays when the audience is narrowed.
    """

    event_id: str
    interest_id: str
    name: str
    updated_at: Millis
    live: bool
    update_existing_groups: bool
    template_id: str
    template_version: int
    roles: tuple[TemplateRole, ...]
    audiences: tuple[Audience, ...]
    stage_model: str | None = None


@dataclass(frozen=True, slots=True)
class ModelDefinition:
    """An activity weighting model; ``model.version`` numbers the models of a tenant."""

    event_id: str
    updated_at: Millis
    active: bool
    model: WeightingModel


TenantEvent: TypeAlias = SolutionInterest | ModelDefinition
"""Everything that is told of the tenant as a whole."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every definition of a tenant that the rules need, by its id."""

    interests: Mapping[str, SolutionInterest] = field(default_factory=dict)
    models: Mapping[str, ModelDefinition] = field(default_factory=dict)

    def take(self, event: TenantEvent) -> Catalog:
        """Return the catalog with a definition taken in; the same object if a newer one is known."""
        if isinstance(event, SolutionInterest):
            known: TenantEvent | None = self.interests.get(event.interest_id)
            if known is not None and _order(known) >= _order(event):
                return self
            return replace(self, interests={**self.interests, event.interest_id: event})
        known = self.models.get(event.model.model_id)
        if known is not None and _order(known) >= _order(event):
            return self
        return replace(self, models={**self.models, event.model.model_id: event})

    @property
    def live_interests(self) -> tuple[SolutionInterest, ...]:
        """Return the solution interests that create groups, by id."""
        return tuple(one for _, one in sorted(self.interests.items()) if one.live)

    @property
    def model(self) -> WeightingModel:
        """Return the weighting model in force: of the active ones that with the greatest version.

        So it does not matter whether activating one model or retiring the other is heard of first.
        """
        active = [one.model for one in self.models.values() if one.active]
        return max(active, key=lambda one: (one.version, one.model_id), default=DEFAULT_MODEL)


def catalog_of(events: Iterable[TenantEvent]) -> Catalog:
    """Return the catalog that definitions lead to, in whatever order they come."""
    catalog = Catalog()
    for event in events:
        catalog = catalog.take(event)
    return catalog


def _order(event: TenantEvent) -> tuple[Millis, str]:
    return (event.updated_at, event.event_id)
