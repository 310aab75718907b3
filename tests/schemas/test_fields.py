"""Moments and days: what is taken, what is refused, how they are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.fields import (
    LAST_DAY,
    LAST_MILLIS,
    Day,
    Millis,
    day_of,
    day_text,
    millis_of,
    moment_text,
)

MOMENT: TypeAdapter[int] = TypeAdapter(Millis)
DAY: TypeAdapter[int] = TypeAdapter(Day)


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2026-11-13T18:03:04Z", 1_794_592_984_000),
        ("2026-11-13T18:03:04+0000", 1_794_592_984_000),
        ("2026-11-14T01:03:04+07:00", 1_794_592_984_000),
        ("2026-11-13T18:03:04.5Z", 1_794_592_984_500),
        ("2026-11-13T18:03:04.123999Z", 1_794_592_984_123),
        ("1970-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59.999Z", LAST_MILLIS),
    ],
)
def test_text_with_an_offset_is_a_moment(text: str, millis: int) -> None:
    assert MOMENT.validate_python(text) == millis


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-13T18:03:04",
        "2026-11-13",
        "2026-11-13T18:03:04 Europe/Berlin",
        "2026-13-13T18:03:04Z",
        "2026-11-13T18:03:04+99:00",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-11-13T18:03:04Z",
        "1794592984000",
        "",
        True,
        1.0,
        None,
        -1,
        LAST_MILLIS + 1,
        2**80,
    ],
)
def test_anything_else_is_no_moment(value: object) -> None:
    with pytest.raises(ValidationError, match="RFC 3339 with an offset"):
        MOMENT.validate_python(value)


@pytest.mark.parametrize("value", ["2026-11-31", "20261113", "2026-W01-1", True, -1, LAST_DAY + 1])
def test_anything_but_a_date_or_a_day_number_is_no_day(value: object) -> None:
    with pytest.raises(ValidationError, match="YYYY-MM-DD"):
        DAY.validate_python(value)


@given(st.integers(0, LAST_MILLIS))
def test_a_moment_survives_its_text(millis: int) -> None:
    assert millis_of(moment_text(millis)) == millis
    assert MOMENT.dump_python(millis) == millis
    assert MOMENT.dump_python(millis, mode="json") == moment_text(millis)


@given(st.integers(0, LAST_DAY))
def test_a_day_survives_its_text(day: int) -> None:
    assert day_of(day_text(day)) == day
    assert DAY.validate_python(day_text(day)) == day
    assert DAY.dump_python(day, mode="json") == day_text(day)
