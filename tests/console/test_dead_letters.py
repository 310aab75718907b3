"""Dead letters counted once, chosen, planned for a redrive or a purge; all of it without Kafka."""

import re
from typing import Any, get_args

import pytest
from confluent_kafka import Message

from console.dead_letters.choosing import (
    Choice,
    WrongChoice,
    choice_of,
    moment_of,
    place_named,
    source_named,
)
from console.dead_letters.letters import Ledger, Letter
from console.dead_letters.listing import letter_object, totals_of
from console.dead_letters.purging import Before, Purge, before_of, purge_of
from console.dead_letters.reasons import WHAT_TO_DO, what_to_do
from console.dead_letters.redriving import (
    NOT_READ_BY_WORKERS,
    REFUSED_AGAIN,
    SUPERSEDED,
    TOO_MANY_ATTEMPTS,
    batch_size,
    batches_of,
    is_superseded,
    item_of,
    plan_of,
)
from console.dead_letters.rereading import READ_BY_WORKERS, Rereader
from schemas.codec import BadReason
from streams.dead_letters import headers_of, headers_to_redrive, standing_of
from streams.topics import SOURCES
from tests.console.calling import ROOT
from tests.console.refused import CODEC, GARBAGE, MINUTE, RECORDED, REFUSED, letter_of, mark, standing
from tests.schemas.events import EXAMPLES, MOMENT
from tests.streams.copying import Made

NOW = 1_794_600_000_000
HOUR = 60 * MINUTE


def letters(*messages: Message) -> list[Letter]:
    ledger = Ledger()
    for message in messages:
        ledger.take(standing_of(message))
    return ledger.letters()


def test_every_reason_of_a_worker_has_one_sentence_on_what_to_do() -> None:
    code = "".join(path.read_text() for path in (ROOT / "agents").glob("*.py"))
    reasons = set(re.findall(r"Refused\(\s*\"(\w+)\"", code))
    assert reasons, "the reasons are no longer written as they were"
    assert set(WHAT_TO_DO) == reasons | set(get_args(BadReason))
    for sentence in WHAT_TO_DO.values():
        assert sentence.endswith(".")
        assert sentence.count(". ") == 0
    assert "newer worker" in what_to_do("something_new")


def test_a_dead_letter_says_where_the_record_stood_and_why_it_was_refused() -> None:
    (letter,) = letters(standing(17, stands=(3, 9), key=b"acct-1"))
    assert letter.place == ("bg.lead-activity", 2, 17, RECORDED)
    assert (letter.reason, letter.attempts, letter.size) == ("not_avro", 1, len(GARBAGE))
    assert letter.detail == "the first byte is not 0: no Confluent wire format"
    assert (letter.copies, letter.first_at, letter.last_at) == (((3, 9),), REFUSED, REFUSED)
    assert letter.waits


def test_a_record_that_was_refused_several_times_stands_once_with_how_often() -> None:
    found = letters(
        standing(17, stands=(0, 0)),
        standing(18, stands=(0, 1), at=REFUSED + 1),
        standing(17, stands=(0, 2), at=REFUSED + MINUTE),
        standing(17, stands=(1, 0), at=REFUSED + 2 * MINUTE),
    )
    assert [(each.place.offset, each.times) for each in found] == [(17, 3), (18, 1)]
    assert found[0].copies == ((0, 0), (0, 2), (1, 0))
    assert (found[0].first_at, found[0].last_at) == (REFUSED, REFUSED + 2 * MINUTE)


def test_the_newest_refusals_reason_counts_in_whatever_order_copies_are_read() -> None:
    value = EXAMPLES["lead-activity"]
    unknown = b"\0" + (4_000_000_000).to_bytes(4, "big")
    frame = CODEC.encode("lead-activity", value)[:-1]
    early = standing(17, value=unknown)
    late = standing(17, value=frame, stands=(1, 0), at=REFUSED + 1)
    for order in ((early, late), (late, early)):
        (letter,) = letters(*order)
        assert (letter.reason, letter.first_at, letter.last_at) == ("not_avro", REFUSED, REFUSED + 1)


