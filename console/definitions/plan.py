"""What publishing a definitions file would change on the topic, and what it may not change.

Pure: what is known, the time and new event ids come in as arguments. Groups keep the template and the
stages they began with, so a live template, a live stage model and what a live interest has fixed never
change; whoever wants another one defines a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from console.definitions.form import DEFAULT_ROLES, MOST_ROLES, DefinitionsFile, RoleName
from console.definitions.interest_plan import Parts, plan_interest
from console.definitions.nodes import quoted
from console.definitions.steps import Known, Step, What, step_to
from console.definitions.template_plan import plan_stage_model, plan_template
from console.definitions.weighting_plan import plan_weightings
from domain.calendar import Millis
from schemas.definitions import Definition, DefinitionKind


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing would do to each definition, of the file and of the topic, and what to know."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    def of(self, *what: What) -> list[Step]:
        """Return the steps of a kind."""
        return [step for step in self.steps if step.what in what]

    @property
    def to_send(self) -> list[Definition]:
        """Return the records to be sent: none as long as anything is refused."""
        if self.of("refused"):
            return []
        return [step.definition for step in self.of("new", "changed") if step.definition is not None]


def plan_of(
    file: DefinitionsFile,
    definitions: Mapping[str, Definition],
    now: Millis,
    new_event_id: Callable[[], str],
) -> Plan:
    """Return what publishing a file would do to the definitions that are known, by their ids."""
    known = Known(definitions, now, new_event_id)
    roles = _plan_roles(file.roles, known)
    templates = [plan_template(form, known) for form in file.role_templates]
    models = [plan_stage_model(form, known) for form in file.stage_models]
    parts = Parts(_records("role_template", templates, known), _records("stage_model", models, known))
    interests = [plan_interest(form, known, parts) for form in file.solution_interests]
    weightings, notes = plan_weightings(file.weighting_models, known)
    steps = [*roles, *templates, *models, *interests, *weightings]
    in_file = {step.definition_id for step in steps}
    rest = [each for _, each in sorted(definitions.items()) if each.definition_id not in in_file]
    checked = [_with_a_name_of_its_own(step, rest) for step in steps]
    left = (Step(each.definition_id, each.kind, each.name, "only_on_topic") for each in rest)
    return Plan((*checked, *left), tuple(notes))


def _plan_roles(roles: Iterable[RoleName], known: Known) -> list[Step]:
    count = len(DEFAULT_ROLES) + len(known.of_kind("role"))
    steps = []
    for role in roles:
        before = known.of("role", role.id)
        refusals: list[str] = []
        if before is None:
            count += 1
            if count > MOST_ROLES:
                refusals.append(
                    f"it would be role number {count}, and {MOST_ROLES} is the most, those on the topic"
                    " included: use one that is there"
                )
        wanted = known.record("role", role, "live")
        steps.append(step_to(before, wanted, role.place.line, refusals))
    return steps


def _records(kind: DefinitionKind, steps: Iterable[Step], known: Known) -> dict[str, Definition]:
    """Return the definitions of a kind by their own ids: the file's, and the topic's beside them."""
    planned = [step.definition for step in steps if step.definition is not None]
    return {each.definition_id.partition(":")[2]: each for each in (*known.of_kind(kind), *planned)}


def _with_a_name_of_its_own(step: Step, rest: Iterable[Definition]) -> Step:
    """Return the step, refused if a definition that is only on the topic has its name."""
    if step.what == "unchanged":
        return step
    for other in rest:
        if other.kind == step.kind and other.name.casefold() == step.name.casefold():
            why = f"the name {quoted(step.name)} is taken on the topic by {other.definition_id}"
            return replace(
                step, what="refused", refusals=(*step.refusals, f"{why}: choose another name")
            )
    return step
