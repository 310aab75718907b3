"""What publishing a definitions file changes and what it refuses: rules without Kafka."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.definitions import LARGEST_DEFINITION
from console.definitions.checking import check
from console.definitions.contents import Difference
from console.definitions.form import DefinitionsFile
from console.definitions.plan import Plan, plan_of
from console.definitions.steps import Step
from console.definitions.weighting_plan import in_force
from domain.engagement import ACTIVITY_TYPES
from schemas.codec import Codec
from schemas.definitions import Audience, Definition, SolutionInterest, WeightingModel
from schemas.registry import CommittedRegistry
from tests.console.test_definitions_check import EXAMPLE

Known = dict[str, Definition]
Section = list[dict[str, Any]]

NOW = 1_800_000_000_000
CHIEFS = {"field": "job_title", "operator": "starts with", "value": "chief"}
BANKS = {"field": "industry", "operator": "is", "value": "Banking"}
SHOPS = {"field": "industry", "operator": "is", "value": "Retail"}


def template(**fields: Any) -> dict[str, Any]:
    return {"id": "t", "name": "T", "status": "live", "roles": [{"role": "Champion"}], **fields}


def stage_model(**fields: Any) -> dict[str, Any]:
    stages = [
        {"name": "A", "kind": "entry", "transitions": ["W"]},
        {"name": "W", "kind": "success"},
    ]
    return {"id": "s", "name": "S", "status": "live", "stages": stages, **fields}


def interest(**fields: Any) -> dict[str, Any]:
    named = {"id": "i", "name": "I", "status": "live", "role_template": "t", "audience": "all"}
    return {**named, **fields}


def model(identity: str = "w", weight: int = 60, **fields: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "name": identity.upper(),
        "bands": {"High": weight},
        "activities": {"event.attended": "High"},
        **fields,
    }


def file_of(
    templates: Section = [],  # noqa: B006 - never changed
    interests: Section = [],  # noqa: B006
    models: Section = [],  # noqa: B006
    stages: Section = [],  # noqa: B006
    roles: list[str] = [],  # noqa: B006
) -> DefinitionsFile:
    checked = check(
        json.dumps(
            {
                "custom_fields": {"account": ["tier"]},
                "roles": roles,
                "role_templates": templates,
                "stage_models": stages,
                "solution_interests": interests,
                "weighting_models": models,
            }
        )
    )
    assert checked.file is not None, checked.mistakes
    return checked.file


def planned(
    file: DefinitionsFile, known: Mapping[str, Definition] | None = None, now: int = NOW
) -> Plan:
    numbers = itertools.count()
    return plan_of(file, known or {}, now, lambda: f"event-{next(numbers)}")


def after(file: DefinitionsFile, known: Mapping[str, Definition] | None = None, now: int = NOW) -> Known:
    """What is on the topic after publishing."""
    plan = planned(file, known, now)
    assert plan.of("refused") == []
    return {**(known or {}), **{each.definition_id: each for each in plan.to_send}}


def what(plan: Plan) -> dict[str, str]:
    return {step.definition_id: step.what for step in plan.steps}


def step(plan: Plan, definition_id: str) -> Step:
    return next(step for step in plan.steps if step.definition_id == definition_id)


def interest_in(known: Mapping[str, Definition], identity: str = "i") -> SolutionInterest:
    found = known[f"solution_interest:{identity}"].solution_interest
    assert found is not None
    return found


def model_in(known: Mapping[str, Definition], identity: str = "w") -> WeightingModel:
    found = known[f"weighting_model:{identity}"].weighting_model
    assert found is not None
    return found


ALL = file_of(
    [template()], [interest(stage_model="s")], [model(active=True)], [stage_model()], ["Buyer"]
)


def test_everything_is_new_on_an_empty_topic() -> None:
    plan = planned(ALL)
    assert what(plan) == dict.fromkeys(
        (
            "role:Buyer",
            "role_template:t",
            "stage_model:s",
            "solution_interest:i",
            "weighting_model:w",
        ),
        "new",
    )
    assert [each.updated_at for each in plan.to_send] == [NOW] * 5
    assert len({each.event_id for each in plan.to_send}) == 5


def test_the_template_and_the_stages_are_embedded_in_the_interest() -> None:
    known = after(ALL)
    assert interest_in(known).role_template == known["role_template:t"].role_template
    assert interest_in(known).stage_model == known["stage_model:s"].stage_model


def test_a_file_that_is_published_changes_nothing_when_published_again() -> None:
    plan = planned(ALL, after(ALL), NOW + 5)
    assert set(what(plan).values()) == {"unchanged"}
    assert plan.to_send == []


def test_what_is_only_on_the_topic_stays_as_it_is() -> None:
    plan = planned(file_of(roles=["Tester"]), after(ALL))
    assert what(plan).pop("role:Tester") == "new"
    assert [each.definition_id for each in plan.to_send] == ["role:Tester"]
    assert len(plan.of("only_on_topic")) == 5


CHANGED_TEMPLATES = {
    "name": template(name="U"),
    "a role more": template(roles=[{"role": "Champion"}, {"role": "Other"}]),
    "order": template(roles=[{"role": "Other"}, {"role": "Champion"}]),
    "weighting": template(roles=[{"role": "Champion", "weighting": "Vital"}]),
    "members": template(roles=[{"role": "Champion", "members_required": 2}]),
    "required": template(roles=[{"role": "Champion", "required_for_completeness": False}]),
    "condition": template(roles=[{"role": "Champion", "auto_assign": CHIEFS}]),
}


@pytest.mark.parametrize("case", CHANGED_TEMPLATES)
def test_a_live_template_never_changes(case: str) -> None:
    plan = planned(file_of([CHANGED_TEMPLATES[case]]), after(file_of([template()])))
    refused = step(plan, "role_template:t")
    assert refused.what == "refused"
    assert refused.line == 1
    assert "publish a copy under a new id and a new name" in refused.refusals[0]
    assert plan.to_send == []


@pytest.mark.parametrize("case", CHANGED_TEMPLATES)
def test_a_draft_template_changes_freely_and_its_version_grows(case: str) -> None:
    known = after(file_of([template(status="draft")]))
    known = after(file_of([{**CHANGED_TEMPLATES[case], "status": "draft"}]), known)
    record = known["role_template:t"].role_template
    assert record is not None
    assert record.version == 2


def test_going_live_without_another_change_keeps_the_version() -> None:
    known = after(file_of([template()]), after(file_of([template(status="draft")])))
    assert known["role_template:t"].status == "live"
    assert known["role_template:t"].role_template is not None
    assert known["role_template:t"].role_template.version == 1


@pytest.mark.parametrize(
    "draft",
    [
        file_of([template(status="draft")]),
        file_of(stages=[stage_model(status="draft")]),
        file_of([template()], [interest(status="draft", stage_model="s")], stages=[stage_model()]),
    ],
)
def test_what_is_live_does_not_go_back_to_a_draft(draft: DefinitionsFile) -> None:
    (refused,) = planned(draft, after(ALL)).of("refused")
    assert "does not go back to a draft" in refused.refusals[0]
    assert Difference("status", "live", "draft") in refused.differences


def test_a_live_stage_model_never_changes_and_a_draft_does() -> None:
    other = [
        {"name": "A", "kind": "entry", "transitions": ["W"]},
        {"name": "W", "kind": "success", "transitions": ["A"]},
    ]
    live = planned(file_of(stages=[stage_model(stages=other)]), after(file_of(stages=[stage_model()])))
    assert "a live stage model never changes" in step(live, "stage_model:s").refusals[0]
    draft = after(file_of(stages=[stage_model(status="draft")]))
    assert after(file_of(stages=[stage_model(stages=other)]), draft)["stage_model:s"].status == "live"


FIXED = {
    "role_template": (interest(role_template="u", stage_model="s"), 'is fixed, here "t"'),
    "stage_model": (interest(), 'is fixed, here "s"'),
    "update_existing_groups": (
        interest(stage_model="s", update_existing_groups=False),
        "is fixed, here true",
    ),
}


@pytest.mark.parametrize("case", FIXED)
def test_what_a_live_interest_has_fixed_never_changes(case: str) -> None:
    changed, said = FIXED[case]
    file = file_of([template(), template(id="u", name="U")], [changed], stages=[stage_model()])
    plan = planned(file, after(ALL))
    refused = step(plan, "solution_interest:i")
    assert refused.what == "refused"
    assert said in refused.refusals[0]
    assert "publish a new solution interest instead" in refused.refusals[0]
    assert plan.to_send == []


def test_every_reason_for_a_refusal_is_told_at_once() -> None:
    file = file_of(
        [template(), template(id="u", name="U")],
        [interest(role_template="u", update_existing_groups=False, status="draft")],
    )
    assert len(step(planned(file, after(ALL)), "solution_interest:i").refusals) == 4


def test_a_live_interest_may_be_renamed() -> None:
    known = after(
        file_of([template()], [interest(name="J")]), after(file_of([template()], [interest()]))
    )
    assert known["solution_interest:i"].name == "J"
    assert len(interest_in(known).audiences) == 1


def test_a_changed_audience_is_appended_with_the_time_of_its_publishing() -> None:
    known = after(file_of([template()], [interest(audience=BANKS)]), now=NOW)
    known = after(file_of([template()], [interest(audience=SHOPS)]), known, NOW + 10)
    known = after(file_of([template()], [interest(audience="all")]), known, NOW + 20)
    told = [(each.since - NOW, each.condition) for each in interest_in(known).audiences]
    assert told == [(0, json.dumps(BANKS)), (10, json.dumps(SHOPS)), (20, None)]


def test_the_audience_of_a_draft_is_replaced_and_its_history_begins_when_it_goes_live() -> None:
    known = after(file_of([template()], [interest(status="draft", audience=BANKS)]), now=NOW)
    known = after(file_of([template()], [interest(status="draft", audience=SHOPS)]), known, NOW + 10)
    assert len(interest_in(known).audiences) == 1
    known = after(file_of([template()], [interest(audience=SHOPS)]), known, NOW + 20)
    assert interest_in(known).audiences == [Audience(since=NOW + 20, condition=json.dumps(SHOPS))]


def test_a_draft_may_have_no_audience_yet() -> None:
    draft = interest(status="draft", audience=None)
    assert interest_in(after(file_of([template()], [draft]))).audiences == []


def test_a_draft_interest_takes_the_newest_draft_of_its_template() -> None:
    draft = interest(status="draft")
    known = after(file_of([template(status="draft")], [draft]))
    other = template(status="draft", roles=[{"role": "Other"}])
    known = after(file_of([other], [draft]), known)
    assert interest_in(known).role_template.version == 2
    assert interest_in(known).role_template.roles[0].role == "Other"


def test_a_template_may_be_on_the_topic_alone() -> None:
    known = after(file_of([template()], stages=[stage_model()]))
    known = after(file_of(interests=[interest(stage_model="s")]), known)
    assert interest_in(known).role_template.id == "t"


def test_a_template_that_is_nowhere_or_a_draft_on_the_topic_is_refused() -> None:
    nowhere = planned(file_of(interests=[interest()]))
    (refusal,) = step(nowhere, "solution_interest:i").refusals
    assert refusal.startswith('the role template "t" is neither in this file nor on the topic')
    known = after(file_of([template(status="draft")]))
    (refusal,) = step(planned(file_of(interests=[interest()]), known), "solution_interest:i").refusals
    assert refusal.startswith('the role template "t" is a draft on the topic')
    plan = planned(file_of(interests=[interest(status="draft")]), known)
    assert what(plan)["solution_interest:i"] == "new"


def test_a_live_interest_carries_its_template_even_if_the_topic_has_lost_it() -> None:
    known = after(file_of([template()], [interest()]))
    del known["role_template:t"]
    assert what(planned(file_of(interests=[interest()]), known)) == {"solution_interest:i": "unchanged"}


def test_a_name_is_unique_among_those_on_the_topic_too() -> None:
    known = after(file_of([template()]))
    plan = planned(file_of([template(id="u", name="t")]), known)
    (refusal,) = step(plan, "role_template:u").refusals
    assert refusal == 'the name "t" is taken on the topic by role_template:t: choose another name'
    renamed = file_of([template(id="u", name="T"), template(name="U", status="draft")])
    drafts = after(file_of([template(status="draft")]))
    assert planned(renamed, drafts).of("refused") == []


def test_roles_are_counted_with_those_on_the_topic() -> None:
    known = after(file_of(roles=[f"role {number}" for number in range(10)]))
    plan = planned(file_of(roles=["role 3", *"abcde"]), known)
    assert [each.definition_id for each in plan.of("refused")] == ["role:e"]
    assert [each.definition_id for each in plan.of("unchanged")] == ["role:role 3"]


def test_the_spelling_of_a_condition_is_no_change() -> None:
    def audience(value: dict[str, Any]) -> DefinitionsFile:
        return file_of([template()], [interest(audience=value)])

    known = after(
        audience({"any": [BANKS, {"field": "open_opportunities", "operator": ">", "value": 2}]})
    )
    other = {
        "any": [
            {"value": "Banking", "operator": "IS", "field": "industry"},
            {"field": "open_opportunities", "operator": ">", "value": 2.0},
        ]
    }
    assert what(planned(audience(other), known))["solution_interest:i"] == "unchanged"


def test_a_record_is_always_later_than_the_one_it_replaces() -> None:
    known = after(file_of([template(status="draft")], [interest(status="draft")]), now=NOW + 1000)
    known = after(file_of([template()], [interest()]), known, NOW)
    assert known["role_template:t"].updated_at == NOW + 1001
    assert interest_in(known).audiences[0].since == NOW + 1001
    known = after(file_of([template()], [interest(audience=BANKS)]), known, NOW)
    assert [each.since for each in interest_in(known).audiences] == [NOW + 1001, NOW + 1002]


def test_a_definition_too_large_for_workers_is_refused() -> None:
    listed = {
        "field": "name",
        "operator": "any of",
        "value": ["x" * 1000] * (LARGEST_DEFINITION // 1000),
    }
    plan = planned(file_of([template()], [interest(audience=listed)]))
    (refusal,) = step(plan, "solution_interest:i").refusals
    assert f"bytes, and {LARGEST_DEFINITION:,} is the most" in refusal


def test_activating_a_model_gives_it_the_next_version() -> None:
    known = after(file_of(models=[model("a"), model("b", active=True)]))
    assert (model_in(known, "a").version, model_in(known, "b").version) == (2, 3)
    assert in_force(list(known.values())) == "b"
    known = after(file_of(models=[model("a", active=True), model("b")]), known)
    assert (model_in(known, "a").version, model_in(known, "b").version) == (4, 3)
    assert (model_in(known, "a").active, model_in(known, "b").active) == (True, False)
    assert in_force(list(known.values())) == "a"


def test_a_change_of_the_model_in_force_gives_it_the_next_version() -> None:
    known = after(file_of(models=[model(active=True), model("b")]))
    changed = after(file_of(models=[model(active=True, weight=70), model("b")]), known)
    assert (model_in(changed).version, model_in(changed, "b").version) == (4, 2)


def test_renaming_the_model_in_force_rescores_nobody() -> None:
    known = after(file_of(models=[model(active=True)]))
    renamed = after(file_of(models=[model(active=True, name="New")]), known)
    assert renamed["weighting_model:w"].name == "New"
    assert model_in(renamed).version == 2


def test_a_changed_inactive_model_gets_the_next_free_version() -> None:
    known = after(file_of(models=[model("a"), model("b", active=True)]))
    known = after(file_of(models=[model("a", weight=1), model("b", active=True)]), known)
    assert (model_in(known, "a").version, model_in(known, "b").version) == (4, 3)
    assert in_force(list(known.values())) == "b"


def test_a_model_on_the_topic_goes_out_of_force_when_another_is_activated() -> None:
    known = after(file_of(models=[model("a", active=True)]))
    known = after(file_of(models=[model("b", active=True)]), known)
    assert in_force(list(known.values())) == "b"


def test_what_is_in_force_stays_when_the_file_activates_nothing() -> None:
    known = after(file_of(models=[model(active=True)]))
    plan = planned(file_of(models=[model()]), known)
    assert what(plan) == {"weighting_model:w": "unchanged"}
    assert plan.notes == ('No weighting model of the file is active: "W" stays in force.',)
    assert "built-in" in planned(file_of(models=[model()])).notes[0]


def test_a_change_of_the_model_in_force_must_say_that_it_is_active() -> None:
    plan = planned(file_of(models=[model(weight=70)]), after(file_of(models=[model(active=True)])))
    (refusal,) = step(plan, "weighting_model:w").refusals
    assert refusal.startswith("it is in force and changed, but not active in this file")


def test_the_case_of_an_activity_type_on_the_topic_is_no_change() -> None:
    file = file_of(models=[model(active=True)])
    known = after(file)
    record = known["weighting_model:w"]
    other = model_in(known).model_copy(update={"activities": {"EVENT.attended": "High"}})
    known["weighting_model:w"] = record.model_copy(update={"weighting_model": other})
    assert what(planned(file, known)) == {"weighting_model:w": "unchanged"}


def test_a_condition_that_another_producer_broke_is_a_change_and_no_crash() -> None:
    known = after(file_of([template(status="draft")]))
    record = known["role_template:t"]
    assert record.role_template is not None
    roles = [record.role_template.roles[0].model_copy(update={"auto_assign": "{"})]
    broken = record.role_template.model_copy(update={"roles": roles})
    known["role_template:t"] = record.model_copy(update={"role_template": broken})
    found = step(planned(file_of([template(status="draft")]), known), "role_template:t")
    assert Difference("role Champion: auto_assign", "{", "nobody") in found.differences


def test_differences_name_the_field_and_both_values() -> None:
    known = after(file_of([template(status="draft")], [interest(status="draft", audience=BANKS)]))
    roles = [
        {"role": "Champion", "auto_assign": {"any": [CHIEFS, {"all": [CHIEFS, CHIEFS]}]}},
        {"role": "Other"},
    ]
    plan = planned(file_of([template(roles=roles)], [interest()]), known)
    chief = 'job_title starts with "chief"'
    assert step(plan, "role_template:t").differences == (
        Difference("status", "draft", "live"),
        Difference("version", "1", "2"),
        Difference("order of roles", "Champion", "Champion, Other"),
        Difference("role Champion: auto_assign", "nobody", f"{chief} or ({chief} and {chief})"),
        Difference(
            "role Other",
            None,
            "weighting Normal, required_for_completeness yes, members_required 1, auto_assign nobody",
        ),
    )
    assert step(plan, "solution_interest:i").differences == (
        Difference("status", "draft", "live"),
        Difference("version of the template", "1", "2"),
        Difference("audience", 'industry is "Banking"', "all accounts"),
    )


def test_every_record_of_the_example_is_one_that_workers_take() -> None:
    checked = check(EXAMPLE.read_text())
    assert checked.file is not None
    codec = Codec(CommittedRegistry())
    records = planned(checked.file).to_send
    assert len(records) == 8
    for record in records:
        assert codec.decode("definitions", codec.encode("definitions", record)) == record
        assert codec.parse_json("definitions", json.loads(record.model_dump_json())) == record


STATUS = st.sampled_from(["draft", "live"])
ROLES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["Champion", "Other", "Influencer"])},
        optional={
            "weighting": st.sampled_from(["Minor", "Vital"]),
            "members_required": st.integers(1, 3),
            "auto_assign": st.sampled_from([CHIEFS, {"all": [CHIEFS]}]),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda role: role["role"],
)
WEIGHTINGS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.integers(0, 2), st.sampled_from(sorted(ACTIVITY_TYPES.values()))
    ),
    max_size=3,
    unique_by=lambda each: each[0],
)


@st.composite
def files(draw: st.DrawFn) -> DefinitionsFile:
    status = draw(STATUS)
    templates: Section = []
    if status == "live" or draw(st.booleans()):
        templates = [template(status=status, roles=draw(ROLES))]
    interests: Section = []
    if draw(st.booleans()) and templates:
        audience = draw(st.sampled_from(["all", BANKS, SHOPS]))
        kind = status if status == "draft" else draw(STATUS)
        interests = [
            interest(status=kind, audience=audience, update_existing_groups=draw(st.booleans()))
        ]
    weightings = draw(WEIGHTINGS)
    active = draw(st.sampled_from([None, *(identity for identity, _, _ in weightings)]))
    models = [
        model(identity, weight, activities={activity: "High"}, active=identity == active)
        for identity, weight, activity in weightings
    ]
    return file_of(templates, interests, models, roles=draw(st.sampled_from([[], ["Buyer"]])))


@given(st.lists(st.tuples(files(), st.integers(-1000, 1000)), max_size=4))
def test_after_any_publishing_the_file_is_unchanged_time_has_grown_and_what_was_live_stays(
    publishings: list[tuple[DefinitionsFile, int]],
) -> None:
    known: Known = {}
    for file, shift in publishings:
        plan = planned(file, known, NOW + shift)
        for record in plan.to_send:
            before = known.get(record.definition_id)
            if before is None:
                continue
            assert record.updated_at > before.updated_at
            if before.status == "live" and record.kind != "weighting_model":
                assert record.status == "live"
                assert record.role_template == before.role_template
            if before.status == "live" and record.solution_interest is not None:
                there = before.solution_interest
                assert there is not None
                assert record.solution_interest.role_template == there.role_template
                assert record.solution_interest.audiences[: len(there.audiences)] == there.audiences
        forced = in_force(list(known.values()))
        known |= {each.definition_id: each for each in plan.to_send}
        active = [form.id for form in file.weighting_models if form.active]
        if plan.of("refused"):
            assert plan.to_send == []
            continue
        assert {step.what for step in planned(file, known, NOW).steps} <= {"unchanged", "only_on_topic"}
        # A file that activates a model has it in force; one that does not leaves what is.
        assert in_force(list(known.values())) == (active[0] if active else forced)
