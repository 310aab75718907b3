"""Dead letters as people see them: each refused record once, however often it was refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import Message

from console.dead_letters.progress import counting
from console.topic_reading import Told, records_of
from domain.calendar import Millis
from streams.dead_letters import Place, Standing, standing_of
from streams.settings import Settings
from streams.topics import DEAD_LETTERS

READS_AS = "dead-letters"
"""The name under which the commands read."""


@dataclass(slots=True)
class Letter:
    """A refused record: where it stood, and the reason it was last refused for.

    ``partition`` and ``offset`` are the place of its first copy in ``dead-letters``, ``more`` those of
    the others. ``redriven_at`` is when it was last given to the workers again, None for never: it waits.
    """

    place: Place
    reason: str
    detail: str
    attempts: int
    key: bytes | None
    size: int
    partition: int
    offset: int
    first_at: Millis
    last_at: Millis
    more: list[tuple[int, int]] | None = None
    redriven_at: Millis | None = None

    @property
    def copies(self) -> tuple[tuple[int, int], ...]:
        """Return (partition, offset) of every copy in ``dead-letters``."""
        return ((self.partition, self.offset), *(self.more or ()))

    @property
    def times(self) -> int:
        """Return how often it stands in ``dead-letters``."""
        return 1 + len(self.more or ())

    @property
    def waits(self) -> bool:
        """Return whether nobody has redriven it."""
        return self.redriven_at is None

    def found_again(self, standing: Standing) -> None:
        """Take another copy of it; the newest one's reason counts."""
        self.more = [*(self.more or ()), (standing.partition, standing.offset)]
        self.first_at = min(self.first_at, standing.at)
        if standing.at >= self.last_at:
            self.last_at = standing.at
            self.reason, self.detail = standing.reason, standing.detail


@dataclass(slots=True)
class Ledger:
    """Everything that stands in ``dead-letters``. ``strangers`` are records that are no dead letters."""

    strangers: int = 0
    _letters: dict[Place, Letter] = field(default_factory=dict)
    _redriven: dict[Place, Millis] = field(default_factory=dict)

    def take(self, standing: Standing | None) -> None:
        """Take the next record of the topic."""
        if standing is None:
            self.strangers += 1
        elif standing.marks:
            known = self._redriven.get(standing.place, 0)
            self._redriven[standing.place] = max(known, standing.at)
        elif (letter := self._letters.get(standing.place)) is not None:
            letter.found_again(standing)
        else:
            self._letters[standing.place] = Letter(
                place=standing.place,
                reason=standing.reason,
                detail=standing.detail,
                attempts=standing.attempts,
                key=standing.key,
                size=standing.size,
                partition=standing.partition,
                offset=standing.offset,
                first_at=standing.at,
                last_at=standing.at,
            )

    def letters(self) -> list[Letter]:
        """Return every refused record once, the one that was refused first first."""
        # Marks come before the copies of other partitions as often as behind them.
        for place, at in self._redriven.items():
            letter = self._letters.get(place)
            if letter is not None:
                letter.redriven_at = at
        return sorted(self._letters.values(), key=lambda letter: (letter.first_at, letter.place))


def read_ledger(settings: Settings, told: Told) -> Ledger:
    """Return what stands in ``dead-letters`` now.

    Raises:
        NotRead: Kafka does not answer, or the topic is missing.
    """
    ledger = Ledger()
    with counting("reading dead letters") as counted:
        for message in read_all(settings, told):
            ledger.take(standing_of(message))
            counted(1)
    return ledger


def read_all(settings: Settings, told: Told) -> Iterator[Message]:
    """Yield every record of ``dead-letters`` up to the end it has now.

    Raises:
        NotRead: Kafka does not answer, or the topic is missing.
    """
    return records_of(settings, DEAD_LETTERS, READS_AS, told)
