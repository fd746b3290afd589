"""静态文件 — what pages at a desk load; `url_for('static', filename=…)` names the content too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request

from app.base.assets import assets, handed


def serve(flask: Flask) -> None:
    """Hand the files of the static folder out, packed, to be kept for ever under their digest."""
    folder = Path(str(flask.static_folder))

    def name_the_content(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["v"] = assets(folder)[values["filename"]].digest

    def static(filename: str) -> Response:
        found = assets(folder).get(filename)
        if found is None:
            abort(404)
        said, headers = handed(found, packed=request.accept_encodings["gzip"] > 0)
        if request.args.get("v") != found.digest:
            # A page of another release asks: it gets what there is, and does not keep it.
            headers["Cache-Control"] = "no-store"
        return Response(said, headers=headers)

    flask.url_defaults(name_the_content)
    flask.view_functions["static"] = static
