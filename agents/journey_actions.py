"""``journey-actions``: an orchestrator assigns, removes or releases a lead (domain.md §2).

Stage and status moves stand in this topic too. Their rules are not built yet: they are counted and
told, and stay in the topic, which keeps them for ever.
"""

from __future__ import annotations

import structlog

from agents.reading import Reading
from domain.events import Decision
from domain.identity import buying_group_id
from schemas.inputs import JourneyAction
from streams import metrics
from streams.topics import JOURNEY_ACTIONS

log = structlog.get_logger(__name__)


def events_of(value: JourneyAction) -> tuple[Decision, ...]:
    """Return the journey's decision; none for a stage or status move."""
    if value.action == "update_stage" or value.action == "update_status" or value.lead_id is None:  # noqa: PLR1714 - narrows the type
        metrics.STAGE_MOVES.inc()
        log.debug("stages are not kept yet", event_id=value.event_id, action=value.action)
        return ()
    return (
        Decision(
            event_id=value.event_id,
            account_id=value.account_id,
            buying_group_id=buying_group_id(value.solution_interest_id, value.account_id),
            lead_id=value.lead_id,
            source="journey",
            operation=value.action,
            role=value.role,
            decided_at=value.decided_at,
        ),
    )


def dated(value: JourneyAction) -> int:
    """Return when it was decided."""
    return value.decided_at


READING = Reading(JOURNEY_ACTIONS, dated, events_of)
