"""A group's state is written at the cost of what has changed, and is the same bytes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agents.group_states import (
    StateWriter,
    figures_fields,
    head_fields,
    members_fields,
    roles_fields,
)
from domain.completeness import Completeness, MissingRole, RoleCompleteness
from domain.makeup import Roster
from domain.membership import Member
from domain.reports import GroupState
from tests.agents.lane import CODEC
from tests.agents.reported import EMITTED, STATE

scores = st.floats(0, 100).map(lambda score: round(score, 2))
members = st.builds(
    Member, st.sampled_from(["Champion", "Ö"]), st.sampled_from(["manual", "system"]), st.integers(0, 9)
)
COMPLETE = [
    STATE.completeness,
    Completeness(0.0, (), ()),
    Completeness(
        66.67, (RoleCompleteness("Ö", 3, 2, 66.67),), (MissingRole("Ö", 1), MissingRole("Champion", 2))
    ),
]


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    ids = draw(st.lists(st.text(max_size=5), unique=True, max_size=6))
    return tuple((lead_id, draw(members)) for lead_id in sorted(ids))


@st.composite
def histories(draw: st.DrawFn) -> list[GroupState]:
    """States of two groups. Members, roles and names change now and then, scores always may."""
    kept = {name: draw(rosters()) for name in ("one", "two")}
    found = []
    for number in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(sorted(kept)))
        if draw(st.integers(0, 3)) == 0:
            kept[name] = draw(rosters())
        given_scores = draw(st.lists(scores, min_size=len(kept[name]), max_size=len(kept[name])))
        found.append(
            replace(
                STATE,
                version=number + 1,
                buying_group_id=name,
                roster=kept[name],
                scores=tuple(given_scores),
                name=draw(st.sampled_from(["CRM", "Ö"])),
                completeness=draw(st.sampled_from(COMPLETE)),
                stage=draw(st.none() | st.just("New")),
            )
        )
    return found


@given(histories())
def test_every_state_is_the_bytes_that_its_whole_schema_gives(states: list[GroupState]) -> None:
    writer = StateWriter(CODEC)
    for state in states:
        fields = (
            {"version": state.version, "event_id": "state-1"}
            | head_fields(state)
            | {"members": members_fields(state)}
            | roles_fields(state.completeness)
            | figures_fields(state, EMITTED, replay=True)
        )
        written = writer.write(state, "state-1", EMITTED, replay=True)
        assert written == CODEC.encode_fields("buying-group-state", fields)
