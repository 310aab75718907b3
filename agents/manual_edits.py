"""``manual-edits``: a salesperson edits a group's members (domain.md §2.8)."""

from __future__ import annotations

from typing import Final

from agents.reading import Reading, Refused
from domain.events import Decision
from schemas.inputs import ManualEdit
from streams.topics import MANUAL_EDITS

MOST_EDITS: Final = 50


def events_of(value: ManualEdit) -> tuple[Decision, ...]:
    """Return one decision for each lead of the edit.

    Raises:
        Refused: ``no_edits`` or ``too_many_edits``; the edit is taken whole or not at all.
    """
    if not value.edits:
        raise Refused("no_edits", "the edit names no lead")
    if len(value.edits) > MOST_EDITS:
        msg = f"the edit names {len(value.edits)} leads; at most {MOST_EDITS} are taken in one edit"
        raise Refused("too_many_edits", msg)
    return tuple(
        Decision(
            event_id=value.event_id,
            account_id=value.account_id,
            buying_group_id=value.buying_group_id,
            lead_id=edit.lead_id,
            source="manual",
            operation=edit.operation,
            role=edit.role,
            decided_at=value.decided_at,
            position=position,
        )
        for position, edit in enumerate(value.edits)
    )


def dated(value: ManualEdit) -> int:
    """Return when it was decided."""
    return value.decided_at


READING = Reading(MANUAL_EDITS, dated, events_of)
