"""What partitions tell each other arrives as it was meant, and is told apart by its id."""

from hypothesis import given
from hypothesis import strategies as st

from agents import control
from agents.definitions import read_row
from domain.engagement import Baseline, TenantPart, WeightingModel
from schemas.control import ControlRecord
from schemas.definitions import Definition
from streams.topics import CONTROL
from tests.agents.lane import CODEC, NOW, TICK
from tests.domain.builders import TODAY
from tests.schemas.parts import defined

texts = st.text(st.characters(codec="utf-8"), max_size=20)
figures = st.floats(0, 1e12, allow_nan=False)
models = st.builds(
    WeightingModel, texts, st.integers(1, 99), st.dictionaries(texts, st.integers(0, 100), max_size=4)
)
points = st.builds(TenantPart, st.integers(0, 100), st.integers(0, 2**53))
strengths = st.builds(TenantPart, greatest_strength=figures)
baselines = st.builds(
    Baseline, st.integers(1, 2**53), st.integers(1, 99), st.integers(0, 100), figures, figures
)


def sent(record: ControlRecord) -> ControlRecord:
    """Return a record as its partition reads it."""
    out = control.outgoing(record, CODEC, "/bg/engine")
    assert (out.topic, out.key, out.partition) == (
        "control",
        str(record.partition).encode(),
        record.partition,
    )
    assert dict(out.headers)["ce_id"] == record.event_id.encode()
    read = CODEC.decode(CONTROL.name, out.value)
    assert isinstance(read, ControlRecord)
    return read


@given(models, points, strengths)
def test_questions_carry_the_model_and_answers_the_figures(
    model: WeightingModel, held: TenantPart, strong: TenantPart
) -> None:
    asked = sent(control.points_asked(TICK, TODAY, model, 3, NOW))
    assert control.model_in(asked) == model
    answer = sent(control.baseline_part(asked, held, NOW))
    assert (control.part_in(answer), answer.sender, answer.partition) == (held, 3, 0)
    answer = sent(control.strength_part(asked, strong, NOW))
    assert (control.part_in(answer), answer.sender, answer.partition) == (strong, 3, 0)
    assert (answer.tick_id, answer.as_of) == (TICK, TODAY)


@given(models, baselines)
def test_a_yardstick_and_a_baseline_arrive_to_the_last_digit(
    model: WeightingModel, measured: Baseline
) -> None:
    asked = sent(control.strength_asked(TICK, TODAY, model, measured, 3, NOW))
    yardstick = control.baseline_in(asked)
    assert (yardstick.greatest_weight, yardstick.person_root) == (
        measured.greatest_weight,
        measured.person_root,
    )
    told = sent(control.baseline_set(TICK, TODAY, model, measured, 3, NOW))
    assert (control.baseline_in(told), control.model_in(told)) == (measured, model)


@given(defined)
def test_a_definition_arrives_whole(value: Definition) -> None:
    told = sent(control.definition_told(value, 3, NOW))
    assert read_row(told.definition or "") == value
    assert told.tick_id == value.event_id


def test_all_records_of_a_tick_have_ids_of_their_own_and_the_same_ones_when_they_are_made_again() -> (
    None
):
    def made() -> list[ControlRecord]:
        model, measured = WeightingModel("m", 1, {}), Baseline(2, 1, 60, 1.0, 1.0)
        records = [control.day_tick(TICK, TODAY, NOW)]
        for partition in range(3):
            asked = control.points_asked(TICK, TODAY, model, partition, NOW)
            records += [
                asked,
                control.baseline_part(asked, TenantPart(), NOW),
                control.strength_asked(TICK, TODAY, model, measured, partition, NOW),
                control.strength_part(asked, TenantPart(), NOW),
                control.baseline_set(TICK, TODAY, model, measured, partition, NOW),
            ]
        return records

    ids = [record.event_id for record in made()]
    assert len(set(ids)) == len(ids) == 16
    assert ids == [record.event_id for record in made()]
