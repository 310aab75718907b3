"""Every contract: its name (the topic without the namespace), its model, and how it may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from schemas import control, definitions, inputs, outputs
from schemas.fields import Contract

Direction = Literal["input", "output", "control"]
Compatibility = Literal["BACKWARD_TRANSITIVE", "FULL_TRANSITIVE"]


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract. `compatibility` is what the schema registry enforces between its versions."""

    name: str
    model: type[Contract]
    direction: Direction

    @property
    def compatibility(self) -> Compatibility:
        """Outputs are read by subscribers older and newer than us; inputs by us (events.md)."""
        return "FULL_TRANSITIVE" if self.direction == "output" else "BACKWARD_TRANSITIVE"


_ROWS: Final = (
    ContractRow("lead-activity", inputs.LeadActivity, "input"),
    ContractRow("journey-actions", inputs.JourneyAction, "input"),
    ContractRow("manual-edits", inputs.ManualEdit, "input"),
    ContractRow("lead-profiles", inputs.LeadProfile, "input"),
    ContractRow("accounts", inputs.Account, "input"),
    ContractRow("buying-groups", inputs.BuyingGroup, "input"),
    ContractRow("definitions", definitions.Definition, "input"),
    ContractRow("control", control.ControlRecord, "control"),
    ContractRow("score-updated", outputs.ScoreUpdated, "output"),
    ContractRow("completeness-changed", outputs.CompletenessChanged, "output"),
    ContractRow("membership-changed", outputs.MembershipChanged, "output"),
    ContractRow("stage-changed", outputs.StageChanged, "output"),
    ContractRow("status-changed", outputs.StatusChanged, "output"),
    ContractRow("assignment-outcome", outputs.AssignmentOutcome, "output"),
    ContractRow("buying-group-state", outputs.BuyingGroupState, "output"),
)

CONTRACTS: Final[Mapping[str, ContractRow]] = MappingProxyType({row.name: row for row in _ROWS})
