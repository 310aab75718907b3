"""The demo's screen: it fits the terminal, and tells manual from journey without colours too."""

import io
import threading

import pytest
from rich.console import Console

from console.demo.board import Board, Sighting
from console.demo.defined import read_file
from console.demo.evidence import Evidence
from console.demo.findings import CLAIMS, look_up
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
    return write_story(1, START, read_file())


@pytest.fixture
def board(story: Story) -> Board:
    """A board on which every group has a member of each source, and lacks the rest."""
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
            member(people[2], "system", 12.0),
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
        stage="Evaluating",
        status="Proposal sent",
        versions={},
        emitted_at=START,
        cause_event_id="cause",
        replay=False,
    )


def member(person: Person, source: Source, score: float) -> Member:
    return Member(
        lead_id=person.lead_id, role=person.seat or "Other", source=source, added_at=START, score=score
    )


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
    assert len(empty) == len(filled)
    assert rules_of(empty) == rules_of(filled)


def rules_of(lines: list[str]) -> list[int]:
    """Return where the screen's parts are divided."""
    return [number for number, line in enumerate(lines) if line.endswith("──")]


def test_a_group_that_is_still_to_come_has_an_empty_line(story: Story, board: Board) -> None:
    missing = story.scenes.entry.group
    del board.states[missing]
    at = list(story.groups).index(missing)
    lines = drawn(story, board, 140, 45)
    heads = next(number for number, line in enumerate(lines) if "stage" in line)
    assert lines[heads + 1 + at] == ""
    assert story.groups[missing].account in lines[heads + 1 + len(story.groups) - 5]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_tells_every_group_s_stage_in_full(story: Story, board: Board, width: int) -> None:
    lines = drawn(story, board, width, 45)
    table = [line for line in lines if not line.endswith("──")]
    assert sum("Evaluating" in line for line in table) == len(story.groups)
    spotlight = next(line for line in lines if line.endswith("──"))
    assert ("Evaluating · Proposal sent" if width >= 100 else "   Proposal sent ──") in spotlight


def test_the_narrow_screen_tells_members_with_role_source_and_figures_as_whole_numbers(
    story: Story, board: Board
) -> None:
    text = "\n".join(drawn(story, board, 80, 24))
    assert "◆ manual  ● journey  ■ system  ○ missing" in text
    by_hand = next(line for line in text.splitlines() if "Decision Maker" in line and "◆" in line)
    assert "manual" in by_hand
    assert by_hand.endswith("100")
    assert "2 missing" in text
    assert " 38 " in text
    assert " 67" in text
    assert "…" not in text.splitlines()[0]


def test_a_terminal_without_unicode_still_tells_the_sources_apart(story: Story, board: Board) -> None:
    text = "\n".join(drawn(story, board, 80, 24, encoding="ascii"))
    assert "M manual  j journey  s system  . missing" in text


def test_a_figure_that_did_not_leave_the_topics_is_not_claimed(story: Story) -> None:
    seen, missing = look_up(Evidence(story, Board(Words(story).tell), {}, 4, 0))
    assert seen == []
    assert len(missing) == len(CLAIMS)


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
