"""UTC days and instants as integers; ids derived instead of drawn (domain.md §1, §5, §7)."""

from datetime import UTC, date, datetime
from hashlib import sha1
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import MILLIS_PER_DAY, date_of, day_from_date, day_of, iso_day, iso_instant
from domain.identity import buying_group_id, report_id


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (0, 0),
        (MILLIS_PER_DAY - 1, 0),
        (MILLIS_PER_DAY, 1),
        (-1, -1),
        (1_795_219_199_999, 20_777),
        (1_795_219_200_000, 20_778),
    ],
)
def test_a_day_begins_at_midnight_utc(at: int, day: int) -> None:
    assert day_of(at) == day


@given(st.dates(min_value=date(1900, 1, 1)))
def test_a_date_survives_as_a_day_number(value: date) -> None:
    assert date_of(day_from_date(value)) == value
    assert iso_day(day_from_date(value)) == value.isoformat()


def test_the_first_day_is_1970_01_01() -> None:
    assert day_from_date(date(1970, 1, 1)) == 0
    assert iso_day(0) == "1970-01-01"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_246_200_000, "2026-11-21T07:30:00.000Z"),
        (1_795_246_200_007, "2026-11-21T07:30:00.007Z"),
    ],
)
def test_an_instant_is_told_in_rfc_3339_with_milliseconds(at: int, text: str) -> None:
    assert iso_instant(at) == text


@given(st.integers(-(10**12), 4 * 10**12))
def test_an_instant_and_its_day_agree(at: int) -> None:
    assert iso_instant(at).startswith(iso_day(day_of(at)))
    assert round(datetime.fromisoformat(iso_instant(at)).timestamp() * 1000) == at
    assert datetime.fromisoformat(iso_instant(at)).tzinfo == UTC


def uuid_v5_by_hand(name: str) -> str:
    """RFC 9562, 5.5: SHA-1 of namespace and name, then the version and variant bits."""
    namespace = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")
    digest = bytearray(sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))


def test_a_groups_id_is_the_uuid_v5_of_its_solution_interest_and_account() -> None:
    """The literal was computed with sha1sum, apart from any UUID library."""
    assert buying_group_id("crm-suite", "acme") == "dde09d9c-3eed-5440-827c-95b7517de7e1"
    assert uuid_v5_by_hand("buying-group:crm-suite/acme") == buying_group_id("crm-suite", "acme")


def test_a_reports_id_is_the_uuid_v5_of_kind_subject_and_version() -> None:
    wanted = "6b335548-d6d6-506d-befa-b235afaa84d1"
    assert report_id("score-updated", "acme", 7) == wanted
    assert uuid_v5_by_hand("buying-group-report:score-updated/acme/7") == wanted


IDS = st.text(st.characters(exclude_characters="/", codec="utf-8"), min_size=1, max_size=20)


@given(IDS, IDS)
def test_derived_ids_are_the_same_every_time_and_for_text_of_any_script(
    interest: str, account: str
) -> None:
    found = buying_group_id(interest, account)
    assert found == uuid_v5_by_hand(f"buying-group:{interest}/{account}")
    assert UUID(found).version == 5


def test_other_kinds_subjects_and_versions_have_other_ids() -> None:
    ids = {
        report_id(kind, subject, version)
        for kind in ("score-updated", "membership-changed")
        for subject in ("one", "two")
        for version in (1, 2)
    }
    assert len(ids) == 8
