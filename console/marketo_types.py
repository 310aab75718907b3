"""Which event type a Marketo activity becomes (domain.md §5, "Activity types").

The mapping goes by Marketo's numeric type id, because a REST page carries no type name and a stream
delivery spells some names differently.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRESSION_TYPE_ID: Final = 104
NEW_STATUS: Final = "New Status"
MAX_TYPE_LENGTH: Final = 128

EVENT_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "web.webpagedetails.pageViews",
        2: "web.formFilledOut",
        3: "web.webinteraction.linkClicks",
        6: "directMarketing.emailSent",
        7: "directMarketing.emailDelivered",
        8: "directMarketing.emailBounced",
        9: "directMarketing.emailUnsubscribed",
        10: "directMarketing.emailOpened",
        11: "directMarketing.emailClicked",
        22: "leadOperation.scoreChanged",
        27: "directMarketing.emailBouncedSoft",
        39: "directMarketing.emailSent",
        40: "directMarketing.emailOpened",
        41: "directMarketing.emailClicked",
        45: "directMarketing.emailDelivered",
        46: "leadOperation.interestingMoment",
        48: "directMarketing.emailBounced",
    }
)
"""Marketo activity type id to XDM event type; for 104, Change Status in Progression, see below."""

STANDARD_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        12: "New Lead",
        13: "Change Data Value",
        19: "Sync Lead to SFDC",
        21: "Convert Lead",
        23: "Change Owner",
        24: "Add to List",
        25: "Remove from List",
        26: "SFDC Activity",
        28: "Sync Lead Updates to SFDC",
        29: "Delete Lead from SFDC",
        30: "SFDC Activity Updated",
        31: "SFDC Merge Leads",
        32: "Merge Leads",
        34: "Add to Opportunity",
        35: "Remove from Opportunity",
        36: "Update Opportunity",
        37: "Delete Lead",
        38: "Send Alert",
        42: "Add to SFDC Campaign",
        43: "Remove from SFDC Campaign",
        44: "Change Status in SFDC Campaign",
        47: "Request Campaign",
        100: "Change Lead Partition",
        101: "Change Revenue Stage",
        102: "Change Revenue Stage Manually",
        106: "Enrich with Data.com",
        108: "Change Segment",
        110: "Call Webhook",
        111: "Sent Forward to Friend Email",
        112: "Received Forward to Friend Email",
        113: "Add to Nurture",
        114: "Change Nurture Track",
        115: "Change Nurture Cadence",
        123: "Change Program Member Data",
        131: "Fill Out Facebook Lead Ads Form",
        132: "Click RTP Call to Action",
        133: "Click Predictive Content",
        145: "Push Lead to Marketo",
        300: "Sync Lead to Microsoft",
        400: "Share Content",
        401: "Vote in Poll",
        402: "Sign Up for Referral Offer",
        403: "Achieve Goal in Referral",
        405: "Click Shared Link",
        406: "Win Sweepstakes",
        407: "Enter Sweepstakes",
        408: "Disqualify Sweepstakes",
        409: "Earn Entry in Social App",
        410: "Refer to Social App",
    }
)
"""Names of Marketo's standard types that have no row above, as Adobe publishes them.

They win over a delivered name: the stream says "Receive Forward to Friend Email" where Marketo
itself says "Received", and one activity must get one type whichever way it came.
"""

# Statuses are free text, set up for each Marketo channel. "No Show", "Did Not Attend",
# "Unregistered" and "Registration Cancelled" say that the person did not come or will not;
# counted as attendance they would earn the greatest weight there is.
_NOT: Final = (
    r"\b(?:not|no|non|never|cannot|didnt|hasnt|wasnt|couldnt|wont|cant|cancel\w*|declin\w*|reject\w*)"
    r" (?:\w+ ){0,2}"
)
_NO_ATTENDANCE: Final = re.compile(rf"{_NOT}attend|\b(?:un|non)attend|\bno ?show")
_NO_REGISTRATION: Final = re.compile(
    rf"{_NOT}regist|\b(?:un|de|non)regist|\b(?:cancel|declin|reject)|\bno ?show|attend"
)
_WORD: Final = re.compile(r"[^\W_]+")


def event_type(type_id: int, type_name: str | None, attributes: Mapping[str, str]) -> str:
    """Return the event type of a Marketo activity.

    ``type_name`` is the name the stream delivered, None for a REST page. A type that has no row
    above becomes ``marketo.<name in lower camel case>``, and without a known name
    ``marketo.activityType<id>``; neither has a weight by default.
    """
    if type_id == PROGRESSION_TYPE_ID:
        return _progression_type(attributes)
    known = EVENT_TYPES.get(type_id)
    if known is not None:
        return known
    name = lower_camel_case(STANDARD_NAMES.get(type_id, type_name or ""))
    full = f"marketo.{name}"
    if not name or len(full) > MAX_TYPE_LENGTH:
        return f"marketo.activityType{type_id}"
    return full


def _progression_type(attributes: Mapping[str, str]) -> str:
    """Return the event type of a Change Status in Progression.

    Only the attribute "New Status" decides. The primary value is the program's name, and a program
    called "Attendee survey" says nothing of who attended. A status that denies what it names
    ("Did Not Attend", "Registration Cancelled", "Registered - No Show") is neither attendance nor
    registration *(ours)*; a walk-in ("Attended - Not Registered") attended.
    """
    status = next((v for k, v in attributes.items() if k.casefold() == NEW_STATUS.casefold()), "")
    unquoted = re.sub("['\N{RIGHT SINGLE QUOTATION MARK}]", "", status.casefold())
    plain = " ".join(_WORD.findall(unquoted))
    if "attend" in plain and not _NO_ATTENDANCE.search(plain):
        return "event.attended"
    if "regist" in plain and not _NO_REGISTRATION.search(plain):
        return "event.registered"
    return "leadOperation.statusInCampaignProgressionChanged"


def lower_camel_case(name: str) -> str:
    """Return a type name as one lower-camel-case word: "Sync Lead to SFDC" is ``syncLeadToSfdc``.

    Inner capitals of a mixed-case word stay ("WebinarWatched" is ``webinarWatched``). Empty when
    the name holds no letter or digit.
    """
    words = [word.lower() if word.isupper() else word for word in _WORD.findall(name)]
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    return joined[:1].lower() + joined[1:]
