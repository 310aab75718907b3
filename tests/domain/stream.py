"""The events of a tenant, and all that may happen to them on their way."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain.definitions import TenantEvent
from domain.events import AccountEvent, StageMove

Event: TypeAlias = AccountEvent | TenantEvent


@dataclass(frozen=True)
class Stream:
    """Distinct events, and a seed for all that happens to them on their way.

    Stage moves of one group keep their order whatever happens: it is that of their topic.
    """

    events: tuple[Event, ...]
    seed: int

    def chance(self, salt: str = "") -> random.Random:
        """Return the stream's source of disorder, the same for the same salt."""
        return random.Random(f"{self.seed}/{salt}")

    def shuffled(self, salt: str = "") -> list[Event]:
        """Return the events in another order."""
        events = list(self.events)
        chance = self.chance(salt)
        chance.shuffle(events)
        return self._in_order(events, chance)

    def backwards(self) -> list[Event]:
        """Return the events from the last to the first."""
        return self._in_order(self.events[::-1], self.chance())

    def redelivered(self, salt: str = "") -> list[Event]:
        """Return the events in another order, about a third of them twice or more often."""
        chance = self.chance(salt)
        events = [event for event in self.events for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        chance.shuffle(events)
        return self._in_order(events, chance)

    def batches(self, salt: str = "") -> list[list[Event]]:
        """Return the redelivered events, cut into batches of very different sizes."""
        chance = self.chance(f"{salt}/cut")
        rest = self.redelivered(salt)
        found: list[list[Event]] = []
        while rest:
            size = chance.choice((1, 1, 2, 5, 15, 60))
            found.append(rest[:size])
            rest = rest[size:]
        return found

    def _in_order(self, events: Sequence[Event], chance: random.Random) -> list[Event]:
        """Return the events with the stage moves of each group as they followed each other.

        A move that is there more than once comes again anywhere after its first time.
        """
        moves: dict[str, list[StageMove]] = defaultdict(list)
        for event in self.events:
            if isinstance(event, StageMove):
                moves[event.buying_group_id].append(event)
        again = Counter(event for event in events if isinstance(event, StageMove))
        for theirs in moves.values():
            for one in list(theirs):
                for _ in range(again[one] - 1):
                    theirs.insert(chance.randint(theirs.index(one) + 1, len(theirs)), one)
        return [
            moves[event.buying_group_id].pop(0) if isinstance(event, StageMove) else event
            for event in events
        ]