def test_another_record_at_the_same_place_of_a_topic_made_anew_is_another_letter() -> None:
    found = letters(standing(17), mark(17), standing(17, timestamp=RECORDED + HOUR, stands=(0, 2)))
    assert [(each.place.timestamp, each.waits) for each in found] == [
        (RECORDED, False),
        (RECORDED + HOUR, True),
    ]


def test_a_mark_says_that_the_record_of_its_place_does_not_wait_wherever_it_is_read() -> None:
    for order in ((standing(17), mark(17)), (mark(17), standing(17))):
        (letter,) = letters(*order)
        assert not letter.waits
        assert letter.redriven_at == REFUSED + MINUTE
    (other,) = letters(standing(18), mark(17))
    assert other.waits


def test_a_copy_that_is_written_after_the_mark_is_still_the_same_refusal() -> None:
    (letter,) = letters(standing(17), mark(17), standing(17, stands=(0, 2), at=REFUSED + HOUR))
    assert (letter.times, letter.waits) == (2, False)


def test_records_that_no_worker_wrote_are_counted_and_left_out() -> None:
    ledger = Ledger()
    unusual: list[Any] = [[], [("dlq_topic", b"bg.accounts")], [("dlq_partition", b"x")]]
    for headers in unusual:
        message = Message(topic="bg.dead-letters", partition=0, offset=0, headers=headers)
        ledger.take(standing_of(message))
    assert (ledger.strangers, ledger.letters()) == (3, [])


def test_headers_of_a_record_that_look_like_a_workers_do_not_speak_for_it() -> None:
    forged = (("dlq_reason", b"redriven"), ("dlq_offset", b"99"), ("dlq_attempts", b"soon"))
    (letter,) = letters(standing(17, headers=forged))
    assert (letter.reason, letter.place.offset, letter.attempts) == ("not_avro", 17, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h", NOW - HOUR),
        ("30m", NOW - 30 * MINUTE),
        ("45s", NOW - 45_000),
        ("2d", NOW - 48 * HOUR),
        ("1w", NOW - 7 * 24 * HOUR),
        ("2026-11-21", 1_795_219_200_000),
        ("2026-11-21T09:30", 1_795_253_400_000),
        ("2026-11-21T09:30:00Z", 1_795_253_400_000),
        ("2026-11-21T10:30:00+01:00", 1_795_253_400_000),
    ],
)
def test_a_time_is_how_long_ago_or_a_moment_in_utc(text: str, expected: int) -> None:
    assert moment_of(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "1", "h", "1y", "-1h", "1 h", "yesterday", "2026-13-01", "٣h"])
def test_what_is_no_time_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(WrongChoice, match="is no time: write how long ago"):
        moment_of(text, NOW)


def test_a_choice_is_by_reason_topic_and_time_of_any_refusal() -> None:
    early, late = standing(17), standing(17, stands=(0, 1), at=REFUSED + HOUR)
    (letter,) = letters(early, late)
    assert Choice().means(letter)
    assert choice_of("bg", NOW, reasons=["not_avro"], topics=["lead-activity"]).means(letter)
    assert choice_of("bg", NOW, topics=["bg.lead-activity"]).means(letter)
    assert not choice_of("bg", NOW, reasons=["too_large"]).means(letter)
    assert not choice_of("bg", NOW, topics=["accounts"]).means(letter)
    assert Choice(since=REFUSED + HOUR).means(letter)
    assert not Choice(since=REFUSED + HOUR + 1).means(letter)
    assert Choice(until=REFUSED + 1).means(letter)
    assert not Choice(until=REFUSED).means(letter)


def test_a_reason_or_topic_that_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(WrongChoice, match="no reason; there are: not_avro, unknown_schema"):
        choice_of("bg", NOW, reasons=["notavro"])
    with pytest.raises(WrongChoice, match="no topic that workers read; there are: lead-activity"):
        source_named("score-updated", "bg")


