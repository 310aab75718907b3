"""What follows from who is in a group, and the members' scores at hand for its own.

Worked out once until a member or the definition changes. A score that moves changes one place in it, so
what an activity costs does not grow with the group's members but for sums and copies of plain floats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter

from domain.completeness import Completeness, completeness_of
from domain.engagement import role_shares, root_of
from domain.events import TemplateRole
from domain.membership import Member

Roster = tuple[tuple[str, Member], ...]
"""(lead id, member), in the order of the lead ids."""


class Makeup:
    """A group's completeness, its roster, and what each member adds to its score.

    ``scores`` are the members' person scores in two decimals, in the roster's order.
    """

    __slots__ = ("_parts", "_place", "_shares", "_shown", "completeness", "roster")

    def __init__(self, roles: Iterable[TemplateRole], members: Mapping[str, Member]) -> None:
        held = Counter(member.role for member in members.values())
        roles = tuple(roles)
        shares = role_shares(roles, held)
        self.completeness: Completeness = completeness_of(roles, held)
        self.roster: Roster = tuple(sorted(members.items(), key=itemgetter(0)))
        self._place = {lead_id: place for place, (lead_id, _) in enumerate(self.roster)}
        self._shares = [shares[member.role] for _, member in self.roster]
        self._parts = [0.0] * len(self.roster)
        self._shown = [0.0] * len(self.roster)

    def rate(self, lead_id: str, score: float, shown: float) -> None:
        """Take a lead's person score, unrounded and in two decimals; no matter who is no member."""
        place = self._place.get(lead_id)
        if place is not None:
            self._parts[place] = self._shares[place] * score
            self._shown[place] = shown

    @property
    def root(self) -> float:
        """Return the raw figure of the group, from all members (domain.md §5)."""
        return root_of(self._parts)

    @property
    def scores(self) -> tuple[float, ...]:
        """Return the members' scores as they are now."""
        return tuple(self._shown)
