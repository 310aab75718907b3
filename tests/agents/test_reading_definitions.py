"""A definition is taken for every partition, or refused with its reason; nothing is lost."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.control import check_usable, definition_told, outgoing
from agents.definitions import LARGEST_DEFINITION, READING, catalog_in, events_of
from agents.reading import FUTURE_ALLOWANCE_MS, LARGEST_VALUE, Batch, Origin, Reader, Refused
from domain.definitions import Audience, ModelDefinition, SolutionInterest
from domain.engagement import DEFAULT_MODEL, WeightingModel
from domain.events import TemplateRole
from schemas.definitions import Definition
from streams.delivery import Outgoing
from streams.topics import CONTROL, DEAD_LETTERS
from tests.agents.defined import (
    CHIEFS,
    ENGAGED,
    IN_SOFTWARE,
    PUBLISHED,
    SALES,
    interest,
    plain,
    published,
    role,
    template,
    weighting,
)
from tests.agents.lane import CODEC, NOW, PARTITIONS
from tests.domain.builders import DECISION_MAKER, FORM, INFLUENCER, INTEREST, condition
from tests.domain.stream import Stream
from tests.domain.streams import streams
from tests.schemas.parts import defined
from tests.streams.copying import Made, fetched

UNUSABLE = json.dumps({"field": "job_title", "operator": "sounds like", "value": "chief"})
GOOD = interest()

TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"


def record(value: Definition | bytes | None, **more: Any) -> Made:
    encoded = CODEC.encode("definitions", value) if isinstance(value, Definition) else value
    return replace(Made(17, encoded, GOOD.definition_id.encode(), PUBLISHED + 1), **more)


def read(*records: Made, partition: int = 1) -> Batch:
    one = fetched(17, *records, topic="bg.definitions", partition=partition)
    return Reader(CODEC, PARTITIONS, None).read_definitions(one, READING)


def reason(letter: Outgoing) -> str:
    return dict(letter.headers)["dlq_reason"].decode()


@pytest.mark.parametrize("partition", range(PARTITIONS))
def test_a_definition_is_taken_in_whatever_partition_it_stands(partition: int) -> None:
    assert read(record(GOOD), record(GOOD, offset=18), partition=partition) == Batch(
        definitions=[GOOD, GOOD]
    )


def test_every_kind_of_definition_is_taken() -> None:
    kinds = [
        plain("role", "Champion"),
        plain("role_template", "enterprise"),
        plain("stage_model", "sales"),
        weighting(weights={FORM: 20}),
        interest(status="draft", audiences=[]),
    ]
    batch = read(*(record(one, offset=17 + place) for place, one in enumerate(kinds)))
    assert batch.definitions == kinds


def template_of(value: Definition) -> Definition:
    return value.model_copy(update={"role_template": template([role(auto_assign=UNUSABLE)])})


BAD: list[tuple[str, str, Definition | bytes | None]] = [
    ("a null value", "not_avro", None),
    ("JSON", "not_avro", b'{"event_id": "interest"}'),
    ("another schema", "unknown_schema", b"\x00\x00\x0f\x42\x3f"),
    ("no audience", "breaks_contract", interest().model_copy(update={"definition_id": "other"})),
    ("an audience", "unusable_condition", interest(audiences=[(PUBLISHED, UNUSABLE)])),
    ("no JSON", "unusable_condition", interest(audiences=[(PUBLISHED, "{")])),
    ("an empty condition", "unusable_condition", interest(audiences=[(PUBLISHED, "{}")])),
    ("a person's field", "unusable_condition", interest(audiences=[(PUBLISHED, CHIEFS)])),
    ("a role", "unusable_condition", interest(roles=[role(auto_assign=UNUSABLE)])),
    ("an account's field", "unusable_condition", interest(roles=[role(auto_assign=IN_SOFTWARE)])),
    ("a draft", "unusable_condition", interest(status="draft", roles=[role(auto_assign=UNUSABLE)])),
    ("a template alone", "unusable_condition", template_of(plain("role_template", "template"))),
    ("a long name", "too_large", interest(name="n").model_copy(update={"name": "n" * LARGEST_VALUE})),
]


@pytest.mark.parametrize(
    ("expected", "value"), [row[1:] for row in BAD], ids=[f"{row[1]}: {row[0]}" for row in BAD]
)
def test_a_bad_definition_goes_to_dead_letters_as_it_was_and_the_next_is_taken(
    expected: str, value: Definition | bytes | None
) -> None:
    bad = record(value, headers=(("traceparent", TRACE.encode()),))
    batch = read(bad, record(GOOD, offset=18))
    (letter,) = batch.onward
    assert (letter.topic, letter.partition) == (DEAD_LETTERS.name, None)
    assert (letter.key, letter.value) == (bad.key, bad.value)
    told = dict(letter.headers)
    assert told.pop("dlq_detail").decode().isprintable()
    assert told == {
        "traceparent": TRACE.encode(),
        "dlq_topic": b"bg.definitions",
        "dlq_partition": b"1",
        "dlq_offset": b"17",
        "dlq_timestamp": str(bad.timestamp).encode(),
        "dlq_reason": expected.encode(),
    }
    assert batch.definitions == [GOOD]
    assert (batch.events, batch.control) == ([], [])


def test_the_trace_of_a_definition_and_whether_it_is_a_replay_are_noted() -> None:
    traced = record(GOOD, headers=(("traceparent", TRACE.encode()),))
    assert read(traced).origins == {"interest": Origin(TRACE, replay=False)}
    one = fetched(17, traced, topic="bg.definitions")
    again = Reader(CODEC, PARTITIONS, traced.timestamp + 1).read_definitions(one, READING)
    assert again.origins == {"interest": Origin(TRACE, replay=True)}


def told_to_a_partition(value: Definition, **more: Any) -> Made:
    out = outgoing(definition_told(value, 1, NOW), CODEC, "/bg/engine", TRACE)
    return Made(3, out.value, out.key, PUBLISHED, tuple(out.headers), **more)


@pytest.mark.parametrize("replay", [False, True])
def test_what_a_definition_is_told_with_comes_from_the_control_record_to_its_partition(
    replay: bool,
) -> None:
    told = told_to_a_partition(GOOD)
    reader = Reader(CODEC, PARTITIONS, told.timestamp + replay)
    batch = reader.read_control(fetched(3, told, topic="bg.control"), CONTROL, check_usable)
    assert [one.definition for one in batch.control] == [GOOD.model_dump_json()]
    assert batch.origins == {"interest": Origin(TRACE, replay=replay)}


@pytest.mark.parametrize("text", [None, "", "{", '{"event_id": "interest"}'])
def test_a_control_record_without_a_definition_does_not_stop_its_partition(text: str | None) -> None:
    broken = definition_told(GOOD, 1, NOW).model_copy(update={"definition": text})
    value = CODEC.encode("control", broken)
    one = fetched(3, Made(3, value), told_to_a_partition(GOOD), topic="bg.control")
    batch = Reader(CODEC, PARTITIONS, None).read_control(one, CONTROL, check_usable)
    (letter,) = batch.onward
    assert (letter.value, reason(letter)) == (value, "breaks_contract")
    assert dict(letter.headers)["dlq_detail"].decode().isprintable()
    assert len(batch.control) == 1


def test_a_refusal_says_where_the_condition_stands() -> None:
    with pytest.raises(Refused, match=rf"audience of solution interest '{INTEREST}': field: an account"):
        events_of(interest(audiences=[(PUBLISHED, None), (PUBLISHED + 1, UNUSABLE)]))
    with pytest.raises(Refused, match=rf"auto_assign of role '{INFLUENCER}': operator"):
        events_of(interest(roles=[role(), role(INFLUENCER, auto_assign=UNUSABLE)]))


def test_a_definition_may_be_dated_five_minutes_ahead_of_the_brokers_clock_and_not_more() -> None:
    assert read(record(GOOD, timestamp=PUBLISHED - FUTURE_ALLOWANCE_MS)).definitions
    (letter,) = read(record(GOOD, timestamp=PUBLISHED - FUTURE_ALLOWANCE_MS - 1)).onward
    assert reason(letter) == "from_the_future"


def wordy(length: int, letter: str = "x") -> Definition:
    """Return a definition of so many characters as JSON."""
    value = interest(audiences=[(PUBLISHED, condition("name", "is", letter))])
    missing = length - len(value.model_dump_json())
    said = condition("name", "is", letter * (1 + missing))
    return interest(audiences=[(PUBLISHED, json.dumps(json.loads(said), ensure_ascii=False))])


def test_a_definition_may_be_as_large_as_a_control_record_carries_and_not_larger() -> None:
    assert len(wordy(LARGEST_DEFINITION).model_dump_json()) == LARGEST_DEFINITION
    assert read(record(wordy(LARGEST_DEFINITION))).definitions
    (letter,) = read(record(wordy(LARGEST_DEFINITION + 1))).onward
    assert reason(letter) == "too_large"
    assert f"{LARGEST_DEFINITION + 1} bytes" in dict(letter.headers)["dlq_detail"].decode()


def test_the_limit_of_a_definition_counts_bytes() -> None:
    two_bytes_each = wordy(LARGEST_DEFINITION // 2 + 500, "é")
    assert len(two_bytes_each.model_dump_json()) < LARGEST_DEFINITION
    (letter,) = read(record(two_bytes_each)).onward
    assert reason(letter) == "too_large"


def test_an_interest_carries_its_template_its_audiences_and_its_stages() -> None:
    audiences = [(PUBLISHED, IN_SOFTWARE), (PUBLISHED + 1, None)]
    value = interest(
        audiences=audiences, roles=[role(weighting="Vital", auto_assign=ENGAGED)], stages=SALES
    )
    assert events_of(value) == (
        SolutionInterest(
            event_id="interest",
            interest_id=INTEREST,
            name="CRM Suite",
            updated_at=PUBLISHED,
            live=True,
            update_existing_groups=True,
            template_id="template",
            template_version=1,
            roles=(TemplateRole(DECISION_MAKER, 100, True, 1, ENGAGED),),
            audiences=(Audience(PUBLISHED, IN_SOFTWARE), Audience(PUBLISHED + 1)),
            stage_model=SALES.model_dump_json(),
        ),
    )


def test_a_models_types_weigh_what_their_band_is_worth_in_whatever_case_they_are_written() -> None:
    (defined_model,) = events_of(weighting(weights={"Web.FormFilledOut": 20, "partner.Demo": 80}))
    assert defined_model == ModelDefinition(
        "weighting",
        PUBLISHED,
        True,
        WeightingModel("bold", 2, {"web.formfilledout": 20, "partner.demo": 80}),
    )


@pytest.mark.parametrize(("active", "status"), [(True, "draft"), (False, "live"), (False, "draft")])
def test_a_model_counts_only_while_it_is_live_and_active(active: bool, status: Any) -> None:
    value = weighting(weights={FORM: 20}, active=active, status=status)
    assert catalog_in([value.model_dump_json().encode()]).model == DEFAULT_MODEL


@pytest.mark.parametrize(
    "value", [plain("role", "Champion"), plain("role_template", "t"), plain("stage_model", "s")]
)
def test_what_an_interest_embeds_tells_the_rules_nothing_by_itself(value: Definition) -> None:
    assert events_of(value) == ()


@given(streams(max_parts=0))
def test_the_contract_says_what_the_rules_are_told(stream: Stream) -> None:
    for event in stream.events:
        if isinstance(event, ModelDefinition):
            assert events_of(published(event)) == (event,)
        elif isinstance(event, SolutionInterest):
            (found,) = events_of(published(event))
            assert isinstance(found, SolutionInterest)
            assert without_stages(found) == without_stages(event)


def without_stages(event: SolutionInterest) -> tuple[SolutionInterest, Any]:
    model = event.stage_model
    return replace(event, stage_model=None), None if model is None else json.loads(model)["stages"]


@given(defined, st.integers(-1, PUBLISHED))
def test_every_legal_definition_is_taken_or_refused_once(value: Definition, at: int) -> None:
    batch = read(record(value, timestamp=at))
    assert len(batch.onward) + len(batch.definitions) == 1


@given(st.lists(st.none() | st.binary(max_size=60), max_size=5))
def test_no_bytes_make_reading_definitions_fail(values: list[bytes | None]) -> None:
    batch = read(*(record(value, offset=17 + place) for place, value in enumerate(values)))
    assert [letter.value for letter in batch.onward] == values
