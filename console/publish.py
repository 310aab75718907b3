"""``publish``: events to the input topics, in order, and which of them the broker confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from console.lines import Accepted
from domain.identity import buying_group_id
from schemas.codec import Codec
from schemas.registry import Registry, UnknownSchema
from streams.acls import Access
from streams.cloudevents import event_headers
from streams.placement import PARTITIONER
from streams.reaching import metadata_of, why_unreachable
from streams.rights import missing_rights, not_allowed
from streams.settings import Settings
from streams.topics import BUYING_GROUPS, DEFINITIONS, INPUTS, JOURNEY_ACTIONS, MANUAL_EDITS

_ANSWER_S: Final = 15.0
_SLICE_S: Final = 0.2


class NotPublished(Exception):
    """The deployment cannot be published to; the message says why and what to do."""


@dataclass(slots=True)
class Published:
    """What became of a file.

    ``confirmed`` counts by topic; ``unconfirmed`` are places in the file, ``why`` the broker's reason
    for the first of them. ``last`` is the last place that was handed over. ``interrupted``: a person
    stopped it there.
    """

    confirmed: Counter[str] = field(default_factory=Counter)
    unconfirmed: set[int] = field(default_factory=set)
    why: str | None = None
    last: int = 0
    interrupted: bool = False

    @property
    def whole_until(self) -> int:
        """Return the place up to which everything that was accepted is confirmed; 0 for none."""
        return min(self.unconfirmed, default=self.last + 1) - 1


class Publisher:
    """One idempotent producer of a deployment's input topics.

    What is not confirmed within ``confirm_within_s`` seconds is given up.
    """

    def __init__(self, settings: Settings, registry: Registry, confirm_within_s: float = 60.0) -> None:
        self._codec = Codec(registry)
        self._registry = registry
        self._settings = settings
        self._source = f"/{settings.namespace}/publish"
        self._names = {
            topic.name: topic.full_name(settings.namespace) for topic in (*INPUTS, DEFINITIONS)
        }
        self._said: list[KafkaError] = []
        self._producer = Producer(
            {
                **settings.client_config(),
                "client.id": f"{settings.namespace}.publish",
                "partitioner": PARTITIONER,
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 20,
                # What is on its way is held in memory: bounded, however long the file.
                "queue.buffering.max.messages": 50_000,
                "queue.buffering.max.kbytes": 65_536,
                "message.timeout.ms": int(confirm_within_s * 1000),
                # What it would log is told once, by the command.
                "log_level": 0,
                "error_cb": self._said.append,
            }
        )
        self.outcome = Published()

    def check_deployment(self) -> None:
        """Make sure that Kafka answers, the topics exist and the schemas have ids.

        Raises:
            NotPublished: one of them is not so, or Kafka does not allow to write a topic.
            RegistryUnavailable: the schema registry does not answer.
        """
        try:
            existing = metadata_of(self._producer, self._said, _ANSWER_S).topics
            missing = [name for name in self._names.values() if name not in existing]
            hidden = missing_rights(self._settings, map(_writing, missing)) if missing else ()
        except KafkaException as error:
            raise NotPublished(why_unreachable(self._said, error.args[0])) from error
        if hidden:
            raise NotPublished(not_allowed(hidden))
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise NotPublished(
                f"{missing[0]}{more}: no such topic. Is NAMESPACE right?"
                " Make the topics with: buying-groups topics create"
            )
        try:
            for name in self._names:
                self._registry.id_of(name)
        except UnknownSchema as error:
            msg = f"{error}. Register the schemas with: buying-groups topics create"
            raise NotPublished(msg) from error

    def publish(self, entries: Iterable[Accepted]) -> Published:
        """Hand over every entry, wait until each is confirmed or given up, return what became of them.

        Stops at the first that the broker does not take, and at Ctrl-C; either way what was handed
        over before is waited for. A second Ctrl-C ends the waiting too.
        """
        outcome = self.outcome
        try:
            try:
                for entry in entries:
                    self._send(entry)
                    if outcome.why is not None:
                        break
            except KeyboardInterrupt:
                outcome.interrupted = True
            finally:
                while self._producer.flush(_SLICE_S):
                    pass
            if outcome.why is None:
                # All that was handed over is confirmed; the rest was interrupted before.
                outcome.last = outcome.whole_until
                outcome.unconfirmed.clear()
        except KeyboardInterrupt:
            outcome.interrupted = True
        return outcome

    def _send(self, entry: Accepted) -> None:
        value = entry.value
        topic = entry.topic
        key = entry.reading.key_of(value)
        record = self._codec.encode(topic, value)
        headers: Any = event_headers(
            name=topic,
            event_id=value.event_id,
            source=self._source,
            at=entry.reading.dated(value),
            subject=_subject(entry),
        )
        # Noted first: an interruption at any point leaves it among the unconfirmed, never lost.
        self.outcome.unconfirmed.add(entry.at)
        self.outcome.last = entry.at
        while self.outcome.why is None:
            try:
                self._producer.produce(
                    self._names[topic],
                    record,
                    key.encode(),
                    headers=headers,
                    on_delivery=partial(self._settle, entry.at, topic),
                )
            except BufferError:
                self._producer.poll(_SLICE_S)
            except KafkaException as error:
                self.outcome.why = self._why(topic, error.args[0])
            else:
                self._producer.poll(0)
                return

    def _settle(self, at: int, topic: str, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.outcome.unconfirmed.discard(at)
            self.outcome.confirmed[topic] += 1
        elif self.outcome.why is None:
            self.outcome.why = self._why(topic, error)

    def _why(self, topic: str, error: KafkaError) -> str:
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return not_allowed([_writing(self._names[topic])])
        last = self._said[-1].str() if self._said else ""
        return f"{error.str()} ({last})" if last else error.str()


def _writing(name: str) -> Access:
    return Access("topic", name, "Write", "events are published")


def _subject(entry: Accepted) -> str:
    """Return what an input event is about: a group where it names one, else a lead, else its key."""
    value = entry.value
    if entry.topic == JOURNEY_ACTIONS.name:
        return buying_group_id(value.solution_interest_id, value.account_id)
    if entry.topic in (MANUAL_EDITS.name, BUYING_GROUPS.name):
        group_id: str = value.buying_group_id
        return group_id
    lead_id: str | None = getattr(value, "lead_id", None)
    return lead_id or entry.reading.key_of(value)