def test_a_place_is_named_by_where_the_record_stood_or_where_its_dead_letter_stands() -> None:
    (letter,) = letters(standing(17, stands=(0, 4)), standing(17, stands=(1, 6)))
    for text in (
        "lead-activity/2/17",
        "bg.lead-activity/2/17",
        "dead-letters/0/4",
        "bg.dead-letters/1/6",
    ):
        assert place_named(text, "bg").names(letter), text
    for text in ("lead-activity/2/4", "accounts/2/17", "dead-letters/2/17", "dead-letters/0/6"):
        assert not place_named(text, "bg").names(letter), text
    for text in ("", "lead-activity", "lead-activity/2", "lead-activity/2/", "a/b/2/17", "x/-1/2"):
        with pytest.raises(WrongChoice, match="write topic/partition/offset"):
            place_named(text, "bg")


def test_totals_are_by_reason_and_topic_and_the_most_waiting_come_first() -> None:
    found = totals_of(
        letters(
            standing(1),
            mark(1),
            standing(2, at=REFUSED + 5, stands=(0, 2)),
            standing(3, topic="accounts", stands=(0, 3)),
            standing(4, topic="accounts", stands=(0, 4), at=REFUSED + 9),
        )
    )
    assert [(each.topic, each.reason, each.waiting, each.redriven) for each in found] == [
        ("bg.accounts", "not_avro", 2, 0),
        ("bg.lead-activity", "not_avro", 1, 1),
    ]
    assert (found[1].first_at, found[1].last_at) == (REFUSED, REFUSED + 5)


def test_what_list_prints_holds_neither_key_nor_value_nor_detail() -> None:
    (letter,) = letters(standing(17, key=b"acct-secret", value=b"secret"))
    shown = letter_object(letter, "bg", details=False)
    assert "secret" not in str(shown)
    assert shown == {
        "topic": "lead-activity",
        "partition": 2,
        "offset": 17,
        "reason": "not_avro",
        "first_refused_at": "2026-11-13T17:46:41.000Z",
        "last_refused_at": "2026-11-13T17:46:41.000Z",
        "times": 1,
        "attempts": 1,
        "redriven_at": None,
        "recorded_at": "2026-11-13T17:46:40.000Z",
        "bytes": 6,
        "dead_letters": [{"partition": 0, "offset": 0}],
    }


def test_a_time_that_no_calendar_has_is_left_out_and_nothing_breaks() -> None:
    (letter,) = letters(standing(17, timestamp=2**62))
    assert letter_object(letter, "bg", details=True)["recorded_at"] is None


# ---- redrive


def test_a_redriven_record_has_its_own_headers_and_counts_its_attempts() -> None:
    own = (("traceparent", b"00-1"), ("ce_id", b"e-1"), ("empty", b""))
    message = standing(17, headers=(*own, ("dlq_attempts", b"2")), key=b"acct-1")
    (letter,) = letters(message)
    item = item_of(letter, message, "bg")
    assert letter.attempts == 2
    assert item.headers == (*own, ("dlq_attempts", b"3"))
    assert (item.key, item.value) == (b"acct-1", GARBAGE)


def test_a_redriven_record_that_is_refused_again_carries_its_attempts_through_the_worker() -> None:
    headers = headers_to_redrive(headers_of(standing(17)), 2)
    again = standing(40, headers=tuple(headers), stands=(0, 5))
    (letter,) = letters(again)
    assert (letter.place.offset, letter.attempts) == (40, 2)
    names = [name for name, _ in headers_of(again)]
    assert len(names) == len(set(names)), "every header stands once"


def test_the_key_decides_on_the_partition_but_for_records_without_one_and_control_records() -> None:
    keyed, unkeyed = standing(17, key=b"acct-1"), standing(18, key=None)
    (letter, other) = letters(keyed, unkeyed)
    assert item_of(letter, keyed, "bg").partition is None
    assert item_of(other, unkeyed, "bg").partition == 2
    letter.place = letter.place._replace(topic="bg.control")
    assert item_of(letter, keyed, "bg").partition == 2


