"""Until when a record may stay in a topic follows from the settings the broker has."""

import pytest

from streams.retention import NO_LIMIT, Ending, span, stay_of

DAY = 86_400_000
NOW = 1_795_000_000_000


@pytest.mark.parametrize(
    ("given", "ending", "days"),
    [
        (
            {"cleanup.policy": "delete", "retention.ms": str(30 * DAY), "segment.ms": str(DAY)},
            "retention",
            31,
        ),
        ({"cleanup.policy": "delete", "retention.ms": "0", "segment.ms": str(DAY)}, "retention", 1),
        ({"retention.ms": str(DAY)}, "retention", 8),
        ({"cleanup.policy": "delete", "retention.ms": "-1"}, "never", None),
        ({"cleanup.policy": "compact", "retention.ms": "-1"}, "compaction", None),
        ({"cleanup.policy": "compact", "max.compaction.lag.ms": str(NO_LIMIT)}, "compaction", None),
        ({"cleanup.policy": "compact", "max.compaction.lag.ms": str(7 * DAY)}, "compaction", 7),
        ({"cleanup.policy": "compact,delete", "retention.ms": str(DAY)}, "retention", 8),
        ({"cleanup.policy": "compact,delete", "retention.ms": "-1"}, "compaction", None),
        (None, "process", None),
    ],
)
def test_a_record_stays_as_long_as_the_topics_settings_allow(
    given: dict[str, str] | None, ending: Ending, days: int | None
) -> None:
    stay = stay_of(given, NOW)
    assert stay.ending == ending
    assert stay.until == (None if days is None else NOW + days * DAY)


def test_only_the_settings_that_say_so_are_named() -> None:
    many = {"cleanup.policy": "compact", "retention.ms": "7", "flush.ms": "1", "segment.ms": "5"}
    assert stay_of(many, NOW).settings == {
        "cleanup.policy": "compact",
        "segment.ms": "5",
        "min.cleanable.dirty.ratio": "0.5",
        "max.compaction.lag.ms": str(NO_LIMIT),
        "delete.retention.ms": str(DAY),
    }


@pytest.mark.parametrize(
    ("millis", "said"),
    [
        (35 * DAY, "35 days"),
        (DAY, "1 day"),
        (90 * 60_000, "90 minutes"),
        (43_200_000, "12 hours"),
        (1500, "1500 ms"),
        (0, "0 ms"),
        (-1, "not limited"),
        (NO_LIMIT, "not limited"),
    ],
)
def test_a_span_is_said_in_the_greatest_unit_that_it_is_whole_in(millis: int, said: str) -> None:
    assert span(millis) == said
