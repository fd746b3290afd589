"""One HTTP exchange with the server, signed as a machine signs (联网)."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import orjson

from app.kernel.errors import InvalidError, UnavailableError

TIMEOUT_S = 15
MAX_ANSWER = 80 * 2**20  # a package is at most 64 MiB unpacked

_SCHEMES = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


@dataclass(frozen=True, slots=True)
class Request:
    """请求 — what a machine sends; `path` keeps its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """回答 — what came back."""

    status: int
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The JSON object in the body, empty where there is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


Send: TypeAlias = Callable[[Request], Response]


def over_http(url: str) -> Send:
    """Sends to the server at that address, each request on a connection of its own.

    InvalidError for what is no http address; sending raises UnavailableError where nobody answers.
    """
    parts = urlsplit(url)
    connect = _SCHEMES.get(parts.scheme)
    if connect is None or not parts.hostname:
        raise InvalidError("device.server.not_http", url=url)
    host, port = parts.hostname, parts.port

    def send(request: Request) -> Response:
        connection = connect(host, port, timeout=TIMEOUT_S)
        try:
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            return Response(answer.status, answer.read(MAX_ANSWER))
        except (OSError, http.client.HTTPException) as why:
            raise UnavailableError("device.server.silent", url=url, why=str(why)) from why
        finally:
            connection.close()

    return send


def packed(body: bytes) -> bytes:
    """The body in gzip, the same bytes every time."""
    return gzip.compress(body, mtime=0)
