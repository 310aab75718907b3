"""One dead letter in full, as ``show`` prints it: text for people, a JSON object for programs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from console.dead_letters.decoding import Decoded
from console.dead_letters.letters import Letter
from console.dead_letters.listing import letter_object, place_of, plain, time_of
from console.dead_letters.reasons import what_to_do
from console.dead_letters.rereading import Refusal
from streams.dead_letters import Headers
from streams.letter_headers import OWN_HEADERS

DUMPED: Final = 512
"""So many bytes are dumped unless all are asked for."""

_ROW: Final = 16
_PRINTABLE: Final = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter with its record. ``again`` is why workers would refuse it now, None: they would take it.

    ``rereadable`` is False for a topic that workers do not read.
    """

    letter: Letter
    key: bytes | None
    value: bytes | None
    headers: Headers
    decoded: Decoded
    again: Refusal | None
    rereadable: bool = True


def lines_of(shown: Shown, namespace: str, *, whole: bool) -> Iterator[str]:
    """Yield the text for people; ``whole`` dumps every byte."""
    letter = shown.letter
    yield from _facts(shown, namespace)
    yield ""
    yield f"What to do: {what_to_do(letter.reason)}"
    yield ""
    yield from _reading(shown.decoded)
    yield ""
    yield from _dump(shown, whole=whole)


def shown_object(shown: Shown, namespace: str) -> dict[str, Any]:
    """Return everything for a program; bytes that are no text in base64."""
    decoded = shown.decoded
    return {
        **letter_object(shown.letter, namespace, details=True),
        "what_to_do": what_to_do(shown.letter.reason),
        "refused_now": _again(shown),
        "key": _text_or_base64(shown.key),
        "headers": [{"name": name, "value": _text_or_base64(value)} for name, value in shown.headers],
        "schema": {"contract": decoded.contract, "id": decoded.schema_id},
        "decoded": decoded.value,
        "problem": decoded.problem,
        "broke_at_byte": decoded.at,
        "value_base64": None if shown.value is None else b64encode(shown.value).decode(),
    }


def hex_lines(data: bytes, begins_at: int = 0) -> Iterator[str]:
    """Yield bytes as rows of hex and text."""
    for start in range(0, len(data), _ROW):
        row = data[start : start + _ROW]
        text = "".join(chr(byte) if byte in _PRINTABLE else "." for byte in row)
        yield f"  {begins_at + start:08x}  {row.hex(' '):<47}  {text}"


def _facts(shown: Shown, namespace: str) -> Iterator[str]:
    letter = shown.letter
    again = f", last {time_of(letter.last_at)}" if letter.times > 1 else ""
    copies = ", ".join(f"dead-letters/{partition}/{offset}" for partition, offset in letter.copies)
    facts = [
        ("record", place_of(letter, namespace)),
        ("recorded", f"{time_of(letter.place.timestamp)} UTC"),
        ("refused", f"{time_of(letter.first_at)} UTC{again}"),
        ("reason", letter.reason),
        ("detail", letter.detail),
        ("attempts", str(letter.attempts)),
        ("redriven", "no" if letter.redriven_at is None else f"{time_of(letter.redriven_at)} UTC"),
        ("now", _now(shown)),
        ("stands in", copies),
        ("key", _text_or_hex(shown.key)),
    ]
    for title, fact in facts:
        yield f"{title:<10} {plain(fact)}"
    own = [(name, value) for name, value in shown.headers if not name.startswith(OWN_HEADERS)]
    yield f"{'headers':<10} {'none' if not own else ''}".rstrip()
    for name, value in own:
        yield f"  {plain(name)}: {plain(_text_or_hex(value))}"


def _now(shown: Shown) -> str:
    if not shown.rereadable:
        return "this release does not read the topic"
    if shown.again is None:
        return "a worker of this release would take it"
    return f"a worker of this release would refuse it: {shown.again.reason}: {shown.again.detail}"


def _again(shown: Shown) -> dict[str, str] | None:
    if shown.again is None:
        return None
    return {"reason": shown.again.reason, "detail": shown.again.detail}


def _reading(decoded: Decoded) -> Iterator[str]:
    if decoded.contract is not None:
        yield f"Read with schema {decoded.schema_id} of {decoded.contract}:"
        text = orjson.dumps(decoded.value, option=orjson.OPT_INDENT_2, default=str).decode()
        for line in text.splitlines():
            yield f"  {plain(line)}"
    if decoded.problem is not None:
        where = "" if decoded.at is None else f" at byte {decoded.at} (0x{decoded.at:x})"
        yield f"The reading broke{where}: {plain(decoded.problem)}."
    else:
        yield "All of it could be read."


def _dump(shown: Shown, *, whole: bool) -> Iterator[str]:
    value = shown.value
    if value is None:
        yield "The record has no value."
        return
    dumped = value if whole else value[:DUMPED]
    yield f"Its {len(value):,} bytes:"
    yield from hex_lines(dumped)
    at = shown.decoded.at
    if not whole and at is not None and at >= DUMPED:
        start = max(DUMPED, at - at % _ROW - 2 * _ROW)
        yield "  …"
        yield from hex_lines(value[start : start + 5 * _ROW], start)
    if len(dumped) < len(value):
        yield f"  … {len(value):,} bytes in all; --whole dumps them"


def _text_or_hex(data: bytes | None) -> str:
    if data is None:
        return "none"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"0x{data.hex()}"
    return text if text.isprintable() else f"0x{data.hex()}"


def _text_or_base64(data: bytes | None) -> Any:
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}
