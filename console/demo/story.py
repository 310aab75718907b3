"""The demo's story: pure, the same for the same seed and start.

The past is written first; then come beats, each with what a viewer is told. Scenes that are told of at
the end are fixed; around them people join and act by chance.
"""

from __future__ import annotations

from random import Random
from typing import Final

from console.demo.cast import DECISION_MAKER, INFLUENCER, STEERING
from console.demo.history import STAGED, Setting, burst, write_history
from console.demo.records import Beat, Fact, GroupPlace, Person, Record, Scenes, Story
from console.demo.writing import EDITORS, Pen
from domain.calendar import MILLIS_PER_DAY, Millis, date_of
from domain.engagement import WINDOW_DAYS
from streams.topics import ASSIGNMENT_OUTCOME, DEAD_LETTERS, MEMBERSHIP_CHANGED, SCORE_UPDATED

_DM, _INF, _PRAC, _PRAC_2, _ESC, _SPARE = range(6)
_GAP: Final = 2.2
_QUIET_GAP: Final = 2.6
_EMPTY_SEATS: Final = 3
"""So many seats are still empty when the story ends."""

_STAND_IN_ROLE: Final = "Champion"
"""A role that the template does not have."""


def write_story(seed: int, start: Millis) -> Story:
    """Write the story that begins at an instant, in UTC milliseconds."""
    rng = Random(seed)
    pen = Pen(start)
    setting = write_history(rng, pen)
    stage = _Stage(rng, pen, setting)
    scenes = stage.play()
    return Story(
        start=start,
        today=pen.today,
        people={p.lead_id: p for people in setting.people.values() for p in people},
        groups={place.buying_group_id: place for place in setting.groups},
        history=tuple(setting.records),
        beats=tuple(stage.beats),
        scenes=scenes,
    )


