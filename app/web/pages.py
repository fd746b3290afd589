"""Pages and addresses for everybody: what this is, and whether it is well."""

from __future__ import annotations

import tomllib
from functools import cache

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from app import config
from app.base import health
from app.base.site import Site
from app.web import metrics

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What this is, for whom, and where to begin."""
    return render_template("home.html", release=release())


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process lives; nothing else is asked."""
    return _plain({"ok": True})


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Whether we can serve; 503 when not. Causes are for the operator's `doctor`, not for all."""
    vital, other = health.readiness(_site())
    ready = all(check.ok for check in vital)
    degraded = [check.name for check in other if not check.ok]
    state = ("degraded" if degraded else "ready") if ready else "down"
    checks = [{"name": check.name, "ok": check.ok} for check in (*vital, *other)]
    answer = _plain({"ok": ready, "state": state, "degraded": degraded, "checks": checks})
    answer.status_code = 200 if ready else 503
    return answer


@blueprint.get("/version")
def version() -> ResponseReturnValue:
    """Which release runs, and which shape of the database it wants."""
    return _plain({"version": release(), "schema": health.newest()})


@blueprint.get("/metrics", endpoint="metrics")
def figures() -> ResponseReturnValue:
    """Counts for a monitoring server, without anything of anybody."""
    return Response(metrics.exposition(_site()), content_type=CONTENT_TYPE_LATEST)


@cache
def release() -> str:
    """The number of this release."""
    with (config.ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _plain(answer: dict[str, object]) -> Response:
    said = jsonify(answer)
    said.headers["Cache-Control"] = "no-store"
    return said


def _site() -> Site:
    site: Site = current_app.extensions["site"]
    return site
