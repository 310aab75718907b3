"""What workers say of themselves over HTTP: recovery above all, which Kafka does not know of."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from console.status import Page

_ANSWER_S: Final = 3.0
_LARGEST_PAGE: Final = 4 * 1024 * 1024
_AT_ONCE: Final = 16


class WrongAddress(ValueError):
    """What was given is no worker's address."""


def address_of(given: str) -> str:
    """Return the address that a worker's pages are under: ``host:port`` and its pages will do.

    Raises:
        WrongAddress: it is none.
    """
    url = given if "://" in given else f"http://{given}"
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise WrongAddress(f"{given!r} is no worker's address, such as http://10.0.0.1:9100")
    path = parts.path.rstrip("/")
    for page in ("/metrics", "/readyz", "/livez"):
        path = path.removesuffix(page)
    return f"{parts.scheme}://{parts.netloc}{path}"


def pages_of(addresses: Iterable[str]) -> list[Page]:
    """Return what each worker says, all asked at once."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pages") as threads:
        return list(threads.map(_page, addresses))


def _page(address: str) -> Page:
    try:
        _, metrics = _get(f"{address}/metrics")
        figures = {
            sample.name: sample.value
            for family in text_string_to_metric_families(metrics)
            for sample in family.samples
            if not sample.labels
        }
        status, ready = _get(f"{address}/readyz")
        told = json.loads(ready)["problems"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []
        return Page(
            address,
            problems=[str(problem) for problem in told],
            recovering=int(figures["buying_groups_recovery_remaining"]),
            owned=int(figures["buying_groups_owned_partitions"]),
            failing=int(figures["buying_groups_failing_partitions"]),
        )
    except urllib.error.URLError as error:
        return Page(address, unanswered=str(error.reason))
    except (OSError, ValueError, LookupError, TypeError) as error:
        why = str(error) if isinstance(error, OSError) else "what answers is no worker"
        return Page(address, unanswered=why)


def _get(url: str) -> tuple[int, str]:
    request = urllib.request.Request(url)  # noqa: S310 - http and https only, by address_of
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:  # noqa: S310 - as above
            return int(answer.status), str(answer.read(_LARGEST_PAGE).decode())
    except urllib.error.HTTPError as refused:
        if refused.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        with refused:
            return refused.code, refused.read(_LARGEST_PAGE).decode()
