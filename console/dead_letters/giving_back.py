"""``redrive`` from the choice to the last word: what would go, what went, what was left out and why."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any, Final

from rich.table import Table

from agents.worker import system_clock
from console.dead_letters.choosing import Choice, short_name
from console.dead_letters.letters import READS_AS, Letter, read_ledger
from console.dead_letters.listing import letters_in_words, place_of, plain
from console.dead_letters.progress import counting
from console.dead_letters.redriver import NotRedriven, Pace, Redriven, Redriver, carry_out
from console.dead_letters.redriving import (
    GONE,
    NOT_READ_BY_WORKERS,
    REFUSED_AGAIN,
    SUPERSEDED,
    TOO_MANY_ATTEMPTS,
    Item,
    Plan,
    is_superseded,
    item_of,
    newest_definitions,
    plan_of,
)
from console.dead_letters.rereading import Rereader
from console.groups import print_table
from console.terminal import DONE, FAILED, INTERRUPTED, SOME_REFUSED, tell
from schemas.codec import Codec
from schemas.registry import Registry
from streams.dead_letters import Unreadable, records_at
from streams.settings import Settings
from streams.topics import DEFINITIONS

_WHY: Final = {
    TOO_MANY_ATTEMPTS: "workers were given them as often as --max-attempts allows",
    SUPERSEDED: "a newer definition of the same key stands on the topic, and would be replaced",
    NOT_READ_BY_WORKERS: "they name a topic that this deployment does not read",
    REFUSED_AGAIN: "a worker of this release would refuse them again (--only-mended)",
    GONE: "they were deleted meanwhile",
}
_EXAMPLES: Final = 3


class GivingBack:
    """One redrive of what a choice means."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        choice: Choice,
        *,
        limit: int | None,
        max_attempts: int,
        only_mended: bool,
    ) -> None:
        self._settings = settings
        self._choice = choice
        self._limit = limit
        self._max_attempts = max_attempts
        self._only_mended = only_mended
        self._rereader = Rereader(Codec(registry))

    def plan(self) -> Plan:
        """Return what is to be done by what stands on the topics now.

        Raises:
            NotRead: Kafka does not answer, or a topic is missing.
        """
        letters = list(filter(self._choice.means, read_ledger(self._settings, tell).letters()))
        definitions = DEFINITIONS.full_name(self._settings.namespace)
        asked = any(letter.waits and letter.place.topic == definitions for letter in letters)
        newest = newest_definitions(self._settings, tell) if asked else {}
        return plan_of(
            letters,
            self._settings.namespace,
            self._max_attempts,
            lambda letter: is_superseded(letter, definitions, newest),
            self._limit,
        )

    def judge(self, plan: Plan) -> set[tuple[int, int]]:
        """Return those of a plan that a worker of this release would take now.

        With ``--only-mended`` the others leave the plan.

        Raises:
            Unreadable: Kafka does not answer.
            RegistryUnavailable, UnknownSchema: the schema registry does not, or lacks a contract.
        """
        mended = set()
        with counting("judging", len(plan.to_send)) as counted:
            for message in records_at(self._settings, plan.offsets, READS_AS):
                at = message.partition() or 0, message.offset() or 0
                if self._taken(item_of(plan.to_send[at], message, self._settings.namespace)):
                    mended.add(at)
                counted(1)
        if self._only_mended:
            for at in plan.to_send.keys() - mended:
                plan.left_out.append((plan.to_send.pop(at), REFUSED_AGAIN))
        return mended

    def tell_plan(self, plan: Plan) -> None:
        """Print what would go where, and how much of it would be taken; tell what would not go."""
        mended = self.judge(plan)
        if plan.to_send:
            print_table(self._table(plan, mended))
            going = letters_in_words(len(plan.to_send))
            tell(f"{going} would go; a worker of this release would take {len(mended):,} of them now.")
        else:
            tell("Nothing to give back.")
        self._tell_left_out(plan, [])

    def carry_out(self, plan: Plan, rate: float | None) -> int:
        """Send what still stands of a plan; tell what became of it, return the exit code.

        Raises:
            NotRead, NotRedriven, Unreadable: it could not begin.
        """
        redriver = Redriver(self._settings)
        redriver.open()
        # Whoever redrove meanwhile is ended by now, and what it marked can be read.
        now = self.plan()
        now.keep_only(plan)
        outcome, problem = Redriven(), None
        with _until_interrupted() as stopping, counting("redriving", len(now.to_send)) as advanced:
            try:
                carry_out(
                    now,
                    self._settings,
                    redriver,
                    outcome,
                    Pace(rate, stopping, advanced),
                    lambda item: self._only_mended and not self._taken(item),
                )
            except (NotRedriven, Unreadable) as error:
                problem = str(error)
            except KeyboardInterrupt:
                outcome.interrupted = True
        return self._tell_outcome(now, outcome, problem)

    def code_of(self, plan: Plan) -> int:
        """Return the exit code when nothing is sent."""
        return SOME_REFUSED if plan.left_out else DONE

    def _taken(self, item: Item) -> bool:
        topic = short_name(item.letter.place.topic, self._settings.namespace)
        refusal = self._rereader.refusal_of(topic, item.key, item.value, item.headers, system_clock())
        return refusal is None

    def _tell_outcome(self, plan: Plan, outcome: Redriven, problem: str | None) -> int:
        sent = outcome.confirmed.total()
        topics = ", ".join(
            f"{short_name(topic, self._settings.namespace)} {count:,}"
            for topic, count in sorted(outcome.confirmed.items())
        )
        tell(f"Redriven {letters_in_words(sent)}" + (f": {topics}." if topics else "."))
        self._tell_left_out(plan, outcome.left_out)
        left = len(plan.to_send) - sent - len(outcome.left_out)
        if problem is not None:
            tell(f"{problem} {left:,} were not sent: run the command again.", style="red")
            return FAILED
        if outcome.interrupted:
            tell(f"Interrupted: {left:,} were not sent. Run the command again to go on.")
            return INTERRUPTED
        return SOME_REFUSED if plan.left_out or outcome.left_out else DONE

    def _tell_left_out(self, plan: Plan, more: list[tuple[Letter, str]]) -> None:
        if plan.done:
            tell(f"{letters_in_words(plan.done)} were redriven before and not refused since.")
        by_reason: dict[str, list[Letter]] = {}
        for letter, why in (*plan.left_out, *more):
            by_reason.setdefault(why, []).append(letter)
        for why, letters in by_reason.items():
            places = [plain(place_of(each, self._settings.namespace)) for each in letters[:_EXAMPLES]]
            rest = ", …" if len(letters) > _EXAMPLES else ""
            told = _WHY.get(why, f"Kafka refuses them: {why}")
            tell(f"{letters_in_words(len(letters))} not sent: {told}: {', '.join(places)}{rest}")

    def _table(self, plan: Plan, mended: set[tuple[int, int]]) -> Table:
        table = Table("To topic", "Reason")
        for title in ("Would go", "Would be taken"):
            table.add_column(title, justify="right")
        counts: dict[tuple[str, str], list[int]] = {}
        for at, letter in plan.to_send.items():
            count = counts.setdefault((letter.place.topic, letter.reason), [0, 0])
            count[0] += 1
            count[1] += at in mended
        for (topic, reason), (going, taken) in sorted(counts.items()):
            name = short_name(topic, self._settings.namespace)
            table.add_row(plain(name), plain(reason), f"{going:,}", f"{taken:,}")
        return table


@contextmanager
def _until_interrupted() -> Iterator[Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets; the second interrupts as ever."""
    stopping = Event()

    def stop(*_: Any) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
