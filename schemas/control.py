"""The control records: day ticks, the steps towards a scoring baseline, and definitions."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import INT32_MAX, AnyText, Contract, Day, Id, Int64, Millis, Version

Partition = Annotated[int, Field(ge=0, le=INT32_MAX)]
ControlKind = Literal[
    "day_tick",
    "points_asked",
    "baseline_part",
    "strength_asked",
    "strength_part",
    "baseline",
    "definition",
]


class ControlRecord(Contract):
    """A message between partitions of one tenant (architecture.md, "Ticks").

    - `day_tick`: a new day, to the partition that reduces; it asks all for their points.
    - `points_asked`: the day and `model` to count by; the addressee answers with a `baseline_part`.
    - `baseline_part`: one partition's own greatest weight and points under `model`.
    - `strength_asked`: the tenant's weight and person root; the answer is a `strength_part`.
    - `strength_part`: one partition's own greatest group strength against them.
    - `baseline`: the merged figures of the tenant; the addressee rescores against them.
    - `definition`: what a marketer defined, so that every partition knows it.

    A field that its kind does not carry is null. Figures are defined in domain.md §5.
    """

    kind: ControlKind
    event_id: Id
    issued_at: Millis
    tick_id: Id
    """Groups the tick, its questions, its parts and its baseline; of a definition, its event id."""
    as_of: Day
    """The UTC day the tick moves to; of a definition, the day of its `updated_at`."""
    partition: Partition
    """The partition this record is addressed to."""
    sender: Partition | None = None
    """The partition whose figures a part holds."""
    greatest_weight: Int64 | None = None
    """Greatest weight of an activity type that occurred inside the window."""
    greatest_points: Int64 | None = None
    """Greatest points of a person: the integer sum before the division by the weight."""
    greatest_strength: Annotated[float, Field(ge=0)] | None = None
    """Greatest group strength of a part: the weighted sum under the root, not yet scaled."""
    baseline_version: Version | None = None
    """Number of the baseline, growing by one."""
    model_version: Version | None = None
    """Number of the activity weighting model the figures were computed with."""
    greatest_person_root: Annotated[float, Field(ge=0)] | None = None
    """Greatest root(p) of the tenant."""
    greatest_group_root: Annotated[float, Field(ge=0)] | None = None
    """Greatest root(g) of the tenant."""
    model: AnyText | None = None
    """JSON text of the activity weighting model to compute with."""
    definition: AnyText | None = None
    """JSON text of a `Definition`."""
