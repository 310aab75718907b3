"""How much leads and groups are engaged: points, scores and their baseline (domain.md §5).

Points are integers, sums of floats go through ``math.fsum``: no order of addition changes a result.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum, sqrt
from typing import Final

from domain.calendar import Day
from domain.events import TemplateRole

WINDOW_DAYS: Final = 30
"""The window is this many days, the last of which is ``as_of``."""

MAX_PER_DAY: Final = 20
"""So many activities of one type count per lead and day."""

TOP_SCORE: Final = 100.0

ACTIVITY_TYPES: Final[Mapping[str, str]] = {
    spelling.lower(): spelling
    for spelling in (
        "event.attended",
        "event.registered",
        "leadOperation.interestingMoment",
        "leadOperation.scoreChanged",
        "leadOperation.statusInCampaignProgressionChanged",
        "web.formFilledOut",
        "web.webinteraction.linkClicks",
        "web.webpagedetails.pageViews",
        "directMarketing.emailClicked",
        "directMarketing.emailOpened",
        "directMarketing.emailSent",
        "directMarketing.emailDelivered",
        "directMarketing.emailBounced",
        "directMarketing.emailBouncedSoft",
        "directMarketing.emailUnsubscribed",
    )
}
"""Known activity types: lower case to canonical spelling. Types match without regard to case."""


@dataclass(frozen=True, slots=True)
class WeightingModel:
    """What each activity type is worth; keys in lower case, weights 0 to 100."""

    model_id: str
    version: int
    weights: Mapping[str, int] = field(hash=False)

    @property
    def greatest(self) -> int:
        """Return the greatest weight of the model."""
        return max(self.weights.values(), default=1) or 1


DEFAULT_MODEL: Final = WeightingModel(
    model_id="default",
    version=1,
    weights={
        "event.attended": 60,
        "event.registered": 60,
        "leadoperation.interestingmoment": 60,
        "web.formfilledout": 40,
        "web.webinteraction.linkclicks": 40,
        "web.webpagedetails.pageviews": 40,
        "directmarketing.emailclicked": 30,
        "directmarketing.emailopened": 30,
    },
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The tenant-wide figures that scores are measured by, numbered by ``version``.

    ``person_root`` and ``group_root`` are the greatest root(p) and root(g) of the tenant.
    """

    version: int
    model_version: int
    greatest_weight: int
    person_root: float
    group_root: float


@dataclass(frozen=True, slots=True)
class TenantPart:
    """What one part of a tenant contributes to the next baseline.

    The greatest weight that occurred, the greatest points of a lead, the greatest *strength* of a
    group. Merging takes the greater of each, so parts may arrive in any order and more than once.
    """

    greatest_weight: int = 0
    greatest_points: int = 0
    greatest_strength: float = 0.0

    def merge(self, other: TenantPart) -> TenantPart:
        """Return the part of both together."""
        return TenantPart(
            max(self.greatest_weight, other.greatest_weight),
            max(self.greatest_points, other.greatest_points),
            max(self.greatest_strength, other.greatest_strength),
        )


def first_baseline(model: WeightingModel = DEFAULT_MODEL) -> Baseline:
    """Return the baseline of a tenant that has not seen a day tick yet (§5, *ours*)."""
    return baseline_of(TenantPart(), model, version=1)


def baseline_of(part: TenantPart, model: WeightingModel, version: int) -> Baseline:
    """Return the baseline of a whole tenant.

    The greatest root(g) follows from the greatest strength in one step: at a new baseline no score is
    clamped, so sum(g) = Σ 100 · √points(p) / √(greatest points) · r' = strength · 100 / √(greatest
    points). One round of parts is therefore enough.

    A tenant without engagement keeps the first baseline's figures: every score is 0 either way, and the
    first activity after it is not measured against nothing. Points and strength are asked one after the
    other, so the first activity may be in the one and not in the other.
    """
    weight = part.greatest_weight or model.greatest
    person_root = sqrt(part.greatest_points / weight) if part.greatest_points else sqrt(MAX_PER_DAY)
    group_root = (
        sqrt(TOP_SCORE * part.greatest_strength / sqrt(part.greatest_points))
        if part.greatest_strength and part.greatest_points
        else 10.0
    )
    return Baseline(version, model.version, weight, person_root, group_root)


def window_start(as_of: Day) -> Day:
    """Return the first day that counts; no day is before 1970, where an empty date may put ``as_of``."""
    return max(0, as_of - (WINDOW_DAYS - 1))


type_key = str.lower
"""Return the key that activity types are kept and weighted by."""


def points_of(
    days: Mapping[Day, Mapping[str, Mapping[str, int]]], as_of: Day, model: WeightingModel
) -> int:
    """Return points(p): Σ over the window's days and types of count × weight (§5, steps 1 and 3).

    ``days`` maps day → type key → event id → occurred_at.
    """
    first = window_start(as_of)
    weight_of = model.weights.get
    return sum(
        len(events) * weight_of(activity_type, 0)
        for day, types in days.items()
        if first <= day <= as_of
        for activity_type, events in types.items()
    )


def person_root(points: int, baseline: Baseline) -> float:
    """Return root(p), the raw figure of a person (§5, step 4)."""
    return sqrt(points / baseline.greatest_weight)


def person_score(points: int, baseline: Baseline) -> float:
    """Return the person score, 0 to 100, unrounded (§5, step 5)."""
    return min(TOP_SCORE, TOP_SCORE * person_root(points, baseline) / baseline.person_root)


def role_shares(roles: Iterable[TemplateRole], occupied: Container[str]) -> dict[str, float]:
    """Return r'(role) of each role that has a member (§5, group score, step 1)."""
    held = {role.role: role.weighting for role in roles if role.role in occupied}
    total = sum(held.values())
    return {role: weighting / total for role, weighting in held.items()}


def group_root(shares: Mapping[str, float], scores: Iterable[tuple[str, float]]) -> float:
    """Return root(g), a group's raw figure, from its members' (role, person score) (steps 2, 3)."""
    return root_of(shares[role] * score for role, score in scores)


def root_of(parts: Iterable[float]) -> float:
    """Return root(g) from what each member adds: share × person score."""
    return sqrt(fsum(parts))


def group_strength(shares: Mapping[str, float], points: Iterable[tuple[str, int]]) -> float:
    """Return Σ √points(p) × r'(role) over a group's members: root(g) before any scaling."""
    return fsum(shares[role] * sqrt(held) for role, held in points)


def group_score(root: float, baseline: Baseline) -> float:
    """Return the group score, 0 to 100, unrounded (group score, step 4)."""
    return min(TOP_SCORE, TOP_SCORE * root / baseline.group_root)


def two_decimals(score: float) -> float:
    """Return a score as it is carried: half-even to two decimals."""
    return round(score, 2)
