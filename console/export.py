"""``export``: every group as it now stands, read from ``buying-group-state``."""

from __future__ import annotations

from typing import Final

from console.topic_reading import NotRead, Told, records_of
from schemas.codec import BadRecord, Codec
from schemas.outputs import BuyingGroupState
from streams.settings import Settings
from streams.topics import BUYING_GROUP_STATE

_UNDECIDED_S: Final = 5.0
"""So long a worker's transaction is waited for."""


class NotExported(Exception):
    """The groups cannot be read; the message says why and what to do."""


def read_states(settings: Settings, codec: Codec, told: Told) -> list[BuyingGroupState]:
    """Return the last state of every group that stands, as of the topic's end when this is called.

    Joins no consumer group and commits nothing. Only what a worker committed counts; ``told`` hears of
    a transaction that stays undecided.

    Raises:
        NotExported: Kafka does not answer, the topic is missing, or holds what is no state.
        RegistryUnavailable: the schema registry does not answer.
    """
    latest: dict[bytes, bytes] = {}
    try:
        for message in records_of(settings, BUYING_GROUP_STATE, "export", told, _UNDECIDED_S):
            key, value = message.key(), message.value()
            if key is None:
                continue
            if value is None:
                latest.pop(key, None)
            else:
                latest[key] = value
    except NotRead as problem:
        raise NotExported(str(problem)) from problem
    return [_state(codec, key, value) for key, value in latest.items()]


def _state(codec: Codec, key: bytes, value: bytes) -> BuyingGroupState:
    try:
        state = codec.decode(BUYING_GROUP_STATE.name, value)
    except BadRecord as bad:
        msg = f"the state of group {key.decode(errors='replace')!r} cannot be read: {bad.detail}"
        raise NotExported(msg) from bad
    if not isinstance(state, BuyingGroupState):
        raise TypeError(type(state))
    return state
