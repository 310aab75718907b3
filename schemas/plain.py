"""`lead-activity` without its attributes, read at half the cost of decoding and checking it.

Only records that certainly keep the contract are read here. Whatever is unusual, from another schema to
a broken length, gives None: the codec then reads the record, or says what is wrong with it.
"""

from typing import Final, TypeAlias

from schemas.fields import LAST_MILLIS

PlainActivity: TypeAlias = tuple[str, str, str, str, int]
"""Event id, account id, lead id, activity type, time."""

_IDS: Final = 4
_LONG: Final = 0x80
"""From here on a length or a number takes more than one byte; an odd one is negative."""
_MORE_OR_NEGATIVE: Final = 0x81
_LONGEST_NUMBER: Final = 7 * 7
"""Bits of the longest time."""


def plain_activity(header: bytes, data: bytes) -> PlainActivity | None:
    """Return the fields of a record that begins with the current schema's `header`, if it is usual."""
    if not data.startswith(header):
        return None
    try:
        ids = []
        end = len(header)
        for _ in range(_IDS):
            size = data[end]
            # An id of 1 to 63 bytes has 1 to 63 characters, which the contract allows.
            if not size or size & _MORE_OR_NEGATIVE:
                return None
            start = end + 1
            end = start + (size >> 1)
            ids.append(data[start:end].decode())
        number = shift = 0
        while (byte := data[end]) >= _LONG and shift < _LONGEST_NUMBER:
            number |= (byte - _LONG) << shift
            shift += 7
            end += 1
        number |= byte << shift
        if number & 1 or number >> 1 > LAST_MILLIS or byte >= _LONG:
            return None
        end = _end_of_texts(data, end + 1)
    except (IndexError, UnicodeDecodeError):
        return None
    if end != len(data):
        return None
    event_id, account_id, lead_id, activity_type = ids
    return event_id, account_id, lead_id, activity_type, number >> 1


def _end_of_texts(data: bytes, end: int) -> int:
    """Return where a map of texts ends that is one block of a few short texts, else -1."""
    twice = data[end]
    end += 1
    if not twice:
        return end
    if twice & _MORE_OR_NEGATIVE:
        return -1
    # The count is written doubled, and each entry has two texts.
    for _ in range(twice):
        size = data[end]
        end += 1
        if size >= _LONG:
            size += (data[end] - 1) * _LONG
            if data[end] >= _LONG:
                return -1
            end += 1
        if size & 1:
            return -1
        start = end
        end += size >> 1
        data[start:end].decode()
    return -1 if data[end] else end + 1
