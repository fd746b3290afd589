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
    fit = (flask for flask in _idle if flask.extensions["site"].config == site.config)
    if flask := next(fit, None):
        _idle.remove(flask)
        flask.extensions["site"] = site
    else:
        flask = create_app(site)
    _busy.append(flask)
    return flask


def over() -> None:
    """The test is over: others may have its applications."""
    _idle.extend(_busy)
    _busy.clear()
