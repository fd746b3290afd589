"""The web application for tests: what was put together once serves the next test's site as well."""

from __future__ import annotations

from flask import Flask

from app.base.site import Site
from app.main import create_app

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
    _busy.append(flask)
    return flask


def _made_for(site: Site) -> tuple[object, ...]:
    """All that is read when an application is put together; the rest is read from its site."""
    return site.config.secret, site.config.https, site.config.trusted_proxies


def over() -> None:
    """The test is over: others may have its applications."""
    _idle.extend(_busy)
    _busy.clear()
