"""What is read in short is what the codec reads; it never takes what the codec refuses."""

from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.inputs import LeadActivity
from schemas.plain import PlainActivity, plain_activity
from schemas.registry import CommittedRegistry
from tests.schemas.events import EXAMPLES, LEGAL

CODEC = Codec(CommittedRegistry())
NAME = "lead-activity"
HEADER = CODEC.header(NAME)
USUAL = CODEC.encode(NAME, EXAMPLES[NAME])


def by_codec(data: bytes) -> PlainActivity:
    """Raises BadRecord for what no contract allows."""
    event = CODEC.decode(NAME, data)
    assert isinstance(event, LeadActivity)
    return event.event_id, event.account_id, event.lead_id, event.activity_type, event.occurred_at


def test_the_usual_record_is_read_in_short() -> None:
    assert plain_activity(HEADER, USUAL) == by_codec(USUAL)


@given(LEGAL[NAME])
def test_an_event_is_read_as_it_is_or_left_to_the_codec(event: LeadActivity) -> None:
    data = CODEC.encode(NAME, event)
    assert plain_activity(HEADER, data) in (None, by_codec(data))


@given(st.data())
def test_damaged_bytes_are_left_to_the_codec_unless_they_are_an_event(data: st.DataObject) -> None:
    damaged = bytearray(CODEC.encode(NAME, data.draw(LEGAL[NAME] | st.just(EXAMPLES[NAME]))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(damaged)))
        damaged[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=4))
    found = plain_activity(HEADER, bytes(damaged))
    assume(found is not None)
    assert found == by_codec(bytes(damaged))


@given(st.integers(0, 255), st.integers(0, len(USUAL) - 1))
def test_any_other_byte_anywhere_is_left_to_the_codec_unless_it_makes_an_event(
    byte: int, place: int
) -> None:
    damaged = USUAL[:place] + bytes([byte]) + USUAL[place + 1 :]
    found = plain_activity(HEADER, damaged)
    if found is not None:
        assert found == by_codec(damaged)


def test_every_cut_record_is_left_to_the_codec() -> None:
    assert {plain_activity(HEADER, USUAL[:size]) for size in range(len(USUAL))} == {None}
