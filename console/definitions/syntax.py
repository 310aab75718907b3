"""What breaks the format of a definitions file, said to people who do not know YAML's inside."""

from __future__ import annotations

import re
from typing import Final

from console.definitions.nodes import Place

_QUOTES: Final = "put the text in quotes"

_SAID: Final[tuple[tuple[str, str, bool], ...]] = (
    # The reader's words; ours; whether the place is where the construct began, not where it broke.
    (
        r"mapping values are not allowed",
        f"a colon where none can stand: is one missing in the line above? If it is text, {_QUOTES}",
        False,
    ),
    (r"found character '\\t'", "a tab: indent with spaces only", False),
    (r"found character '(?P<it>.)'", f"a text cannot begin with {{it}}: {_QUOTES}", False),
    (r"found unexpected end of stream", "the quotes that open here are never closed", True),
    (
        r"expected ',' or '(?P<it>[\]}])'",
        "the bracket that opens here is not closed: {it} or a comma is missing",
        True,
    ),
    (r"expected the node content, but found '(?P<it>.+)'", "a value is missing before {it}", False),
    (r"could not find expected ':'", "a key without a colon and a space after it", True),
    (
        r"expected <block end>",
        "this does not fit what stands before it: check indentation and quotes",
        False,
    ),
    (
        r"found unknown escape character",
        r"an unknown escape; write \\ for a backslash, or use single quotes",
        False,
    ),
    (r"found duplicate anchor", "this name after & is used twice", False),
)


def in_plain_words(
    problem: str | None, context: str | None, at: Place | None, began: Place | None
) -> tuple[Place | None, str]:
    """Return the place and the message for what the YAML reader says of a broken file."""
    said = " ".join(filter(None, (context, problem))) or "not YAML"
    for pattern, message, from_the_start in _SAID:
        found = re.search(pattern, problem or "")
        if found is not None:
            place = began if from_the_start and began is not None else at
            return place or began, message.format(**found.groupdict())
    return at or began, f"not YAML: {said}"
