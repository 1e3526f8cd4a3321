"""An S3 server of our own, and a forwarder before it that counts requests and does harm.

    with s3_server() as server, Proxy(server) as proxy:
        fl.score("s3://bucket/...", storage_options=options(proxy.url), ...)
        assert proxy.count() == {"LIST": 1, "GET": 3}

The server is a process of its own, on a port that the system chose, on the loopback address; a proxy is threads of this
process. Signatures are not checked, so that it does not matter which of the two a request is signed for.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

SERVER = """
import logging
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
WSGIRequestHandler.protocol_version = "HTTP/1.1"
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""
SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.'
    b"</Message></Error>"
)
DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)
UNFORWARDED = {"connection", "transfer-encoding", "keep-alive"}


@contextmanager
def s3_server() -> Iterator[str]:
    """The URL of a server that holds nothing yet."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def options(url: str) -> dict:
    """The `storage_options` of a server."""
    return {"key": "key", "secret": "secret", "endpoint_url": url, "client_kwargs": {"region_name": "us-east-1"}}


def environment(url: str) -> dict[str, str]:
    """The variables by which all libraries find a server."""
    return {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def unused_url() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@dataclass
class Request:
    """A request, and what became of it.

    Attributes
    ----------
    key : str
        What is behind the host: "bucket/key".
    sent : int
        Bytes of the answer's body.
    """

    method: str
    key: str
    query: dict[str, list[str]]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    sent: int = 0

    @property
    def kind(self) -> str:
        """The method, or LIST, UPLOADS (a list of them), PART, INITIATE, COMPLETE, ABORT, DELETES (of several)."""
        if self.method == "GET":
            if "uploads" in self.query:
                return "UPLOADS"
            return "LIST" if "list-type" in self.query or "delimiter" in self.query else "GET"
        if self.method == "POST":
            return next((kind for name, kind in POSTS.items() if name in self.query), "POST")
        if "uploadId" in self.query:
            return {"PUT": "PART", "DELETE": "ABORT"}.get(self.method, self.method)
        return self.method


POSTS = {"uploads": "INITIATE", "uploadId": "COMPLETE", "delete": "DELETES"}


@dataclass
class Harm:
    """What to do in place of passing on an answer.

    Attributes
    ----------
    status : int or None
        Answer with it and `body`, without asking the server.
    cut : bool
        Close the connection in the middle of the answer's body, or before an answer without one.
    """

    status: int | None = None
    body: bytes = SLOW_DOWN
    cut: bool = False


class Proxy:
    """Forwards to a server; a context manager.

    Attributes
    ----------
    url : str
    requests : list of Request
        All up to now; `clear` forgets them.
    latency : float
        Seconds before each answer.
    harm : callable or None
        Called with each `Request` before it is passed on (which may take its time, or change what is in the server);
        what it returns, a `Harm` or None, is done. Calls are one at a time.
    """

    def __init__(self, target: str):
        self._target, self._lock = urlsplit(target), threading.Lock()
        self.requests: list[Request] = []
        self.latency, self.harm = 0.0, None
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    def clear(self) -> None:
        """Forget the requests."""
        with self._lock:
            self.requests = []

    def count(self, of: Callable[[Request], bool] = lambda request: True) -> dict[str, int]:
        """The number of requests of each kind."""
        with self._lock:
            return dict(Counter(request.kind for request in self.requests if of(request)))

    def total(self) -> int:
        """The number of requests."""
        with self._lock:
            return len(self.requests)

    def sent(self) -> int:
        """Bytes of all answers' bodies."""
        with self._lock:
            return sum(request.sent for request in self.requests)

    def begun(self, request: Request) -> Harm | None:
        """A request has come."""
        with self._lock:
            self.requests.append(request)
            return None if self.harm is None else self.harm(request)

    def connection(self) -> http.client.HTTPConnection:
        """To the server."""
        return http.client.HTTPConnection(self._target.hostname, self._target.port, timeout=60)


def each(number: int, harm: Harm, of: Callable[[Request], bool] = lambda request: True) -> Callable:
    """A `harm` for the n-th of these requests, the 2n-th, and so on."""
    seen = 0

    def harmed(request: Request) -> Harm | None:
        nonlocal seen
        seen += of(request)
        return harm if of(request) and seen % number == 0 else None

    return harmed


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Proxy
    _behind = None

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()
        if self._behind is not None:
            self._behind.close()

    def _forward(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        request = Request(self.command, unquote(parts.path).removeprefix("/"), query, dict(self.headers))
        body = self._body()
        harm = self.owner.begun(request)
        if self.owner.latency:
            time.sleep(self.owner.latency)
        if harm is not None and harm.status is not None:
            self._answer(request, harm.status, [("Content-Type", "application/xml")], harm.body)
            return
        status, headers, data = self._asked(body)
        if harm is not None and harm.cut:
            self._cut(request, status, headers, data)
        else:
            self._answer(request, status, headers, data)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward

    def _asked(self, body: bytes) -> tuple[int, list, bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in UNFORWARDED}
        headers["Content-Length"] = str(len(body))
        headers.pop("Expect", None)
        for attempt in range(2):  # the connection may have been closed meanwhile
            if self._behind is None:
                self._behind = self.owner.connection()
            try:
                self._behind.request(self.command, self.path, body, headers)
                answer = self._behind.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            except (ConnectionError, http.client.HTTPException):
                self._behind = None
                if attempt:
                    raise
        raise AssertionError("unreachable")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _head(self, request: Request, status: int, headers: list, length: int) -> None:
        request.status = status
        self.send_response_only(status)
        given = {name.lower() for name, _ in headers}
        for name, value in headers:
            if name.lower() not in UNFORWARDED | {"content-length"}:
                self.send_header(name, value)
        if self.command == "HEAD" and "content-length" in given:
            length = next(value for name, value in headers if name.lower() == "content-length")
        if status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _answer(self, request: Request, status: int, headers: list, data: bytes) -> None:
        self._head(request, status, headers, len(data))
        if self.command != "HEAD":
            request.sent = len(data)
            self.wfile.write(data)

    def _cut(self, request: Request, status: int, headers: list, data: bytes) -> None:
        if data:
            self._head(request, status, headers, len(data))
            request.sent = len(data) // 2
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_) -> None:
        pass
