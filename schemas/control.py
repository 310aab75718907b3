"""The control records: day ticks, and the parts and the whole of a scoring baseline."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import INT32_MAX, Contract, Day, Id, Int64, Millis, Version

Partition = Annotated[int, Field(ge=0, le=INT32_MAX)]


class ControlRecord(Contract):
    """A message between partitions of one tenant (architecture.md, "Ticks").

    - `day_tick`: moves the addressee's `as_of` on; it answers with a `baseline_part`.
    - `baseline_part`: one partition's own greatest figures, for the partition that reduces them.
    - `baseline`: the merged figures of the tenant; the addressee rescores against them.

    A figure that its kind does not carry is null. Figures are defined in domain.md §5.
    """

    kind: Literal["day_tick", "baseline_part", "baseline"]
    event_id: Id
    issued_at: Millis
    tick_id: Id
    """Groups the tick, its parts and its baseline."""
    as_of: Day
    """The UTC day the tick moves to."""
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
