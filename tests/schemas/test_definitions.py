"""What a definition must hold, and what is said when it does not."""

from typing import Any, Final

import pytest
from hypothesis import given

from schemas.codec import BreaksContract, Codec
from schemas.control import ControlRecord
from schemas.definitions import Definition, definition_id_of
from schemas.registry import CommittedRegistry
from tests.schemas.events import DAY, EXAMPLES, MOMENT
from tests.schemas.parts import defined

CODEC: Final = Codec(CommittedRegistry())
INTEREST: Final = EXAMPLES["definitions"].model_dump(mode="json")
PAYLOADS: Final[dict[str, dict[str, Any]]] = {
    "role_template": {**INTEREST["solution_interest"]["role_template"], "id": "x"},
    "stage_model": {**INTEREST["solution_interest"]["stage_model"], "id": "x"},
    "solution_interest": {**INTEREST["solution_interest"], "id": "x"},
    "weighting_model": {
        "id": "x",
        "version": 1,
        "active": True,
        "bands": {"High": 60, "None": 0},
        "activities": {"web.formFilledOut": "High", "directMarketing.emailOpened": "None"},
    },
}
by_payload = pytest.mark.parametrize("kind", PAYLOADS)


def definition(kind: str, **fields: Any) -> dict[str, Any]:
    """The JSON form of a legal definition of `kind`, changed by `fields`."""
    payload = {kind: PAYLOADS[kind]} if kind in PAYLOADS else {}
    head = {"event_id": "e-1", "definition_id": f"{kind}:x", "kind": kind, "name": "x"}
    return {**head, "status": "live", "updated_at": MOMENT, **payload, **fields}


def read(fields: dict[str, Any]) -> Definition:
    event = CODEC.parse_json("definitions", fields)
    assert isinstance(event, Definition)
    return event


def said_of(fields: dict[str, Any]) -> str:
    with pytest.raises(BreaksContract) as caught:
        read(fields)
    return caught.value.detail


def interest(**fields: Any) -> dict[str, Any]:
    return {**PAYLOADS["solution_interest"], **fields}


def model(**fields: Any) -> dict[str, Any]:
    return {**PAYLOADS["weighting_model"], **fields}


@by_payload
def test_a_definition_carries_the_payload_of_its_kind(kind: str) -> None:
    assert read(definition(kind)).kind == kind
    assert said_of(definition(kind, **{kind: None})) == f"a definition of kind {kind} needs {kind}"


@by_payload
def test_a_definition_carries_no_payload_of_another_kind(kind: str) -> None:
    for other in {*PAYLOADS, "role"} - {kind}:
        fields = definition(other, **{kind: PAYLOADS[kind]})
        assert said_of(fields) == f"a definition of kind {other} takes no {kind}"


@by_payload
def test_the_definition_id_is_the_kind_and_the_id_of_what_is_defined(kind: str) -> None:
    for wrong in ("x", f"{kind}:y", f"{kind}x", f"role:{kind}"):
        assert said_of(definition(kind, definition_id=wrong)) == (
            f"definition_id must be {kind}:<id of the {kind}>"
        )


def test_the_definition_id_of_a_role_holds_its_name() -> None:
    assert read(definition("role")).definition_id == "role:x"
    assert said_of(definition("role", name="y")) == "definition_id must be role:<name>"


@given(defined)
def test_a_definition_id_tells_what_is_defined(found: Definition) -> None:
    payload = getattr(found, found.kind, None)
    assert found.definition_id == definition_id_of(found.kind, payload.id if payload else found.name)


@pytest.mark.parametrize("starts", [[2, 1], [1, 1], [1, 3, 2]])
def test_an_audience_starts_later_than_the_one_before_it(starts: list[int]) -> None:
    audiences = [{"since": since} for since in starts]
    fields = definition("solution_interest", solution_interest=interest(audiences=audiences))
    assert said_of(fields) == (
        "solution_interest: each of the audiences must have a later `since` than the one before it"
    )
    fields["solution_interest"]["audiences"] = [{"since": since} for since in sorted(set(starts))]
    read(fields)


def test_an_interest_may_lack_an_audience_until_it_is_live() -> None:
    fields = definition("solution_interest", solution_interest=interest(audiences=[]))
    assert said_of(fields) == "a live solution_interest needs at least one of audiences"
    read({**fields, "status": "draft"})


def test_an_audience_without_condition_is_every_account() -> None:
    found = read(definition("solution_interest", solution_interest=interest(audiences=[{"since": 1}])))
    assert found.solution_interest is not None
    assert found.solution_interest.audiences[0].condition is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"bands": {}}, "weighting_model.bands: "),
        ({"bands": {"High": 101}}, "weighting_model.bands.High: should be less than or equal to 100"),
        ({"bands": {"High": -1}}, "weighting_model.bands.High: should be greater than or equal to 0"),
        ({"bands": {"High": True}}, "weighting_model.bands.High: should be a valid integer"),
        (
            {"activities": {"web.formFilledOut": "Higher"}},
            "weighting_model: the band of activity 'web.formFilledOut' is none of the bands",
        ),
        (
            {"activities": {"Web.Click": "High", "web.click": "None"}},
            "weighting_model: activity 'web.click' stands twice, in another case",
        ),
        ({"version": 0}, "weighting_model.version: should be greater than or equal to 1"),
    ],
)
def test_a_weighting_model_gives_each_activity_one_of_its_bands(
    fields: dict[str, Any], said: str
) -> None:
    assert said_of(definition("weighting_model", weighting_model=model(**fields))).startswith(said)


def test_a_weighting_model_need_not_name_an_activity() -> None:
    read(definition("weighting_model", weighting_model=model(activities={})))


def test_what_is_said_of_a_hostile_activity_type_is_one_short_line() -> None:
    fields = definition("weighting_model", weighting_model=model(activities={"\U000e0001" * 128: "\n"}))
    said = said_of(fields)
    assert said.isprintable()
    assert len(said) < 2_500


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "name: should have at least 1 character"),
        ({"name": "x" * 1025}, "name: should have at most 1024 characters"),
        ({"definition_id": "role:" + "x" * 124}, "definition_id: should have at most 128 characters"),
        ({"kind": "intent"}, "kind: should be 'role', 'role_template', 'stage_model',"),
        ({"status": "published"}, "status: should be 'draft' or 'live'"),
        ({"colour": 1}, "colour: is not a field of this event"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], said: str) -> None:
    assert said_of({**definition("role"), **fields}).startswith(said)


def test_the_rules_of_a_template_hold_inside_an_interest() -> None:
    template = PAYLOADS["role_template"]
    twice = {**template, "roles": [template["roles"][0]] * 2}
    fields = definition("solution_interest", solution_interest=interest(role_template=twice))
    assert said_of(fields) == "solution_interest.role_template: a role stands twice in the template"


@given(defined)
def test_a_definition_survives_as_text_in_a_control_record(found: Definition) -> None:
    sent = ControlRecord(
        kind="definition",
        event_id="c-1",
        issued_at=MOMENT,
        tick_id=found.event_id,
        as_of=DAY,
        partition=0,
        definition=found.model_dump_json(),
    )
    received = CODEC.decode("control", CODEC.encode("control", sent))
    assert isinstance(received, ControlRecord)
    assert received.definition is not None
    assert Definition.model_validate_json(received.definition) == found
