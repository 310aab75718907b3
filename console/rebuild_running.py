"""``rebuild``, once it is known what is wanted: carried out, reported, ended with an exit code."""

from __future__ import annotations

from dataclasses import dataclass

from agents.worker import system_clock
from console.choices import Output
from console.rebuild import Outcome, Rebuild
from console.rebuild_command import LACKING
from console.rebuild_plan import NothingAcknowledged, plan_of
from console.rebuild_promote import NotStopped, Promotion
from console.rebuild_report import (
    meter_of,
    outcome_lines,
    plan_lines,
    print_differences,
    print_plan,
    progress_bar,
)
from console.terminal import DONE, FAILED, INTERRUPTED, fail, tell, writing_codec_of
from schemas.codec import Codec
from schemas.registry import RegistryUnavailable, UnknownSchema
from streams.delivery import DeliveryError, Fenced
from streams.group_lock import GroupBusy
from streams.partition_log import LogUnreadable, PartitionLog
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a rebuild; ``within_s`` is for how long workers are waited for, to promote."""

    dry_run: bool
    in_place: bool
    within_s: float | None
    incomplete: bool
    output: Output

    @property
    def writes(self) -> bool:
        """Return whether anything is to be written."""
        return self.in_place or self.within_s is not None


def carry_out(settings: Settings, partitions: list[int], wanted: Wanted) -> int:
    """Rebuild some partitions as wanted; return the exit code."""
    running = _Running(settings, partitions, wanted)
    try:
        return running.run()
    except KeyboardInterrupt:
        tell(running.left_behind())
        return INTERRUPTED
    except (NothingAcknowledged, RegistryUnavailable, UnknownSchema) as problem:
        fail(str(problem))
    except LogUnreadable as problem:
        fail(f"{problem}\n{running.left_behind()}" if wanted.writes else str(problem))
    except (GroupBusy, NotStopped, Fenced, DeliveryError) as problem:
        fail(f"{problem}\n{running.left_behind()}")


class _Running:
    def __init__(self, settings: Settings, partitions: list[int], wanted: Wanted) -> None:
        self._settings = settings
        self._partitions = partitions
        self._wanted = wanted
        self._rebuild: Rebuild | None = None

    def run(self) -> int:
        wanted, codec = self._wanted, writing_codec_of(self._settings)
        with PartitionLog(self._settings, "rebuild") as log:
            plan = plan_of(self._settings, codec, log, self._partitions)
            for line in plan_lines(plan):
                tell(line)
            if wanted.dry_run:
                print_plan(plan, wanted.output)
                return FAILED if plan.missing else DONE
            if plan.missing and not wanted.incomplete:
                fail(f"{LACKING} --incomplete rebuilds from what is there.")
            if wanted.within_s is not None:
                outcome = self._promote(codec, log, wanted.within_s)
            else:
                outcome = self._at_once(codec, log)
        return FAILED if outcome.differences else DONE

    def _at_once(self, codec: Codec, log: PartitionLog) -> Outcome:
        with progress_bar() as bar:
            run = self._rebuild = Rebuild(self._settings, codec, log, bar)
            if self._wanted.in_place:
                outcome = run.mend(self._partitions, system_clock)
            else:
                outcome = run.compare(self._partitions)
        self._tell(outcome, wrote=self._wanted.in_place)
        return outcome

    def _promote(self, codec: Codec, log: PartitionLog, within_s: float) -> Outcome:
        with meter_of(self._wanted.output) as meter:
            run = self._rebuild = Promotion(self._settings, codec, log, meter, tell)
            outcome = run.compare(self._partitions)
            self._tell(outcome, wrote=False)
            if not (outcome.differences or outcome.undecided):
                tell("There is nothing to be written, and no worker has to be stopped.")
                return outcome
            outcome = run.promote(self._partitions, system_clock, within_s)
        self._tell(outcome, wrote=True)
        return outcome

    def _tell(self, outcome: Outcome, *, wrote: bool) -> None:
        if outcome.differences:
            print_differences(outcome.differences, self._wanted.output)
        for line in outcome_lines(outcome, wrote=wrote):
            tell(line)

    def left_behind(self) -> str:
        """Return what is written when it ends early."""
        run = self._rebuild
        if run is None or not run.began_writing:
            return "Nothing was written."
        done = ", ".join(map(str, run.outcome.written)) or "none"
        return (
            f"Written so far: {run.outcome.mended.rows:,} rows, {run.outcome.mended.outputs:,} outputs;"
            f" partitions done: {done}. In the others each account is either mended or as it was before."
            " Start no worker before `buying-groups rebuild --in-place` has been run again."
        )
