"""The web application for tests: what was put together once serves the next test's site as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from app.base.site import Site
from app.main import create_app

_PLAIN = re.compile(r"[\t\x20-\x7e]*")

_busy: list[Flask] = []
_idle: list[Flask] = []


def app_of(site: Site) -> Flask:
    """The application of that site; all of a test who ask for the same site share it.

    Compiling every rule and template anew takes longer than most tests.
    """
    for flask in _busy:
        if flask.extensions["site"] is site:
            return flask
    made_for = _made_for(site)
    if flask := next((one for one in _idle if _made_for(one.extensions["site"]) == made_for), None):
        _idle.remove(flask)
        flask.extensions["site"] = site
    else:
        flask = create_app(site)
        flask.wsgi_app = _sendable(flask.wsgi_app)  # type: ignore[method-assign]
    _busy.append(flask)
    return flask


def _made_for(site: Site) -> tuple[object, ...]:
    """All that is read when an application is put together; the rest is read from its site."""
    return site.config.secret, site.config.https, site.config.trusted_proxies


def _sendable(wsgi: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Headers must be such as a server in front of us sends; what only tests read is none."""

    def serve(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            for name, value in headers:
                assert _PLAIN.fullmatch(value), (name, value)
            return start(status, headers, *more)

        return wsgi(environ, begin)

    return serve


def over() -> None:
    """The test is over: others may have its applications."""
    _idle.extend(_busy)
    _busy.clear()
