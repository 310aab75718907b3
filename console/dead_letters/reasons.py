"""Every reason for which a worker refuses a record, and what to do about it, in one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WHAT_TO_DO: Final[Mapping[str, str]] = {
    "not_avro": (
        "The bytes are not one Avro record in the Confluent wire format: mend the producer's serializer"
        " and let it send the event again; these bytes will be refused again."
    ),
    "unknown_schema": (
        "Register the writer's schema under this topic's subject, or set SCHEMA_REGISTRY_URL to the"
        " registry that has it, wait a minute (workers remember for so long that an id is unknown), then"
        " redrive."
    ),
    "breaks_contract": (
        "The detail names the fields: mend the producer and let it send the event again; redrive only"
        " after an upgrade to a release whose contract takes such a value."
    ),
    "from_the_future": (
        "Set the producer's clock or its time zone right; redrive once the event's date has come."
    ),
    "too_large": (
        "Let the producer send less in one record (the detail names the limit); these bytes will be"
        " refused again."
    ),
    "wrong_group_id": (
        "Let the producer send the record with the id that the detail names, derived from the solution"
        " interest and the account; these bytes will be refused again."
    ),
    "unusable_condition": (
        "Correct the condition that the detail names and publish it again (buying-groups definitions"
        " check finds such mistakes); redrive only after an upgrade to a release that knows what it asks"
        " for."
    ),
    "no_edits": (
        "The edit names no lead and would change nothing: mend the sender and let the record be."
    ),
    "too_many_edits": (
        "Let the sender split the edit into several of at most 50 leads, each with an event id of its"
        " own; these bytes will be refused again."
    ),
}
"""By reason, in the order in which people are told of them."""

UNKNOWN_REASON: Final = (
    "This release does not know the reason: a newer worker wrote it; look at it with that release."
)


def what_to_do(reason: str) -> str:
    """Return the sentence for a reason."""
    return WHAT_TO_DO.get(reason, UNKNOWN_REASON)
