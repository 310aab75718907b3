"""One Marketo activity, read from either shape it is delivered in.

One activity has one event id, ``marketo-<number>``, whichever way and however often it comes: the
stream's ``activityLogItemId`` and REST's ``marketoGUID`` are the same number. The CloudEvents
``id`` is made anew for each event and REST's ``id`` is not promised to be unique, so neither is
used. The number, like a lead id, is unique within one Marketo instance (``munchkinId``) only; a
REST page does not name its instance, so the event id cannot carry it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from domain.calendar import iso_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.calendar import Millis

PRIMARY_ATTRIBUTE: Final = "Primary Attribute Value"
MAX_ID_LENGTH: Final = 128
_EVENT_ID_PREFIX: Final = "marketo-"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT_FLOAT: Final = 2.0**53
_TIMESTAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d\d):?(\d\d))", re.ASCII
)


class Unusable(ValueError):
    """Why one item is refused, as a sentence."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One Marketo activity, the same from either shape.

    ``position`` is its 1-based place in the file. ``type_name`` and ``instance`` (the Munchkin id)
    are None from a REST page. ``attributes`` holds text by attribute name, the primary value under
    "Primary Attribute Value".
    """

    position: int
    event_id: str
    lead_id: str
    type_id: int
    type_name: str | None
    occurred_at: Millis
    attributes: Mapping[str, str]
    instance: str | None = None


def parse_activity(position: int, item: object) -> Activity:
    """Return the activity of a CloudEvents object or of an entry of a REST page.

    Raises Unusable with a sentence for the person who publishes the file.
    """
    body = item.get("data", item) if isinstance(item, dict) else item
    if not isinstance(body, dict):
        _refuse("It is neither an event of the stream nor an activity of a REST page.")
    number_field = "activityLogItemId" if "activityLogItemId" in body else "marketoGUID"
    name, instance = body.get("activityType"), body.get("munchkinId")
    type_id = _id(body, "activityTypeId")
    if not (type_id.isascii() and type_id.isdigit()):
        _refuse(f"Its activityTypeId {type_id!r:.60} is not a number.")
    activity = Activity(
        position=position,
        event_id=_EVENT_ID_PREFIX + _id(body, number_field, MAX_ID_LENGTH - len(_EVENT_ID_PREFIX)),
        lead_id=_id(body, "leadId"),
        type_id=int(type_id),
        type_name=name if isinstance(name, str) else None,
        occurred_at=_millis(body.get("activityDate")),
        attributes=_attributes(body),
        instance=instance if isinstance(instance, str) else None,
    )
    _check_unicode(activity)
    return activity


def _id(body: Mapping[str, object], field: str, longest: int = MAX_ID_LENGTH) -> str:
    value = body.get(field)
    text = "" if value is None or isinstance(value, bool | list | dict) else _text(value).strip()
    if not text:
        _refuse(f"It has no {field}.")
    if len(text) > longest:
        _refuse(f"Its {field} is longer than {longest} characters.")
    return text


def _millis(value: object) -> Millis:
    """Return a Marketo date as UTC milliseconds; it ends in ``Z``, ``+0000`` or ``+07:00``."""
    match = _TIMESTAMP.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        _refuse(
            f"Its activityDate {value!r:.60} is not a date and time with an offset, "
            "such as 2026-11-13T18:03:04Z."
        )
    day, clock, fraction, hours, minutes = match.groups(default="")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{hours or '+00'}:{minutes or '00'}")
        at = (moment - _EPOCH) // timedelta(milliseconds=1) + int(fraction[:3].ljust(3, "0"))
        iso_instant(at)
    except (ValueError, OverflowError):
        _refuse(f"Its activityDate {value!r:.60} is no date of the calendar.")
    if at < 0:
        _refuse(f"Its activityDate {value!r:.60} lies before 1970.")
    return at


def _attributes(body: Mapping[str, object]) -> dict[str, str]:
    """Return text by attribute name; a null value is left out.

    Where a name comes again with another value, the first keeps the name and the later ones become
    "Name (2)", "Name (3)" *(ours)*: nothing is lost and the order of delivery decides nothing else.
    """
    listed = body.get("attributes")
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        _refuse("Its attributes are not a list.")
    pairs: list[tuple[str, object]] = [(PRIMARY_ATTRIBUTE, body.get("primaryAttributeValue"))]
    for attribute in listed:
        name = attribute.get("name") if isinstance(attribute, dict) else None
        if not isinstance(name, str) or not name:
            _refuse("One of its attributes has no name.")
        pairs.append((name, attribute.get("value")))
    found: dict[str, str] = {}
    for name, value in pairs:
        if value is None:
            continue
        text, key, again = _text(value), name, 1
        while found.setdefault(key, text) != text:
            again += 1
            key = f"{name} ({again})"
    return found


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_FLOAT:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _check_unicode(activity: Activity) -> None:
    # JSON can spell half a character ("\ud83d", left by cutting a text in two); UTF-8 cannot.
    parts = [activity.event_id, activity.lead_id, activity.type_name or ""]
    parts += [part for pair in activity.attributes.items() for part in pair]
    try:
        "".join(parts).encode()
    except UnicodeEncodeError:
        _refuse("It holds half a character (an unpaired surrogate), which is not valid text.")


def _refuse(reason: str) -> NoReturn:
    raise Unusable(reason)
