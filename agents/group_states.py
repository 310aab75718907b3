"""`buying-group-state`: a group's record with every member, written at the cost of what has changed."""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from domain.calendar import Millis
from domain.completeness import Completeness
from domain.makeup import Roster
from domain.reports import GroupState
from schemas.codec import Codec
from schemas.writing import Write, items
from streams.topics import BUYING_GROUP_STATE

_KEPT_GROUPS: Final = 5_000
"""Groups of one partition of which parts are kept encoded: those that were written last."""

_SCORE: Final = struct.Struct("<d")
"""The last field of a member, a double."""

Fields = dict[str, Any]


@dataclass(slots=True)
class _Encoded:
    """What was written of a group last, and the values it was made from."""

    names: tuple[str, str, str]
    roster: Roster
    scores: tuple[float, ...]
    completeness: Completeness
    head: bytes
    members: list[bytes]
    roles: bytes


class StateWriter:
    """Writes the states of one partition's groups.

    An activity moves the figures at both ends of the record and eight bytes of one member. The ids and
    the name, the members and the roles are kept encoded: writing them anew made an activity cost more
    the more members its groups have (``benchmarks.goals.growth`` measures it).
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._parts: _Parts | None = None
        self._groups: OrderedDict[str, _Encoded] = OrderedDict()

    def write(self, report: GroupState, event_id: str, now: Millis, *, replay: bool) -> bytes:
        """Return the record of a state."""
        parts = self._parts
        if parts is None:
            parts = self._parts = _Parts(self._codec)
        known = self._known(parts, report)
        return b"".join(
            (
                parts.header,
                parts.opening({"version": report.version, "event_id": event_id}),
                known.head,
                items(known.members),
                known.roles,
                parts.figures(figures_fields(report, now, replay=replay)),
            )
        )

    def _known(self, parts: _Parts, report: GroupState) -> _Encoded:
        names = (report.account_id, report.solution_interest_id, report.name)
        known = self._groups.get(report.buying_group_id)
        if known is None or known.roster is not report.roster or known.names != names:
            known = self._groups[report.buying_group_id] = _Encoded(
                names,
                report.roster,
                report.scores,
                report.completeness,
                parts.head(head_fields(report)),
                [parts.member(member) for member in members_fields(report)],
                parts.roles(roles_fields(report.completeness)),
            )
            if len(self._groups) > _KEPT_GROUPS:
                self._groups.popitem(last=False)
            return known
        self._groups.move_to_end(report.buying_group_id)
        if known.completeness is not report.completeness:
            known.completeness = report.completeness
            known.roles = parts.roles(roles_fields(report.completeness))
        members = known.members
        for place, (score, before) in enumerate(zip(report.scores, known.scores, strict=True)):
            if score != before:
                members[place] = members[place][: -_SCORE.size] + _SCORE.pack(score)
        known.scores = report.scores
        return known


class _Parts:
    """What writes each part of the record, in the record's order."""

    __slots__ = ("figures", "head", "header", "member", "opening", "roles")

    def __init__(self, codec: Codec) -> None:
        name = BUYING_GROUP_STATE.name
        self.header = codec.header(name)
        self.opening: Write = codec.part_writer(name, ("version", "event_id"))
        self.head: Write = codec.part_writer(
            name, ("account_id", "buying_group_id", "solution_interest_id", "name")
        )
        self.member: Write = codec.item_writer(name, "members")
        self.roles: Write = codec.part_writer(name, ("completeness", "roles", "missing_roles"))
        self.figures: Write = codec.part_writer(
            name,
            (
                "score",
                "raw_score",
                "baseline_version",
                "model_version",
                "as_of",
                "stage",
                "status",
                "versions",
                "emitted_at",
                "cause_event_id",
                "replay",
            ),
        )


def head_fields(report: GroupState) -> Fields:
    """Return what a group is called."""
    return {
        "account_id": report.account_id,
        "buying_group_id": report.buying_group_id,
        "solution_interest_id": report.solution_interest_id,
        "name": report.name,
    }


def members_fields(report: GroupState) -> list[Fields]:
    """Return the members of a group as its contract has them."""
    return [
        {
            "lead_id": lead_id,
            "role": member.role,
            "source": member.source,
            "added_at": member.added_at,
            "score": score,
        }
        for (lead_id, member), score in zip(report.roster, report.scores, strict=True)
    ]


def roles_fields(completeness: Completeness) -> Fields:
    """Return a completeness with its roles as the contracts have them."""
    return {
        "completeness": completeness.completeness,
        "roles": [
            {
                "role": role.role,
                "required": role.required,
                "assigned": role.assigned,
                "completeness": role.completeness,
            }
            for role in completeness.roles
        ],
        "missing_roles": [
            {"role": missing.role, "short_by": missing.short_by}
            for missing in completeness.missing_roles
        ],
    }


def figures_fields(report: GroupState, now: Millis, *, replay: bool) -> Fields:
    """Return what is behind the roles: what an activity changes, and when and why."""
    return {
        "score": report.score,
        "raw_score": report.raw,
        "baseline_version": report.baseline_version,
        "model_version": report.model_version,
        "as_of": report.as_of,
        "stage": report.stage,
        "status": report.status,
        "versions": report.versions,
        "emitted_at": now,
        "cause_event_id": report.cause.event_id,
        "replay": replay,
    }
