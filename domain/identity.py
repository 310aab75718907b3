"""Ids that are derived instead of drawn, so that doing a thing twice gives the same id."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha1
from uuid import NAMESPACE_URL, uuid5


@lru_cache(maxsize=65_536)
def buying_group_id(solution_interest_id: str, account_id: str) -> str:
    """Return the id of the group of one account for one solution interest (events.md, "Inputs").

    UUID v5 in the URL namespace of ``buying-group:<solution interest>/<account>``: creating the group
    twice, from two places, gives one group.
    """
    return str(uuid5(NAMESPACE_URL, f"buying-group:{solution_interest_id}/{account_id}"))


def report_id(kind: str, subject: str, version: int) -> str:
    """Return the id of a reported event from its kind, subject and version (domain.md §7).

    A report that is sent again carries the same id, so a subscriber can drop what it has seen. It is a
    UUID v5 in the URL namespace, put together by hand: ``uuid.uuid5`` takes four times as long, and
    every output needs one.
    """
    name = f"buying-group-report:{kind}/{subject}/{version}"
    digest = sha1(_URL + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANTS[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


_URL = NAMESPACE_URL.bytes
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""RFC 4122's variant goes into the top two bits of the digit."""
