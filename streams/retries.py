"""What could not be delivered is tried again with growing pauses, until it is hopeless."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from streams import metrics
from streams.delivery import DeliveryError
from streams.health import Failing

log = structlog.get_logger(__name__)

GIVE_UP_AFTER_S: Final = 120.0
"""How long a failing delivery is tried again before the worker stops without acknowledging."""

_Done = TypeVar("_Done")


class Retries:
    """The retries of one kind of work of a partition; ``failing`` until something is delivered again.

    That may take several attempts at the end of which nothing failed: a long range that begins anew has
    steps that deliver nothing.
    """

    def __init__(self, partition: int, closing: Callable[[], bool], noted: Callable[[], None]) -> None:
        self.failing: Failing | None = None
        self._partition = partition
        self._closing = closing
        self._noted = noted

    async def insist(self, attempt: Callable[[], Awaitable[_Done]]) -> _Done:
        """Attempt something until it does not fail.

        Raises:
            DeliveryError: it has failed for too long, or the lanes are being closed: whoever owns the
                partition next reads the range again.
        """
        async for trial in AsyncRetrying(
            retry=retry_if_exception_type(DeliveryError),
            stop=self._is_hopeless,
            wait=wait_random_exponential(multiplier=0.2, max=10.0),
            before_sleep=self._failed,
            reraise=True,
        ):
            with trial:
                return await attempt()
        raise AssertionError  # pragma: no cover - AsyncRetrying returns or raises

    def succeeded(self) -> None:
        """Take note that something was delivered."""
        if self.failing is not None:
            self.failing = None
            self._noted()
            log.info("delivery goes on", partition=self._partition)

    def _is_hopeless(self, state: RetryCallState) -> bool:  # noqa: ARG002 - tenacity's signature
        failing = self.failing
        return self._closing() or (failing is not None and monotonic() - failing.since > GIVE_UP_AFTER_S)

    def _failed(self, state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        since, attempts = monotonic(), 1
        if self.failing is not None:
            since, attempts = self.failing.since, self.failing.attempts + 1
        reason = failure.cause if isinstance(failure, DeliveryError) else ""
        self.failing = Failing(since, attempts, reason)
        self._noted()
        metrics.RETRIES.inc()
        log.warning(
            "delivery failed, trying again",
            partition=self._partition,
            attempt=attempts,
            reason=str(failure),
        )
