"""Records that nobody can take, each with the reason it must be refused for."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any, Final

from fastavro import schemaless_writer

from domain.calendar import MILLIS_PER_DAY, Millis, day_from_date
from domain.identity import buying_group_id
from schemas.definitions import Audience
from schemas.fields import Contract
from schemas.registry import current_version
from tests.integration.marketing import condition, definitions, text
from tests.integration.tenant import AS_OF, Tenant

FUTURE: Final[Millis] = day_from_date(date(2900, 1, 1)) * MILLIS_PER_DAY

Broken = tuple[str, bytes | None, str]


def _no_frame(tenant: Tenant) -> Broken:
    size = tenant.chance.randint(1, 80)
    return (
        tenant.chance.choice(("lead-activity", "accounts")),
        bytes([tenant.chance.randint(1, 255)]) + tenant.chance.randbytes(size),
        "not_avro",
    )


def _json_text(_: Tenant) -> Broken:
    return "journey-actions", b'{"event_id": "e-1", "action": "assign"}', "not_avro"


def _no_value(tenant: Tenant) -> Broken:
    return "lead-profiles", tenant.chance.choice((None, b"")), "not_avro"


def _truncated(tenant: Tenant) -> Broken:
    topic, value = _good_bytes(tenant)
    return topic, value[: tenant.chance.randint(1, len(value) - 1)], "not_avro"


def _left_over(tenant: Tenant) -> Broken:
    topic, value = _good_bytes(tenant)
    return topic, value + b"\x00\x01", "not_avro"


def _unknown_schema(tenant: Tenant) -> Broken:
    topic, value = _good_bytes(tenant)
    return topic, b"\0" + (4_000_000_000).to_bytes(4, "big") + value[5:], "unknown_schema"


def _other_contract(tenant: Tenant) -> Broken:
    _, value = tenant.activity()
    return "accounts", tenant.codec.encode("lead-activity", value), "unknown_schema"


def _no_account(tenant: Tenant) -> Broken:
    topic, value = tenant.activity()
    return topic, _against_the_contract(tenant, topic, value, account_id=""), "breaks_contract"


def _long_id(tenant: Tenant) -> Broken:
    topic, value = tenant.profile()
    return topic, _against_the_contract(tenant, topic, value, lead_id="x" * 129), "breaks_contract"


def _assign_without_role(tenant: Tenant) -> Broken:
    topic, value = tenant.journey()
    broken = _against_the_contract(tenant, topic, value, action="assign", lead_id="someone", role=None)
    return topic, broken, "breaks_contract"


def _wrong_group(tenant: Tenant) -> Broken:
    topic, value = tenant.group(tenant.accounts[0], "crm-suite", tenant.moment())
    wrong = value.model_copy(update={"buying_group_id": buying_group_id("erp", "elsewhere")})
    return topic, tenant.codec.encode(topic, wrong), "wrong_group_id"


def _unknown_field(tenant: Tenant) -> Broken:
    """Return an interest that was not checked: no account has the field its audience asks for."""
    value = definitions(AS_OF)[-2]
    assert value.solution_interest is not None
    audience = Audience(since=tenant.moment(), condition=text(condition("shoe_size", "is", "44")))
    interest = value.solution_interest.model_copy(update={"audiences": [audience]})
    later = value.model_copy(
        update={"solution_interest": interest, "updated_at": AS_OF * MILLIS_PER_DAY}
    )
    return "definitions", tenant.codec.encode("definitions", later), "unusable_condition"


def _untestable_role(tenant: Tenant) -> Broken:
    topic, value = tenant.group(tenant.accounts[0], "crm-suite", tenant.moment())
    fields = value.model_dump()
    fields["role_template"]["roles"][0]["auto_assign"] = "title contains chief"
    return topic, tenant.codec.encode(topic, type(value)(**fields)), "unusable_condition"


def _another_definitions_id(tenant: Tenant) -> Broken:
    value = definitions(AS_OF)[-1]
    broken = _against_the_contract(tenant, "definitions", value, definition_id="weighting_model:home")
    return "definitions", broken, "breaks_contract"


def _too_many_edits(tenant: Tenant) -> Broken:
    value = tenant.edit(tenant.accounts[0], 51)
    return "manual-edits", tenant.codec.encode("manual-edits", value), "too_many_edits"


def _no_edits(tenant: Tenant) -> Broken:
    value = tenant.edit(tenant.accounts[0], 0)
    return "manual-edits", tenant.codec.encode("manual-edits", value), "no_edits"


def _from_the_future(tenant: Tenant) -> Broken:
    made = (tenant.activity, tenant.journey, tenant.profile, lambda: tenant.definitions()[-1])
    topic, value = tenant.chance.choice(made)()
    dated = {
        "lead-activity": "occurred_at",
        "journey-actions": "decided_at",
        "lead-profiles": "updated_at",
        "definitions": "updated_at",
    }[topic]
    later = value.model_copy(update={dated: FUTURE})
    return topic, tenant.codec.encode(topic, later), "from_the_future"


def _good_bytes(tenant: Tenant) -> tuple[str, bytes]:
    """Return an ordinary event's topic and bytes, to be broken."""
    topic, value = tenant.chance.choice((tenant.activity, tenant.journey, tenant.manual))()
    return topic, tenant.codec.encode(topic, value)


def _against_the_contract(tenant: Tenant, topic: str, value: Contract, **fields: Any) -> bytes:
    """Return a well-formed frame whose content no honest producer could have validated."""
    frame = tenant.codec.encode(topic, value)[:5]
    sink = BytesIO()
    record: Any = {**value.model_dump(), **fields}
    schemaless_writer(sink, current_version(topic).schema, record)
    return frame + sink.getvalue()


BROKEN: Final[tuple[Callable[[Tenant], Broken], ...]] = (
    _no_frame,
    _json_text,
    _no_value,
    _truncated,
    _left_over,
    _unknown_schema,
    _other_contract,
    _no_account,
    _long_id,
    _assign_without_role,
    _wrong_group,
    _unknown_field,
    _untestable_role,
    _another_definitions_id,
    _too_many_edits,
    _no_edits,
    _from_the_future,
)
