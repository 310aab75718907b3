"""The readings of all account-keyed input topics, by topic name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agents import (
    accounts,
    buying_groups,
    journey_actions,
    lead_activity,
    lead_profiles,
    manual_edits,
)
from agents.reading import Reading
from domain.events import AccountEvent

READINGS: Final[Mapping[str, Reading[AccountEvent]]] = {
    module.READING.topic.name: module.READING
    for module in (
        lead_activity,
        journey_actions,
        manual_edits,
        lead_profiles,
        accounts,
        buying_groups,
    )
}
