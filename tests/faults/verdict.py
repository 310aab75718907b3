"""The verdict: what must hold after any fault, checked the same way after every one of them.

- The groups are the fold of the valid inputs, published and exported. They are rescored by a worker
  that was not there before, from what the changelogs gave it: they hold the state, nothing else.
- Every subject's versions are gapless, and what a subscriber knows last is the state.
- Each broken record is in ``dead-letters``, in its original bytes, once per place it stood at.
- Each decision was answered.
- The offsets are committed, to the end and not beyond.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from schemas.fields import Contract
from schemas.inputs import JourneyAction, ManualEdit
from schemas.outputs import AssignmentOutcome
from streams.topics import ASSIGNMENT_OUTCOME
from tests.faults.deployment import LONG_S, FaultDeployment
from tests.integration.comparison import (
    assert_dead_letters,
    assert_export_is_fold,
    assert_outputs_agree,
    assert_states_are_folded,
)
from tests.integration.harness import Place, Record
from tests.integration.processes import wait_until
from tests.integration.streams import Stream


def assert_promise_kept(
    deployment: FaultDeployment,
    stream: Stream,
    dead: Mapping[Place, Record],
    dead_letters: Callable[[FaultDeployment], None] | None = None,
    patience_s: float = LONG_S,
) -> None:
    """Let the workers finish and end, start a new one, tick, and check everything.

    ``dead_letters`` takes the place of the comparison of each record where there are too many.
    """
    began = time.monotonic()
    if not deployment.living():
        deployment.worker()
    deployment.wait_moving(patience_s)
    for worker in deployment.living():
        assert worker.terminate() == 0, worker.log_end()
    heir = deployment.worker()
    deployment.tick(stream.as_of)
    deployment.wait_consumed()
    ended = time.monotonic()

    states = deployment.states()
    assert_states_are_folded(states, stream.valid, stream.as_of)
    if dead_letters is None:
        assert_dead_letters(deployment, dead)
    else:
        dead_letters(deployment)
    assert_outputs_agree(deployment, states)
    assert_decisions_answered(deployment, stream.valid)
    assert_export_is_fold(deployment, stream)
    # At the end, not beyond it: whoever commits too far skips what comes next.
    wait_until(
        lambda: deployment.committed() == deployment.ends(),
        f"committed {deployment.committed()}, ends {deployment.ends()}",
    )
    assert heir.running, heir.log_end()
    assert heir.terminate() == 0, heir.log_end()
    print(
        f"verdict: {len(stream.records)} records, {len(stream.valid)} valid, {len(dead)} broken,"
        f" {len(states)} groups, {len(deployment.workers)} workers;"
        f" finished in {ended - began:.0f} s, checked in {time.monotonic() - ended:.0f} s"
    )


def assert_decisions_answered(
    deployment: FaultDeployment, valid: Iterable[tuple[str, Contract]]
) -> None:
    """Check that each decision has an outcome, and that nothing else has one."""
    answered: Counter[tuple[str, str | None]] = Counter()
    for event in deployment.events(ASSIGNMENT_OUTCOME):
        assert isinstance(event, AssignmentOutcome)
        answered[event.decision_event_id, event.lead_id] += 1
    asked = {asked for _, value in valid for asked in decisions_of(value)}
    assert not asked - answered.keys(), f"{len(asked - answered.keys())} decisions have no outcome"
    unasked = answered.keys() - asked
    assert not unasked, f"{len(unasked)} outcomes answer nothing, e.g. {sorted(map(str, unasked))[:3]}"


def decisions_of(value: Contract) -> Iterable[tuple[str, str | None]]:
    """Return (decision's event id, lead) of what an event asks for."""
    match value:
        case JourneyAction(event_id=event_id, lead_id=lead_id):
            yield event_id, lead_id
        case ManualEdit(event_id=event_id, edits=edits):
            for edit in edits:
                yield f"{event_id}", edit.lead_id
        case _:
            return
