"""Scores as a system wrote them, and whether they are the right ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from benchmarks.job import Subject
from schemas.codec import Codec
from schemas.outputs import ScoreUpdated
from schemas.registry import CommittedRegistry

Scores = dict[Subject, float]

_SHOWN: Final = 5


def subject_and_score(codec: Codec, value: bytes) -> tuple[Subject, float]:
    """Return whose score a record tells, and the score."""
    told = codec.decode("score-updated", value)
    if not isinstance(told, ScoreUpdated):
        raise TypeError(type(told))
    return (told.account_id, told.lead_id or told.buying_group_id or ""), told.current


def last_scores(values: Iterable[bytes]) -> Scores:
    """Return the last score of each subject."""
    codec = Codec(CommittedRegistry())
    return dict(subject_and_score(codec, value) for value in values)


def to_json(scores: Scores) -> str:
    """Return scores as JSON text."""
    return orjson.dumps([[*subject, score] for subject, score in scores.items()]).decode()


def from_json(text: str) -> Scores:
    """Return what :func:`to_json` was given."""
    return {(account, subject): score for account, subject, score in orjson.loads(text)}


def differences(expected: Mapping[Subject, float], found: Mapping[Subject, float]) -> list[str]:
    """Return in words how scores differ from the expected ones: the first few, then how many."""
    wrong = [
        f"{'/'.join(subject)}: {found.get(subject, 'nothing')} instead of"
        f" {expected.get(subject, 'nothing')}"
        for subject in sorted({*expected, *found})
        if expected.get(subject) != found.get(subject)
    ]
    rest = len(wrong) - _SHOWN
    return wrong[:_SHOWN] + ([f"and {rest} more of {len(expected)}"] if rest > 0 else [])
