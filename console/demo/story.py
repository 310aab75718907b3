"""The demo's story: pure, the same for the same seed, start and definitions.

The past is written first; then come beats, each with what a viewer is told. Scenes that are told of at
the end are fixed; around them people join and act by chance.
"""

from __future__ import annotations

from random import Random
from typing import Final

from console.definitions.form import DefinitionsFile
from console.demo import rule_scenes, stream_scenes
from console.demo.cast import CRM
from console.demo.founding import Setting, found
from console.demo.history import write_history
from console.demo.records import Story
from console.demo.scenes import Scenes
from console.demo.stage import Stage
from console.demo.writing import Pen
from domain.calendar import Millis

_JOIN_AT_THE_END: Final = 2


def write_story(seed: int, start: Millis, file: DefinitionsFile) -> Story:
    """Write the story that begins at an instant, in UTC milliseconds.

    Raises:
        NotDefined: the definitions lack what the story is about.
    """
    rng = Random(seed)
    pen = Pen(start)
    setting = found(rng, pen, file)
    history = write_history(rng, pen, setting)
    stage = Stage(rng, pen, setting)
    scenes = _play(stage, setting)
    return Story(
        start=start,
        today=pen.today,
        people={person.lead_id: person for person in setting.people()},
        groups=setting.groups,
        definitions=tuple(setting.definitions),
        cast=tuple(setting.cast),
        first_members=setting.first_members,
        history=tuple(history),
        beats=tuple(stage.beats),
        scenes=scenes,
    )


def _play(stage: Stage, setting: Setting) -> Scenes:
    """Add all beats; return the ids of what they contain on purpose."""
    bank = setting.group("alder-ridge", CRM)
    entry = rule_scenes.account_enters(stage)
    hire = rule_scenes.title_joins(stage)
    rise = rule_scenes.engagement_joins(stage)
    tug = rule_scenes.tug_of_war(stage)
    duplicate = stream_scenes.record_comes_twice(stage)
    course = rule_scenes.group_moves(stage)
    refusal = rule_scenes.move_is_refused(stage)
    broken = stream_scenes.bytes_are_broken(stage)
    late = stream_scenes.event_comes_late(stage)
    misplaced = stream_scenes.record_is_misplaced(stage)
    stage.somebody_joins("harrowgate")
    fall = rule_scenes.day_moves_on(stage)
    succession = rule_scenes.leaver_is_succeeded(stage)
    last_seat = rule_scenes.last_seat_fills(stage)
    for _ in range(_JOIN_AT_THE_END):
        stage.somebody_joins()
    rule_scenes.comes_back(stage, bank, setting.known["alder-ridge"][0])
    return Scenes(
        entry=entry,
        hire=hire,
        rise=rise,
        tug=tug,
        course=course,
        refusal=refusal,
        last_seat=last_seat,
        succession=succession,
        fall=fall,
        late=late,
        duplicate=duplicate,
        misplaced=misplaced,
        broken=broken,
    )
