"""The demo's screen: it fits the terminal, and tells manual from journey without colours too."""

import io
import threading

import pytest
from rich.console import Console

from console.demo.board import Board, Sighting
from console.demo.findings import Findings
from console.demo.records import Person, Story
from console.demo.story import write_story
from console.demo.telling import Words
from console.demo.view import View
from schemas.outputs import (
    BuyingGroupState,
    Member,
    Membership,
    MembershipChanged,
    MissingRole,
    ScoreUpdated,
    Source,
)
from streams.topics import BUYING_GROUP_STATE, MEMBERSHIP_CHANGED, SCORE_UPDATED

START = 1_795_240_000_000
SIZES = [(80, 24), (100, 30), (140, 45), (200, 60)]


@pytest.fixture(scope="module")
def story() -> Story:
    return write_story(1, START)


@pytest.fixture
def board(story: Story) -> Board:
    """A board on which every group has one member by hand, one by journey, and lacks the rest."""
    filled = Board(Words(story).tell)
    for place in story.groups.values():
        people = [p for p in story.people.values() if p.account_id == place.account_id]
        filled.take(sighting(BUYING_GROUP_STATE.name, state_of(place.buying_group_id, story)))
        filled.take(sighting(MEMBERSHIP_CHANGED.name, joined(place.buying_group_id, people[0].lead_id)))
    return filled


def sighting(topic: str, value: BuyingGroupState | MembershipChanged | ScoreUpdated) -> Sighting:
    return Sighting(topic, 0, 0, None, None, {}, value, 0.0)


def state_of(group_id: str, story: Story) -> BuyingGroupState:
    place = story.groups[group_id]
    people = [p for p in story.people.values() if p.account_id == place.account_id]
    return BuyingGroupState(
        version=1,
        event_id="state",
        account_id=place.account_id,
        buying_group_id=group_id,
        solution_interest_id=place.interest_id,
        name=f"{place.interest} for {place.account}",
        members=[
            member(people[0], "manual", 100.0),
            member(people[1], "journey", 49.5),
        ],
        completeness=37.5,
        roles=[],
        missing_roles=[
            MissingRole(role="Practitioner", short_by=2),
            MissingRole(role="Executive Steering Committee", short_by=1),
        ],
        score=66.67,
        raw_score=8.0,
        baseline_version=2,
        model_version=1,
        as_of=story.today,
        versions={},
        emitted_at=START,
        cause_event_id="cause",
        replay=False,
    )


def member(person: Person, source: Source, score: float) -> Member:
    return Member(lead_id=person.lead_id, role=person.seat, source=source, added_at=START, score=score)


def joined(group_id: str, lead_id: str) -> MembershipChanged:
    return MembershipChanged(
        event_id="changed",
        version=1,
        account_id="account",
        buying_group_id=group_id,
        lead_id=lead_id,
        occurred_at=START,
        emitted_at=START,
        reason="membership",
        cause_event_id="cause",
        replay=False,
        change="added",
        current=Membership(role="Executive Steering Committee", source="manual"),
    )


def drawn(story: Story, board: Board, width: int, height: int, encoding: str = "utf-8") -> list[str]:
    """Return the screen's lines on a terminal of a size, without colours."""
    sink = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    console = Console(
        file=sink, width=width, height=height, force_terminal=True, no_color=True, legacy_windows=False
    )
    view = View(story, board, threading.Condition())
    view.caption = max((beat.caption for beat in story.beats), key=len)
    lines = console.render_lines(view, console.options.update(height=None))
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_screen_has_the_height_of_the_terminal_and_wraps_nothing(
    story: Story, board: Board, width: int, height: int
) -> None:
    lines = drawn(story, board, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_moves_while_the_board_fills(
    story: Story, board: Board, width: int, height: int
) -> None:
    empty = drawn(story, Board(Words(story).tell), width, height)
    filled = drawn(story, board, width, height)
    place = next(iter(story.groups.values()))
    assert len(empty) == len(filled)
    assert [n for n, line in enumerate(empty) if place.account in line] == [
        n for n, line in enumerate(filled) if place.account in line and "joined" not in line
    ]


def test_the_narrow_screen_tells_members_with_role_source_and_figures_as_whole_numbers(
    story: Story, board: Board
) -> None:
    text = "\n".join(drawn(story, board, 80, 24))
    assert "◆ manual  ● journey  ○ missing" in text
    by_hand = next(line for line in text.splitlines() if "Decision Maker" in line and "◆" in line)
    assert "manual" in by_hand
    assert by_hand.endswith("100")
    assert "2 missing" in text
    assert " 38 " in text
    assert " 67" in text
    assert "…" not in text.splitlines()[0]


def test_a_terminal_without_unicode_still_tells_manual_from_journey(story: Story, board: Board) -> None:
    text = "\n".join(drawn(story, board, 80, 24, encoding="ascii"))
    assert "M manual  j journey  . missing" in text


def test_a_figure_that_did_not_leave_the_topics_is_not_claimed(story: Story) -> None:
    seen, missing = Findings(story, Board(Words(story).tell), {}, 4).all()
    assert seen == []
    assert len(missing) == 8


def test_a_tick_is_told_in_one_line_however_many_scores_it_moves(story: Story) -> None:
    board = Board(Words(story).tell)
    for place in story.groups.values():
        board.take(sighting(SCORE_UPDATED.name, rescored(place.buying_group_id)))
    assert [happening.subject for happening in board.happenings] == ["day tick"]


def rescored(group_id: str) -> ScoreUpdated:
    return ScoreUpdated(
        event_id="scored",
        version=2,
        account_id="account",
        buying_group_id=group_id,
        occurred_at=START,
        emitted_at=START,
        reason="decay",
        cause_event_id="tick",
        replay=False,
        subject_type="group",
        previous=50.0,
        current=40.0,
        raw_previous=7.0,
        raw_current=6.0,
        baseline_version=3,
        model_version=1,
        window_start=1,
        window_end=30,
    )
