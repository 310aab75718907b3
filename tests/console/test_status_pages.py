"""Workers' own pages: what ``status --worker`` learns from a worker's health server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from console.health_server import serve
from console.status_pages import WrongAddress, address_of, pages_of
from streams import metrics
from streams.health import Health


@pytest.fixture
def worker() -> Iterator[str]:
    """The pages of a worker that has not been assigned anything yet."""
    server = serve(Health(lambda facts, _: facts), "127.0.0.1", 0)
    metrics.RECOVERING.set(1234)
    metrics.OWNED_PARTITIONS.set(3)
    metrics.FAILING.set(1)
    yield f"http://127.0.0.1:{server.server_port}"
    for gauge in (metrics.RECOVERING, metrics.OWNED_PARTITIONS, metrics.FAILING):
        gauge.set(0)
    server.shutdown()
    server.server_close()


class _Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    """A server that is no worker."""
    server = HTTPServer(("127.0.0.1", 0), _Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_worker_tells_its_recovery_and_why_it_is_not_ready(worker: str) -> None:
    (page,) = pages_of([worker])
    assert page.unanswered is None
    assert (page.recovering, page.owned, page.failing) == (1234, 3, 1)
    assert list(page.problems) == ["the consumer group has not assigned partitions yet"]


def test_who_does_not_answer_or_is_no_worker_is_told_beside_who_does(worker: str, stranger: str) -> None:
    silent, answering, other = pages_of(["http://127.0.0.1:1", worker, stranger])
    assert silent.unanswered is not None
    assert "refused" in silent.unanswered
    assert answering.unanswered is None
    assert other.unanswered == "what answers is no worker"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://h:9100", "http://h:9100"),
        ("h:9100", "http://h:9100"),
        ("https://h/metrics", "https://h"),
        ("http://h:9100/readyz/", "http://h:9100"),
        ("http://[::1]:9100", "http://[::1]:9100"),
        ("http://proxy/worker-1/metrics", "http://proxy/worker-1"),
    ],
)
def test_an_address_may_be_given_as_it_is_at_hand(given: str, address: str) -> None:
    assert address_of(given) == address


@pytest.mark.parametrize("given", ["", "ftp://h:1", "http://", "http://h:port", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(WrongAddress):
        address_of(given)
