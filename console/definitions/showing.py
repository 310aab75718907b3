"""Definitions for people and programs: what stands on the topic, and what a plan would do to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, get_args

from rich.table import Table
from rich.text import Text

from console.choices import Output
from console.definitions.conditions import in_lines
from console.definitions.contents import Difference, audience_in_words, newest_audience
from console.definitions.form import DEFAULT_ROLES, DefinitionsFile
from console.definitions.plan import Plan
from console.definitions.steps import Step, What
from console.definitions.telling import counts_of, shown
from console.definitions.weighting_plan import in_force
from console.groups import print_objects, print_table
from domain.engagement import ACTIVITY_TYPES, DEFAULT_MODEL
from schemas.definitions import Audience, Definition, DefinitionKind
from schemas.inputs import Role
from streams.topics import DEFINITIONS

_WHAT: Final[Mapping[What, tuple[str, str]]] = {
    "new": ("new", "green"),
    "changed": ("changed", "yellow"),
    "unchanged": ("unchanged", "dim"),
    "only_on_topic": ("only on the topic", "dim"),
    "refused": ("refused", "red"),
}
"""What a step is called, and its colour."""

_IN_ONE_LINE: Final = 50
"""Characters of an old and a new value that are shown side by side."""

_ORDER: Final[tuple[DefinitionKind, ...]] = get_args(DefinitionKind)


def print_counts(file: DefinitionsFile) -> None:
    """Print how much a file defines."""
    table = _table("", "Live", "Draft", numbers=("Live", "Draft"))
    for kind, live, drafts in counts_of(file):
        table.add_row(kind, str(live), str(drafts))
    print_table(table)


def print_steps(steps: Iterable[Step], output: Output) -> None:
    """Print what a plan would do, or did, to each definition."""
    if output is Output.JSON:
        print_objects(map(_step_object, steps))
        return
    table = _table("", "Definition", "What changes")
    for step in steps:
        said, style = _WHAT[step.what]
        lines = [Text(_difference(each)) for each in step.differences]
        if step.what == "new" and step.definition is not None:
            lines = [Text(_newcomer(step.definition))]
        lines += [Text(shown(why), style) for why in step.refusals]
        table.add_row(Text(said, style), shown(step.definition_id), Text("\n").join(lines))
    print_table(table)


def plan_in_short(plan: Plan) -> str:
    """Return how many definitions a plan adds, changes, leaves, refuses."""
    counted = ((len(plan.of(what)), said) for what, (said, _) in _WHAT.items())
    return ", ".join(f"{count} {said}" for count, said in counted if count) or "nothing defined"


def print_definitions(definitions: Iterable[Definition], output: Output) -> None:
    """Print what stands on the topic, by kind and id."""
    ordered = sorted(definitions, key=lambda each: (_ORDER.index(each.kind), each.definition_id))
    if output is Output.JSON:
        # Exactly what `publish` and `fold` read: one event of the topic a line.
        print_objects(
            {"topic": DEFINITIONS.name, "value": each.model_dump(mode="json", exclude_none=True)}
            for each in ordered
        )
        return
    for table in _tables(ordered):
        print_table(table)


def _tables(definitions: list[Definition]) -> Iterator[Table]:
    yield _roles(definitions)
    for make in (_templates, _stage_models, _interests, _weightings):
        table = make(definitions)
        if table.row_count:
            yield table


def _roles(definitions: list[Definition]) -> Table:
    table = _table("Roles", "")
    table.add_row("default", ", ".join(DEFAULT_ROLES))
    custom = [shown(each.name) for each in definitions if each.kind == "role"]
    if custom:
        table.add_row("custom", ", ".join(custom))
    return table


def _templates(definitions: list[Definition]) -> Table:
    table = _table("Role template", "Role, by priority", "Weighting", "Members", "Who is assigned")
    for column in table.columns[:2]:
        # Conditions are the longest by far.
        column.max_width = 20
    for each in definitions:
        if each.role_template is not None:
            head = _head(each, f"version {each.role_template.version}")
            for role in each.role_template.roles:
                table.add_row(head, shown(role.role), role.weighting, _members(role), _assigned(role))
                head = ""
            table.add_section()
    return table


def _stage_models(definitions: list[Definition]) -> Table:
    table = _table("Stage model", "Stage", "Kind", "Leads to")
    for each in definitions:
        if each.stage_model is not None:
            head = _head(each)
            for stage in each.stage_model.stages:
                table.add_row(head, shown(stage.name), stage.kind, shown(", ".join(stage.transitions)))
                head = ""
            table.add_section()
    return table


def _interests(definitions: list[Definition]) -> Table:
    table = _table(
        "Solution interest", "Role template", "Stage model", "Existing groups", "Account audience"
    )
    for each in definitions:
        interest = each.solution_interest
        if interest is not None:
            audience = newest_audience(interest)
            since = "" if audience is None else f"\nsince {_minute(audience.since)}"
            table.add_row(
                _head(each),
                shown(interest.role_template.id),
                "none" if interest.stage_model is None else shown(interest.stage_model.id),
                "updated" if interest.update_existing_groups else "left alone",
                _shown_lines(_audience_in_lines(audience)) + since,
            )
            table.add_section()
    return table


def _weightings(definitions: list[Definition]) -> Table:
    table = _table("Weighting model", "Band", "Value", "Activities", numbers=("Value",))
    force = in_force(definitions)
    if force == DEFAULT_MODEL.model_id:
        head = f"the built-in one\n{force}, in force, version {DEFAULT_MODEL.version}"
        for weight in sorted({*DEFAULT_MODEL.weights.values()}, reverse=True):
            types = [
                ACTIVITY_TYPES[key] for key, each in DEFAULT_MODEL.weights.items() if each == weight
            ]
            table.add_row(head, "", str(weight), ", ".join(types))
            head = ""
        table.add_section()
    for each in definitions:
        model = each.weighting_model
        if model is not None:
            state = "in force" if model.id == force else "not in force"
            head = f"{shown(each.name)}\n{shown(model.id)}, {state}, version {model.version}"
            for band, value in sorted(model.bands.items(), key=lambda pair: -pair[1]):
                types = [name for name, of in model.activities.items() if of == band]
                table.add_row(head, shown(band), str(value), shown(", ".join(types)))
                head = ""
            table.add_section()
    return table


def _audience_in_lines(audience: Audience | None) -> str:
    if audience is None or audience.condition is None:
        return audience_in_words(audience)
    return in_lines(audience.condition)


def _head(definition: Definition, *more: str) -> str:
    identity = definition.definition_id.partition(":")[2]
    return f"{shown(definition.name)}\n{', '.join((shown(identity), definition.status, *more))}"


def _members(role: Role) -> str:
    return str(role.members_required) if role.required_for_completeness else "not required"


def _assigned(role: Role) -> str:
    return "by people only" if role.auto_assign is None else _shown_lines(in_lines(role.auto_assign))


def _minute(millis: int) -> str:
    return f"{datetime.fromtimestamp(millis // 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _difference(difference: Difference) -> str:
    field, old, new = difference.field, difference.old, difference.new
    if old is None:
        return shown(f"{field}: added, {new}")
    if new is None:
        return shown(f"{field}: taken out, was {old}")
    if len(old) + len(new) > _IN_ONE_LINE:
        return _shown_lines(f"{field}:\n- {old}\n+ {new}")
    return shown(f"{field}: {old} → {new}")


def _newcomer(definition: Definition) -> str:
    weighting = definition.weighting_model
    if weighting is not None:
        return shown(f"{definition.name}, {'active' if weighting.active else 'not active'}")
    return shown(
        definition.name if definition.kind == "role" else f"{definition.name}, {definition.status}"
    )


def _shown_lines(text: str) -> str:
    return "\n".join(map(shown, text.split("\n")))


def _step_object(step: Step) -> dict[str, Any]:
    return {
        "definition_id": step.definition_id,
        "kind": step.kind,
        "name": step.name,
        "what": step.what,
        "line": step.line,
        "changes": [
            {"field": each.field, "old": each.old, "new": each.new} for each in step.differences
        ],
        "reasons": list(step.refusals),
    }


def _table(*titles: str, numbers: Iterable[str] = ()) -> Table:
    table = Table()
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in numbers else "left")
    return table
