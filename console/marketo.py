"""Marketo activity as ``lead-activity`` events (events.md, "Inputs").

Reads what Marketo really delivers: events of its Lead Activity Data Stream (CloudEvents JSON, one
object or an array) and pages of its REST call *Get Lead Activities*, one or many in a file.

One namespace takes one Marketo instance, because another one uses the same numbers for other leads
and other activity. A stream event names its instance; a file's second instance is refused.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from console.marketo_activity import MAX_ID_LENGTH, Activity, Unusable, parse_activity
from console.marketo_types import event_type
from domain.calendar import iso_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Activity",
    "MarketoError",
    "Refused",
    "read_activities",
    "read_leads",
    "to_lead_activity",
]

_BLANK: Final = re.compile(r"\s*")
# A document starts in the first column, in JSON lines as in files joined one after another;
# what lies inside an indented document does not.
_NEXT_DOCUMENT: Final = re.compile(r"^[\[{]", re.MULTILINE)


class MarketoError(Exception):
    """A whole file cannot be used; the message says which, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One item that was left out: its 1-based place in the file and a sentence saying why."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A stretch of the file that yields no activity, standing in its place."""

    reason: str


def read_leads(path: Path | str) -> dict[str, str]:
    """Return the account id of each lead id, from a CSV file with ``lead_id`` and ``account_id``.

    Other columns are ignored. Raises MarketoError naming the file, the line and what to do.
    """
    accounts: dict[str, tuple[str, int]] = {}
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = [name.strip() for name in next(rows, [])]
            missing = [name for name in ("lead_id", "account_id") if name not in header]
            if missing:
                found = ", ".join(header) or "nothing"
                _stop(
                    f"{path}, line 1: no column {' and no column '.join(missing)}; found {found}. "
                    "Start the file with a line of column names separated by commas, "
                    "lead_id and account_id among them."
                )
            lead_at, account_at = header.index("lead_id"), header.index("account_id")
            for row in rows:
                if not any(cell.strip() for cell in row):
                    continue
                where = f"{path}, line {rows.line_num}"
                lead_id = _cell(row, lead_at, f"{where}: the lead_id")
                account_id = _cell(row, account_at, f"{where}: the account_id")
                before, line = accounts.setdefault(lead_id, (account_id, rows.line_num))
                if before != account_id:
                    _stop(
                        f"{where}: lead {lead_id} is given account {account_id}, "
                        f"but line {line} gives it {before}. Keep the line of the right account."
                    )
    except OSError as error:
        raise MarketoError(
            f"{path}: cannot be read ({error.strerror}). Check the path of the leads file."
        ) from error
    except UnicodeDecodeError as error:
        raise MarketoError(f"{path}: is not UTF-8 text. Save the file as UTF-8 CSV.") from error
    except csv.Error as error:
        raise MarketoError(
            f"{path}, line {rows.line_num}: is not CSV ({error}). Check the quotation marks there."
        ) from error
    return {lead_id: account_id for lead_id, (account_id, _) in accounts.items()}


def read_activities(text: str) -> Iterator[Activity | Refused]:
    """Yield each activity of a file's text, in order, or why it was refused.

    Positions count activities through the whole file from 1; a page or line that cannot be read
    counts as one. Raises MarketoError, at the call, when the text holds no JSON object or array.
    """
    documents = _documents(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))
    if not any(isinstance(document, dict | list) for document in documents):
        why = next((d.reason for d in documents if isinstance(d, _Unreadable)), "It is empty.")
        raise MarketoError(
            f"The file holds no Marketo activity in JSON. {why} "
            "Give a stream delivery or a page of Get Lead Activities."
        )
    return _activities(documents)


def to_lead_activity(activity: Activity, leads: Mapping[str, str]) -> dict[str, object] | Refused:
    """Return the JSON form of the activity's ``lead-activity`` event (events.md, "Inputs").

    ``leads`` gives the account of each lead, because the activity itself never says it.
    """
    account_id = leads.get(activity.lead_id)
    if account_id is None:
        return Refused(
            activity.position,
            f"Lead {activity.lead_id} is not in the leads file, so its account is not known. "
            f"Add a line with lead_id {activity.lead_id} and its account_id to leads.csv, "
            "then publish the file again.",
        )
    return {
        "event_id": activity.event_id,
        "account_id": account_id,
        "lead_id": activity.lead_id,
        "activity_type": event_type(activity.type_id, activity.type_name, activity.attributes),
        "occurred_at": iso_instant(activity.occurred_at),
        "attributes": dict(activity.attributes),
    }


def _stop(message: str) -> NoReturn:
    raise MarketoError(message)


def _cell(row: list[str], at: int, what: str) -> str:
    value = row[at].strip() if at < len(row) else ""
    if not value:
        _stop(f"{what} is empty. Fill it in or delete the line.")
    if len(value) > MAX_ID_LENGTH:
        _stop(f"{what} is longer than {MAX_ID_LENGTH} characters. Correct it or delete the line.")
    return value


def _documents(text: str) -> list[object]:
    """Return the JSON values of a text, ``_Unreadable`` for each stretch that is none."""
    decoder = json.JSONDecoder(parse_constant=_no_such_number)
    found: list[object] = []
    at = 0
    while (at := _end_of_blank(text, at)) < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, at) + 1
            found.append(_Unreadable(f"What starts on line {line} is not JSON: {_why(error)}."))
            following = _NEXT_DOCUMENT.search(text, at + 1)
            at = following.start() if following else len(text)
        else:
            found.append(value)
    return found


def _end_of_blank(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()} at line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _activities(documents: list[object]) -> Iterator[Activity | Refused]:
    first_instance: str | None = None
    items = (item for document in documents for item in _items(document))
    for position, item in enumerate(items, start=1):
        if isinstance(item, _Unreadable):
            yield Refused(position, item.reason)
            continue
        try:
            activity = parse_activity(position, item)
        except Unusable as error:
            yield Refused(position, str(error))
            continue
        first_instance = first_instance or activity.instance
        if activity.instance in (None, first_instance):
            yield activity
        else:
            yield Refused(
                position,
                f"It comes from Marketo instance {activity.instance}, but the file began with "
                f"{first_instance}. Two instances use the same numbers for different leads. "
                "Publish each one to a namespace of its own.",
            )


def _items(document: object) -> Iterator[object]:
    for value in document if isinstance(document, list) else [document]:
        if isinstance(value, dict) and "data" not in value and value.keys() & {"success", "result"}:
            yield from _page_items(value)
        else:
            yield value


def _page_items(page: dict[str, object]) -> Iterator[object]:
    if page.get("success") is False:
        errors = page.get("errors")
        texts = [
            " ".join(str(error[key]) for key in ("code", "message") if error.get(key))
            for error in (errors if isinstance(errors, list) else [])
            if isinstance(error, dict)
        ]
        said = "; ".join(filter(None, texts)) or "no reason given"
        yield _Unreadable(
            f"Marketo answered with an error instead of activities: {said}. Fetch the page again."
        )
        return
    # Marketo leaves "result" out of a page that holds no activity of the types asked for.
    result = page.get("result")
    if isinstance(result, list):
        yield from result
    elif result is not None:
        yield _Unreadable('The page\'s "result" is not a list of activities.')