def test_a_plan_sends_what_waits_and_says_why_it_leaves_out_the_rest() -> None:
    waiting, done = standing(1), standing(2, stands=(0, 1))
    worn = standing(3, headers=(("dlq_attempts", b"3"),), stands=(0, 2))
    foreign = standing(4, stands=(0, 3))
    found = letters(waiting, done, mark(2, stands=(0, 9)), worn, foreign)
    found[3].place = found[3].place._replace(topic="elsewhere.accounts")
    plan = plan_of(found, "bg", 3)
    assert [letter.place.offset for letter in plan.to_send.values()] == [1]
    assert plan.offsets == {0: [0]}
    assert plan.done == 1
    assert [(letter.place.offset, why) for letter, why in plan.left_out] == [
        (3, TOO_MANY_ATTEMPTS),
        (4, NOT_READ_BY_WORKERS),
    ]


@pytest.mark.parametrize(("attempts", "goes"), [(1, True), (2, True), (3, False), (9, False)])
def test_the_loop_ends_after_as_many_attempts_as_are_allowed(attempts: int, goes: bool) -> None:
    headers = (("dlq_attempts", str(attempts).encode()),)
    plan = plan_of(letters(standing(17, headers=headers)), "bg", 3)
    assert bool(plan.to_send) is goes
    assert bool(plan.left_out) is not goes


def test_nothing_goes_that_nobody_agreed_to_whichever_copy_is_read_first() -> None:
    one, other = standing(1, stands=(0, 0)), standing(1, stands=(1, 0))
    agreed = plan_of(letters(one, other), "bg", 3)
    later = plan_of(letters(other, one, standing(2, stands=(0, 1))), "bg", 3)
    assert len(later.to_send) == 2
    later.keep_only(agreed)
    assert later.offsets == {1: [0]}


def test_what_the_agreed_plan_left_out_stays_left_out_for_its_reason() -> None:
    both = standing(1, stands=(0, 0)), standing(2, stands=(0, 1))
    agreed = plan_of(letters(*both), "bg", 3)
    agreed.left_out.append((agreed.to_send.pop((0, 1)), REFUSED_AGAIN))
    later = plan_of(letters(*both, standing(3, stands=(0, 2))), "bg", 3)
    later.keep_only(agreed)
    assert later.offsets == {0: [0]}
    assert [(letter.place.offset, why) for letter, why in later.left_out] == [(2, REFUSED_AGAIN)]


def test_a_limit_counts_what_is_sent_the_first_refused_first() -> None:
    messages = [standing(n, stands=(0, n), at=REFUSED - n) for n in range(5)]
    plan = plan_of(letters(*messages, mark(4, stands=(0, 9))), "bg", 3, limit=2)
    assert [letter.place.offset for letter in plan.to_send.values()] == [3, 2]


def test_a_definition_does_not_take_the_place_of_a_newer_one_on_the_compacted_topic() -> None:
    (letter,) = letters(standing(17, key=b"role:champion"))
    letter.place = letter.place._replace(topic="bg.definitions")

    def superseded(*newest: tuple[int, int, int]) -> bool:
        return is_superseded(letter, "bg.definitions", {b"role:champion": list(newest)})

    assert not superseded((2, 17, RECORDED))
    assert superseded((2, 18, RECORDED)), "written in the same batch, which has one time"
    assert superseded((2, 17, RECORDED), (1, 3, RECORDED + 1))
    assert not superseded((2, 17, RECORDED), (1, 3, RECORDED - 1))
    assert not is_superseded(letter, "bg.definitions", {b"role:other": [(2, 99, NOW)]})
    letter.place = letter.place._replace(topic="bg.accounts")
    assert not superseded((2, 18, NOW)), "other topics are not compacted"
    letter.place = letter.place._replace(topic="bg.definitions")
    plan = plan_of([letter], "bg", 3, lambda each: superseded((2, 18, NOW)) and each is letter)
    assert [why for _, why in plan.left_out] == [SUPERSEDED]


def test_batches_are_small_when_records_are_large_and_nothing_is_left_behind() -> None:
    messages = [standing(n, stands=(0, n)) for n in range(7)]
    items = [item_of(letter, m, "bg") for letter, m in zip(letters(*messages), messages, strict=True)]
    assert [len(batch) for batch in batches_of(items, 3)] == [3, 3, 1]
    items[1].letter.size = items[2].letter.size = 5 * 1024 * 1024
    assert [len(batch) for batch in batches_of(items, 500)] == [2, 5]
    assert list(batches_of([], 3)) == []


