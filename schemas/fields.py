"""Field types shared by the contracts: ids, moments and days, and the base every contract has.

Inside the code a moment is int milliseconds and a day is int days, both since 1970-01-01 UTC.
In JSON they are RFC 3339 text and `YYYY-MM-DD`.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY: Final = date(1970, 1, 1)
LAST_MILLIS: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
LAST_DAY: Final = 2_932_896  # 9999-12-31
INT32_MIN: Final = -(2**31)
INT32_MAX: Final = 2**31 - 1
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d\d):?(\d\d))", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ONE_MILLI = timedelta(milliseconds=1)


def millis_of(text: str) -> int:
    """Milliseconds since the epoch of RFC 3339 text with an offset (`Z`, `+0000`, `+07:00`).

    Digits beyond the millisecond are dropped. Raises `ValueError` for text without an offset.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("not RFC 3339 with an offset")
    day, clock, fraction, hours, minutes = match.groups()
    offset = "+00:00" if hours is None else f"{hours}:{minutes}"
    whole = datetime.fromisoformat(f"{day}T{clock}{offset}")
    return (whole - EPOCH) // _ONE_MILLI + int(f"{fraction or '':0<3.3}")


def moment_text(millis: int) -> str:
    """RFC 3339 text of `millis`, with milliseconds and `Z`."""
    moment = EPOCH + timedelta(milliseconds=millis)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def day_of(text: str) -> int:
    """Days since 1970-01-01 of `YYYY-MM-DD`. Raises `ValueError` for anything else."""
    if _DAY.fullmatch(text) is None:
        raise ValueError("not YYYY-MM-DD")
    return (date.fromisoformat(text) - EPOCH_DAY).days


def day_text(day: int) -> str:
    """`YYYY-MM-DD` of `day`."""
    return (EPOCH_DAY + timedelta(days=day)).isoformat()


def _time_schema(parse: Any, render: Any, last: int, message: str) -> CoreSchema:
    # The integer branch stands first and never enters Python: every record off a topic takes it.
    number = core_schema.int_schema(strict=True, ge=0, le=last)
    text = core_schema.chain_schema(
        [
            core_schema.str_schema(strict=True, max_length=64),
            core_schema.no_info_plain_validator_function(parse),
            number,
        ]
    )
    return core_schema.union_schema(
        [number, text],
        mode="left_to_right",
        custom_error_type="time",
        custom_error_message=message,
        serialization=core_schema.plain_serializer_function_ser_schema(
            render, when_used="json", return_schema=core_schema.str_schema()
        ),
    )


class _Moment:
    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return _time_schema(
            millis_of,
            moment_text,
            LAST_MILLIS,
            "should be RFC 3339 with an offset, or milliseconds since 1970 (years 1970 to 9999)",
        )


class _CalendarDay:
    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return _time_schema(
            day_of, day_text, LAST_DAY, "should be YYYY-MM-DD, or days since 1970 (years 1970-9999)"
        )


Id = Annotated[str, Field(min_length=1, max_length=128)]
Millis = Annotated[int, _Moment()]
Day = Annotated[int, _CalendarDay()]
Int32 = Annotated[int, Field(ge=INT32_MIN, le=INT32_MAX)]
Int64 = Annotated[int, Field(ge=INT64_MIN, le=INT64_MAX)]
Version = Annotated[int, Field(ge=0, le=INT64_MAX)]
Text = Annotated[str, Field(max_length=1024)]
# Any length; the constraint makes half a surrogate pair, which UTF-8 cannot carry, a wrong field.
AnyText = Annotated[str, Field(min_length=0)]
TextMap = dict[AnyText, AnyText]


class Contract(BaseModel):
    """Base of every event: frozen, no unknown fields, no silent conversion of types."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    def record(self) -> dict[str, Any]:
        """The fields as plain values, times as ints: what the Avro writer takes. Read only."""
        return self.__dict__


class NestedContract(Contract):
    """Base of an event that holds other models."""

    def record(self) -> dict[str, Any]:
        """The fields as plain values, nested models as dicts."""
        return self.model_dump()
