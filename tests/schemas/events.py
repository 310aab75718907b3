"""One example of each contract, and strategies for all its legal values."""

from typing import Any, Final

from hypothesis import strategies as st

from schemas import control, inputs, outputs
from schemas.fields import (
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    INT64_MIN,
    LAST_DAY,
    LAST_MILLIS,
    Contract,
)

MOMENT: Final = 1_794_592_984_123  # 2026-11-13T18:03:04.123Z
DAY: Final = 20_770  # 2026-11-13


def _common(**more: Any) -> dict[str, Any]:
    return {
        "event_id": "b6f1",
        "version": 7,
        "account_id": "acct-100",
        "buying_group_id": "group-1",
        "solution_interest_id": "si-1",
        "occurred_at": MOMENT,
        "emitted_at": MOMENT + 250,
        "reason": "membership",
        "cause_event_id": "e-2",
        "replay": False,
        **more,
    }


_ROLE = outputs.RoleCompleteness(role="Champion", required=2, assigned=1, completeness=50.0)
_MISSING = outputs.MissingRole(role="Champion", short_by=1)

EXAMPLES: Final[dict[str, Contract]] = {
    "lead-activity": inputs.LeadActivity(
        event_id="e-1",
        account_id="acct-100",
        lead_id="5001",
        activity_type="web.formFilledOut",
        occurred_at=MOMENT,
        attributes={"form": "Demo request"},
    ),
    "journey-actions": inputs.JourneyAction(
        event_id="e-2",
        account_id="acct-100",
        solution_interest_id="si-1",
        journey_id="j-1",
        node_id="n-3",
        decided_at=MOMENT,
        action="assign",
        lead_id="5001",
        role="Champion",
    ),
    "manual-edits": inputs.ManualEdit(
        event_id="e-3",
        account_id="acct-100",
        buying_group_id="group-1",
        edited_by="ana@example.com",
        decided_at=MOMENT,
        edits=[
            inputs.Edit(lead_id="5001", operation="assign", role="Influencer"),
            inputs.Edit(lead_id="5002", operation="remove"),
        ],
    ),
    "lead-profiles": inputs.LeadProfile(
        event_id="e-4",
        account_id="acct-100",
        lead_id="5001",
        updated_at=MOMENT,
        first_name="Zoë",
        job_title="VP Engineering",
        email_invalid=False,
        custom={"tier": "1"},
    ),
    "accounts": inputs.Account(
        event_id="e-5",
        account_id="acct-100",
        updated_at=MOMENT,
        name="Example GmbH",
        open_opportunities=3,
    ),
    "buying-groups": inputs.BuyingGroup(
        event_id="e-6",
        account_id="acct-100",
        buying_group_id="group-1",
        solution_interest_id="si-1",
        name="Threat detection for Example GmbH",
        created_at=MOMENT,
        role_template=inputs.RoleTemplate(
            id="t-1",
            version=2,
            name="Security",
            roles=[
                inputs.Role(role="Champion", weighting="Vital", members_required=2),
                inputs.Role(role="Other", required_for_completeness=False, auto_assign="{}"),
            ],
        ),
        stage_model=inputs.StageModel(
            id="s-1",
            name="Sales",
            stages=[
                inputs.Stage(name="New", kind="entry", transitions=["Won"]),
                inputs.Stage(name="Won", kind="success"),
            ],
        ),
    ),
    "control": control.ControlRecord(
        kind="baseline_part",
        event_id="c-1",
        issued_at=MOMENT,
        tick_id="tick-1",
        as_of=DAY,
        partition=0,
        sender=3,
        greatest_weight=60,
        greatest_points=480,
        greatest_strength=35.25,
    ),
    "score-updated": outputs.ScoreUpdated(
        **_common(reason="activity"),
        subject_type="group",
        previous=12.5,
        current=14.25,
        raw_previous=3.5,
        raw_current=4.0,
        baseline_version=2,
        model_version=1,
        window_start=DAY - 29,
        window_end=DAY,
    ),
    "completeness-changed": outputs.CompletenessChanged(
        **_common(), previous=0.0, current=50.0, roles=[_ROLE], missing_roles=[_MISSING]
    ),
    "membership-changed": outputs.MembershipChanged(
        **_common(lead_id="5001"),
        change="added",
        current=outputs.Membership(role="Champion", source="manual"),
    ),
    "assignment-outcome": outputs.AssignmentOutcome(
        **_common(lead_id="5001"),
        decision_event_id="e-2",
        source="journey",
        operation="remove",
        outcome="overridden",
        overridden_by="manual",
        detail="a manual decision stands",
    ),
    "buying-group-state": outputs.BuyingGroupState(
        version=7,
        event_id="b6f2",
        account_id="acct-100",
        buying_group_id="group-1",
        solution_interest_id="si-1",
        name="Threat detection for Example GmbH",
        members=[
            outputs.Member(lead_id="5001", role="Champion", source="manual", added_at=MOMENT, score=52.0)
        ],
        completeness=50.0,
        roles=[_ROLE],
        missing_roles=[_MISSING],
        score=14.25,
        raw_score=4.0,
        baseline_version=2,
        model_version=1,
        as_of=DAY,
        versions={"score-updated": 7},
        emitted_at=MOMENT,
        cause_event_id="e-2",
        replay=True,
    ),
}

