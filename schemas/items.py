"""Records with one long array, whose items are kept encoded from one record to the next.

Avro writes a record as its fields one behind the other, and an array as its items. So an item that has
not changed is written as the bytes it had, and a record of hundreds of items costs what has changed in
it and a copy. The bytes are those that the whole schema gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from fastavro import parse_schema, schemaless_writer

from schemas.parsing import Schema

_COUNT: Final = parse_schema("long")
_END: Final = b"\0"


class ItemWriter:
    """Writes the records of one contract, given the items of its array ``field`` as bytes.

    The fields before and after the array must not share a named type with what stands before them.
    """

    def __init__(self, header: bytes, schema: Schema, field: str) -> None:
        names = [one["name"] for one in schema["fields"]]
        place = names.index(field)
        self._header = header
        self._head = _part(schema, schema["fields"][:place])
        self._item = parse_schema(schema["fields"][place]["type"]["items"])
        self._tail = _part(schema, schema["fields"][place + 1 :])

    def item(self, fields: Mapping[str, Any]) -> bytes:
        """Return an item of the array."""
        sink = BytesIO()
        schemaless_writer(sink, self._item, fields)
        return sink.getvalue()

    def frame(self, fields: Mapping[str, Any], items: Sequence[bytes]) -> bytes:
        """Return the record of ``fields``, which need not have the array, with these items."""
        sink = BytesIO()
        sink.write(self._header)
        schemaless_writer(sink, self._head, fields)
        if items:
            schemaless_writer(sink, _COUNT, len(items))
            sink.write(b"".join(items))
        sink.write(_END)
        schemaless_writer(sink, self._tail, fields)
        return sink.getvalue()


def _part(schema: Schema, fields: Sequence[Any]) -> Schema:
    return parse_schema({"type": "record", "name": schema["name"], "fields": list(fields)})
