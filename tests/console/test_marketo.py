"""Marketo activity becomes lead-activity events: one event per activity, whichever way it came."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.marketo import (
    Activity,
    MarketoError,
    Refused,
    read_activities,
    read_leads,
    to_lead_activity,
)
from console.marketo_types import EVENT_TYPES, STANDARD_NAMES, lower_camel_case

SAMPLES = Path(__file__).parents[2] / "examples" / "marketo"
LEADS = {"5001": "acct-100"}
OTHER_STATUS = "leadOperation.statusInCampaignProgressionChanged"
NO_ATTRIBUTES: list[object] = []


def stream_event(
    *,
    number: object = 700000,
    lead_id: object = "5001",
    date: object = "2026-11-13T18:03:04Z",
    type_id: object = 1,
    name: object = "Visit Webpage",
    primary: object = None,
    attributes: object = NO_ATTRIBUTES,
    instance: str = "111-AAA-222",
) -> dict[str, object]:
    data = {
        "munchkinId": instance,
        "leadId": lead_id,
        "activityDate": date,
        "activityTypeId": type_id,
        "activityType": name,
        "activityLogItemId": number,
        "primaryAttributeValue": primary,
        "attributes": attributes,
    }
    return {"specversion": "1.0", "id": "81e74ef5", "data": data}


def rest_activity(
    *,
    number: object = "700000",
    lead_id: object = 5001,
    date: object = "2026-11-13T18:03:04+0000",
    type_id: object = 1,
    primary: object = None,
    attributes: object = NO_ATTRIBUTES,
) -> dict[str, object]:
    return {
        "id": 1,
        "marketoGUID": number,
        "leadId": lead_id,
        "activityDate": date,
        "activityTypeId": type_id,
        "primaryAttributeValue": primary,
        "attributes": attributes,
    }


def page(*activities: object) -> dict[str, object]:
    return {"requestId": "1a2b#3c4d", "result": list(activities), "success": True}


def read(*documents: object) -> list[Activity | Refused]:
    return list(read_activities("\n".join(json.dumps(document) for document in documents)))


def event(document: object) -> dict[str, object]:
    (activity,) = read(document)
    assert isinstance(activity, Activity), activity
    mapped = to_lead_activity(activity, LEADS)
    assert isinstance(mapped, dict), mapped
    return mapped


def refusal(document: object) -> str:
    (item,) = read(document)
    assert isinstance(item, Refused)
    assert item.position == 1
    assert item.reason.endswith(".")
    return item.reason


def mapped_file(name: str) -> list[dict[str, object]]:
    leads = read_leads(SAMPLES / "leads.csv")
    events: list[dict[str, object]] = []
    for item in read_activities((SAMPLES / name).read_text(encoding="utf-8")):
        assert isinstance(item, Activity)
        mapped = to_lead_activity(item, leads)
        assert isinstance(mapped, dict)
        events.append(mapped)
    return events


def named(**attributes: object) -> list[object]:
    return [{"name": name.replace("_", " "), "value": v} for name, v in attributes.items()]


# The sample files, counted by hand.


def test_the_sample_delivery_maps_whole() -> None:
    events = mapped_file("lead-activity-stream.json")
    assert Counter(e["activity_type"] for e in events) == {
        "web.webpagedetails.pageViews": 10,
        "directMarketing.emailClicked": 7,
        "directMarketing.emailOpened": 6,
        "marketo.changeDataValue": 6,
        "leadOperation.interestingMoment": 5,
        "web.formFilledOut": 3,
        "web.webinteraction.linkClicks": 2,
        "event.attended": 1,
    }
    assert Counter(e["lead_id"] for e in events) == {
        "5001": 11,
        "5002": 10,
        "5003": 7,
        "5004": 12,
    }
    assert Counter(e["account_id"] for e in events) == {"acct-100": 28, "acct-200": 12}
    assert [e["event_id"] for e in events] == [f"marketo-{700000 + n}" for n in range(40)]


def test_the_sample_page_maps_whole() -> None:
    events = mapped_file("activities-page.json")
    assert Counter(e["activity_type"] for e in events) == {
        "web.webpagedetails.pageViews": 2,
        "directMarketing.emailOpened": 3,
        "directMarketing.emailClicked": 3,
        "leadOperation.interestingMoment": 1,
        "marketo.changeDataValue": 1,
        "web.formFilledOut": 2,
    }
    assert Counter(e["account_id"] for e in events) == {"acct-100": 8, "acct-200": 4}


def test_the_page_repeats_the_first_twelve_of_the_delivery_as_the_same_events() -> None:
    delivery = mapped_file("lead-activity-stream.json")
    repeated = mapped_file("activities-page.json")
    assert len(repeated) == 12
    assert repeated == delivery[:12]


def test_a_sample_activity_in_full() -> None:
    assert mapped_file("lead-activity-stream.json")[1] == {
        "event_id": "marketo-700001",
        "account_id": "acct-100",
        "lead_id": "5002",
        "activity_type": "directMarketing.emailOpened",
        "occurred_at": "2026-11-03T14:26:04.000Z",
        "attributes": {
            "Primary Attribute Value": "Q4 security webinar invite",
            "Campaign Run ID": "881",
            "Platform": "iOS",
            "Device": "iPhone",
            "Is Mobile Device": "true",
        },
    }


# Types.

ROWS = [
    (1, "web.webpagedetails.pageViews"),
    (2, "web.formFilledOut"),
    (3, "web.webinteraction.linkClicks"),
    (10, "directMarketing.emailOpened"),
    (40, "directMarketing.emailOpened"),
    (11, "directMarketing.emailClicked"),
    (41, "directMarketing.emailClicked"),
    (6, "directMarketing.emailSent"),
    (39, "directMarketing.emailSent"),
    (7, "directMarketing.emailDelivered"),
    (45, "directMarketing.emailDelivered"),
    (8, "directMarketing.emailBounced"),
    (48, "directMarketing.emailBounced"),
    (27, "directMarketing.emailBouncedSoft"),
    (9, "directMarketing.emailUnsubscribed"),
    (46, "leadOperation.interestingMoment"),
    (22, "leadOperation.scoreChanged"),
]


@pytest.mark.parametrize(("type_id", "expected"), ROWS)
def test_a_type_with_a_row_maps_by_its_id_in_both_shapes(type_id: int, expected: str) -> None:
    assert event(stream_event(type_id=type_id, name="Anything"))["activity_type"] == expected
    assert event(page(rest_activity(type_id=type_id)))["activity_type"] == expected


def test_every_row_is_tested() -> None:
    assert dict(ROWS) == dict(EVENT_TYPES)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Attended", "event.attended"),
        ("ATTENDED ON-DEMAND", "event.attended"),
        ("Webinar > Attended", "event.attended"),
        ("Attended - Not Registered", "event.attended"),
        ("Attended, not interested", "event.attended"),
        ("Registered", "event.registered"),
        ("registration", "event.registered"),
        ("Pre-Registered", "event.registered"),
        ("Invited", OTHER_STATUS),
        ("No Show", OTHER_STATUS),
        ("Registered - No-Show", OTHER_STATUS),
        ("Attendee: no show", OTHER_STATUS),
        ("Did Not Attend", OTHER_STATUS),
        ("Didn't attend", OTHER_STATUS),
        ("Didn\N{RIGHT SINGLE QUOTATION MARK}t attend", OTHER_STATUS),
        ("did_not_attend", OTHER_STATUS),
        ("Not Yet Attended", OTHER_STATUS),
        ("Non-attendee", OTHER_STATUS),
        ("Unattended", OTHER_STATUS),
        ("Declined to attend", OTHER_STATUS),
        ("Registered, did not attend", OTHER_STATUS),
        ("Not Registered", OTHER_STATUS),
        ("Unregistered", OTHER_STATUS),
        ("Registration Cancelled", OTHER_STATUS),
        ("Registration rejected", OTHER_STATUS),
        ("", OTHER_STATUS),
    ],
)
def test_a_progression_counts_by_its_new_status_unless_that_denies_it(
    status: str, expected: str
) -> None:
    attributes = named(Old_Status="Registered", New_Status=status)
    in_stream = stream_event(type_id=104, name="Change Status in Progression", attributes=attributes)
    assert event(in_stream)["activity_type"] == expected
    in_page = page(rest_activity(type_id=104, attributes=attributes))
    assert event(in_page)["activity_type"] == expected


def test_a_program_name_is_no_status() -> None:
    in_stream = stream_event(type_id=104, primary="Attendee survey")
    assert event(in_stream)["activity_type"] == OTHER_STATUS


@pytest.mark.parametrize(
    ("type_id", "name", "expected"),
    [
        (100001, "Downloaded White Paper", "marketo.downloadedWhitePaper"),
        (10000, "WebinarWatched (v2)", "marketo.webinarWatchedV2"),
        (10001, "Événement privé", "marketo.événementPrivé"),
        (10002, "***", "marketo.activityType10002"),
        (10003, "long " * 40, "marketo.activityType10003"),
        (10004, None, "marketo.activityType10004"),
        (999, "Brand New Thing", "marketo.brandNewThing"),
    ],
)
def test_a_type_without_a_row_is_named_as_it_was_delivered(
    type_id: int, name: object, expected: str
) -> None:
    assert event(stream_event(type_id=type_id, name=name))["activity_type"] == expected


@pytest.mark.parametrize(
    ("type_id", "expected"),
    [
        (13, "marketo.changeDataValue"),
        (19, "marketo.syncLeadToSfdc"),
        (106, "marketo.enrichWithDataCom"),
        (100001, "marketo.activityType100001"),
    ],
)
def test_a_rest_page_names_standard_types_only(type_id: int, expected: str) -> None:
    assert event(page(rest_activity(type_id=type_id)))["activity_type"] == expected


def test_a_standard_type_has_one_name_however_it_is_delivered() -> None:
    delivered = stream_event(type_id=112, name="Receive Forward to Friend Email")
    assert event(delivered)["activity_type"] == "marketo.receivedForwardToFriendEmail"
    assert event(page(rest_activity(type_id=112))) == event(delivered)


def test_the_standard_names_are_distinct_and_have_no_row() -> None:
    names = [lower_camel_case(name) for name in STANDARD_NAMES.values()]
    assert len(set(names)) == len(names)
    assert not STANDARD_NAMES.keys() & {*EVENT_TYPES, 104}


# Identity and dates.


def test_one_activity_has_one_event_id_whichever_way_it_came() -> None:
    again = {**stream_event(), "id": "another", "eventid": "another"}
    deliveries = [stream_event(), again, page(rest_activity()), page(rest_activity(number=700000))]
    ids = {str(event(delivery)["event_id"]) for delivery in deliveries}
    assert ids == {"marketo-700000"}


@pytest.mark.parametrize("lead_id", ["5001", 5001, " 5001 ", 5001.0])
def test_a_lead_id_is_text_or_a_number(lead_id: object) -> None:
    assert event(stream_event(lead_id=lead_id))["lead_id"] == "5001"


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-11-13T18:03:04Z", "2026-11-13T18:03:04.000Z"),
        ("2026-11-13T18:03:04+0000", "2026-11-13T18:03:04.000Z"),
        ("2026-11-13T18:03:04+07:00", "2026-11-13T11:03:04.000Z"),
        ("2026-11-13T02:03:04+07:00", "2026-11-12T19:03:04.000Z"),
        ("2026-11-13T18:03:04-0330", "2026-11-13T21:33:04.000Z"),
        ("2026-11-13T18:03:04.5Z", "2026-11-13T18:03:04.500Z"),
        ("2026-11-13T18:03:04.123987Z", "2026-11-13T18:03:04.123Z"),
    ],
)
def test_every_date_form_becomes_utc_milliseconds(date: str, expected: str) -> None:
    assert event(stream_event(date=date))["occurred_at"] == expected


@given(
    at=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_an_offset_never_changes_the_instant(at: datetime, minutes: int) -> None:
    zoned = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    mapped = event(stream_event(date=zoned.isoformat()))["occurred_at"]
    floor = zoned - timedelta(microseconds=zoned.microsecond % 1000)
    assert datetime.fromisoformat(str(mapped)) == floor.astimezone(UTC)


@pytest.mark.parametrize(
    "date",
    [
        None,
        1794592984,
        "",
        "2026-11-13",
        "2026-11-13T18:03:04",
        "2026-02-30T00:00:00Z",
        "2026-11-13T24:00:00Z",
        "2026-11-13T18:03:04+99:00",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_date_that_is_no_instant_is_refused(date: object) -> None:
    assert "activityDate" in refusal(stream_event(date=date))


# Attributes.


def test_attribute_values_become_text() -> None:
    values: dict[str, object] = {
        "text": " as it is ",
        "empty": "",
        "yes": True,
        "no": False,
        "whole": 301,
        "float": 12.0,
        "half": 0.5,
        "list": [1, "a"],
        "object": {"b": None, "a": "é"},
        "nothing": None,
    }
    assert event(stream_event(attributes=named(**values)))["attributes"] == {
        "text": " as it is ",
        "empty": "",
        "yes": "true",
        "no": "false",
        "whole": "301",
        "float": "12",
        "half": "0.5",
        "list": '[1,"a"]',
        "object": '{"a":"é","b":null}',
    }


@pytest.mark.parametrize("attributes", [None, []])
def test_an_activity_may_have_no_attributes(attributes: object) -> None:
    assert event(stream_event(attributes=attributes))["attributes"] == {}


def test_a_repeated_attribute_keeps_the_first_value_and_numbers_the_others() -> None:
    repeated = [{"name": "Link", "value": value} for value in ("a", "b", "a", "c", "b")]
    also_primary = {"name": "Primary Attribute Value", "value": "y"}
    mapped = event(stream_event(primary="x", attributes=[*repeated, also_primary]))
    assert mapped["attributes"] == {
        "Primary Attribute Value": "x",
        "Primary Attribute Value (2)": "y",
        "Link": "a",
        "Link (2)": "b",
        "Link (3)": "c",
    }


# Files.


def positions(items: Iterable[Activity | Refused]) -> list[tuple[int, str]]:
    return [(i.position, "refused" if isinstance(i, Refused) else i.event_id) for i in items]


def test_a_single_event_an_array_and_a_page_may_follow_one_another() -> None:
    documents: list[object] = [
        stream_event(number=1),
        [stream_event(number=2), stream_event(number=3)],
        page(rest_activity(number="4"), rest_activity(number="5")),
        [page(rest_activity(number="6"))],
        rest_activity(number="7"),
    ]
    expected = [(n, f"marketo-{n}") for n in range(1, 8)]
    for separator, indent in (("\n", None), ("", None), ("\r\n\n", 2), (" ", 1)):
        text = separator.join(json.dumps(document, indent=indent) for document in documents)
        assert positions(read_activities(text)) == expected
        marked = "\N{ZERO WIDTH NO-BREAK SPACE}" + text
        assert positions(read_activities(marked)) == expected


def test_a_bad_item_is_refused_in_its_place_and_the_rest_goes_on() -> None:
    items = read([stream_event(number=1), "text", stream_event(number=None)], stream_event(number=2))
    assert positions(items) == [(1, "marketo-1"), (2, "refused"), (3, "refused"), (4, "marketo-2")]


def test_a_broken_line_is_refused_with_its_line_number() -> None:
    first, last = json.dumps(stream_event(number=1)), json.dumps(stream_event(number=2), indent=1)
    items = list(read_activities(f"{first}\n{first[:90]}\n{last}\n"))
    assert positions(items) == [(1, "marketo-1"), (2, "refused"), (3, "marketo-2")]
    assert isinstance(items[1], Refused)
    assert "line 2 is not JSON" in items[1].reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("lead_id,account_id\n5001,acct-100\n", "line 1"),
        ("5001", "no Marketo activity"),
        ('[{"data": ', "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ('{"success": NaN}', "NaN"),
    ],
)
def test_a_file_that_holds_no_json_stops_the_reading(text: str, why: str) -> None:
    with pytest.raises(MarketoError, match=why):
        read_activities(text)


def test_a_failed_page_is_refused_with_marketos_own_words() -> None:
    errors = [{"code": "606", "message": "Max rate limit exceeded"}, {"message": "Try later"}, 7]
    reason = refusal({"requestId": "a#1", "success": False, "errors": errors})
    assert "606 Max rate limit exceeded; Try later" in reason
    assert "no reason given" in refusal({"requestId": "a#1", "success": False})


def test_an_empty_page_and_an_empty_delivery_hold_nothing() -> None:
    assert read({"requestId": "a#1", "success": True, "moreResult": True}, page(), []) == []


def test_a_page_whose_result_is_no_list_is_refused() -> None:
    assert "result" in refusal({"success": True, "result": {}})


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (stream_event(number=None), "activityLogItemId"),
        (stream_event(number=True), "activityLogItemId"),
        (stream_event(number="7" * 121), "longer than 120"),
        (page(rest_activity(number=None)), "marketoGUID"),
        (stream_event(lead_id=None), "leadId"),
        (stream_event(lead_id=" "), "leadId"),
        (stream_event(lead_id={}), "leadId"),
        (stream_event(lead_id="7" * 129), "longer than 128"),
        (stream_event(type_id=None), "activityTypeId"),
        (stream_event(type_id="one"), "activityTypeId"),
        (stream_event(type_id=-1), "activityTypeId"),
        (stream_event(attributes={}), "not a list"),
        (stream_event(attributes=[{"value": 1}]), "no name"),
        (stream_event(attributes=["Link"]), "no name"),
        (stream_event(attributes=named(Title="\ud83d")), "half a character"),
        ({"specversion": "1.0", "data": None}, "neither"),
        ([7], "neither"),
        ({"name": "someone else's JSON"}, "activityTypeId"),
    ],
)
def test_what_is_no_activity_is_refused_by_naming_what_is_wrong(item: object, why: str) -> None:
    assert why in refusal(item)


def test_a_second_marketo_instance_is_refused_because_its_leads_are_others() -> None:
    own = stream_event(number=1)
    items = read(own, stream_event(number=2, instance="333-BBB-444"), page(rest_activity()), own)
    assert positions(items)[1] == (2, "refused")
    assert isinstance(items[1], Refused)
    assert "333-BBB-444" in items[1].reason
    assert [isinstance(item, Activity) for item in items] == [True, False, True, True]


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: (
    st.lists(inner)
    | st.dictionaries(
        st.sampled_from(["data", "result", "success", "errors", "leadId", "activityDate"]), inner
    )
)))  # fmt: skip
def test_no_json_raises_out_of_the_reading(document: object) -> None:
    text = json.dumps([document]).replace("NaN", "0").replace("Infinity", "1e999")
    assert [item.position for item in read_activities(text)] == [
        n for n, _ in enumerate(read_activities(text), start=1)
    ]


# Leads.


def test_a_lead_without_account_is_refused_with_what_to_do() -> None:
    (activity,) = read(stream_event(lead_id="9999"))
    assert isinstance(activity, Activity)
    refused = to_lead_activity(activity, LEADS)
    assert isinstance(refused, Refused)
    assert refused.position == 1
    assert "Lead 9999" in refused.reason
    assert "leads.csv" in refused.reason


def test_the_sample_leads() -> None:
    assert read_leads(SAMPLES / "leads.csv") == {
        "5001": "acct-100",
        "5002": "acct-100",
        "5003": "acct-100",
        "5004": "acct-200",
    }


def test_leads_take_any_column_order_a_byte_order_mark_blank_lines_and_repeats(
    tmp_path: Path,
) -> None:
    file = tmp_path / "leads.csv"
    file.write_text('\ufeffaccount_id, lead_id\r\na-1, 1\r\n\r\n,\r\n"a-2",2\r\na-1,1\r\n', "utf-8")
    assert read_leads(str(file)) == {"1": "a-1", "2": "a-2"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "line 1: no column lead_id and no column account_id; found nothing"),
        (b"lead_id;account_id\n1;a\n", "line 1: no column lead_id and no column account_id"),
        (b"lead_id,account\n1,a\n", "line 1: no column account_id; found lead_id, account"),
        (b"lead_id,account_id\n1,a\n,b\n", "line 3: the lead_id is empty"),
        (b"lead_id,account_id\n1,\n", "line 2: the account_id is empty"),
        (b"lead_id,account_id\n1\n", "line 2: the account_id is empty"),
        (b"lead_id,account_id\n1," + b"a" * 129 + b"\n", "line 2: the account_id is longer"),
        (b"lead_id,account_id\n1,a\n2,a\n1,b\n", "line 4: lead 1 is given account b, but line 2"),
        (b'lead_id,account_id\n1,"a"b\n', "line 2: is not CSV"),
        (b"lead_id,account_id\n1,\xff\n", "is not UTF-8"),
    ],
)
def test_a_wrong_leads_file_is_named_with_its_line(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "leads.csv"
    file.write_bytes(content)
    with pytest.raises(MarketoError) as caught:
        read_leads(file)
    assert str(caught.value).startswith(str(file))
    assert why in str(caught.value)


def test_a_leads_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MarketoError, match=r"none\.csv: cannot be read"):
        read_leads(tmp_path / "none.csv")
