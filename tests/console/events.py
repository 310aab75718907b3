"""Lines as a person would publish them."""

from typing import Any

from domain.identity import buying_group_id

Line = dict[str, Any]

INTEREST = "crm"
TEMPLATE = {
    "id": "template-1",
    "version": 1,
    "name": "Standard",
    "roles": [
        {"role": "Decision Maker", "weighting": "Vital"},
        {"role": "Influencer", "weighting": "Important"},
        {"role": "Practitioner", "weighting": "Normal", "members_required": 2},
    ],
}


def group(account_id: str, **fields: Any) -> Line:
    """A group of an account for the one solution interest."""
    value = {
        "event_id": f"group-{account_id}",
        "account_id": account_id,
        "buying_group_id": buying_group_id(INTEREST, account_id),
        "solution_interest_id": INTEREST,
        "name": f"CRM for {account_id}",
        "created_at": "2026-11-01T08:00:00Z",
        "role_template": TEMPLATE,
    }
    return {"topic": "buying-groups", "value": {**value, **fields}}


def activity(number: int, account_id: str = "acct-1", **fields: Any) -> Line:
    """An activity of a lead."""
    value = {
        "event_id": f"activity-{number}",
        "account_id": account_id,
        "lead_id": "ana",
        "activity_type": "web.formFilledOut",
        "occurred_at": "2026-11-15T10:00:00Z",
    }
    return {"topic": "lead-activity", "value": {**value, **fields}}


def manual_edit(account_id: str, *edits: dict[str, str], **fields: Any) -> Line:
    """What a salesperson decided."""
    value = {
        "event_id": f"edit-{account_id}",
        "account_id": account_id,
        "buying_group_id": buying_group_id(INTEREST, account_id),
        "edited_by": "sam",
        "decided_at": "2026-11-02T09:30:00+01:00",
        "edits": list(edits),
    }
    return {"topic": "manual-edits", "value": {**value, **fields}}


def journey_action(account_id: str, action: str, **fields: Any) -> Line:
    """What a journey decided."""
    value = {
        "event_id": f"journey-{account_id}-{action}",
        "account_id": account_id,
        "solution_interest_id": INTEREST,
        "journey_id": "nurture",
        "decided_at": "2026-11-03T12:00:00Z",
        "action": action,
    }
    return {"topic": "journey-actions", "value": {**value, **fields}}
