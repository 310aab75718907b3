"""A local stand-in for a schema registry: the part of the documented REST API that we use."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Reply = tuple[int, Any]
SUBJECT_NOT_FOUND: Reply = (404, {"error_code": 40401, "message": "Subject not found."})
SCHEMA_NOT_FOUND: Reply = (404, {"error_code": 40403, "message": "Schema not found"})


class RegistryState:
    """What is registered, what was asked, and what to answer instead."""

    def __init__(self) -> None:
        self.url = ""
        self.schemas: dict[int, dict[str, Any]] = {}
        self.subjects: dict[str, list[int]] = {}
        self.compatibility: dict[str, str] = {}
        self.asked: list[str] = []
        self.instead: Reply | None = None
        self.logins: list[str | None] = []

    def add(self, subject: str, text: str, **more: Any) -> int:
        """Register `text`; the same text has the same id under every subject."""
        body = {"schema": text, **more}
        known = [number for number, schema in self.schemas.items() if schema == body]
        schema_id = known[0] if known else 100 + len(self.schemas)
        self.schemas[schema_id] = body
        ids = self.subjects.setdefault(subject, [])
        if schema_id not in ids:
            ids.append(schema_id)
        return schema_id

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        """The reply to one request."""
        self.asked.append(f"{method} {path}")
        if self.instead is not None:
            return self.instead
        if found := re.fullmatch(r"/config/(.+)", path):
            self.compatibility[found[1]] = body["compatibility"]
            return 200, {"compatibility": body["compatibility"]}
        if found := re.fullmatch(r"/subjects/(.+)/versions", path):
            return 200, {"id": self.add(found[1], body["schema"])}
        if found := re.fullmatch(r"/subjects(?:/(.+))?", path):
            return self._lookup(found[1], body["schema"]) if found[1] else (200, sorted(self.subjects))
        if found := re.fullmatch(r"/schemas/ids/(\d+)(/versions)?", path):
            return self._by_id(int(found[1]), versions=found[2] is not None)
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _lookup(self, subject: str, text: str) -> Reply:
        if subject not in self.subjects:
            return SUBJECT_NOT_FOUND
        for version, schema_id in enumerate(self.subjects[subject], 1):
            if self.schemas[schema_id]["schema"] == text:
                return 200, {
                    "subject": subject,
                    "version": version,
                    "id": schema_id,
                    "schema": text,
                }
        return SCHEMA_NOT_FOUND

    def _by_id(self, schema_id: int, *, versions: bool) -> Reply:
        if schema_id not in self.schemas:
            return SCHEMA_NOT_FOUND
        if not versions:
            return 200, self.schemas[schema_id]
        return 200, [
            {"subject": subject, "version": ids.index(schema_id) + 1}
            for subject, ids in self.subjects.items()
            if schema_id in ids
        ]


@contextmanager
def registry_server() -> Iterator[RegistryState]:
    """A registry on a free local port."""
    state = RegistryState()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            state.logins.append(self.headers.get("Authorization"))
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, reply = state.answer(self.command, unquote(urlsplit(self.path).path), body)
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
