"""A day tick goes round all partitions twice and ends in one baseline with one model."""

from collections.abc import Callable

from agents import control
from agents.reading import Batch
from domain.engagement import DEFAULT_MODEL, TenantPart
from schemas.control import ControlRecord
from streams.topics import BUYING_GROUP_STATE, SCORE_UPDATED
from tests.agents.busy import BOLD, busy
from tests.agents.defined import ENGAGED, interest, role, weighting
from tests.agents.lane import NOW, TICK, Engine, Lane, controls, records, told
from tests.domain.builders import ATTENDED, TODAY, account_profile, activities, decide, group, profile


def test_a_tick_asks_every_partition_for_its_points_and_only_once() -> None:
    lane = Lane()
    asked = controls(lane.follow(control.day_tick(TICK, TODAY, NOW)))
    assert [(one.kind, one.partition, one.tick_id, one.as_of) for one in asked] == [
        ("points_asked", 0, TICK, TODAY),
        ("points_asked", 1, TICK, TODAY),
    ]
    assert {control.model_in(one) for one in asked} == {DEFAULT_MODEL}
    assert lane.follow(control.day_tick(TICK, TODAY, NOW)) == []
    assert lane.restarted().follow(control.day_tick(TICK, TODAY, NOW)) == []


def test_a_daily_tick_is_taken_also_when_another_tick_of_the_day_came_first() -> None:
    """Who asked for it waits for its baseline."""
    engine = Engine()
    engine.tick()
    daily = control.daily_tick_id(TODAY)
    (baseline, _) = [one for one in controls(engine.tick(TODAY, daily)) if one.kind == "baseline"]
    assert (baseline.tick_id, baseline.as_of, baseline.baseline_version) == (daily, TODAY, 3)


def asked_points(partition: int = 1) -> ControlRecord:
    return control.points_asked(TICK, TODAY, DEFAULT_MODEL, partition, NOW)


def test_a_partition_answers_with_its_own_points_as_often_as_it_is_asked() -> None:
    lane = Lane(partition=1)
    lane.fold(group(), decide(), *activities(3))
    before = lane.rows()
    for asking in (lane, lane, lane.restarted()):
        (part,) = controls(asking.follow(asked_points()))
        assert (part.kind, part.partition, part.sender, part.tick_id) == ("baseline_part", 0, 1, TICK)
        assert control.part_in(part) == TenantPart(greatest_weight=40, greatest_points=3 * 40)
    assert lane.rows() == before


def test_a_partition_without_accounts_answers_too() -> None:
    (part,) = controls(Lane(partition=1).follow(asked_points()))
    assert control.part_in(part) == TenantPart()


def answers(kind: Callable[..., ControlRecord], parts: list[TenantPart]) -> list[ControlRecord]:
    return [kind(asked_points(sender), part, NOW) for sender, part in enumerate(parts)]


def test_when_all_points_are_there_every_partition_is_asked_for_its_strength_by_them() -> None:
    lane = Lane()
    lane.follow(control.day_tick(TICK, TODAY, NOW))
    first, last = answers(control.baseline_part, [TenantPart(30, 480), TenantPart(60, 1500)])
    assert controls(lane.follow(first)) == []
    assert controls(lane.follow(first)) == [], "a part that comes again is no other partition's"
    asked = controls(lane.restarted().follow(last))
    assert [(one.kind, one.partition) for one in asked] == [("strength_asked", 0), ("strength_asked", 1)]
    assert {(one.greatest_weight, one.greatest_person_root) for one in asked} == {(60, 5.0)}
    assert lane.restarted().follow(last) == [], "a part that comes again when all are there"


def test_when_all_strengths_are_there_every_partition_is_sent_the_same_baseline() -> None:
    lane = Lane()
    lane.follow(control.day_tick(TICK, TODAY, NOW))
    for part in answers(control.baseline_part, [TenantPart(30, 480), TenantPart(60, 1600)]):
        lane.follow(part)
    first, last = answers(
        control.strength_part,
        [TenantPart(greatest_strength=10.0), TenantPart(greatest_strength=40.0)],
    )
    assert controls(lane.follow(first)) == []
    made = controls(lane.restarted().follow(last))
    assert [(one.kind, one.partition) for one in made] == [("baseline", 0), ("baseline", 1)]
    assert {(one.baseline_version, one.greatest_group_root) for one in made} == {(2, 10.0)}
    assert lane.restarted().follow(last) == [], "a part that comes again"
    assert lane.restarted().follow(first) == [], "another part that comes again"


def test_the_strength_asked_for_is_that_of_the_members_to_come() -> None:
    """Nobody is a member yet: by the first baseline one form is little, by the coming one it is all."""
    engine = Engine()
    engine.define(interest(roles=[role(auto_assign=ENGAGED)]))
    engine.take(account_profile(), profile(), *activities(1))
    (before,) = engine.states().values()
    assert before.members == []

    baselines = [one for one in controls(engine.tick()) if one.kind == "baseline"]
    assert {control.baseline_in(one).group_root for one in baselines} == {10.0}
    (after,) = engine.states().values()
    assert [(member.lead_id, member.score) for member in after.members] == [("ada", 100.0)]
    assert after.score == 100.0


def test_the_answer_to_a_batch_with_a_question_goes_out_after_its_events() -> None:
    """What the partition read before the question counts in its answer."""
    lane = Lane(partition=1)
    delivered = lane.process(Batch(control=[asked_points()]), Batch(events=[*activities(2)]))
    (part,) = controls(delivered)
    assert control.part_in(part).greatest_points == 2 * 40
    assert records(delivered[:1], SCORE_UPDATED)


def test_another_active_model_gives_a_baseline_with_its_version_at_the_next_tick() -> None:
    engine = busy()
    engine.tick()
    before = engine.states()
    assert engine.define(weighting(version=4, weights=BOLD))[-1].records == []
    assert engine.states() == before, "nothing is measured by it before a tick"

    caused = engine.tick(tick_id="tick-2")
    asked = [one for one in controls(caused) if one.kind in {"points_asked", "strength_asked"}]
    assert {control.model_in(one).model_id for one in asked} == {"bold"}
    baselines = [one for one in controls(caused) if one.kind == "baseline"]
    assert {(one.baseline_version, one.model_version) for one in baselines} == {(3, 4)}
    assert {one.greatest_weight for one in baselines} == {90}
    scores = told(caused, SCORE_UPDATED)
    assert {(one.reason, one.model_version, one.baseline_version) for one in scores} == {("model", 4, 3)}
    assert {one.subject_type for one in scores} == {"person", "group"}
    assert {one.model_version for one in told(caused, BUYING_GROUP_STATE)} == {4}


def test_the_model_is_the_reason_for_the_baseline_that_brings_it_and_not_for_the_next() -> None:
    engine = busy()
    engine.define(weighting(version=4, weights=BOLD))
    assert {one.reason for one in told(engine.tick(), SCORE_UPDATED)} == {"model"}
    later = told(engine.tick(TODAY + 1, "tick-2"), SCORE_UPDATED)
    assert {one.reason for one in later} == {"decay"}


def test_activity_of_the_new_models_types_counts_also_from_before_the_model() -> None:
    engine = Engine()
    engine.take(group(), decide(), *activities(2, activity_type="partner.demo"), *activities(1))
    engine.define(weighting(weights={"Partner.Demo": 80, ATTENDED: 20}))
    (state,) = told(engine.tick(), BUYING_GROUP_STATE)
    assert (state.score, state.members[0].score) == (100.0, 100.0)