class _Stage:
    """Plays the live part: one method a scene, beats in the order they are added."""

    def __init__(self, rng: Random, pen: Pen, setting: Setting) -> None:
        self._rng = rng
        self._pen = pen
        self._setting = setting
        self._clock = 0.0
        self._crowd = list(setting.open_seats)
        rng.shuffle(self._crowd)
        self.beats: list[Beat] = []

    def play(self) -> Scenes:
        """Add all beats; return the ids of what they contain on purpose."""
        self._comes_back("alder-ridge", _INF)
        edit, removal = self._manual_stays()
        before, after = self._duplicate()
        broken = self._broken()
        void = self._void()
        late, late_day = self._late()
        misplaced = self._misplaced()
        self._crowd_joins("harrowgate")
        self._day_tick()
        leaving, succession = self._leaver()
        self._crowd_joins("ironbridge")
        self._completes()
        while len(self._crowd) > _EMPTY_SEATS:
            self._crowd_joins(self._crowd[0][0].account_id)
        self._comes_back("alder-ridge", _DM)
        person = self._person
        return Scenes(
            manual_lead=person("alder-ridge", _DM).lead_id,
            manual_group=self._setting.group("alder-ridge").buying_group_id,
            manual_edit=edit.event_id,
            journey_removal=removal.event_id,
            duplicate_lead=person("cobalt", _DM).lead_id,
            before_duplicate=before.event_id,
            after_duplicate=after.event_id,
            late_lead=person("elmstead", _DM).lead_id,
            late_event=late.event_id,
            late_day=late_day,
            broken_event=broken.event_id,
            misplaced_event=misplaced.event_id,
            misplaced_lead=person("granite-peak", _INF).lead_id,
            leaver=person("bluewater", _INF).lead_id,
            leaver_group=self._setting.group("bluewater").buying_group_id,
            leaving=leaving.event_id,
            successor=person("bluewater", _SPARE).lead_id,
            succession=succession.event_id,
            void_lead=person("dovetail", _INF).lead_id,
            void_assign=void.event_id,
        )

    def _comes_back(self, account_id: str, seat: int) -> None:
        person = self._person(account_id, seat)
        records = burst(self._rng, self._pen, person, self._now(), 4, special=True)
        self._beat(
            f"{person.name}, {person.job_title}, is back: four activities at once.",
            account_id,
            records,
            Fact(SCORE_UPDATED.name, records[-1].event_id),
        )

    def _manual_stays(self) -> tuple[Record, Record]:
        place, person = self._at("alder-ridge", _DM)
        edit = self._pen.edit(place, person, DECISION_MAKER, EDITORS[0], self._now())
        self._beat(
            f"An account manager adds {person.name} by hand, as {DECISION_MAKER}.",
            "alder-ridge",
            [edit],
            Fact(MEMBERSHIP_CHANGED.name, edit.event_id),
        )
        removal = self._pen.remove(place, person, self._now())
        self._beat(
            f"A journey wants {person.name} out again.",
            "alder-ridge",
            [removal],
            Fact(ASSIGNMENT_OUTCOME.name, removal.event_id),
            gap=_QUIET_GAP,
        )
        return edit, removal

    def _duplicate(self) -> tuple[Record, Record]:
        _, person = self._at("cobalt", _DM)
        first = self._pen.activity(person, "web.formFilledOut", self._now())
        self._beat(
            f"{person.name} fills out a form.",
            "cobalt",
            [first],
            Fact(SCORE_UPDATED.name, first.event_id),
        )
        self._beat(
            "The same record arrives again, as it does after a producer's retry.",
            "cobalt",
            [first],
        )
        then = self._pen.activity(person, "directMarketing.emailClicked", self._now())
        self._beat(
            f"{person.name} clicks a link in an email.",
            "cobalt",
            [then],
            Fact(SCORE_UPDATED.name, then.event_id),
        )
        return first, then

    def _broken(self) -> Record:
        place, person = self._at("fairhaven", _PRAC)
        broken = self._pen.broken(person)
        self._beat(
            "A producer that was never told about Avro writes JSON into lead-activity.",
            "fairhaven",
            [broken],
            Fact(DEAD_LETTERS.name, broken.event_id),
        )
        boss = self._person("fairhaven", _DM)
        good = self._pen.assign(place, boss, DECISION_MAKER, self._now())
        self._beat(
            f"The next record is fine: {boss.name} joins.",
            "fairhaven",
            [good, *burst(self._rng, self._pen, boss, self._now(), 3, special=False)],
            Fact(MEMBERSHIP_CHANGED.name, good.event_id),
        )
        return broken

    def _void(self) -> Record:
        place, person = self._at("dovetail", _INF)
        void = self._pen.assign(place, person, _STAND_IN_ROLE, self._now())
        self._beat(
            f"A journey makes {person.name} a {_STAND_IN_ROLE}: no role of this template.",
            "dovetail",
            [void],
            Fact(ASSIGNMENT_OUTCOME.name, void.event_id),
        )
        right = self._pen.assign(place, person, INFLUENCER, self._now())
        self._beat(
            f"Corrected, {person.name} joins as {INFLUENCER}.",
            "dovetail",
            [right],
            Fact(MEMBERSHIP_CHANGED.name, right.event_id),
        )
        return void

    def _late(self) -> tuple[Record, int]:
        _, person = self._at("elmstead", _DM)
        day = self._pen.today - (WINDOW_DAYS - 1)
        at = day * MILLIS_PER_DAY + MILLIS_PER_DAY // 2
        late = self._pen.activity(person, "event.attended", at)
        self._beat(
            f"A badge scanner was offline: {person.name} at an event on {date_of(day):%-d %B}.",
            "elmstead",
            [late],
            Fact(SCORE_UPDATED.name, late.event_id),
        )
        return late, day

    def _misplaced(self) -> Record:
        _, person = self._at("granite-peak", _INF)
        at = self._now()
        misplaced = self._pen.activity(person, "event.registered", at, misplaced=True)
        self._beat(
            f"A producer with another partitioner: {person.name}'s record is misplaced.",
            "granite-peak",
            [misplaced],
            Fact(SCORE_UPDATED.name, misplaced.event_id),
        )
        return misplaced

    def _day_tick(self) -> None:
        tomorrow = self._pen.today + 1
        self.beats.append(
            Beat(
                _QUIET_GAP,
                f"Midnight, ahead of time: the date moves on to {date_of(tomorrow):%-d %B}.",
                self._setting.group("elmstead").buying_group_id,
                tick=tomorrow,
            )
        )
        self._clock += _QUIET_GAP

    def _leaver(self) -> tuple[Record, Record]:
        place, person = self._at("bluewater", _INF)
        leaving = self._pen.profile(person, self._now(), "left")
        self._beat(
            f"{person.name}, {person.job_title}, leaves {place.account}.",
            "bluewater",
            [leaving],
            Fact(MEMBERSHIP_CHANGED.name, leaving.event_id),
        )
        successor = self._person("bluewater", _SPARE)
        succession = self._pen.assign(place, successor, INFLUENCER, self._now())
        self._beat(
            f"A journey finds a successor: {successor.name}, {successor.job_title}.",
            "bluewater",
            [succession],
            Fact(MEMBERSHIP_CHANGED.name, succession.event_id),
        )
        return leaving, succession

    def _completes(self) -> None:
        place, person = self._at("alder-ridge", _ESC)
        last = self._pen.assign(place, person, STEERING, self._now())
        self._beat(
            f"The last empty seat at {place.account}: {person.name}, {person.job_title}.",
            "alder-ridge",
            [last],
            Fact(MEMBERSHIP_CHANGED.name, last.event_id),
        )

    def _crowd_joins(self, account_id: str) -> None:
        """Give the floor to one of the groups without a scene; up to three seats fill."""
        mine = [seat for seat in self._crowd if seat[0].account_id == account_id]
        first = mine[0] if mine else self._crowd[0]
        place, person, role = first
        self._crowd.remove(first)
        joining = self._pen.assign(place, person, role, self._now())
        acting = burst(self._rng, self._pen, person, self._now(), 4, special=True)
        self._beat(
            f"A journey adds {person.name} to {place.interest} for {place.account}.",
            place.account_id,
            [joining, *acting],
            Fact(MEMBERSHIP_CHANGED.name, joining.event_id),
            focus=place,
        )

    def _beat(
        self,
        caption: str,
        account_id: str,
        records: list[Record],
        *facts: Fact,
        gap: float = _GAP,
        focus: GroupPlace | None = None,
    ) -> None:
        """Add a beat; somewhere else somebody joins or acts at the same time."""
        place = focus or self._setting.group(account_id)
        aside: list[Record] = []
        if account_id in STAGED and len(self.beats) % 2:
            elsewhere, person, role = self._crowd.pop()
            joining = self._pen.assign(elsewhere, person, role, self._now())
            aside = [joining, *burst(self._rng, self._pen, person, self._now(), 3, special=False)]
            facts = (*facts, Fact(ASSIGNMENT_OUTCOME.name, joining.event_id))
        self.beats.append(Beat(gap, caption, place.buying_group_id, (*records, *aside), tuple(facts)))
        self._clock += gap

    def _now(self) -> Millis:
        return self._pen.now(self._clock)

    def _person(self, account_id: str, seat: int) -> Person:
        return self._setting.people[account_id][seat]

    def _at(self, account_id: str, seat: int) -> tuple[GroupPlace, Person]:
        return self._setting.group(account_id), self._person(account_id, seat)
