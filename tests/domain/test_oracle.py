"""The fold is what domain.md says, worked out a second time without any of its code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Day
from domain.replay import fold_all
from tests.domain.oracle import Oracle
from tests.domain.running import run, thorough
from tests.domain.stream import Stream
from tests.domain.streams import DAYS, LAST_DAY, streams


@thorough
@given(streams(), st.sampled_from([*DAYS[1:], LAST_DAY + 28]), st.booleans())
def test_a_tenant_is_what_the_rules_say_of_the_set_of_its_events(
    stream: Stream, as_of: Day, through_a_worker: bool
) -> None:
    expected = Oracle(stream.events, as_of).groups()
    states = {state.buying_group_id: state for state in fold_all(stream.redelivered(), as_of)}
    assert states.keys() == expected.keys()
    for group_id, wanted in expected.items():
        state = states[group_id]
        assert (state.account_id, state.solution_interest_id) == (wanted.account, wanted.interest)
        assert (state.name, state.stage, state.status) == (wanted.name, wanted.stage, wanted.status)
        assert {m.lead_id: (m.role, m.source, m.added_at) for m in state.members} == wanted.members
        assert {m.lead_id: m.score for m in state.members} == pytest.approx(
            wanted.person_scores, abs=0.00501
        )
        assert state.completeness.completeness == wanted.completeness
        assert [(m.role, m.short_by) for m in state.completeness.missing_roles] == (wanted.missing_roles)
        assert state.raw == pytest.approx(wanted.raw)
        assert state.score == pytest.approx(wanted.score, abs=0.00501)
    if through_a_worker:
        ended = run(stream, as_of, ticks=DAYS[:3], partitions=2)
        for account, _ in ended.accounts():
            for group_id, group in account.groups.items():
                found = {i: (m.role, m.source, m.added_at) for i, m in group.members.items()}
                assert found == (expected[group_id].members if group.stands else {})