_letters = st.characters(codec="utf-8")
ids = st.text(_letters, min_size=1, max_size=128)
texts = st.none() | st.text(_letters, max_size=40)
words = st.text(_letters, max_size=40)
maps = st.dictionaries(words, words, max_size=4)
moments = st.integers(0, LAST_MILLIS)
days = st.integers(0, LAST_DAY)
int32s = st.integers(INT32_MIN, INT32_MAX)
counts = st.integers(1, INT32_MAX)
int64s = st.integers(INT64_MIN, INT64_MAX)
versions = st.integers(0, INT64_MAX)
figures = st.floats(allow_nan=False, allow_infinity=False)
roots = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
partitions = st.integers(0, INT32_MAX)
sources = st.sampled_from(["manual", "journey", "system"])


def _journey_needs(action: str) -> st.SearchStrategy[dict[str, Any]]:
    needed: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "assign": {"lead_id": ids, "role": ids},
        "remove": {"lead_id": ids},
        "release": {"lead_id": ids},
        "update_stage": {"stage": ids},
        "update_status": {"status": st.text(_letters, max_size=50)},
    }
    return st.fixed_dictionaries({"action": st.just(action), **needed[action]})


_journeys = st.builds(
    lambda head, action: inputs.JourneyAction(**head, **action),
    st.fixed_dictionaries(
        {
            "event_id": ids,
            "account_id": ids,
            "solution_interest_id": ids,
            "journey_id": ids,
            "node_id": st.none() | ids,
            "decided_at": moments,
        }
    ),
    st.sampled_from(["assign", "remove", "release", "update_stage", "update_status"]).flatmap(
        _journey_needs
    ),
)
_edits = st.builds(inputs.Edit, lead_id=ids, operation=st.just("assign"), role=ids) | st.builds(
    inputs.Edit, lead_id=ids, operation=st.sampled_from(["remove", "release"])
)
_roles = st.builds(
    inputs.Role,
    role=ids,
    weighting=st.sampled_from(["Trivial", "Minor", "Normal", "Important", "Vital"]),
    required_for_completeness=st.booleans(),
    members_required=counts,
    auto_assign=texts,
)
_templates = st.builds(
    inputs.RoleTemplate,
    id=ids,
    version=counts,
    name=words,
    roles=st.lists(_roles, min_size=1, max_size=4, unique_by=lambda role: role.role),
)
_stages = st.builds(
    inputs.Stage,
    name=ids,
    kind=st.sampled_from(["entry", "intermediate", "success", "failure"]),
    transitions=st.lists(words, max_size=3),
)
_stage_models = st.builds(inputs.StageModel, id=ids, name=words, stages=st.lists(_stages, max_size=3))
_role_figures = st.builds(
    outputs.RoleCompleteness, role=words, required=int32s, assigned=int32s, completeness=figures
)
_missing = st.builds(outputs.MissingRole, role=words, short_by=int32s)
_memberships = st.builds(outputs.Membership, role=words, source=sources)
_members = st.builds(
    outputs.Member, lead_id=words, role=words, source=sources, added_at=moments, score=figures
)
_common_fields: dict[str, st.SearchStrategy[Any]] = {
    "event_id": words,
    "version": versions,
    "account_id": words,
    "buying_group_id": texts,
    "solution_interest_id": texts,
    "occurred_at": moments,
    "emitted_at": moments,
    "reason": st.sampled_from(
        ["activity", "decay", "membership", "role_edit", "template", "model", "baseline", "erasure"]
    ),
    "cause_event_id": words,
    "replay": st.booleans(),
}

