"""From a contract to what the rules are told: one domain event or several, or a refusal."""

import json
from typing import Any

import pytest
from hypothesis import given

from agents import buying_groups, journey_actions
from agents.buying_groups import WEIGHTINGS
from agents.inputs import READINGS
from agents.reading import Refused
from domain import events
from domain.identity import buying_group_id
from schemas import inputs
from schemas.inputs import Role
from streams.topics import INPUTS
from tests.agents.defined import CHIEFS, IN_SOFTWARE, SALES, buying_group, role
from tests.domain.builders import DECISION_MAKER, INFLUENCER, PRACTITIONER
from tests.schemas import parts
from tests.schemas.events import EXAMPLES, MOMENT

GROUP_ID = buying_group_id("si-1", "acct-100")


def told(name: str, value: Any) -> list[Any]:
    return list(READINGS[name].events_of(value))


def test_every_account_keyed_topic_has_its_reading() -> None:
    assert {name: reading.topic for name, reading in READINGS.items()} == {
        topic.name: topic for topic in INPUTS
    }


def test_a_manual_edit_is_one_decision_for_each_lead_in_the_edits_order() -> None:
    decisions = told("manual-edits", EXAMPLES["manual-edits"])
    assert [(one.lead_id, one.operation, one.role, one.position, one.source) for one in decisions] == [
        ("5001", "assign", "Influencer", 0, "manual"),
        ("5002", "remove", None, 1, "manual"),
    ]
    assert {one.event_id for one in decisions} == {"e-3"}


def journey(action: str, **needed: Any) -> inputs.JourneyAction:
    """Return a journey's action on the group of an interest."""
    return inputs.JourneyAction(
        event_id="e-2",
        account_id="acct-100",
        solution_interest_id="si-1",
        journey_id="j-1",
        decided_at=MOMENT,
        action=action,  # type: ignore[arg-type]
        **needed,
    )


@pytest.mark.parametrize(
    ("action", "role_name"), [("assign", "Champion"), ("remove", None), ("release", None)]
)
def test_a_journeys_word_on_a_lead_is_a_decision_on_the_group_of_its_interest(
    action: str, role_name: str | None
) -> None:
    given_role = {} if role_name is None else {"role": role_name}
    (decision,) = journey_actions.events_of(journey(action, lead_id="5001", **given_role))
    assert decision == events.Decision(
        event_id="e-2",
        account_id="acct-100",
        buying_group_id=GROUP_ID,
        lead_id="5001",
        source="journey",
        operation=action,  # type: ignore[arg-type]
        role=role_name,
        decided_at=MOMENT,
    )


def test_a_journeys_stage_is_a_move_of_the_group_of_its_interest() -> None:
    assert journey_actions.events_of(journey("update_stage", stage="Won")) == (
        events.StageMove("e-2", "acct-100", GROUP_ID, "Won", MOMENT),
    )


@pytest.mark.parametrize("text", ["in talks", ""])
def test_a_journeys_status_is_the_groups_also_when_it_is_empty(text: str) -> None:
    assert journey_actions.events_of(journey("update_status", status=text)) == (
        events.StatusUpdate("e-2", "acct-100", GROUP_ID, text, MOMENT),
    )


@given(parts.journeys)
def test_every_legal_action_is_one_event_of_its_group(action: inputs.JourneyAction) -> None:
    (event,) = journey_actions.events_of(action)
    assert isinstance(event, events.Decision | events.StageMove | events.StatusUpdate)
    assert (event.event_id, event.decided_at) == (action.event_id, action.decided_at)
    assert event.buying_group_id == buying_group_id(action.solution_interest_id, action.account_id)


def test_a_profile_and_an_account_carry_what_is_known_and_no_more() -> None:
    (lead,) = told("lead-profiles", EXAMPLES["lead-profiles"])
    (account,) = told("accounts", EXAMPLES["accounts"])
    assert lead.attributes == {
        "first_name": "Zoë",
        "job_title": "VP Engineering",
        "email_invalid": False,
    }
    assert lead.custom == {"tier": "1"}
    assert account.attributes == {"name": "Example GmbH", "open_opportunities": 3}


def test_a_group_carries_its_roles_in_their_order_and_its_stages_as_text() -> None:
    value = buying_group(
        Role(role=PRACTITIONER, weighting="Vital", members_required=2, auto_assign=CHIEFS),
        Role(role=INFLUENCER, required_for_completeness=False),
        stage_model=SALES,
        update_existing_groups=False,
    )
    (group,) = buying_groups.events_of(value)
    assert group.roles == (
        events.TemplateRole(PRACTITIONER, 100, required=True, members_required=2, auto_assign=CHIEFS),
        events.TemplateRole(INFLUENCER, 60, required=False, members_required=1),
    )
    assert group.stage_model == SALES.model_dump_json()
    assert (group.update_existing_groups, group.deleted) == (False, False)


def test_every_weighting_a_contract_knows_has_its_figure() -> None:
    for name, figure in WEIGHTINGS.items():
        named = role().model_copy(update={"weighting": name})
        (group,) = buying_groups.events_of(buying_group(named))
        assert group.roles[0].weighting == figure


UNUSABLE = {
    "no JSON": "{",
    "empty": "{}",
    "an unknown operator": json.dumps({"field": "job_title", "operator": "sounds like", "value": "x"}),
    "an account's field": IN_SOFTWARE,
    "an empty list": '{"all": []}',
}


@pytest.mark.parametrize("condition", UNUSABLE.values(), ids=UNUSABLE)
def test_a_group_with_a_condition_that_cannot_be_tested_is_refused(condition: str) -> None:
    value = buying_group(role(), role(INFLUENCER, auto_assign=condition))
    with pytest.raises(Refused, match=f"auto_assign of role '{INFLUENCER}': ") as refused:
        buying_groups.events_of(value)
    assert refused.value.reason == "unusable_condition"


def test_a_group_with_a_condition_that_can_be_tested_is_taken() -> None:
    (group,) = buying_groups.events_of(buying_group(role(auto_assign=CHIEFS)))
    assert [(one.role, one.auto_assign) for one in group.roles] == [(DECISION_MAKER, CHIEFS)]


def test_a_group_under_another_id_than_the_derived_one_is_refused() -> None:
    with pytest.raises(Refused, match=f"has the id {GROUP_ID}") as refused:
        buying_groups.events_of(buying_group(buying_group_id="group-1"))
    assert refused.value.reason == "wrong_group_id"
