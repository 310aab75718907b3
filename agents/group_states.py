"""`buying-group-state`: a group's record with every member, written at the cost of what has changed."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.makeup import Roster
from domain.reports import GroupState
from schemas.codec import Codec
from schemas.items import ItemWriter
from streams.topics import BUYING_GROUP_STATE

_KEPT_GROUPS: Final = 5_000
"""Groups of one partition whose members are kept encoded: those that were written last."""

_SCORE: Final = struct.Struct("<d")
"""The last field of a member, a double."""


@dataclass(slots=True)
class _Encoded:
    roster: Roster
    scores: tuple[float, ...]
    items: list[bytes]


class StateWriter:
    """Writes the states of one partition's groups.

    A score that moved changes eight bytes of one member. Encoding all members anew made an activity cost
    more the more members its groups have (``benchmarks.goals.growth`` measures it).
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._writer: ItemWriter | None = None
        self._groups: OrderedDict[str, _Encoded] = OrderedDict()

    def write(self, report: GroupState, fields: Mapping[str, Any]) -> bytes:
        """Return the record of a state; ``fields`` are all but the members."""
        if self._writer is None:
            self._writer = self._codec.item_writer(BUYING_GROUP_STATE.name, "members")
        return self._writer.frame(fields, self._items(self._writer, report))

    def _items(self, writer: ItemWriter, report: GroupState) -> list[bytes]:
        known = self._groups.get(report.buying_group_id)
        if known is None or known.roster is not report.roster:
            items = [writer.item(member) for member in members_fields(report)]
            self._groups[report.buying_group_id] = _Encoded(report.roster, report.scores, items)
            if len(self._groups) > _KEPT_GROUPS:
                self._groups.popitem(last=False)
            return items
        self._groups.move_to_end(report.buying_group_id)
        items = known.items
        for place, (score, before) in enumerate(zip(report.scores, known.scores, strict=True)):
            if score != before:
                items[place] = items[place][: -_SCORE.size] + _SCORE.pack(score)
        known.scores = report.scores
        return items


def members_fields(report: GroupState) -> list[dict[str, Any]]:
    """Return the members of a group as its contract has them."""
    return [
        {
            "lead_id": member.lead_id,
            "role": member.role,
            "source": member.source,
            "added_at": member.added_at,
            "score": member.score,
        }
        for member in report.members
    ]
