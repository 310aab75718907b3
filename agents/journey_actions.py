"""``journey-actions``: an orchestrator assigns leads and moves groups on (domain.md §2, §6)."""

from __future__ import annotations

from agents.reading import Reading
from domain.events import AccountEvent, Decision, StageMove, StatusUpdate
from domain.identity import buying_group_id
from schemas.inputs import JourneyAction
from streams.topics import JOURNEY_ACTIONS


def events_of(value: JourneyAction) -> tuple[AccountEvent]:
    """Return the journey's decision, stage move or status.

    The contract has made sure that each action carries what it needs.
    """
    group_id = buying_group_id(value.solution_interest_id, value.account_id)
    match value.action:
        case "update_stage":
            stage = value.stage or ""
            move = StageMove(value.event_id, value.account_id, group_id, stage, value.decided_at)
            return (move,)
        case "update_status":
            status = value.status or ""
            update = StatusUpdate(value.event_id, value.account_id, group_id, status, value.decided_at)
            return (update,)
        case operation:
            return (
                Decision(
                    event_id=value.event_id,
                    account_id=value.account_id,
                    buying_group_id=group_id,
                    lead_id=value.lead_id or "",
                    source="journey",
                    operation=operation,
                    role=value.role,
                    decided_at=value.decided_at,
                ),
            )


def dated(value: JourneyAction) -> int:
    """Return when it was decided."""
    return value.decided_at


READING = Reading(JOURNEY_ACTIONS, dated, events_of)