def test_a_transaction_takes_about_a_second_at_a_rate() -> None:
    assert [batch_size(rate) for rate in (None, 0.1, 1.0, 99.9, 100_000.0)] == [500, 1, 1, 99, 500]


def test_a_dead_letter_is_judged_as_a_worker_would_judge_it_now() -> None:
    rereader, value = Rereader(CODEC), CODEC.encode("lead-activity", EXAMPLES["lead-activity"])
    early = rereader.refusal_of("lead-activity", b"k", value, (), MOMENT - HOUR)
    assert early is not None
    assert early.reason == "from_the_future"
    assert rereader.refusal_of("lead-activity", b"k", value, (("h", None),), MOMENT) is None
    worker = dict(letter_of(Made(17, GARBAGE)).headers)
    again = rereader.refusal_of("lead-activity", None, GARBAGE, (), NOW)
    assert again is not None
    assert (again.reason.encode(), again.detail.encode()) == (worker["dlq_reason"], worker["dlq_detail"])


@pytest.mark.parametrize("name", sorted(READ_BY_WORKERS))
def test_dead_letters_of_every_topic_that_workers_read_can_be_judged(name: str) -> None:
    rereader = Rereader(CODEC)
    good = CODEC.encode(name, EXAMPLES[name])
    refused = rereader.refusal_of(name, b"k", good, (), NOW)
    assert refused is None or refused.reason in {"wrong_group_id", "unusable_condition"}
    assert rereader.refusal_of(name, b"k", good[:-1], (), NOW) is not None


def test_all_that_workers_read_can_be_judged() -> None:
    assert {topic.name for topic in SOURCES} == READ_BY_WORKERS


# ---- purge


def purge(before: Before, *messages: Message) -> Purge:
    rows = [
        (each.partition() or 0, each.offset() or 0, each.timestamp()[1], standing_of(each))
        for each in messages
    ]
    return purge_of(rows, before)


def test_a_purge_ends_in_each_partition_at_the_first_record_that_is_not_old_enough() -> None:
    found = purge(
        Before(REFUSED + 10, None, None),
        standing(1, stands=(0, 5)),
        standing(2, stands=(0, 6), at=REFUSED + 9),
        standing(3, stands=(0, 8), at=REFUSED + 10),
        standing(4, stands=(0, 9), at=REFUSED),
        standing(5, stands=(1, 0), at=REFUSED + 11),
        standing(6, stands=(2, 0)),
    )
    assert found.offsets == {0: 7, 2: 1}
    assert sorted(letter.place.offset for letter in found.going) == [1, 2, 6]
    assert (found.records, found.behind) == (3, 1)


def test_a_letter_is_gone_when_its_last_copy_is_and_marks_are_no_letters() -> None:
    found = purge(
        Before(REFUSED + 10, None, None),
        standing(1, stands=(0, 0)),
        standing(2, stands=(0, 1)),
        mark(2, stands=(0, 2), at=REFUSED + 1),
        standing(1, stands=(1, 0), at=REFUSED + HOUR),
    )
    assert found.records == 3
    assert [(letter.place.offset, letter.waits) for letter in found.going] == [(2, False)]


def test_a_purge_of_one_partition_ends_at_its_offset() -> None:
    messages = [standing(n, stands=(n % 2, n)) for n in range(6)]
    found = purge(before_of("4", 0, NOW), *messages)
    assert found.offsets == {0: 3}
    assert sorted(letter.place.offset for letter in found.going) == [0, 2]
    assert purge(before_of("0", 0, NOW), *messages).offsets == {}
    assert purge(before_of("1h", 1, REFUSED + 2 * HOUR), *messages).offsets == {1: 6}


def test_an_offset_needs_its_partition() -> None:
    with pytest.raises(WrongChoice, match="name one with --partition"):
        before_of("1500", None, NOW)
    with pytest.raises(WrongChoice, match="is no time"):
        before_of("soon", 2, NOW)