LEGAL: Final[dict[str, st.SearchStrategy[Contract]]] = {
    "lead-activity": st.builds(
        inputs.LeadActivity,
        event_id=ids,
        account_id=ids,
        lead_id=ids,
        activity_type=ids,
        occurred_at=moments,
        attributes=maps,
    ),
    "journey-actions": _journeys,
    "manual-edits": st.builds(
        inputs.ManualEdit,
        event_id=ids,
        account_id=ids,
        buying_group_id=ids,
        edited_by=ids,
        decided_at=moments,
        edits=st.lists(_edits, max_size=5),
    ),
    "lead-profiles": st.builds(
        inputs.LeadProfile,
        event_id=ids,
        account_id=ids,
        lead_id=ids,
        updated_at=moments,
        status=st.sampled_from(["active", "left", "erased"]),
        first_name=texts,
        last_name=texts,
        job_title=texts,
        email=texts,
        phone=texts,
        mobile_phone=texts,
        city=texts,
        state=texts,
        country=texts,
        postal_code=texts,
        inferred_state_region=texts,
        email_invalid=st.none() | st.booleans(),
        email_suspended=st.none() | st.booleans(),
        custom=maps,
    ),
    "accounts": st.builds(
        inputs.Account,
        event_id=ids,
        account_id=ids,
        updated_at=moments,
        name=texts,
        industry=texts,
        region=texts,
        parent_account_id=st.none() | ids,
        open_opportunities=st.none() | int32s,
        custom=maps,
    ),
    "buying-groups": st.builds(
        inputs.BuyingGroup,
        event_id=ids,
        account_id=ids,
        buying_group_id=ids,
        solution_interest_id=ids,
        name=words,
        created_at=moments,
        update_existing_groups=st.booleans(),
        role_template=_templates,
        stage_model=st.none() | _stage_models,
        deleted=st.booleans(),
    ),
    "control": st.builds(
        control.ControlRecord,
        kind=st.sampled_from(["day_tick", "baseline_part", "baseline"]),
        event_id=ids,
        issued_at=moments,
        tick_id=ids,
        as_of=days,
        partition=partitions,
        sender=st.none() | partitions,
        greatest_weight=st.none() | int64s,
        greatest_points=st.none() | int64s,
        greatest_strength=st.none() | roots,
        baseline_version=st.none() | versions,
        model_version=st.none() | versions,
        greatest_person_root=st.none() | roots,
        greatest_group_root=st.none() | roots,
    ),
    "score-updated": st.builds(
        outputs.ScoreUpdated,
        **_common_fields,
        lead_id=texts,
        subject_type=st.sampled_from(["group", "person"]),
        previous=figures,
        current=figures,
        raw_previous=figures,
        raw_current=figures,
        baseline_version=int64s,
        model_version=int64s,
        window_start=days,
        window_end=days,
    ),
    "completeness-changed": st.builds(
        outputs.CompletenessChanged,
        **_common_fields,
        lead_id=texts,
        previous=figures,
        current=figures,
        roles=st.lists(_role_figures, max_size=3),
        missing_roles=st.lists(_missing, max_size=3),
    ),
    "membership-changed": st.builds(
        outputs.MembershipChanged,
        **_common_fields,
        lead_id=words,
        change=st.sampled_from(["added", "removed", "role_changed", "source_changed"]),
        previous=st.none() | _memberships,
        current=st.none() | _memberships,
    ),
    "assignment-outcome": st.builds(
        outputs.AssignmentOutcome,
        **_common_fields,
        lead_id=words,
        decision_event_id=words,
        source=sources,
        operation=st.sampled_from(["assign", "remove", "release"]),
        outcome=st.sampled_from(["applied", "no_change", "overridden", "stale", "void", "pending"]),
        overridden_by=st.none() | sources,
        detail=words,
    ),
    "buying-group-state": st.builds(
        outputs.BuyingGroupState,
        version=versions,
        event_id=words,
        account_id=words,
        buying_group_id=words,
        solution_interest_id=words,
        name=words,
        members=st.lists(_members, max_size=3),
        completeness=figures,
        roles=st.lists(_role_figures, max_size=3),
        missing_roles=st.lists(_missing, max_size=3),
        score=figures,
        raw_score=figures,
        baseline_version=int64s,
        model_version=int64s,
        as_of=days,
        stage=texts,
        status=texts,
        versions=st.dictionaries(words, int64s, max_size=3),
        emitted_at=moments,
        cause_event_id=words,
        replay=st.booleans(),
    ),
}
