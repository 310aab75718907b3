"""What the scenarios are about is in the streams that they are given: nothing is easily the same."""

from collections import Counter
from typing import Final

from domain.replay import fold_all
from domain.reports import GroupState
from schemas.definitions import Definition
from tests.integration.comparison import decided
from tests.integration.marketing import BACKUP, THREATS, ZERO_TRUST
from tests.integration.streams import generate
from tests.integration.tenant import WRITTEN

STREAM: Final = generate(6000, seed=1)


def groups_without(*event_ids: str) -> list[GroupState]:
    """Return the groups of the stream, some definitions left out."""
    valid = [
        (topic, value)
        for topic, value in STREAM.valid
        if not (isinstance(value, Definition) and value.event_id in event_ids)
    ]
    return fold_all(decided(valid), STREAM.as_of)


def test_streams_have_groups_of_both_kinds_members_of_all_sources_stages_and_statuses() -> None:
    groups = groups_without()
    of_interest = Counter(group.solution_interest_id for group in groups)
    assert of_interest.keys() == {*WRITTEN, THREATS, BACKUP, ZERO_TRUST}
    sources = Counter(
        (group.solution_interest_id, member.source) for group in groups for member in group.members
    )
    for source in ("manual", "journey", "system"):
        assert sources[THREATS, source] > 0
    assert sources[ZERO_TRUST, "manual"] > 0
    assert sources[ZERO_TRUST, "system"] == 0, "its groups are left alone"
    by_score = [
        member
        for group in groups
        for member in group.members
        if (group.solution_interest_id, member.role, member.source) == (THREATS, "Champion", "system")
    ]
    assert by_score
    assert len({group.stage for group in groups}) >= 4
    assert len({group.status for group in groups}) >= 3


def test_the_later_versions_of_what_streams_define_change_names_groups_and_scores() -> None:
    groups = groups_without()
    before = groups_without(
        f"solution_interest:{THREATS}/2", f"solution_interest:{ZERO_TRUST}/2", "weighting_model:house/2"
    )
    threats = [group.name for group in groups if group.solution_interest_id == THREATS]
    assert all(name.startswith("Threat detection & response for ") for name in threats)
    assert len(threats) > sum(group.solution_interest_id == THREATS for group in before)
    assert not any(group.solution_interest_id == ZERO_TRUST for group in before), "a draft does nothing"
    assert {group.model_version for group in groups} == {3}
    assert {group.model_version for group in before} == {1}
